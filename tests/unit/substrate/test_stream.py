from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

import pytest

from anvil_serving.substrate import stream as room
from anvil_serving.substrate.command import CommandMissing, CommandTimedOut
from anvil_serving.substrate.stream import LINE_CAP, stream

if TYPE_CHECKING:
    from pathlib import Path


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def lines_of(code: str, seconds: float = 30) -> list[str]:
    heard: list[str] = []
    stream(python(code), heard.append, seconds=seconds)
    return heard


def test_lines_come_as_they_are_written() -> None:
    times: list[float] = []
    code = "import time\nfor n in range(3): print(n, flush=True); time.sleep(0.3)"

    ended = stream(python(code), lambda _: times.append(time.monotonic()), seconds=30)

    assert ended.status == 0
    assert ended.err == "0\n1\n2\n"
    assert times[2] - times[0] > 0.4


def test_both_streams_in_their_order() -> None:
    code = "import sys\nfor n in range(3): print(n, flush=True); print(n, file=sys.stderr, flush=True)"

    assert lines_of(code) == ["0", "0", "1", "1", "2", "2"]


@pytest.mark.parametrize("pause", ["", "sys.stdout.flush(); time.sleep(0.1);"])
def test_every_kind_of_line_end(pause: str) -> None:
    pieces = ["a\\n", "b\\r", "\\nc\\r", "d\\n", "\\n", "e"]
    code = "import sys, time\n" + "".join(f"sys.stdout.write('{piece}'); {pause}\n" for piece in pieces)

    assert lines_of(code) == ["a", "b", "c", "d", "", "e"]


def test_a_line_without_end_comes_in_pieces() -> None:
    heard = lines_of(f"print('x' * {4 * LINE_CAP}, end='')")

    assert "".join(heard) == "x" * (4 * LINE_CAP)
    assert all(len(line) <= 2 * LINE_CAP for line in heard)


def test_what_is_no_text_is_handed_on_as_such() -> None:
    assert lines_of(r"import sys; sys.stdout.buffer.write(b'\xff\x00\n')") == ["�\0"]


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(CommandMissing, match="surely-no-such-program cannot be run"):
        stream(("surely-no-such-program",), print, seconds=1)


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    code = f"import time, pathlib\nwhile True: pathlib.Path({str(alive)!r}).write_text('x'); time.sleep(0.05)"

    with pytest.raises(CommandTimedOut, match=r"did not end within 1 s"):
        stream(python(code), print, seconds=1)

    alive.unlink()
    time.sleep(0.3)
    assert not alive.exists()


def test_a_program_that_closes_its_output_and_hangs_is_ended() -> None:
    with pytest.raises(CommandTimedOut):
        stream(python("import os, time; os.close(1); os.close(2); time.sleep(60)"), print, seconds=1)


def test_who_has_heard_enough_ends_it_and_it_may_tidy_up(tmp_path: Path) -> None:
    tidy = tmp_path / "tidy"
    code = (
        f"import pathlib, signal, sys, time\n"
        f"signal.signal(signal.SIGTERM, lambda *_: (pathlib.Path({str(tidy)!r}).touch(), sys.exit()))\n"
        "print('ready', flush=True); time.sleep(60)"
    )

    def enough(_line: str) -> None:
        raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        stream(python(code), enough, seconds=None)

    assert tidy.exists()
    assert time.monotonic() - begun < 20


def test_one_that_will_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_GRACE_SECONDS", 0.2)
    stubborn = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    code = f"import os, signal, time; {stubborn}; print(os.getpid(), flush=True); time.sleep(60)"
    heard: list[int] = []

    def enough(line: str) -> None:
        heard.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stream(python(code), enough, seconds=None)

    with pytest.raises(ProcessLookupError):
        os.kill(heard[0], 0)


def test_a_grandchild_that_keeps_the_output_keeps_nobody() -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(8)']); print('done')"
    )
    begun = time.monotonic()

    assert lines_of(code) == ["done"]
    assert time.monotonic() - begun < 6
