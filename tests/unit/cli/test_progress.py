from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.cli.progress import showing_progress

if TYPE_CHECKING:
    import pytest


def test_plain_lines_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with showing_progress() as progress:
        progress("writing [1]", None)
        progress("ready", 1.0)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "writing [1]\nready\n"
