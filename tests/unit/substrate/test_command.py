from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate import command
from anvil_serving.substrate.command import CommandMissing, CommandTimedOut, Output, run

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_both_streams_and_the_status(tmp_path: Path) -> None:
    code = "import os, sys; print(os.getcwd(), os.environ['X']); print('no', file=sys.stderr); sys.exit(3)"
    output = run(python(code), seconds=30, folder=tmp_path, environment={"X": "y"})
    assert output == Output(3, f"{tmp_path} y\n", "no\n")
    assert output.complaint == "no"


def test_no_more_than_the_cap_is_kept_and_all_is_read() -> None:
    more = command.OUTPUT_CAP + 1024 * 1024
    output = run(python(f"import sys; sys.stdout.write('x' * {more}); sys.stderr.write('end')"), seconds=60)
    assert command.OUTPUT_CAP <= len(output.out) < more
    assert output.err == "end"


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(CommandMissing, match="surely-no-such-program cannot be run"):
        run(("surely-no-such-program",), seconds=1)


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    (tmp_path / "program").write_bytes(b"\x7fELF\0")
    (tmp_path / "program").chmod(0o755)
    with pytest.raises(CommandMissing, match="Exec format error"):
        run((str(tmp_path / "program"),), seconds=1)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="there is no folder"):
        run(python(""), seconds=30, folder=tmp_path / "none")


def test_a_program_that_hangs_is_ended_with_what_it_started(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    grandchild = f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).write_text('x'); time.sleep(0.05)"
    code = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {grandchild!r}]); time.sleep(60)"
    with pytest.raises(CommandTimedOut, match=r"did not end within 1\.5 s"):
        run(python(code), seconds=1.5)
    alive.unlink(missing_ok=True)
    time.sleep(0.5)
    assert not alive.exists()


def test_a_grandchild_that_keeps_the_pipe_does_not_keep_us() -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(5)']); print('done')"
    )
    begun = time.monotonic()
    assert run(python(code), seconds=30).out == "done\n"
    assert time.monotonic() - begun < 4


def test_nothing_said() -> None:
    assert Output(9, "", " \n").complaint == "exit status 9, and nothing said"
    assert Output(1, "a\nb\x1b[31m\n", "").complaint == "b\\x1b[31m"
