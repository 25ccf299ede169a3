"""A tier that never stops talking takes its turn like everybody else."""

from __future__ import annotations

import time
from itertools import repeat
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

FLOOD = answers.chunk(b":\n" * 30_000)


@pytest.fixture(scope="module")
def flooding() -> Iterator[Tier]:
    with Tier() as tier:
        tier.plays(lambda _: [answers.stream_head(), *repeat(FLOOD, 100_000)])
        yield tier


@pytest.fixture(scope="module")
def healthy() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture(scope="module")
def flooded(flooding: Tier, healthy: Tier) -> Iterator[RouterProcess]:
    timeouts = {"connect": 1.0, "first_byte": 4.0, "idle": 4.0, "total": 30.0}
    tiers = [tier_config("flooding", flooding.url, timeouts=timeouts), tier_config("healthy", healthy.url)]
    with RouterProcess(tiers, {"flooding": ["flooding"], "healthy": ["healthy"]}) as router:
        yield router


def test_a_flood_of_comments_neither_stalls_other_tiers_nor_outlasts_its_deadline(flooded: RouterProcess) -> None:
    with flooded.client() as caller, flooded.client() as other:
        started = time.monotonic()
        caller.request("POST", PATHS["chat"], answers.encode(request_body("chat", "flooding", stream=True)))
        time.sleep(0.5)
        slowest = 0.0
        for _ in range(10):
            asked = time.monotonic()
            answer = other.ask("POST", PATHS["chat"], request_body("chat", "healthy"))
            slowest = max(slowest, time.monotonic() - asked)
            assert answer.status == 200
        assert slowest < 1.0
        assert caller.read_answer().status == 503
        assert time.monotonic() - started < 8.0


def test_a_request_that_has_gone_in_circles_is_ended(flooded: RouterProcess, healthy: Tier) -> None:
    with flooded.client() as client:
        body = request_body("chat", "healthy")
        for sent, status in (("3", 200), ("4", 508), ("", 508), ("-1", 508), ("9" * 5000, 508)):
            assert client.ask("POST", PATHS["chat"], body, headers={"x-anvil-hops": sent}).status == status
    assert healthy.requests[-1].headers["x-anvil-hops"] == "4"
    assert "leads back" in flooded.log
