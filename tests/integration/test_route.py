"""`POST /v1/route`: what would happen, without its happening."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

FIELDS = {"tier", "model", "provider", "work_class", "reason", "confidence", "session_id"}
HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture(scope="module")
def fleet() -> Iterator[dict[str, Tier]]:
    with Tier() as fast, Tier() as heavy, Tier() as cloud:
        yield {"fast": fast, "heavy": heavy, "cloud": cloud}


@pytest.fixture(scope="module")
def routed(fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    group = {"swap_group": "gpu"}
    tiers = [
        tier_config("fast", fleet["fast"].url, **group),
        tier_config("heavy", fleet["heavy"].url, **group),
        tier_config("cloud", fleet["cloud"].url, privacy="cloud"),
    ]
    presets = {"chat": ["fast", "heavy"], "planning": ["heavy", "cloud"], "review": ["heavy"], "nobody": ["cloud"]}
    router = {"metered_cloud": ["planning"], "health": {"interval": "off"}}
    with RouterProcess(tiers, presets, router=router, trusts_all=False) as process:
        yield process


def _route(router: RouterProcess, body: Any, **headers: str) -> Answer:
    with router.client() as client:
        return client.ask("POST", "/v1/route", body, headers=headers or None)


def test_it_says_where_a_request_would_go_and_why(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    answer = _route(routed, {"model": "planning", "messages": HELLO})
    assert answer.status == 200
    told = answer.json
    assert set(told) >= FIELDS
    assert (told["tier"], told["provider"], told["model"]) == ("cloud", "cloud", "model-of-the-tier")
    assert (told["work_class"], told["confidence"]) == ("planning", 1.0)
    assert [step["tier"] for step in told["plan"]] == ["cloud"]
    assert {each["tier"]: each["place"] for each in told["candidates"]} == {"cloud": 1, "heavy": None}
    assert "denied for planning" in next(each["reason"] for each in told["candidates"] if each["tier"] == "heavy")
    assert all(tier.requests == [] for tier in fleet.values())


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        ({"model": "x", "messages": HELLO}, {}),
        ({"model": "x", "input": "hello"}, {}),
        ({"model": "x", "messages": HELLO, "system": "Be kind."}, {"anthropic-version": "2023-06-01"}),
    ],
)
def test_every_dialect_may_ask(routed: RouterProcess, body: Any, headers: dict[str, str]) -> None:
    told = _route(routed, body, **headers).json
    assert (told["work_class"], told["provider"], told["intent_source"]) == ("chat", "fast", "inferred")
    assert 0 < told["confidence"] <= 1
    assert told["features"]


def test_signals_stand_for_a_conversation_that_is_not_shown(routed: RouterProcess) -> None:
    """As in 0.7.1."""
    body = {"messages": [], "signals": {"work_class": "review", "token_estimate": 20_000, "urgency": "high"}}
    told = _route(routed, body).json
    assert (told["provider"], told["work_class"]) == ("heavy", "review")
    too_long = _route(routed, {"messages": [], "signals": {"work_class": "review", "token_estimate": 200_000}})
    assert too_long.status == 400
    assert "maximum context length" in too_long.json["error"]["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"x"',
        b"[" * 100_000,
        b'{"model": 1}',
        b'{"messages": "x"}',
        b'{"signals": 3, "messages": []}',
    ],
)
def test_what_is_no_request_is_400(routed: RouterProcess, body: bytes) -> None:
    assert _route(routed, body).status == 400


def test_nobody_is_503_with_every_reason(routed: RouterProcess) -> None:
    answer = _route(routed, {"model": "nobody", "messages": HELLO})
    assert answer.status == 503
    assert "metered_cloud" in answer.json["error"]["message"]


def test_dimensions_hold_here_too(routed: RouterProcess) -> None:
    assert _route(routed, {"model": "planning", "messages": HELLO}, **{"x-anvil-privacy": "local"}).status == 503
    assert _route(routed, {"model": "planning", "messages": HELLO, "anvil": {"privacy": "nowhere"}}).status == 400


def test_asking_changes_nothing(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    """Neither which model is loaded, nor where a conversation is, nor what is kept."""
    with routed.client() as client:
        heavy = client.ask("POST", PATHS["chat"], {"model": "review", "messages": HELLO})
        assert heavy.headers["x-anvil-tier"] == "heavy"
        routed.decision(heavy.headers["x-anvil-decision"])
        kept = client.ask("GET", "/v1/decisions").json["decisions"]
    asked = {name: len(tier.requests) for name, tier in fleet.items()}
    first = _route(routed, {"model": "chat", "messages": HELLO}).json
    assert first["provider"] == "heavy"  # it is loaded
    for _ in range(30):
        assert _route(routed, {"model": "chat", "messages": HELLO}).json == first
    with routed.client() as client:
        assert client.ask("GET", "/v1/decisions").json["decisions"] == kept
    assert {name: len(tier.requests) for name, tier in fleet.items()} == asked


def test_other_methods_are_told(routed: RouterProcess) -> None:
    with routed.client() as client:
        answer = client.ask("GET", "/v1/route")
        assert (answer.status, answer.headers["allow"]) == (405, "POST, OPTIONS")


def test_what_it_says_is_what_happens(routed: RouterProcess) -> None:
    body = {"model": "auto", "messages": [{"role": "user", "content": "What does `static inline` mean in C?"}]}
    told = _route(routed, body).json
    with routed.client() as client:
        answer = client.ask("POST", PATHS["chat"], body)
    assert answer.headers["x-anvil-tier"] == told["provider"]
    assert answer.headers["x-anvil-work-class"] == told["work_class"]
    kept = json.loads(json.dumps([each["tier"] for each in told["candidates"]]))
    decision = routed.decision(answer.headers["x-anvil-decision"])
    assert [each.tier for each in decision.candidates] == kept
