"""Other people's programs that speak for long (`docker logs -f`, a pull): their lines as they come."""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final

from .command import CommandMissing, CommandTimedOut, Output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["LINE_CAP", "stream"]

LINE_CAP: Final = 64 * 1024
"""Bytes of a line; a longer one is handed on in pieces."""

_TAIL: Final = 64 * 1024
"""Bytes of the end that are kept for a complaint."""
_GRACE_SECONDS: Final = 10.0
"""What a program gets to end by itself when it is no longer wanted: compose finishes the container it makes."""

_BREAK = re.compile(rb"\r\n|\n|\r")


def stream(command: Sequence[str], on_line: Callable[[str], None], *, seconds: float | None) -> Output:
    """Runs a program; `on_line` gets each line of its stdout and stderr, in the order in which they come.

    A carriage return ends a line as well: progress bars use it. Whatever is raised meanwhile, Ctrl-C too, ends the
    program first. Returns its status and the end of what it said. Raises as `command.run` does.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, never a shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for us: the program is told in its turn.
            start_new_session=True,
        )
    except OSError as error:
        raise CommandMissing(command, error) from None
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        tail = _lines(process, on_line, deadline)
        status = process.wait(None if deadline is None else max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CommandTimedOut(command, seconds or 0.0) from None  # without a limit nothing times out
    finally:
        _end(process)
        if process.stdout is not None:
            process.stdout.close()
    return Output(status, "", tail.decode(errors="replace"))


def _lines(process: subprocess.Popen[bytes], on_line: Callable[[str], None], deadline: float | None) -> bytes:
    """Reads until the end or the deadline; returns the last bytes."""
    tail, rest = b"", b""
    pipe = process.stdout.fileno() if process.stdout is not None else -1
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while deadline is None or time.monotonic() < deadline:
            # A grandchild may keep the pipe open: once the program has ended, what is there is all.
            ended = process.poll() is not None
            if not selector.select(0.0 if ended else 0.2):
                if ended:
                    break
                continue
            piece = os.read(pipe, LINE_CAP)
            if not piece:
                break
            tail = (tail + piece)[-_TAIL:]
            lines, rest = _split(rest + piece)
            for line in lines:
                on_line(line.decode(errors="replace"))
    if rest:
        on_line(rest.rstrip(b"\r").decode(errors="replace"))
    return tail


def _split(text: bytes) -> tuple[list[bytes], bytes]:
    """The whole lines, and what is left of the last one. A carriage return at the end may be half of a line's end."""
    held = text.endswith(b"\r")
    *lines, rest = _BREAK.split(text[:-1] if held else text)
    if len(rest) > LINE_CAP:
        return [*lines, rest], b""
    return lines, rest + b"\r" * held


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it started: they are a process group."""
    if process.poll() is None:
        _signal(process, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
    process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
