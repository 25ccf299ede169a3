"""Two forges, one for each dialect of a tier; every test runs before both."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.clients.forge import Forge
from tests.clients.workshop import INSTALLED, Workshop

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECONDS = 240.0
"""More than a client may take, so that its own limit says what it was doing."""


def pytest_itemcollected(item: pytest.Item) -> None:
    item.add_marker(pytest.mark.timeout(_SECONDS))


@pytest.fixture(scope="session", params=["chat", "messages"])
def _forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    with Forge.of(request.param) as forge:
        yield forge


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def forge(_forge: Forge, workshop: Workshop) -> Iterator[Forge]:
    _forge.expects(workshop.file)
    yield _forge
    _forge.tier.reset()


@pytest.fixture(scope="session")
def scripts() -> Path:
    """The folder from which the Node scripts find their packages."""
    for script in Path(__file__).parent.glob("*.mjs"):
        shutil.copy(script, INSTALLED)
    return INSTALLED
