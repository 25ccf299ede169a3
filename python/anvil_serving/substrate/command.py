"""Other people's programs (`docker`, `nvidia-smi`): run with a time limit, and read to a limit."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

__all__ = ["OUTPUT_CAP", "CommandMissing", "CommandTimedOut", "Output", "run"]

OUTPUT_CAP: Final = 16 * 1024 * 1024
"""Bytes that are kept of each of a program's streams; what comes beyond is read and dropped."""

_PIECE: Final = 64 * 1024


class CommandMissing(StartupError):
    """There is no such program on this machine."""

    def __init__(self, command: Sequence[str], error: OSError) -> None:
        super().__init__(
            f"{command[0]} cannot be run: {error.strerror}", hint=f"install {command[0]}, or add it to PATH"
        )


class CommandTimedOut(StartupError):
    """A program took too long, and was ended with all that it had started."""

    def __init__(self, command: Sequence[str], seconds: float) -> None:
        super().__init__(
            f"{' '.join(command[:2])} did not end within {seconds:g} s", hint="see whether it hangs when run by hand"
        )


class Output(Struct, frozen=True):
    """What a program that ended has said."""

    status: int
    """Its exit status; below 0: the signal that ended it."""
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The last line that it wrote to stderr, or to stdout; printable."""
        lines = (self.err.strip() or self.out.strip()).splitlines()
        return printable(lines[-1].strip()) if lines else f"exit status {self.status}, and nothing said"


def run(
    command: Sequence[str],
    *,
    seconds: float,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Output:
    """Runs a program to its end, without a shell and with nothing on its stdin.

    `environment` is added to this process's own. A status that is not 0 is no error here. Raises `CommandMissing`
    where there is no such program, and `CommandTimedOut` after `seconds`.
    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a list, never a shell
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:  # not there, not permitted, or no program at all
        if folder is not None and not folder.is_dir():
            raise StartupError(f"there is no folder {folder}", hint="name one that there is") from None
        raise CommandMissing(command, error) from None
    try:
        return _ended(process, command, time.monotonic() + seconds, seconds)
    finally:
        if process.poll() is None:
            _end(process)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def _ended(process: subprocess.Popen[bytes], command: Sequence[str], deadline: float, seconds: float) -> Output:
    out, err = bytearray(), bytearray()
    with selectors.DefaultSelector() as selector:
        for pipe, kept in ((process.stdout, out), (process.stderr, err)):
            if pipe is not None:
                selector.register(pipe, selectors.EVENT_READ, kept)
        # A grandchild that keeps a pipe open must not keep us: the program's own end is enough.
        while selector.get_map() and (process.poll() is None or selector.select(0)):
            if time.monotonic() >= deadline:
                break
            for key, _ in selector.select(min(0.2, max(0.0, deadline - time.monotonic()))):
                piece = os.read(key.fd, _PIECE)
                if not piece:
                    selector.unregister(key.fileobj)
                elif len(key.data) < OUTPUT_CAP:
                    key.data.extend(piece)
    try:
        status = process.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise CommandTimedOut(command, seconds) from None
    return Output(status, out.decode(errors="replace"), err.decode(errors="replace"))


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the program and what it started: they are a process group."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
