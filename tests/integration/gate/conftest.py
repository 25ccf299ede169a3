"""One rig for all tests of the gate."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from tests.fakes.tier import Tier
from tests.integration.gate.rig import WINDOWS, Rig, routers

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package")
def _rig() -> Iterator[Rig]:
    with Tier() as first, Tier() as second, ExitStack() as running:
        yield Rig(first, second, {window: running.enter_context(routers(first, second, window)) for window in WINDOWS})


@pytest.fixture
def rig(_rig: Rig) -> Iterator[Rig]:
    """The tiers as if nothing had been asked of them, and a router for each window before them."""
    yield _rig
    _rig.reset()
