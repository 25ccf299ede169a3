"""The command line in this process: what it wrote, and the status that it ended with."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

import pytest

from anvil_serving.cli import main

__all__ = ["Anvil", "Ended", "command_line"]


class Ended(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str


Anvil: TypeAlias = Callable[..., Ended]


def command_line(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Anvil:
    """What runs `anvil-serving` with the arguments that it is called with."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["anvil-serving", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        return Ended(int(ended.value.code or 0), *capsys.readouterr())

    return run
