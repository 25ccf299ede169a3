"""Each command's own example, run as a new user would: an empty home, no GPU, no Docker, no network."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import typer
from tests.integration.process import wait_until

from anvil_serving.cli.app import app

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)

SERVERS = {"serve", "quickstart"}
"""Commands that go on until they are ended."""
NETWORKED = {"prices sync"}
"""Commands that are there to fetch something."""
OFFLINE = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "1"}


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Each command with the example of its help; nothing where it has none."""
    for name, command in group.commands.items():
        if command.hidden:  # an old name
            continue
        inner = (*path, name)
        if hasattr(command, "commands"):
            yield from commands(command, inner)
        if not hasattr(command, "commands") or command.callback is not None:
            found = re.search(r"Example: anvil-serving (.*)", command.epilog or "")
            yield " ".join(inner), found[1] if found else ""


EXAMPLES = sorted(commands(typer.main.get_group(app)))


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine that has nothing."""
    home, programs = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    programs.mkdir()
    for name in ("sh", "env"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    kept = {name: os.environ[name] for name in ("LANG", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, **OFFLINE, "HOME": str(home), "PATH": str(programs), "TERM": "dumb"}


def test_every_command_has_an_example_of_itself() -> None:
    assert [(name, example) for name, example in EXAMPLES if not f"{example} ".startswith(f"{name} ")] == []


@pytest.mark.parametrize(
    ("name", "example"), [pair for pair in EXAMPLES if pair[0] not in SERVERS], ids=lambda text: text.replace(" ", "-")
)
def test_an_example_says_something_useful_on_a_bare_machine(
    tmp_path: Path, machine: dict[str, str], name: str, example: str
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    # A shell's rules of quoting, and a shell's alone: the examples are for one.
    ran = subprocess.run(
        ["sh", "-c", f'exec "$0" -m anvil_serving {example}', sys.executable],
        cwd=folder,
        env=machine,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = ran.stdout + ran.stderr
    assert ran.returncode in (0, 1, 2), said
    assert said.strip()
    for word in ("Traceback", "this is a defect", "unexpected ", "No such option", "No such command", "Usage: "):
        assert word not in said, said
    if ran.returncode == 2:
        assert re.search(r"^ *hint: ", ran.stderr, re.MULTILINE), said
    if name not in NETWORKED and ran.returncode == 0:
        assert "error: " not in said


@pytest.mark.parametrize("name", sorted(SERVERS))
def test_a_server_starts_or_says_what_is_missing(tmp_path: Path, machine: dict[str, str], name: str) -> None:
    example = dict(EXAMPLES)[name]
    words = re.sub(r"--port \d+", "--port 0", example).split()
    log = tmp_path / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "anvil_serving", *words],
            cwd=tmp_path,
            env=machine,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until(lambda: process.poll() is not None or " on http://" in log.read_text(), seconds=180)
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, 2), log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert "Traceback" not in log.read_text()
