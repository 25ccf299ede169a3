from __future__ import annotations

import asyncio
import json

import pytest
from tests.fakes import answers
from tests.fakes.steps import Stall
from tests.fakes.tier import Tier

from anvil_serving._core import Endpoint
from anvil_serving.upstream import Switchboard


def _endpoint(tier: Tier) -> Endpoint:
    return Endpoint(tier.url, headers=[], connect=1.0, first_byte=5.0, idle=5.0, total=10.0)


def test_everything_of_an_attempt_and_its_outcome_come_out() -> None:
    async def main(tier: Tier) -> tuple[bytes, str | None]:
        switchboard = Switchboard()
        try:
            body, outcome = await switchboard.outcome(switchboard.engine.ask(_endpoint(tier), "/models"))
        finally:
            switchboard.close(0.0)
        return body, outcome.failure

    with Tier(models=["m"]) as tier:
        body, failure = asyncio.run(main(tier))
    assert b'"m"' in body
    assert failure is None


def test_a_tier_is_asked_beside_its_apis_version_and_with_a_body() -> None:
    async def main(tier: Tier) -> bytes:
        switchboard = Switchboard()
        try:
            asked = switchboard.engine.ask(_endpoint(tier), "../tokenize", b'{"content":"x"}', headers=[(b"x-a", b"1")])
            return (await switchboard.outcome(asked))[0]
        finally:
            switchboard.close(0.0)

    with Tier() as tier:
        tier.plays([answers.whole({"tokens": [1]})])
        assert json.loads(asyncio.run(main(tier))) == {"tokens": [1]}
        request = tier.requests[0]
    assert (request.method, request.target, request.json) == ("POST", "/tokenize", {"content": "x"})
    assert (request.headers["x-a"], request.headers["content-type"]) == ("1", "application/json")


def test_many_attempts_at_once_get_their_own_arrivals() -> None:
    async def main(tiers: list[Tier]) -> list[bytes]:
        switchboard = Switchboard()
        try:
            outcomes = (switchboard.outcome(switchboard.engine.ask(_endpoint(tier), "/models")) for tier in tiers * 10)
            return [body for body, _ in await asyncio.gather(*outcomes)]
        finally:
            switchboard.close(0.0)

    with Tier(models=["one"]) as one, Tier(models=["two"]) as two:
        bodies = asyncio.run(main([one, two]))
    assert [b'"one"' in body for body in bodies] == [True, False] * 10


def test_an_attempt_that_nobody_waits_for_is_ended_at_once() -> None:
    async def main(tier: Tier) -> bool:
        switchboard = Switchboard()
        try:
            attempt = switchboard.engine.ask(_endpoint(tier), "/models")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1):
                    await switchboard.outcome(attempt)
            return await asyncio.to_thread(tier.connections[0].gone.wait, 1.0)
        finally:
            switchboard.close(0.0)

    with Tier() as tier:
        tier.plays_models([Stall()])
        assert asyncio.run(main(tier))
