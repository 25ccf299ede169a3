"""What is right passes through every window as if there were none, and what is certainly meant is mended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.asked import Asked, AskedTool
from tests.fakes.defects import LATE_TEXT, listed
from tests.fakes.oddities import ODDITIES, Oddity
from tests.fakes.said import Said
from tests.fakes.tier import Tier
from tests.integration.gate.rig import (
    CONFIGURED,
    DIALECTS,
    FORMS,
    PATHS,
    Rig,
    assert_exhausted,
    plain,
    routers,
    said_in,
)
from tests.integration.oracles import documents
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

LIST = AskedTool(
    "list_files",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "depth": {"type": "integer"}},
        "required": ["path"],
    },
)
MENDED = {
    "raw line break": ('{"path": "/a\nb", "depth": 3}', {"path": "/a\nb", "depth": 3}),
    "trailing comma": ('{"path": "/a", "depth": 3,}', {"path": "/a", "depth": 3}),
    "number as a string": ('{"path": "/a", "depth": "3"}', {"path": "/a", "depth": 3}),
}


def _right() -> Iterator[Any]:
    for name, oddity in ODDITIES.items():
        for dialect in oddity.dialects:
            yield pytest.param(dialect, oddity, id=f"{dialect}-{name}".replace(" ", "_"))


@pytest.mark.parametrize(("dialect", "oddity"), list(_right()))
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
def test_an_odd_and_right_answer_is_not_touched(rig: Rig, dialect: str, streamed: bool, oddity: Oddity) -> None:
    rig.plays(oddity.said)
    expected = said_in(oddity.said, dialect, streamed=streamed)
    for window in ("none", "block", "whole"):
        answer = rig.ask(window, dialect, "alone-first", oddity.asked, stream=streamed)
        assert answer.status == 200, (window, answer.body)
        assert answer.is_clean, (window, answer.body[-300:])
        assert plain(answer.body) == expected, window
    if not oddity.is_understood:
        assert answer.headers["x-anvil-verified"] == "skipped"


@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("tier", CONFIGURED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_odd_and_right_answers_of_another_dialect(rig: Rig, dialect: str, tier: str, streamed: bool) -> None:
    for name, oddity in ODDITIES.items():
        if oddity.dialects == ("chat",):
            continue
        rig.plays(oddity.said)
        bodies = []
        for window in ("none", "block", "whole"):
            answer = rig.ask(window, dialect, f"alone-first-{tier}", oddity.asked, stream=streamed)
            assert (answer.status, answer.is_clean) == (200, True), (name, window, answer.body[:300])
            bodies.append(plain(answer.body))
        assert bodies[0] == bodies[1] == bodies[2], name


# ── repairs ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _arguments(answer: Answer, dialect: str, *, streamed: bool) -> str:
    """The arguments of the one call of an answer, as the client puts them together."""
    if not streamed:
        document = answer.json
        if dialect == "messages":
            return json.dumps(next(block["input"] for block in document["content"] if block["type"] == "tool_use"))
        if dialect == "responses":
            [item] = [item for item in document["output"] if item["type"] == "function_call"]
            return str(item["arguments"])
        return str(document["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"])
    pieces = []
    for event in documents(answer.body):
        if dialect == "messages" and event["type"] == "content_block_delta":
            pieces.append(event["delta"].get("partial_json", ""))
        elif dialect == "responses" and event["type"] == "response.function_call_arguments.delta":
            pieces.append(event["delta"])
        elif dialect == "chat":
            calls = [call for choice in event["choices"] for call in choice["delta"].get("tool_calls", ())]
            pieces += [call["function"].get("arguments", "") for call in calls]
    return "".join(pieces)


def _mendable() -> Iterator[Any]:
    for client, tier in (("messages", "messages"), ("chat", "chat"), ("messages", "chat"), ("responses", "chat")):
        for form, streamed in FORMS.items():
            for name, (given, meant) in MENDED.items():
                # A whole answer of Messages holds the arguments themselves and not their text: nothing is mended there.
                if (tier, form) != ("messages", "whole"):
                    id_ = f"{client}-from-{tier}-{form}-{name}".replace(" ", "_")
                    yield pytest.param((client, tier), streamed, given, meant, id=id_)


@pytest.mark.parametrize(("spoken", "streamed", "given", "meant"), list(_mendable()))
@pytest.mark.parametrize("window", ["block", "whole"])
def test_what_is_certainly_meant_is_mended(
    rig: Rig, window: str, spoken: tuple[str, str], streamed: bool, given: str, meant: dict[str, Any]
) -> None:
    client, tier = spoken
    rig.plays(Said(LATE_TEXT, calls=(listed(given),), cut=11))
    answer = rig.ask(window, client, f"alone-first-{tier}", Asked(tools=(LIST,)), stream=streamed)
    assert (answer.status, answer.is_clean) == (200, True), answer.body[:400]
    assert json.loads(_arguments(answer, client, streamed=streamed)) == meant
    [attempt] = rig.decision(window, answer).attempts
    assert attempt.outcome == "answered"
    assert attempt.defects, "what was mended counts against the tier"


@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", ["messages", "chat"])
def test_without_repairs_it_is_rejected(rig: Rig, unforgiving: RouterProcess, dialect: str, streamed: bool) -> None:
    rig.plays(Said("", calls=(listed('{"path": "/a", "depth": "3"}'),)))
    body = Asked(tools=(LIST,)).body(dialect, "alone-first", stream=streamed)
    with unforgiving.client() as client:
        answer = client.ask("POST", PATHS[dialect], body)
    assert_exhausted(answer, dialect, "first", {"schema_mismatch"})


@pytest.fixture(scope="module")
def unforgiving(_rig: Rig) -> Iterator[RouterProcess]:
    with routers(_rig.first, _rig.second, "whole", verify={"repair": False}) as router:
        yield router


# ── caps that the caller set ─────────────────────────────────────────────────────────────────────────────────────────


def test_answers_that_their_callers_capped_close_nothing() -> None:
    capped, good = Said("alpha", finish="length", output_tokens=5), Said("alpha beta gamma")
    with (
        Tier() as tier,
        RouterProcess(
            [tier_config("first", tier.url)], {"chat": ["first"]}, router={"window": {"allow": "whole"}}
        ) as router,
        router.client() as client,
    ):
        for dialect in DIALECTS:
            tier.plays(capped)
            for _ in range(5):
                answer = client.ask("POST", PATHS[dialect], Asked(cap=5).body(dialect, "chat", stream=False))
                assert answer.status == 200, answer.body
            tier.plays(good)
            for _ in range(5):
                answer = client.ask("POST", PATHS[dialect], Asked().body(dialect, "chat", stream=True))
                assert (answer.status, answer.headers["x-anvil-attempts"]) == (200, "1")


def test_answers_that_are_no_good_do_not_close_a_tier_that_works() -> None:
    """They count against its quality; its address is not broken."""
    with (
        Tier() as tier,
        RouterProcess(
            [tier_config("first", tier.url)], {"chat": ["first"]}, router={"window": {"allow": "whole"}}
        ) as router,
        router.client() as client,
    ):
        tier.plays(Said(""))
        for _ in range(12):
            assert client.ask("POST", PATHS["chat"], Asked().body("chat", "chat", stream=False)).status == 503
        tier.plays(Said("alpha beta gamma"))
        assert client.ask("POST", PATHS["chat"], Asked().body("chat", "chat", stream=False)).status == 200
