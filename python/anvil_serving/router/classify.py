"""Which kind of work a request is: a linear model whose every part has a name.

Its features, phrases and weights are one data file, `classes.json`, which the OpenClaw plugin reads too. What a caller
says counts where it says it: a phrase that opens the text weighs differently from one somewhere in it, and material
that was pasted does not speak at all. `benches/classifier.py` fits the weights and measures them against the corpus.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Protocol

import msgspec

from anvil_serving.config import WORK_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Classification", "Classifier", "Evidence", "load_classifier"]

_LARGE_TOKENS = 16_000
_FEW_WORDS, _MANY_WORDS = 4, 120
_SHORT_LIST = 2
_PASTED_BYTES, _HUGE_BYTES = 2_000, 60_000
_OWN_WORDS = ("main", "harness")
"""Roles of marks that say nothing but whose request it is."""
_PLAN_LEFT = "plan_mode_exit"
_MOST_SAID = 3
"""Phrases of one feature that count; a text that says a thing often does not mean it more."""
_SEVERAL_LAYERS = 3
_SHORT_WORDS = 12
_GOES_ON, _LAYERS = "goes on", "layers"
_DECISIVE = 99.0
"""What is said of a mark's weight: it decides alone."""
_SPOKEN_FEATURES = 6
"""Features that a result names: those that spoke the loudest."""


class _Shape(Protocol):
    """What the caller's text looks like."""

    @property
    def question(self) -> bool: ...
    @property
    def code_fences(self) -> int: ...
    @property
    def has_diff(self) -> bool: ...
    @property
    def has_stack_trace(self) -> bool: ...
    @property
    def paths(self) -> int: ...
    @property
    def list_items(self) -> int: ...
    @property
    def words(self) -> int: ...
    @property
    def pasted_bytes(self) -> int: ...


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What a class is inferred from."""

    prompt_tokens: int
    documents: int
    images: int
    effort: str | None
    structured_output: bool
    tools: Sequence[str]
    shape: _Shape
    opening: Sequence[int]
    """Phrases that the caller's text begins with, by their numbers in `Classifier.phrases`."""
    spoken: Sequence[int]
    """Phrases that it has anywhere."""
    instructed: Sequence[int]
    """Marks of known harnesses in the instructions, by their numbers in `Classifier.marks`; the latest comes last."""


class Classification(msgspec.Struct, frozen=True, gc=False):
    """A class, how sure it is, and why."""

    work_class: str
    probability: float
    features: tuple[tuple[str, float], ...] = ()
    """What spoke for it against the runner-up, in log-odds, the loudest first."""
    runner_up: str | None = None
    is_ambiguous: bool = False
    """Whether the two are too near each other to choose by probability alone."""
    harness: str | None = None
    """Whose request it is, where its prompts are known."""


class _Phrases(msgspec.Struct):
    feature: str
    phrases: dict[str, list[str]]
    """By language."""


class _Mark(msgspec.Struct):
    harness: str
    role: str
    where: str
    """`system`, `injected` into a user's message, or `user`: a whole message that the harness wrote."""
    text: str


class _Data(msgspec.Struct):
    version: str
    margin: float
    """Difference of two probabilities below which the choice is ambiguous."""
    phrases: list[_Phrases]
    marks: list[_Mark]
    tools: dict[str, str]
    """What a tool of a known harness does: `edit`, `read`, `search`, `shell` and so on."""
    roles: dict[str, str]
    """The work class of what a harness asks in each of its roles; decisive."""
    bias: dict[str, float]
    weights: dict[str, dict[str, float]]
    """By feature, then by class."""


class Classifier:
    """Scores a request's features for each class. Pure."""

    def __init__(self, data: _Data) -> None:
        self.version = data.version
        pairs = [(each.feature, phrase) for each in data.phrases for some in each.phrases.values() for phrase in some]
        self.phrases = tuple(phrase for _, phrase in pairs)
        self.marks = tuple(mark.text for mark in data.marks)
        self._margin = data.margin
        self._feature_of = tuple(feature for feature, _ in pairs)
        self._marks = tuple(data.marks)
        self._tools = data.tools
        self._roles = data.roles
        self._bias = tuple(data.bias[work_class] for work_class in WORK_CLASSES)
        self._weights = {
            feature: tuple(weights.get(work_class, 0.0) for work_class in WORK_CLASSES)
            for feature, weights in data.weights.items()
        }

    def classify(self, evidence: Evidence) -> Classification:
        """The class of a request."""
        marks = [self._marks[number] for number in evidence.instructed]
        harness = next((mark.harness for mark in marks if mark.role in _OWN_WORDS), None)
        role = self._role(marks)
        if role is not None:
            harness = harness or role.harness
            feature = f"{harness}: {role.role}"
            return Classification(self._roles[role.role], 1.0, ((feature, _DECISIVE),), harness=harness)
        return self._scored(self.features(evidence), harness)

    def _role(self, marks: Sequence[_Mark]) -> _Mark | None:
        """What a harness asks for itself, if it does.

        A prompt of its own comes before what it has injected: a request for a title holds the user's words, with all
        that was injected into them. Of two that were injected the later one holds: a mode may have been left.
        """
        for mark in marks:
            if mark.where == "system" and mark.role in self._roles:
                return mark
        latest = next((mark for mark in reversed(marks) if mark.role in self._roles or mark.role == _PLAN_LEFT), None)
        return None if latest is None or latest.role == _PLAN_LEFT else latest

    def _scored(self, features: Sequence[tuple[str, float]], harness: str | None) -> Classification:
        scores = list(self._bias)
        spoke: list[tuple[str, float, tuple[float, ...]]] = []
        for name, value in features:
            weights = self._weights.get(name)
            if weights is not None:
                spoke.append((name, value, weights))
                for index, weight in enumerate(weights):
                    scores[index] += value * weight
        order = sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        first, second = order[0], order[1]
        total = sum(math.exp(score - scores[first]) for score in scores)
        probability, other = 1 / total, math.exp(scores[second] - scores[first]) / total
        reasons = [(name, round(value * (weights[first] - weights[second]), 2)) for name, value, weights in spoke]
        reasons.sort(key=lambda reason: -abs(reason[1]))
        return Classification(
            WORK_CLASSES[first],
            round(probability, 3),
            tuple(reason for reason in reasons[:_SPOKEN_FEATURES] if reason[1]),
            WORK_CLASSES[second],
            probability - other < self._margin,
            harness,
        )

    def features(self, evidence: Evidence) -> list[tuple[str, float]]:
        """The features of a request that are there, each with its value."""
        said = Counter(self._feature_of[number] for number in evidence.spoken)
        opens = {self._feature_of[number] for number in evidence.opening}
        if evidence.shape.words > _SHORT_WORDS:
            # "Next" and "good" go on only where little else is said.
            del said[_GOES_ON]
            opens.discard(_GOES_ON)
        layers = said.pop(_LAYERS, 0)
        opens.discard(_LAYERS)
        found = [(name, float(min(count, _MOST_SAID))) for name, count in said.items()]
        found += [(f"opens: {name}", 1.0) for name in opens]
        if layers >= _SEVERAL_LAYERS:
            found.append(("several layers", float(min(layers - _SEVERAL_LAYERS + 1, _MOST_SAID))))
        found += _of_shape(evidence.shape)
        found += self._of_facts(evidence, said)
        return found

    def _of_facts(self, evidence: Evidence, said: Counter[str]) -> Iterator[tuple[str, float]]:
        tokens = evidence.prompt_tokens
        if tokens > _LARGE_TOKENS:
            yield "much to read", min(math.log2(tokens / _LARGE_TOKENS), 4.0)
            if "reads all" in said:
                yield "much to read, and all of it", 1.0
            elif "sums up" in said:
                yield "much to sum up", 1.0
        if evidence.documents:
            yield "documents", min(math.log2(evidence.documents + 1), 4.0)
        if evidence.images:
            yield "images", 1.0
        if evidence.effort in ("high", "xhigh", "max"):
            yield "high effort", 1.0
        if evidence.structured_output:
            yield "structured output", 1.0
        kinds = {self._tools.get(tool) for tool in evidence.tools}
        if "edit" in kinds or "shell" in kinds:
            yield "tools that change files", 1.0
        elif not evidence.tools:
            yield "no tools", 1.0


def _of_shape(shape: _Shape) -> list[tuple[str, float]]:
    there = {
        "a few words": shape.words <= _FEW_WORDS,
        "a long text": shape.words > _MANY_WORDS,
        "a question": shape.question,
        "a diff": shape.has_diff,
        "a stack trace": shape.has_stack_trace,
        "code in fences": shape.code_fences > 0,
        "one path": shape.paths == 1,
        "several paths": shape.paths > 1,
        "a list": shape.list_items > _SHORT_LIST,
        "pasted material": shape.pasted_bytes > _PASTED_BYTES,
        "a huge paste": shape.pasted_bytes > _HUGE_BYTES,
    }
    return [(name, 1.0) for name, is_there in there.items() if is_there]


def load_classifier() -> Classifier:
    """The classifier of the package's own data."""
    data = files("anvil_serving.router").joinpath("classes.json").read_bytes()
    return Classifier(msgspec.json.decode(data, type=_Data))
