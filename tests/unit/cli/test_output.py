from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def redirected(how: str, *arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The real command with its streams elsewhere, as a shell puts them."""
    program = [sys.executable, "-m", "anvil_serving", *arguments]
    environ = {**os.environ, "HOME": str(folder)}
    command = ["bash", "-c", f'"$@" {how}', "bash", *program]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("arguments", [["config", "schema"], ["--version"], ["usage", "--json"]])
def test_a_full_disk_at_stdout_is_one_sentence(tmp_path: Path, arguments: list[str]) -> None:
    result = redirected(">/dev/full", *arguments, folder=tmp_path)
    assert result.returncode == 2
    error, hint = result.stderr.splitlines()
    assert error == "error: what was found cannot be written to stdout: No space left on device"
    assert hint.startswith("hint: ")


def test_a_closed_stdout_is_no_defect(tmp_path: Path) -> None:
    result = redirected(">&-", "config", "schema", folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")


@pytest.mark.parametrize("how", ["2>/dev/full", "2>&-"])
def test_what_nobody_can_hear_stops_no_work(tmp_path: Path, how: str) -> None:
    result = redirected(how, "prices", "list", folder=tmp_path)
    assert result.returncode == 0
    assert "claude-opus" in result.stdout
    assert redirected(how, "config", "check", folder=tmp_path).returncode == 2


def test_an_error_steers_no_terminal(tmp_path: Path) -> None:
    result = redirected("", "usage", "--logs-dir", "\x1b[31mred\u202e", folder=tmp_path)
    assert result.returncode == 2
    assert "\\x1b[31mred\\u202e" in result.stderr
    assert "\x1b" not in result.stderr


LOADING = """
import sys
class Interrupted:
    def find_spec(self, name, *_):
        if name == "anvil_serving.cli.usage":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupted())
from anvil_serving.cli import main
main()
"""

PUTTING_TOGETHER = """
import typer.main
from anvil_serving.cli import main
def interrupted(_):
    raise KeyboardInterrupt
typer.main.get_command = interrupted
main()
"""


@pytest.mark.parametrize("code", [LOADING, PUTTING_TOGETHER])
def test_ctrl_c_before_the_command_begins_leaves_no_page(tmp_path: Path, code: str) -> None:
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (130, "")
