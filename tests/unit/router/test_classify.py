"""The classifier by itself: hand-made data, hand-made evidence."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from anvil_serving.config import WORK_CLASSES
from anvil_serving.router.classify import Classification, Classifier, Evidence, _Data
from anvil_serving.router.decide import Lexicon
from anvil_serving.upstream import Phrases

PHRASES: dict[str, dict[str, list[str]]] = {
    "asks for a plan": {"en": ["plan"], "de": ["plan für"]},
    "asks for a change": {"en": ["fix", "add"], "de": ["behebe", "ergänze"]},
    "hands off": {"en": ["do not fix"]},
    "goes on": {"en": ["next"]},
    "layers": {"en": ["api", "database", "form", "page"]},
    "names of things": {"en": ["audit plan"]},
    "begins with an order": {"en": ["fix", "add"]},
    "everywhere": {"en": ["every file"], "fr": ["fix"]},
}
MARKS = [
    ("claude-code", "main", "system", "You are Claude Code"),
    ("claude-code", "title", "system", "Write a title"),
    ("claude-code", "plan_mode", "injected", "Plan mode is active"),
    ("claude-code", "plan_mode_exit", "injected", "Plan mode is over"),
    ("aider", "ask", "system", "Only answer"),
]
SHAPE = {
    "question": False,
    "questions": 0,
    "code_fences": 0,
    "has_diff": False,
    "has_stack_trace": False,
    "paths": 0,
    "names": 0,
    "things": 0,
    "series": 0,
    "list_items": 0,
    "words": 8,
    "pasted_bytes": 0,
}


def classifier(weights: dict[str, dict[str, float]] | None = None, **changed: Any) -> Classifier:
    """One with these weights. All classes are as probable where nothing speaks."""
    data = {
        "version": "1",
        "margin": 0.2,
        "guarded": {},
        "phrases": [{"feature": feature, "phrases": phrases} for feature, phrases in PHRASES.items()],
        "marks": [
            {"harness": harness, "role": role, "where": where, "text": text} for harness, role, where, text in MARKS
        ],
        "tools": {"Edit": "edit", "Read": "read"},
        "roles": {"title": "chat", "plan_mode": "planning"},
        "bias": dict.fromkeys(WORK_CLASSES, 0.0),
        "weights": weights or {},
    }
    return Classifier(msgspec.convert({**data, **changed}, _Data))


def evidence(of: Classifier, *spoken: str, marks: tuple[str, ...] = (), **changed: Any) -> Evidence:
    """What a text that says these phrases is judged by."""
    members: dict[str, Any] = {"prompt_tokens": 100, "documents": 0, "images": 0, "effort": None, "tools": ["Read"]}
    members |= {"structured_output": False, "spoken": spoken, "opening": (), "first": (), "later": (), **changed}
    for name in ("spoken", "opening", "first", "later"):
        members[name] = [of.phrases.index(phrase) for phrase in members[name]]
    members["shape"] = SimpleNamespace(**{name: members.pop(name, value) for name, value in SHAPE.items()})
    return Evidence(**members, instructed=[of.marks.index(mark) for mark in marks])


def features(of: Classifier, *spoken: str, **changed: Any) -> dict[str, float]:
    return dict(of.features(evidence(of, *spoken, **changed)))


# ── what harnesses ask for themselves ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        (("Write a title",), "chat"),
        (("Plan mode is active",), "planning"),
        # A harness's own prompt comes before what it has put into the conversation, wherever it stands.
        (("Plan mode is active", "Write a title"), "chat"),
        # Of two that were injected the later one holds.
        (("Plan mode is over", "Plan mode is active"), "planning"),
    ],
)
def test_marks_decide(marks: tuple[str, ...], expected: str) -> None:
    of = classifier({"asks for a change": {"bounded-edit": 9.0}})
    found = of.classify(evidence(of, "fix", marks=("You are Claude Code", *marks)))
    assert (found.work_class, found.probability, found.runner_up) == (expected, 1.0, None)
    assert found.harness == "claude-code"
    assert [name for name, _ in found.features] == [f"claude-code: {'title' if expected == 'chat' else 'plan_mode'}"]
    assert not found.is_ambiguous


def test_a_plan_mode_that_was_left_decides_nothing() -> None:
    of = classifier({"asks for a change": {"bounded-edit": 9.0}})
    found = of.classify(evidence(of, "fix", marks=("Plan mode is active", "Plan mode is over")))
    assert found.work_class == "bounded-edit"


def test_whose_request_it_is_decides_nothing() -> None:
    of = classifier()
    found = of.classify(evidence(of, marks=("You are Claude Code",)))
    assert (found.harness, found.probability) == ("claude-code", round(1 / 6, 3))


def test_a_mode_that_only_answers_is_a_feature() -> None:
    of = classifier({"a mode that only answers": {"chat": 5.0}})
    assert of.classify(evidence(of, marks=("Only answer",))).work_class == "chat"


# ── how it decides ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_features_are_named_by_how_loud_they_spoke() -> None:
    of = classifier(
        {
            "asks for a plan": {"planning": 3.0},
            "no tools": {"planning": -0.5, "chat": 1.0},
            "asks for a change": {"planning": -1.0},
            "a question": {"planning": 0.001},
        }
    )
    found = of.classify(evidence(of, "plan", "fix", tools=[], question=True))
    assert (found.work_class, found.runner_up) == ("planning", "chat")
    # Against the runner-up, in log-odds; what made no difference is not named.
    assert found.features == (("asks for a plan", 3.0), ("no tools", -1.5), ("asks for a change", -1.0))


def test_no_more_than_six_features_are_named() -> None:
    names = ["a question", "several questions", "a diff", "a stack trace", "a list", "a series", "images", "documents"]
    of = classifier({name: {"review": 1.0} for name in names})
    shape: dict[str, Any] = {"question": True, "questions": 2, "has_diff": True, "list_items": 3, "series": 3}
    assert len(of.classify(evidence(of, images=1, documents=1, has_stack_trace=True, **shape)).features) == 6


@pytest.mark.parametrize(("weight", "is_ambiguous"), [(0.3, True), (3.0, False)])
def test_two_that_are_near_each_other_are_ambiguous(weight: float, is_ambiguous: bool) -> None:
    of = classifier({"asks for a plan": {"planning": 4.0 + weight, "review": 4.0}})
    found = of.classify(evidence(of, "plan"))
    assert (found.work_class, found.runner_up, found.is_ambiguous) == ("planning", "review", is_ambiguous)


def test_a_guarded_class_is_not_passed_over_in_silence() -> None:
    weights = {"asks for a change": {"bounded-edit": 4.0, "chat": 2.0, "planning": 1.5}}
    of = classifier(weights)
    found = of.classify(evidence(of, "fix"))
    assert (found.work_class, found.runner_up, found.is_ambiguous) == ("bounded-edit", "chat", False)
    guarding = classifier(weights, guarded={"planning": 0.05})
    found = guarding.classify(evidence(guarding, "fix"))
    assert (found.work_class, found.runner_up, found.is_ambiguous) == ("bounded-edit", "planning", True)
    # It is not its own rival.
    sure = classifier({"asks for a plan": {"planning": 9.0}}, guarded={"planning": 0.05})
    assert not sure.classify(evidence(sure, "plan")).is_ambiguous


def test_probabilities_add_up() -> None:
    of = classifier({"asks for a plan": {work_class: float(place) for place, work_class in enumerate(WORK_CLASSES)}})
    found = of.classify(evidence(of, "plan"))
    total = sum(2.718281828**place for place in range(len(WORK_CLASSES)))
    assert found.probability == pytest.approx(2.718281828 ** (len(WORK_CLASSES) - 1) / total, abs=0.001)


def test_what_has_no_weight_is_ignored() -> None:
    of = classifier({"asks for nothing that is known": {"chat": 9.0}})
    found = of.classify(evidence(of, "plan", "fix"))
    assert (found.probability, found.features) == (round(1 / 6, 3), ())
    assert isinstance(found, Classification)


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_saying_it_often_does_not_mean_it_as_much_more() -> None:
    of = classifier()
    assert features(of, "fix")["asks for a change"] == 1.0
    assert features(of, "fix", "add")["asks for a change"] == 1.5


def test_an_opening_counts_by_itself() -> None:
    of = classifier()
    assert "opens: asks for a plan" in features(of, "plan", opening=("plan",))
    assert "opens: asks for a plan" not in features(of, "plan")


def test_first_words_count_only_there() -> None:
    of = classifier()
    assert not {"begins with an order", "goes on with an order"} & features(of, "fix").keys()
    found = features(of, "fix", opening=("fix",), first=("fix",), later=("add",))
    assert {"begins with an order", "goes on with an order"} <= found.keys()
    assert "opens: begins with an order" not in found


def test_next_goes_on_only_where_little_else_is_said() -> None:
    of = classifier()
    assert "goes on" in features(of, "next", words=3)
    assert "goes on" not in features(of, "next", words=40)


def test_layers_speak_from_the_third_on() -> None:
    of = classifier()
    assert not {"layers", "several layers"} & features(of, "api", "form").keys()
    assert features(of, "api", "form", "page")["several layers"] == 1.0
    assert features(of, "api", "form", "page", "database")["several layers"] == 2.0


def test_a_phrase_means_what_it_means_in_the_text_s_language() -> None:
    of = classifier()
    assert "asks for a change" in features(of, "behebe", "ergänze", "plan für")
    # A French word that is spelt like an English one means the English thing in an English text.
    assert "everywhere" not in features(of, "fix", "plan")


def test_contained_phrases_do_not_speak() -> None:
    of = classifier()
    lexicon = Lexicon(of.phrases, of.marks, Phrases)

    def said(text: str) -> dict[str, float]:
        spoken = [of.phrases[number] for number in lexicon.alone(lexicon.phrases.find(text))]
        return features(of, *spoken)

    assert "hands off" in said("do not fix it")
    assert "asks for a change" not in said("do not fix it")
    assert not {"asks for a plan", "names of things"} & said("the audit plan page").keys()
    assert "asks for a plan" in said("a plan for the page")


# ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"words": 3}, "a few words"),
        ({"words": 200}, "a long text"),
        ({"question": True, "questions": 1}, "a question"),
        ({"questions": 1}, "asks on the way"),
        ({"paths": 1}, "one path"),
        ({"paths": 4}, "several paths"),
        ({"names": 2}, "several names out of code"),
        ({"series": 5}, "a long series"),
        ({"things": 34}, "a number of things"),
        ({"pasted_bytes": 100_000}, "a huge paste"),
        ({"prompt_tokens": 40_000}, "a long conversation"),
        ({"documents": 3}, "documents"),
        ({"tools": ["Edit"]}, "tools that change files"),
        ({"tools": []}, "no tools"),
    ],
)
def test_facts_and_shapes_have_names(changed: dict[str, Any], expected: str) -> None:
    of = classifier()
    assert expected in features(of, **changed)
    assert expected not in features(of)


def test_what_was_pasted_is_no_conversation() -> None:
    of = classifier()
    found = features(of, prompt_tokens=40_000, pasted_bytes=120_000)
    assert "much pasted" in found
    assert "a long conversation" not in found


def test_what_is_said_together() -> None:
    of = classifier()
    assert "a change in many places" in features(of, "fix", "every file")
    assert "a change in one place" in features(of, "fix", paths=1)
    left = features(of, "fix", "every file", "do not fix")
    assert "a change, left for later" in left
    assert "a change in many places" not in left
