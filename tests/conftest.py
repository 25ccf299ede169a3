"""Makes `tests.fakes` importable however pytest is started, and has the fixtures of all tests."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.fakes.command_line import Anvil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# A shell has what it starts with `&` ignore Ctrl-C, and so would all that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def anvil(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Anvil:
    """The command line, in this process."""
    from tests.fakes.command_line import command_line  # noqa: PLC0415 - it can be imported from here on

    return command_line(capsys, monkeypatch)
