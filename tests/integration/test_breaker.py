"""A broken tier is left alone, tried by one request at a time, and used again when it is well."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.faults import AFTER_RELEASE, REFUSALS
from tests.fakes.steps import Pause, Reset
from tests.fakes.tier import Tier
from tests.integration.process import wait_until
from tests.integration.router import PATHS, RouterProcess, free_port, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

BROKEN = [answers.whole(b"out of order", 500)]
PRESETS = {"alone": ["first"], "backed": ["first", "second"]}
UNCHECKED = {"health": {"interval": "off"}}


@pytest.fixture
def tiers() -> Iterator[tuple[Tier, Tier]]:
    with Tier() as first, Tier() as second:
        yield first, second


@contextlib.contextmanager
def _router(
    tiers: tuple[Tier, Tier], *, workers: int = 1, first: dict[str, Any] | None = None, **fallback: Any
) -> Iterator[RouterProcess]:
    """Two tiers without health checks: only requests say how they are."""
    listed = [tier_config("first", tiers[0].url, **(first or {})), tier_config("second", tiers[1].url)]
    with RouterProcess(listed, PRESETS, workers=workers, router={**UNCHECKED, "fallback": fallback}) as process:
        yield process


def _ask(router: RouterProcess, model: str = "backed", dialect: str = "chat", **more: Any) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **more))


def test_a_tier_that_fails_twenty_times_is_asked_a_few_times(tiers: tuple[Tier, Tier]) -> None:
    first, second = tiers
    first.plays(BROKEN)
    with _router(tiers) as router:
        for _ in range(20):
            assert _ask(router).headers["x-anvil-tier"] == "second"
    assert 5 <= len(first.requests) <= 8
    assert len(second.requests) == 20


def test_a_tier_that_nobody_runs_is_left_alone_and_the_decision_says_why(tiers: tuple[Tier, Tier]) -> None:
    presets = {"backed": ["gone", "second"]}
    listed = [tier_config("gone", f"http://127.0.0.1:{free_port()}/v1"), tier_config("second", tiers[1].url)]
    with RouterProcess(listed, presets, router=UNCHECKED) as router:
        for _ in range(6):
            answer = _ask(router)
        decision = router.decision(answer.headers["x-anvil-decision"])
        assert "tier gone, address 1: has failed too often" in router.log
    [gone] = [each for each in decision.candidates if each.tier == "gone"]
    assert gone.place is None
    assert gone.reason.startswith("its breaker is open: 5 failures in 30 s, tried again in")
    assert [attempt.tier for attempt in decision.attempts] == ["second"]


@pytest.mark.parametrize("dialect", list(PATHS))
def test_where_everybody_is_left_alone_it_is_503_with_the_time_until_somebody_is_not(
    tiers: tuple[Tier, Tier], dialect: str
) -> None:
    first, _ = tiers
    first.plays(BROKEN)
    with _router(tiers) as router:
        for _ in range(5):
            assert "status 500" in str(_ask(router, "alone", dialect).json)
        answer = _ask(router, "alone", dialect)
    assert answer.status == 503
    assert 1 <= int(answer.headers["retry-after"]) <= 2
    assert "first: its breaker is open" in str(answer.json)
    assert len(first.requests) == 5


def test_one_request_tries_a_tier_that_is_back_and_then_all_may(tiers: tuple[Tier, Tier]) -> None:
    first, second = tiers
    first.plays(BROKEN)
    with _router(tiers) as router:
        for _ in range(5):
            _ask(router)
        first.plays(lambda received: [Pause(0.3), *answers.well(received)])
        time.sleep(2.1)
        asked_before = len(first.requests), len(second.requests)
        together = [threading.Thread(target=_ask, args=(router,)) for _ in range(8)]
        for thread in together:
            thread.start()
        for thread in together:
            thread.join()
        assert (len(first.requests) - asked_before[0], len(second.requests) - asked_before[1]) == (1, 7)
        for _ in range(5):
            assert _ask(router).headers["x-anvil-tier"] == "first"
        assert "tier first, address 1: answers again" in router.log


def test_a_stream_of_the_probe_lets_others_in_as_soon_as_it_has_begun(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays(BROKEN)
    with _router(tiers) as router, router.client() as client:
        for _ in range(5):
            _ask(router)
        time.sleep(2.1)

        def slow(received: Any) -> Iterator[Any]:
            for piece in answers.stream("chat"):
                yield piece
                yield Pause(0.1)

        first.plays_next(slow)
        first.plays(answers.well)
        client.request("POST", PATHS["chat"], answers.encode(request_body("chat", "backed", stream=True)))
        client.read_head()
        assert _ask(router).headers["x-anvil-tier"] == "first"


def test_a_probe_that_fails_leaves_it_alone_for_longer(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays(BROKEN)
    with _router(tiers) as router:
        for _ in range(5):
            _ask(router)
        time.sleep(2.1)
        for _ in range(10):
            _ask(router)
        assert len(first.requests) == 6
        waits = [line.rsplit("tried again in ", 1)[1] for line in router.log.splitlines() if "tried again" in line]
    seconds = [float(wait.removesuffix(" s")) for wait in waits]
    assert 1.0 <= seconds[0] <= 2.0 <= seconds[1] <= 4.0


def test_streams_that_break_after_they_began_count_as_well(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays(lambda _: AFTER_RELEASE["reset"]("chat", True))
    with _router(tiers) as router:
        for _ in range(5):
            assert _ask(router, stream=True).ending == "aborted"
        assert _ask(router, stream=True).headers["x-anvil-tier"] == "second"


def _capped(received: Any) -> list[bytes]:
    document = answers.document("chat")
    document["choices"][0]["finish_reason"] = "length"
    return [answers.whole(document)]


def test_what_is_no_fault_of_the_tiers_opens_nothing(tiers: tuple[Tier, Tier]) -> None:
    first, second = tiers
    with _router(tiers) as router:
        for script in (*(REFUSALS[status]("chat", False) for status in (400, 409, 413, 422)), _capped):
            first.plays(script)
            for _ in range(6):
                assert _ask(router, max_tokens=3).status != 503
        first.plays([Pause(5.0)])
        for _ in range(6):
            with router.client() as client:
                client.request("POST", PATHS["chat"], answers.encode(request_body("chat", "backed")))
                first.wait_for_requests(len(first.requests))
                time.sleep(0.1)
        wait_until(lambda: sum(connection.gone.is_set() for connection in first.connections) >= 6, seconds=3.0)
        first.plays(answers.well)
        assert _ask(router).headers["x-anvil-tier"] == "first"
    assert second.requests == []


@pytest.mark.parametrize("status", [429, 529, 503])
def test_a_tier_that_has_no_room_is_left_alone_for_as_long_as_it_says(tiers: tuple[Tier, Tier], status: int) -> None:
    first, second = tiers
    first.plays_next([answers.whole(answers.error("chat", "slow down"), status, ("retry-after", "1"))])
    with _router(tiers) as router:
        assert _ask(router).headers["x-anvil-attempts"] == "2"
        resting = _ask(router)
        assert (resting.headers["x-anvil-tier"], resting.headers["x-anvil-attempts"]) == ("second", "1")
        assert len(first.requests) == 1
        time.sleep(1.05)
        assert _ask(router).headers["x-anvil-tier"] == "first"
        assert "has failed too often" not in router.log
    assert len(second.requests) == 2


def test_a_lone_tier_that_has_no_room_for_a_day_is_answered_for_with_half_a_minute(tiers: tuple[Tier, Tier]) -> None:
    tiers[0].plays([answers.whole(answers.error("chat", "slow down"), 429, ("retry-after", "86400"))])
    with _router(tiers) as router:
        assert _ask(router, "alone").headers["retry-after"] == "30"
        answer = _ask(router, "alone")
    assert (answer.status, answer.headers["retry-after"]) == (503, "30")
    assert "has no room and asked to be left alone" in str(answer.json)
    assert len(tiers[0].requests) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_tier_that_refuses_the_routers_key_is_out_with_all_its_addresses_and_says_so_once(
    tiers: tuple[Tier, Tier], status: int
) -> None:
    first, second = tiers
    with Tier() as other:
        for tier in (first, other):
            tier.plays([answers.whole(answers.error("chat", "who are you"), status)])
        with _router(tiers, first={"replicas": [other.url]}) as router:
            for _ in range(4):
                assert _ask(router).headers["x-anvil-tier"] == "second"
            assert router.log.count("REFUSES THE ROUTER'S KEY") == 1
            refused = _ask(router, "alone")
        assert len(first.requests) + len(other.requests) == 1
    assert refused.status == 503
    assert "its server refuses the router's key" in str(refused.json)
    assert len(second.requests) == 4


def test_workers_share_what_they_know_of_a_broken_tier(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays([Reset()])
    with _router(tiers, workers=2) as router:
        for _ in range(40):
            assert _ask(router).headers["x-anvil-tier"] == "second"
        # Nothing is reused between requests, so that both workers have had some.
        assert 5 <= len(first.requests) <= 8
        assert router.log.count("has failed too often") <= 3


def test_a_worker_that_takes_a_dead_ones_place_knows_what_that_one_knew(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays([answers.whole(answers.error("chat", "slow down"), 429, ("retry-after", "60"))])
    with _router(tiers, workers=2) as router:
        _ask(router)
        before = set(router.worker_pids)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len(set(router.worker_pids) - before) == 2 and router.is_healthy(), seconds=10.0)
        for _ in range(6):
            assert _ask(router).headers["x-anvil-attempts"] == "1"
    assert len(first.requests) == 1


def test_a_tier_that_its_health_check_can_reach_again_is_tried_at_once() -> None:
    port = free_port()
    health = {"health": {"interval": 0.2, "timeout": 1.0}, "fallback": {"breaker_failures": 1}}
    with RouterProcess(
        [tier_config("late", f"http://127.0.0.1:{port}/v1")], {"chat": ["late"]}, router=health
    ) as router:
        # The third wait would take at least four seconds.
        for _ in range(3):
            wait_until(lambda: "refused" in str(_ask(router, "chat").json), seconds=8.0)
        wait_until(lambda: "cannot be reached" in router.log, seconds=3.0)
        with Tier(port=port):
            began = time.monotonic()
            wait_until(lambda: _ask(router, "chat").status == 200, seconds=3.0)
            assert time.monotonic() - began < 2.0


def test_the_breaker_can_be_switched_off(tiers: tuple[Tier, Tier]) -> None:
    first, _ = tiers
    first.plays(BROKEN)
    with _router(tiers, breaker_failures="off") as router:
        for _ in range(12):
            assert _ask(router).headers["x-anvil-attempts"] == "2"
    assert len(first.requests) == 12


def test_a_request_of_no_dialect_leaves_a_broken_tier_alone_as_well() -> None:
    with Tier() as broken, Tier() as good:
        broken.plays(BROKEN)
        vectors = [{"object": "embedding", "index": 0, "embedding": [0.1]}]
        good.plays([answers.whole({"object": "list", "data": vectors, "model": "m", "usage": {}})])
        tiers = [
            tier_config("broken", broken.url, purposes=["embeddings"]),
            tier_config("good", good.url, purposes=["embeddings"]),
        ]
        with RouterProcess(tiers, {}, router=UNCHECKED) as router, router.client() as client:
            for _ in range(12):
                assert client.ask("POST", "/v1/embeddings", {"model": "m", "input": "x"}).status == 200
        assert 5 <= len(broken.requests) <= 7
