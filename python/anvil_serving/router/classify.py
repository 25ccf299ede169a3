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
    from collections.abc import Iterable, Iterator

__all__ = ["Classification", "Classifier", "Evidence", "load_classifier"]

_LARGE_TOKENS = 16_000
_BYTES_A_TOKEN = 3
_FEW_WORDS, _MANY_WORDS = 4, 120
_SHORT_LIST = 2
_PASTED_BYTES, _HUGE_BYTES = 2_000, 60_000
_OWN_WORDS = ("main", "harness")
"""Roles of marks that say nothing but whose request it is."""
_EVERYONES = "en"
"""The language that is mixed into every other one."""
_FEW_PHRASES = 2
_PLAN_LEFT = "plan_mode_exit"
_MOST_SAID = 3
"""Phrases of one feature that count; a text that says a thing often does not mean it more."""
_SAID = (0.0, 1.0, 1.5, 1.75)
"""What it counts to say a thing once, twice, more often."""
_SEVERAL_LAYERS = 3
_SHORT_WORDS = 12
_PARAGRAPH_WORDS = 40
_CLOSED = {"speaks of us", "speaks of me", "speaks to you", "speaks of what happened"}
_MODES = {"ask": "a mode that only answers", "explore": "an agent that only explores"}
"""What is said of harnesses' roles that decide nothing by themselves."""
_FIRST_WORDS = (
    "begins with an order",
    "begins with a question word",
    "begins like a question",
    "begins with we",
    "begins with I",
    "begins with the thing",
)
"""What only the first word of a text says."""
_GOES_ON, _LAYERS, _NAMES = "goes on", "layers", "names of things"
_DECISIVE = 99.0
"""What is said of a mark's weight: it decides alone."""
_SPOKEN_FEATURES = 6
"""Features that a result names: those that spoke the loudest."""


class _Shape(Protocol):
    """What the caller's text looks like."""

    @property
    def question(self) -> bool: ...
    @property
    def questions(self) -> int: ...
    @property
    def code_fences(self) -> int: ...
    @property
    def has_diff(self) -> bool: ...
    @property
    def has_stack_trace(self) -> bool: ...
    @property
    def paths(self) -> int: ...
    @property
    def names(self) -> int: ...
    @property
    def things(self) -> int: ...
    @property
    def series(self) -> int: ...
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
    first: Sequence[int]
    """Phrases that the caller's first word is, by their numbers in `Classifier.phrases`."""
    later: Sequence[int]
    """Phrases that the first word of a later sentence is."""
    opening: Sequence[int]
    """Phrases that the caller's text begins with."""
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
    """Whether the runner-up is not to be passed over in silence."""
    is_close: bool = False
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
    guarded: dict[str, float]
    """Classes that are not passed over in silence while they are as probable as this."""
    phrases: list[_Phrases]
    marks: list[_Mark]
    tools: dict[str, str]
    """What a tool of a known harness does: `edit`, `read`, `search`, `shell` and so on."""
    roles: dict[str, str]
    """The work class of what a harness asks in each of its roles; decisive."""
    bias: dict[str, float]
    weights: dict[str, dict[str, float]]
    """By feature, then by class."""


def _meanings(phrases: Sequence[_Phrases]) -> dict[str, dict[str, list[str]]]:
    """Of each phrase the features that it speaks for, by language."""
    meanings: dict[str, dict[str, list[str]]] = {}
    for each in phrases:
        for language, some in each.phrases.items():
            for phrase in some:
                meanings.setdefault(phrase, {}).setdefault(language, []).append(each.feature)
    return meanings


class Classifier:
    """Scores a request's features for each class. Pure."""

    def __init__(self, data: _Data) -> None:
        self.version = data.version
        meanings = _meanings(data.phrases)
        self.phrases = tuple(meanings)
        self.marks = tuple(mark.text for mark in data.marks)
        self._margin = data.margin
        self._guarded = [(WORK_CLASSES.index(name), share) for name, share in data.guarded.items()]
        self._meanings = tuple(meanings.values())
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
        is_ambiguous = is_close = probability - other < self._margin
        for guarded, share in self._guarded:
            if not is_close and guarded != first and math.exp(scores[guarded] - scores[first]) / total >= share:
                second, is_ambiguous = guarded, True
        reasons = [(name, round(value * (weights[first] - weights[second]), 2)) for name, value, weights in spoke]
        reasons.sort(key=lambda reason: -abs(reason[1]))
        return Classification(
            WORK_CLASSES[first],
            round(probability, 3),
            tuple(reason for reason in reasons[:_SPOKEN_FEATURES] if reason[1]),
            WORK_CLASSES[second],
            is_ambiguous,
            is_close,
            harness,
        )

    def features(self, evidence: Evidence) -> list[tuple[str, float]]:
        """The features of a request that are there, each with its value."""
        language = self._language(evidence.spoken)
        said = Counter(name for number in evidence.spoken for name in self._means(number, language))
        opens = {name for number in evidence.opening for name in self._means(number, language)}
        begins = {name for number in evidence.first for name in self._means(number, language) if name in _FIRST_WORDS}
        later = {name for number in evidence.later for name in self._means(number, language) if name in _FIRST_WORDS}
        for name in _FIRST_WORDS:
            said.pop(name, None)
            opens.discard(name)
        opens -= _CLOSED
        if evidence.shape.words > _SHORT_WORDS:
            # "Next" and "good" go on only where little else is said.
            del said[_GOES_ON]
            opens.discard(_GOES_ON)
        said.pop(_NAMES, None)
        opens.discard(_NAMES)
        layers = said.pop(_LAYERS, 0)
        opens.discard(_LAYERS)
        found = [(name, _SAID[min(count, _MOST_SAID)]) for name, count in said.items()]
        found += [(name, 1.0) for name, is_there in _together(said, evidence).items() if is_there]
        found += [(f"opens: {name}", 1.0) for name in opens]
        found += [(name, 1.0) for name in begins]
        found += [(name.replace("begins", "goes on"), 1.0) for name in later]
        if layers >= _SEVERAL_LAYERS:
            found.append(("several layers", float(min(layers - _SEVERAL_LAYERS + 1, _MOST_SAID))))
        found += _of_shape(evidence.shape)
        found += self._of_facts(evidence, said)
        return found

    def _language(self, spoken: Sequence[int]) -> str:
        """The language of a text: the one that most phrases are of, where they are half as many as the English ones."""
        english = 0
        others: Counter[str] = Counter()
        for number in spoken:
            if _EVERYONES in self._meanings[number]:
                english += 1
            else:
                others.update(self._meanings[number].keys())
        if not others:
            return _EVERYONES
        [(language, count)] = others.most_common(1)
        is_told = count > english or (count >= _FEW_PHRASES and 2 * count > english)
        return language if is_told else _EVERYONES

    def _means(self, number: int, language: str) -> Iterable[str]:
        """What a phrase means in a text of a language."""
        meanings = self._meanings[number]
        return meanings.get(language) or meanings.get(_EVERYONES) or ()

    def _of_facts(self, evidence: Evidence, said: Counter[str]) -> Iterator[tuple[str, float]]:
        pasted = evidence.shape.pasted_bytes // _BYTES_A_TOKEN
        earlier = evidence.prompt_tokens - pasted
        if earlier > _LARGE_TOKENS:
            yield "a long conversation", min(math.log2(earlier / _LARGE_TOKENS), 4.0)
        if pasted > _LARGE_TOKENS // 2:
            yield "much pasted", min(math.log2(2 * pasted / _LARGE_TOKENS), 4.0)
        roles = {self._marks[number].role for number in evidence.instructed}
        yield from ((feature, 1.0) for role, feature in _MODES.items() if role in roles)
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


def _together(said: Counter[str], evidence: Evidence) -> dict[str, bool]:
    """What only means something where it is said together."""
    shape = evidence.shape
    changes = "asks for a change" in said or "restructures" in said or "says what is wrong" in said
    leaves = "hands off" in said or "not yet" in said
    plans = any(
        name in said for name in ("asks for a plan", "how would one go about it", "weighs ways", "order of work")
    )
    judges = "asks for a judgement" in said or "findings" in said or "asks to look" in said
    parts = "parts of code" in said
    wide = "everywhere" in said or (
        parts and (shape.things > 0 or "all of several" in said or "numbers of things" in said)
    )
    asks = shape.questions > 0 or shape.question or "asks for an explanation" in said
    gathers = "sums up" in said or "reads all" in said or "who said what, when" in said
    in_hand = shape.pasted_bytes > _HUGE_BYTES or evidence.documents > 1
    return {
        "a change in many places": changes and wide and not leaves,
        "a change in one place": changes
        and not wide
        and not leaves
        and ("one place" in said or shape.paths == 1 or shape.names == 1),
        "nothing but a change": changes and not (leaves or plans or judges or asks),
        "a change, left for later": changes and leaves,
        "a plan, nothing done": plans and leaves,
        "a plan": plans and not (judges or leaves),
        "a judgement, nothing done": judges and leaves,
        "a judgement": judges and not (plans or leaves),
        "a question, and nothing else": asks and not (changes or plans or judges or gathers or in_hand),
        "a question about much material": asks and in_hand and not changes,
        "thanks, and nothing else": "small talk" in said and not (changes or plans or judges or asks or in_hand),
        "much material gathered": gathers and (in_hand or evidence.prompt_tokens > _LARGE_TOKENS),
        "every part of the code": wide and parts,
        "little said after much": shape.words <= _SHORT_WORDS
        and evidence.prompt_tokens > _LARGE_TOKENS
        and not in_hand,
    }


def _of_shape(shape: _Shape) -> list[tuple[str, float]]:
    there = {
        "a few words": shape.words <= _FEW_WORDS,
        "one sentence": _FEW_WORDS < shape.words <= _SHORT_WORDS,
        "a paragraph": _PARAGRAPH_WORDS < shape.words <= _MANY_WORDS,
        "a long text": shape.words > _MANY_WORDS,
        "a question": shape.question,
        "a diff": shape.has_diff,
        "a stack trace": shape.has_stack_trace,
        "code in fences": shape.code_fences > 0,
        "one path": shape.paths == 1,
        "several paths": shape.paths > 1,
        "asks on the way": shape.questions > 0 and not shape.question,
        "several questions": shape.questions > 1,
        "a name out of code": shape.names == 1,
        "several names out of code": shape.names > 1,
        "a series": shape.series > 2,
        "a long series": shape.series > 4,
        "a number of things": shape.things > 0,
        "a list": shape.list_items > _SHORT_LIST,
        "pasted material": shape.pasted_bytes > _PASTED_BYTES,
        "a huge paste": shape.pasted_bytes > _HUGE_BYTES,
    }
    return [(name, 1.0) for name, is_there in there.items() if is_there]


def load_classifier() -> Classifier:
    """The classifier of the package's own data."""
    data = files("anvil_serving.router").joinpath("classes.json").read_bytes()
    return Classifier(msgspec.json.decode(data, type=_Data))
