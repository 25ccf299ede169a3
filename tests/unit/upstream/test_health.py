from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.steps import Reset, Stall
from tests.fakes.tier import Tier

from anvil_serving import config
from anvil_serving.upstream import Health, Switchboard, Tiers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OFF = config.Health(interval="off", timeout=0.5)


def _run(
    servers: list[Tier], use: Callable[[Health, Tiers], Awaitable[Any]], settings: config.Health = OFF, **more: Any
) -> Any:
    """Uses a health over tiers that are named `a`, `b` and so on."""
    local: dict[str, Any] = {"context_limit": 1_000, "privacy": "local"}
    listed = [
        config.Tier(id=tier_id, base_url=server.url, **local, **more)
        for tier_id, server in zip("abc", servers, strict=False)
    ]

    async def main() -> Any:
        tiers = Tiers(config.Router(tiers=tuple(listed)), {})
        switchboard = Switchboard()
        health = Health(settings, tiers, switchboard)
        try:
            return await use(health, tiers)
        finally:
            health.close()
            switchboard.close(0.0)
            await asyncio.sleep(0)

    return asyncio.run(main())


async def _states(health: Health, _tiers: Tiers) -> dict[str, bool]:
    return await health.states()


async def _until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        await asyncio.sleep(0.01)


def test_each_tier_is_told_by_whether_it_answers() -> None:
    with Tier() as there, Tier() as gone:
        gone.close()
        assert _run([there, gone], _states) == {"a": True, "b": False}
        assert there.model_requests[0].target == "/v1/models"


@pytest.mark.parametrize(
    ("status", "can_be_reached"), [(200, True), (401, True), (404, True), (429, True), (500, False), (503, False)]
)
def test_whatever_says_something_but_that_it_is_broken_can_be_reached(status: int, can_be_reached: bool) -> None:
    with Tier() as server:
        server.plays_models([answers.whole(b"{}", status)])
        assert _run([server], _states) == {"a": can_be_reached}


def test_what_breaks_off_cannot_be_reached() -> None:
    with Tier() as server:
        server.plays_models([Reset()])
        assert _run([server], _states) == {"a": False}


def test_who_does_not_answer_in_time_holds_up_nobody_for_longer() -> None:
    with Tier() as silent, Tier() as there:
        silent.plays_models([Stall()])
        began = time.monotonic()
        assert _run([silent, there], _states) == {"a": False, "b": True}
        assert 0.4 < time.monotonic() - began < 3.0
        # And is asked no more.
        assert silent.connections[0].gone.wait(2.0)


def test_one_replica_that_answers_is_enough_and_each_is_known_by_itself() -> None:
    async def use(health: Health, tiers: Tiers) -> Any:
        return await health.states(), [replica.is_reachable for replica in tiers["a"].replicas]

    with Tier() as gone, Tier() as there:
        gone.close()
        assert _run([gone], use, replicas=(there.url,)) == ({"a": True}, [False, True])


def test_an_answer_is_given_again_for_two_seconds() -> None:
    async def use(health: Health, _tiers: Tiers) -> None:
        for _ in range(3):
            await health.states()

    with Tier() as server:
        _run([server], use)
        assert len(server.model_requests) == 1


def test_whoever_asks_meanwhile_waits_for_the_same_answer() -> None:
    async def use(health: Health, _tiers: Tiers) -> Any:
        return await asyncio.gather(*(health.states() for _ in range(10)))

    with Tier() as server:
        assert _run([server], use) == [{"a": True}] * 10
        assert len(server.model_requests) == 1


def test_whoever_leaves_does_not_take_the_answer_from_the_others() -> None:
    async def use(health: Health, _tiers: Tiers) -> Any:
        leaving, staying = asyncio.ensure_future(health.states()), asyncio.ensure_future(health.states())
        await asyncio.to_thread(server.wait_for_requests, kind="models")
        leaving.cancel()
        return await staying

    with Tier() as server:
        server.plays_models([answers.whole({"data": []})])
        assert _run([server], use) == {"a": True}


def test_it_is_found_out_at_intervals_without_anybody_asking(caplog: pytest.LogCaptureFixture) -> None:
    async def use(health: Health, tiers: Tiers) -> None:
        (replica,) = tiers["a"].replicas
        assert replica.is_reachable
        server.plays_models([answers.whole(b"{}", 500)])
        health.watch()
        await _until(lambda: not replica.is_reachable)
        seen = len(server.model_requests)
        await _until(lambda: len(server.model_requests) > seen + 1)
        server.plays_models([answers.whole({"data": []})])
        await _until(lambda: replica.is_reachable)

    with Tier() as server, caplog.at_level(logging.INFO, logger="anvil_serving.upstream"):
        _run([server], use, config.Health(interval=0.05, timeout=1.0))
        # Each change is told once, and without the address.
        told = [record.getMessage() for record in caplog.records]
        assert told == [
            "tier a, address 1: cannot be reached: it is asked last until it can",
            "tier a, address 1: can be reached again",
        ]


def test_the_first_check_comes_after_the_first_interval_and_none_after_the_close() -> None:
    async def use(health: Health, _tiers: Tiers) -> None:
        health.watch()
        await asyncio.sleep(0.05)
        assert server.model_requests == []
        await _until(lambda: len(server.model_requests) > 0)
        health.close()
        await asyncio.sleep(0)
        seen = len(server.model_requests)
        await asyncio.sleep(0.4)
        assert len(server.model_requests) == seen

    with Tier() as server:
        _run([server], use, config.Health(interval=0.15, timeout=1.0))


def test_without_an_interval_nobody_is_asked() -> None:
    async def use(health: Health, tiers: Tiers) -> bool:
        health.watch()
        await asyncio.sleep(0.1)
        return tiers["a"].replicas[0].is_reachable

    with Tier() as gone:
        gone.close()
        # Nobody knows better.
        assert _run([gone], use) is True
        assert gone.model_requests == []


def test_an_address_that_comes_back_is_told_of_once() -> None:
    returned: list[int] = []
    with Tier() as server:
        local: dict[str, Any] = {"context_limit": 1_000, "privacy": "local"}

        async def main() -> None:
            tiers = Tiers(config.Router(tiers=(config.Tier(id="a", base_url=server.url, **local),)), {})
            switchboard = Switchboard()
            health = Health(OFF, tiers, switchboard, on_return=lambda replica: returned.append(replica.index))
            replica = tiers["a"].replicas[0]
            await health._check(replica)
            assert returned == [], "it was never away"
            replica.is_reachable = False
            await health._check(replica)
            await health._check(replica)
            switchboard.close(0.0)
            await asyncio.sleep(0)

        asyncio.run(main())
    assert returned == [0]
