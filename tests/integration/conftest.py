"""One router for most tests, before two scripted tiers: `alone` is the first, `backed` has the second behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.tier import Tier
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _tiers() -> Iterator[tuple[Tier, Tier]]:
    with Tier() as first, Tier() as second:
        yield first, second


@pytest.fixture(scope="session")
def router(_tiers: tuple[Tier, Tier]) -> Iterator[RouterProcess]:
    first, second = _tiers
    presets = {"chat": ["first"], "alone": ["first"], "backed": ["first", "second"]}
    tiers = [tier_config("first", first.url), tier_config("second", second.url)]
    server = {"header_timeout": 1.0, "body_timeout": 0.5, "max_body_bytes": 100_000, "drain_timeout": 2.0}
    # Each test finds the tiers as if nobody had asked them before.
    fallback = {"breaker_failures": "off", "retry_share": 1.0}
    with RouterProcess(tiers, presets, server=server, router={"fallback": fallback}) as process:
        yield process


@pytest.fixture
def first(_tiers: tuple[Tier, Tier]) -> Iterator[Tier]:
    """The tier that is asked first."""
    yield _tiers[0]
    _tiers[0].reset()


@pytest.fixture
def second(_tiers: tuple[Tier, Tier]) -> Iterator[Tier]:
    """The tier behind it."""
    yield _tiers[1]
    _tiers[1].reset()


@pytest.fixture
def fleet(_fleet: dict[str, Tier]) -> Iterator[dict[str, Tier]]:
    """A module's own `_fleet`, by name, as if nothing had been asked of it."""
    yield _fleet
    for tier in _fleet.values():
        tier.reset()
