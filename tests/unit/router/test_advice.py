from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from tests.fakes.policies import World, cell, tier

from anvil_serving.errors import Malformed
from anvil_serving.router.advice import Advice, Signals, advice_of, read_advice_request
from anvil_serving.router.caller import ANYBODY
from anvil_serving.router.classify import Classification
from anvil_serving.router.decide import Decided, Work
from anvil_serving.router.dimensions import NOTHING_NARROWED, Dimensions
from anvil_serving.router.needs import Needs
from anvil_serving.upstream import Request

HELLO = [{"role": "user", "content": "hello"}]
UNSHOWN = [{"role": "user", "content": ""}]


def _read(body: Any, headers: dict[bytes, bytes] | None = None) -> tuple[str, Any, Signals]:
    encoded = body if isinstance(body, bytes) else json.dumps(body).encode()
    dialect, request, signals = read_advice_request(encoded, headers or {})
    return dialect, json.loads(request), signals


@pytest.mark.parametrize(
    ("body", "headers", "dialect"),
    [
        ({"model": "a", "messages": HELLO}, {}, "chat"),
        ({"model": "a", "input": "hello"}, {}, "responses"),
        ({"model": "a", "messages": HELLO}, {b"anthropic-version": b"2023-06-01"}, "messages"),
        ({"model": "a"}, {}, "chat"),
    ],
)
def test_the_dialect_is_seen_and_the_request_passed_on_as_it_is(body: Any, headers: Any, dialect: str) -> None:
    encoded = json.dumps(body).encode()
    assert read_advice_request(encoded, headers) == (dialect, encoded, Signals())


def test_signals_are_read_beside_a_conversation_that_is_shown() -> None:
    signals = {"work_class": "review", "token_estimate": 20_000, "urgency": ["of", "any", "kind"]}
    body = {"model": "a", "messages": HELLO, "signals": signals}
    _, request, said = _read(body)
    assert (said.work_class, said.token_estimate) == ("review", 20_000)
    assert request == body
    assert _read({"model": "a", "input": "x", "signals": signals})[0] == "responses"


@pytest.mark.parametrize("members", [b"", b'"messages": [],', b'"messages": [ \n ],', b'"model": "", "messages":[],'])
def test_who_sends_signals_may_keep_the_conversation(members: bytes) -> None:
    dialect, request, signals = _read(b"{" + members + b'"signals": {"work_class": "review"}}')
    assert (dialect, signals.work_class) == ("chat", "review")
    assert (request["model"], request["messages"]) == ("auto", UNSHOWN)
    Request.decode_prompt("chat", json.dumps(request).encode())


def test_what_else_is_said_stays() -> None:
    body = {"signals": {}, "model": "planning", "anvil": {"privacy": "local"}, "tools": []}
    assert _read(body)[1] == body | {"messages": UNSHOWN}


def test_without_signals_a_conversation_has_to_be_shown() -> None:
    for body in ({"model": "a", "messages": []}, {"model": "a", "messages": [], "signals": None}):
        assert _read(body)[1] == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"null",
        b"[]",
        b'"text"',
        b"\xff",
        b'{"signals": {',
        b'{"signals": 7}',
        b'{"signals": []}',
        b'{"signals": {"work_class": 7}}',
        b'{"signals": {"token_estimate": "many"}}',
        b'{"signals": {"token_estimate": 1.5}}',
        b'{"signals": {"token_estimate": -1}}',
        b'{"signals": {"token_estimate": ' + b"9" * 400 + b"}}",
        b'{"signals": {"work_class": "\xff"}}',
    ],
)
def test_what_is_no_request_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed, match="the body is not a request"):
        read_advice_request(body, {})


@pytest.mark.parametrize("depth", [1_000, 100_000])
def test_no_depth_is_an_accident(depth: int) -> None:
    for member in (b'"x"', b'"messages"', b'"signals"', b'"signals":{},"x"'):
        try:
            read_advice_request(b"{" + member + b":" + b"[" * depth + b"]" * depth + b"}", {})
        except Malformed:
            continue


# ── what is told ─────────────────────────────────────────────────────────────────────────────────────────────────────

INFERRED = Classification("review", 0.62, (("phrase:review", 1.4), ("tools", -0.3)), "planning")
UNSURE = msgspec.structs.replace(INFERRED, is_ambiguous=True)
SILENT = Classification("chat", 0.9, (("tools", -0.3),))


def _advice(work: Work, *, model: str = "unknown", narrowed: Dimensions = NOTHING_NARROWED, **more: Any) -> Advice:
    world = World(
        tier("fast", model=None),
        tier("heavy", dialect="anthropic"),
        presets={"chat": ("fast",), "review": ("heavy", "fast")},
        cells={("fast", "review"): cell(quality=0.5)},
    )
    plan = world.policy.plan(world.question(model, work.work_class))
    body = json.dumps({"model": model, "messages": HELLO}).encode()
    facts = Request.decode("chat", body).facts
    decided = Decided(
        plan, facts, world.intent(model), work, Needs(), narrowed, ANYBODY, None, (None, None, 0), seconds=0.0
    )
    return advice_of(msgspec.structs.replace(decided, **more))


def test_it_names_the_first_tier_and_all_that_would_follow() -> None:
    advice = _advice(Work("review", "preset"), model="review", narrowed=Dimensions(local_only=True), session="mine")
    assert (advice.tier, advice.provider, advice.model) == ("local", "heavy", "m")
    assert (advice.work_class, advice.class_source, advice.intent, advice.intent_source) == (
        "review",
        "preset",
        "review",
        "preset",
    )
    assert [(step.tier, step.model, step.replica, step.dialect) for step in advice.plan] == [
        ("heavy", "m", 0, "messages"),
        ("fast", None, 0, "chat"),
    ]
    assert [candidate.tier for candidate in advice.candidates] == ["heavy", "fast"]
    assert advice.dimensions == {"privacy": "local"}
    assert advice.session_id == "mine"
    assert advice.confidence == 1.0
    assert advice.features == ()


def test_a_model_that_is_not_known_yet_is_called_by_its_tier() -> None:
    advice = _advice(Work("chat", "default"))
    assert (advice.provider, advice.model) == ("fast", "fast")


def test_a_session_without_a_name_is_called_by_how_it_begins() -> None:
    assert _advice(Work("chat", "default")).session_id.startswith("prefix:")


@pytest.mark.parametrize(
    ("work", "model", "reason"),
    [
        (Work("review", "preset"), "review", "review is what review stands for; heavy: quality from 0.90 on"),
        (Work("review", "held", 0.7), "unknown", "review, as when this turn began; heavy: "),
        (Work("chat", "default"), "unknown", "chat by default; fast: the only one that may answer"),
        (Work("review", "inferred", 0.62, INFERRED), "unknown", "review by inference (phrase:review); heavy: "),
        (
            Work("review", "inferred", 0.62, UNSURE),
            "unknown",
            "review by inference (phrase:review), though nearly as much speaks for planning; heavy: ",
        ),
        (
            Work("chat", "inferred", 0.9, SILENT),
            "unknown",
            "chat by inference (nothing speaks for anything else); fast: ",
        ),
    ],
)
def test_it_says_why_this_kind_of_work_and_why_this_tier(work: Work, model: str, reason: str) -> None:
    advice = _advice(work, model=model)
    assert advice.reason.startswith(reason)
    assert advice.confidence == (work.confidence or 1.0)


def test_an_inference_shows_what_spoke_for_it_and_what_against() -> None:
    advice = _advice(Work("review", "inferred", 0.62, INFERRED))
    assert [(feature.name, feature.weight) for feature in advice.features] == [("phrase:review", 1.4), ("tools", -0.3)]
    assert advice.ambiguous_with is None
    # Where the safer one of two was taken, the other one is told, whichever it is.
    assert _advice(Work("review", "inferred", 0.62, UNSURE)).ambiguous_with == "planning"
    assert _advice(Work("planning", "inferred", 0.62, UNSURE)).ambiguous_with == "review"
