"""Who is asked, in which order, and under which name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Pause, Stall
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, free_port, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

OUT = [answers.whole(b"out of order", 500)]


@pytest.fixture(scope="module")
def _fleet() -> Iterator[dict[str, Tier]]:
    with Tier() as fast, Tier() as fast_too, Tier() as heavy, Tier() as cloud:
        yield {"fast": fast, "fast_too": fast_too, "heavy": heavy, "cloud": cloud}


@pytest.fixture(scope="module")
def routed(_fleet: dict[str, Tier]) -> Iterator[RouterProcess]:
    tiers = [
        tier_config("fast", _fleet["fast"].url, replicas=[_fleet["fast_too"].url], extra_body={"top_k": 7}),
        tier_config("Heavy", _fleet["heavy"].url, dialects=["openai"], model="heavy-model"),
        tier_config("cloud", _fleet["cloud"].url, dialects=["anthropic"], max_output_tokens=50),
    ]
    presets = {
        "chat": ["fast"],
        "quick-edit": ["fast", "Heavy"],
        "planning": ["Heavy", "fast", "cloud"],
        "cloud": ["fast"],
    }
    with RouterProcess(tiers, presets) as router:
        yield router


def _ask(router: RouterProcess, model: str, dialect: str = "chat", **more: object) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **more))


def _asked(fleet: dict[str, Tier]) -> list[str]:
    """The tiers that were asked, in order."""
    requests = [(received.at, name) for name, tier in fleet.items() for received in tier.requests]
    return [name for _, name in sorted(requests)]


def test_tiers_are_asked_in_the_presets_order_each_at_all_replicas(
    routed: RouterProcess, fleet: dict[str, Tier]
) -> None:
    for tier in fleet.values():
        tier.plays(OUT)
    answer = _ask(routed, "planning")
    assert answer.status == 503
    asked = _asked(fleet)
    assert [asked[0], *sorted(asked[1:3]), *asked[3:]] == ["heavy", "fast", "fast_too", "cloud"]
    message = answer.json["error"]["message"]
    assert "Heavy: status 500; fast: status 500; fast: status 500; cloud: status 500" in message


def test_the_first_that_answers_ends_the_search(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    _ask(routed, "quick-edit")
    [first] = _asked(fleet)  # which replica that is depends on how the conversation begins
    fleet[first].plays(OUT)
    answer = _ask(routed, "quick-edit")
    assert answer.status == 200
    assert answer.headers["x-anvil-tier"] == "fast"
    assert answer.headers["x-anvil-attempts"] == "2"
    assert answer.headers["x-anvil-intent"] == "quick-edit"
    assert _asked(fleet) == [first, first, "fast_too" if first == "fast" else "fast"]


def test_a_tier_is_asked_in_a_dialect_that_it_speaks(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    answer = _ask(routed, "planning", "messages")
    assert answer.headers["x-anvil-tier"] == "Heavy"
    assert fleet["heavy"].requests[0].target == "/v1/chat/completions"
    assert answer.json["type"] == "message"


@pytest.mark.parametrize(
    ("model", "tier", "intent"),
    [
        ("model:heavy", "Heavy", "Heavy"),
        ("model:Heavy", "Heavy", "Heavy"),
        ("heavy", "Heavy", "Heavy"),
        ("anvil/model:heavy", "Heavy", "Heavy"),
        ("model:fast", "fast", "fast"),
        ("planning", "Heavy", "planning"),
        ("PLANNING", "Heavy", "planning"),
        ("  planning ", "Heavy", "planning"),
        ("anvil/planning", "Heavy", "planning"),
        ("anvil:planning", "Heavy", "planning"),
        ("openai/planning", "Heavy", "planning"),
        ("claude-planning", "Heavy", "planning"),
        ("anvil/claude-planning", "Heavy", "planning"),
        ("quick-edit", "fast", "quick-edit"),
        ("cloud", "fast", "cloud"),
        ("gpt-5.5", "fast", "chat"),
        ("claude-sonnet-4-5", "fast", "chat"),
        ("model:nobody", "fast", "chat"),
    ],
)
def test_a_name_leads_to_its_tier(
    routed: RouterProcess, fleet: dict[str, Tier], model: str, tier: str, intent: str
) -> None:
    answer = _ask(routed, model)
    assert answer.status == 200
    assert answer.headers["x-anvil-tier"] == tier
    assert answer.headers["x-anvil-intent"] == intent
    assert answer.json["model"] == model, "strict clients compare the model with what they asked for"


def test_a_pinned_tier_of_a_presets_name_is_pinned(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    assert _ask(routed, "model:cloud", "messages").headers["x-anvil-tier"] == "cloud"


def test_a_pin_falls_back_to_nobody_else(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    fleet["heavy"].plays(OUT)
    assert _ask(routed, "model:heavy").status == 503
    assert _asked(fleet) == ["heavy"]


def test_each_tier_gets_the_body_it_is_configured_for(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    fleet["heavy"].plays(OUT)
    unheard_of = b'"unheard_of": {"a":[ 1.50,1e2 ]}'
    body = answers.encode(request_body("chat", "planning", top_k=1))
    with routed.client() as client:
        assert client.ask("POST", PATHS["chat"], body[:-1] + b", " + unheard_of + b"}").status == 200
    [heavy], [fast] = fleet["heavy"].requests, [*fleet["fast"].requests, *fleet["fast_too"].requests]
    assert heavy.json["model"] == "heavy-model"
    assert heavy.json["top_k"] == 1
    assert fast.json["model"] == "model-of-the-tier"
    assert fast.json["top_k"] == 7
    assert b'{"a":[ 1.50,1e2 ]}' in heavy.body
    assert b'{"a":[ 1.50,1e2 ]}' in fast.body
    assert heavy.target == fast.target == "/v1/chat/completions"


def test_a_cap_above_the_tiers_is_lowered(routed: RouterProcess, fleet: dict[str, Tier]) -> None:
    _ask(routed, "model:cloud", "messages")
    assert fleet["cloud"].requests[0].json["max_tokens"] == 50


def test_the_models_are_listed_in_both_shapes(routed: RouterProcess) -> None:
    with routed.client() as client:
        openai = client.ask("GET", "/v1/models").json
        anthropic = client.ask("GET", "/v1/models?limit=1000", headers={"anthropic-version": "2023-06-01"}).json
    ids = [model["id"] for model in openai["data"]]
    assert len(ids) == len(set(ids))
    assert {"chat", "planning", "quick-edit", "cloud", "fast", "Heavy", "claude-planning"} <= set(ids)
    assert [model["id"] for model in anthropic["data"]] == ids
    assert all(model["display_name"] for model in anthropic["data"])
    assert anthropic["has_more"] is False


# ── a model that the configuration leaves open ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def open_tier() -> Iterator[Tier]:
    with Tier(models=["the-only-one"]) as tier:
        yield tier


def _open_config(url: str, **more: object) -> dict[str, object]:
    config = tier_config("open", url, **more)
    del config["model"]
    return config


def test_the_one_model_that_a_server_lists_is_adopted_and_asked_for_once(open_tier: Tier) -> None:
    with RouterProcess([_open_config(open_tier.url)], {"chat": ["open"]}) as router:
        for _ in range(3):
            answer = _ask(router, "chat")
            assert answer.headers["x-anvil-model"] == "the-only-one"
    assert [received.json["model"] for received in open_tier.requests] == ["the-only-one"] * 3
    assert len(open_tier.model_requests) == 1


@pytest.mark.parametrize("listed", [[], ["one", "two"]], ids=["none", "two"])
def test_a_server_that_does_not_list_exactly_one_model_is_passed_by(open_tier: Tier, listed: list[str]) -> None:
    open_tier.models = listed
    with Tier() as behind:
        tiers = [_open_config(open_tier.url), tier_config("behind", behind.url)]
        with RouterProcess(tiers, {"chat": ["open", "behind"], "alone": ["open"]}) as router:
            assert _ask(router, "chat").headers["x-anvil-tier"] == "behind"
            answer = _ask(router, "alone")
            assert answer.status == 503
            assert "open: model_unknown" in answer.json["error"]["message"]
            open_tier.models = ["loaded-by-now"]
            assert _ask(router, "chat").headers["x-anvil-model"] == "loaded-by-now"


def test_a_server_that_comes_up_late_is_used_from_then_on() -> None:
    port = free_port()
    with RouterProcess([_open_config(f"http://127.0.0.1:{port}/v1")], {"chat": ["open"]}) as router:
        assert _ask(router, "chat").status == 503
        with Tier(models=["late"], port=port):
            assert _ask(router, "chat").headers["x-anvil-model"] == "late"


def test_a_second_replica_says_the_model_when_the_first_cannot(open_tier: Tier) -> None:
    config = _open_config(f"http://127.0.0.1:{free_port()}/v1", replicas=[open_tier.url])
    with RouterProcess([config], {"chat": ["open"]}) as router:
        assert _ask(router, "chat").status == 200


@pytest.mark.parametrize("name", ["modèle", "a\r\nx-injected: yes", "x" * 10_000, ""], ids=repr)
def test_an_odd_model_name_does_no_harm(open_tier: Tier, name: str) -> None:
    open_tier.models = [name]
    with RouterProcess([_open_config(open_tier.url)], {"chat": ["open"]}) as router:
        answer = _ask(router, "chat")
        assert "x-injected" not in answer.headers
        assert answer.status in {200, 503}
        assert router.is_healthy()
        assert "Traceback" not in router.log


def test_callers_who_come_together_ask_for_the_model_once(open_tier: Tier) -> None:
    with RouterProcess([_open_config(open_tier.url)], {"chat": ["open"]}) as router:
        clients = [router.client() for _ in range(10)]
        body = answers.encode(request_body("chat"))
        try:
            for client in clients:
                client.request("POST", PATHS["chat"], body)
            assert [client.read_answer().status for client in clients] == [200] * 10
        finally:
            for client in clients:
                client.close()
    assert len(open_tier.model_requests) == 1


def test_readiness_follows_the_tiers() -> None:
    port = free_port()
    with (
        Tier() as stuck,
        RouterProcess(
            [tier_config("late", f"http://127.0.0.1:{port}/v1"), tier_config("stuck", stuck.url)], {"chat": ["late"]}
        ) as router,
        router.client() as client,
    ):
        stuck.plays_models([Stall()])
        assert client.ask("GET", "/readyz").status == 503
        assert client.ask("GET", "/healthz").status == 200
        with Tier(port=port):
            deadline = time.monotonic() + 8.0
            while client.ask("GET", "/readyz").status != 200:
                assert time.monotonic() < deadline
                time.sleep(0.2)
            assert client.ask("GET", "/readyz").json["tiers"] == {"late": "ready", "stuck": "unreachable"}


# ── what bounds an exchange ──────────────────────────────────────────────────────────────────────────────────────────


def _limited(*tiers: Tier, presets: dict[str, list[str]], replicas: int = 0, **fallback: object) -> RouterProcess:
    """Tiers `a`, `b` and so on; the first so many addresses after the first one are its replicas."""
    urls = [tier.url for tier in tiers]
    patient = {"connect": 1.0, "first_byte": 5.0, "idle": 5.0, "total": 10.0}
    listed = [tier_config("a", urls[0], replicas=urls[1 : 1 + replicas], timeouts=patient)]
    listed += [
        tier_config(name, url, timeouts=patient) for name, url in zip("bcde", urls[1 + replicas :], strict=False)
    ]
    router = {"health": {"interval": "off"}, "fallback": fallback}
    return RouterProcess(listed, presets, router=router)


def test_no_more_addresses_are_asked_than_may_be() -> None:
    with Tier() as one, Tier() as two, Tier() as three:
        for tier in (one, two, three):
            tier.plays(OUT)
        with _limited(one, two, three, presets={"chat": ["a", "b", "c"]}, max_attempts=2) as router:
            answer = _ask(router, "chat")
        assert answer.status == 503
        assert "(a: status 500; b: status 500)" in answer.json["error"]["message"]
        assert three.requests == []


def test_a_tiers_second_address_does_not_take_the_next_tiers_turn() -> None:
    with Tier() as one, Tier() as same, Tier() as other:
        for tier in (one, same):
            tier.plays(OUT)
        with _limited(one, same, other, presets={"chat": ["a", "b"]}, replicas=1, max_attempts=2) as router:
            assert _ask(router, "chat").headers["x-anvil-tier"] == "b"
        assert len(one.requests) + len(same.requests) == 1


def test_second_addresses_are_asked_for_a_share_of_the_traffic_and_other_tiers_always() -> None:
    with Tier() as one, Tier() as same, Tier() as other:
        for tier in (one, same):
            tier.plays(OUT)
        settings: dict[str, object] = {"retry_share": 0.0, "breaker_failures": "off"}
        with _limited(one, same, other, presets={"chat": ["a", "b"]}, replicas=1, **settings) as router:
            began = time.monotonic()
            found = [_ask(router, "chat") for _ in range(40)]
            seconds = time.monotonic() - began
            decision = router.decision(found[-1].headers["x-anvil-decision"])
        assert {answer.headers["x-anvil-tier"] for answer in found} == {"b"}
        retried = len(one.requests) + len(same.requests) - 40
        assert 10 <= retried <= 10 + seconds + 1
        assert [attempt.outcome for attempt in decision.attempts] == ["status", "retries_spent", "answered"]


@pytest.mark.parametrize("stream", [False, True])
def test_the_time_until_the_first_byte_has_an_end(stream: bool) -> None:
    with Tier() as silent, Tier() as behind:
        silent.plays([Stall()])
        with _limited(silent, behind, presets={"chat": ["a", "b"]}, deadline=0.5) as router:
            began = time.monotonic()
            answer = _ask(router, "chat", stream=stream)
            assert 0.4 < time.monotonic() - began < 2.0
            assert silent.connections[-1].gone.wait(1.0)
            decision = router.decision(answer.headers["x-anvil-decision"])
        assert answer.status == 503
        assert "retry-after" in answer.headers
        assert "a: deadline" in answer.json["error"]["message"]
        assert behind.requests == []
        assert (decision.result, [attempt.outcome for attempt in decision.attempts]) == ("exhausted", ["deadline"])


def test_an_answer_that_has_begun_may_take_longer_than_that() -> None:
    with Tier() as slow:
        head, *rest = answers.stream("chat")
        slow.plays([head, rest[0], Pause(0.8), *rest[1:]])
        with _limited(slow, presets={"chat": ["a"]}, deadline=0.4) as router:
            assert _ask(router, "chat", stream=True).is_clean


@pytest.mark.parametrize("dialect", list(PATHS))
def test_where_signs_of_life_were_given_the_end_is_told_inside_the_stream(dialect: str) -> None:
    with Tier() as silent:
        silent.plays([Stall()])
        router = {"window": {"heartbeat_after": 0.1, "heartbeat_every": 0.1}, "fallback": {"deadline": 0.6}}
        patient = {"connect": 1.0, "first_byte": 5.0, "idle": 5.0, "total": 10.0}
        listed = [tier_config("a", silent.url, timeouts=patient)]
        with RouterProcess(listed, {"chat": ["a"]}, router=router) as process:
            answer = _ask(process, "chat", dialect, stream=True)
        assert (answer.status, answer.ending) == (200, "aborted")
        assert b"a: deadline" in answer.body


def test_nobody_else_is_asked_for_a_caller_that_left() -> None:
    with Tier() as broken, Tier() as behind:
        broken.plays([Pause(0.5), *OUT])
        with _limited(broken, behind, presets={"chat": ["a", "b"]}) as router:
            with router.client() as client:
                client.request("POST", PATHS["chat"], answers.encode(request_body("chat", "chat")))
                broken.wait_for_requests(1)
            assert broken.connections[-1].gone.wait(0.4), "its tier is told at once"
            time.sleep(0.5)
        assert behind.requests == []
