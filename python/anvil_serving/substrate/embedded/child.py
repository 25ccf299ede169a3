"""A process of ours that serves on a port and must not outlive us.

The protocol: standard input is a lifeline (`lifeline.py`), standard output says `{"port": N}` once, when requests would
be answered, standard error is the log.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from queue import Empty, Queue
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Child"]

_TAIL_LINES = 12
_TAIL_BYTES = 8 * 1024
_LOG_BYTES = 8 * 1024 * 1024
"""A log is emptied when it has grown past this; what matters of it is its end."""
_POLL_SECONDS = 0.1


class _Ready(msgspec.Struct):
    port: int


class Child:
    """A running child that has said it is ready.

    Only the process that launched it can stop it: a worker forked later holds a copy, whose `stop` does nothing.
    """

    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path, log_start: int) -> None:
        self._name = name
        self._process = process
        self._log = log
        self._log_start = log_start
        self._owner = os.getpid()
        self.port = 0

    @classmethod
    def launch(
        cls,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        ready_seconds: float,
        cancel: threading.Event | None = None,
    ) -> Child:
        """Start `command` and wait until it is ready. `name` is what errors call it; `cancel` gives up the wait.

        `log` is appended to, and emptied first if it has grown long. Raises `StartupError` when the child cannot be
        started, dies first, or is not ready in time; it is gone then.
        """
        child = cls._spawn(name, command, log)
        try:
            child._await_ready(ready_seconds, cancel or threading.Event())  # noqa: SLF001 - its own class
        except BaseException:  # Ctrl-C too: leave nothing behind
            child.stop(grace=0.0)
            raise
        return child

    @classmethod
    def _spawn(cls, name: str, command: Sequence[str], log: Path) -> Child:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            # Appending, so that the file can be emptied while it is written to.
            with log.open("ab") as errors:
                _trim(log)
                log_start = log.stat().st_size
                process = subprocess.Popen(  # noqa: S603 (our own command)
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    # Ctrl-C reaches a whole process group, but the child must live until running answers are drained.
                    start_new_session=True,
                )
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            raise StartupError(f"{name} cannot be started: {error.strerror or error}{where}") from error
        return cls(name, process, log, log_start)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """How it ended, negative for a signal; None while it runs."""
        return self._process.poll()

    @property
    def log(self) -> Path:
        """What it writes to standard error."""
        return self._log

    def log_tail(self) -> str:
        """The last lines of the log, of this child's run alone."""
        try:
            with self._log.open("rb") as file:
                size = self._log.stat().st_size
                start = self._log_start if self._log_start <= size else 0  # it has been emptied since
                file.seek(max(start, size - _TAIL_BYTES))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_TAIL_LINES:])

    def trim_log(self) -> None:
        """Empty the log when it has grown past its limit."""
        _trim(self._log)

    def ended(self) -> str:
        """One sentence on how it ended, with the end of its log."""
        code = self.exit_code
        if code is not None and code < 0:
            how = f"was killed by {_signal_name(-code)}"
        else:
            how = f"ended with exit code {code}"
        tail = self.log_tail()
        return f"{self._name} {how}" + (f"; its last lines were:\n{tail}" if tail else " and said nothing")

    def stop(self, *, grace: float = 5.0) -> None:
        """Ask it to end, kill it after `grace` seconds, and return when it is gone. May be called twice."""
        if os.getpid() != self._owner:
            return
        if self._process.poll() is None:
            if grace > 0:
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(grace)
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _await_ready(self, seconds: float, cancel: threading.Event) -> None:
        lines: Queue[bytes] = Queue(maxsize=1)
        # A thread, because not every platform can wait for a pipe with a time limit.
        reader = threading.Thread(target=self._read_line, args=(lines,), name="child-ready", daemon=True)
        reader.start()
        deadline = time.monotonic() + seconds
        while not cancel.is_set():
            with contextlib.suppress(Empty):
                self.port = self._port_of(lines.get(timeout=_POLL_SECONDS))
                return
            if time.monotonic() > deadline:
                raise StartupError(
                    f"{self._name} was not ready within {seconds:g} seconds", hint=f"its log is {self._log}"
                )
        raise StartupError(f"{self._name} was stopped before it was ready")

    def _read_line(self, lines: Queue[bytes]) -> None:
        output = self._process.stdout
        with contextlib.suppress(OSError, ValueError):  # closed under us: whoever did that is not waiting any more
            if output is not None:
                lines.put(output.readline(_TAIL_BYTES))

    def _port_of(self, line: bytes) -> int:
        if not line:  # the end of its output: it is dying or dead
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(2.0)
            if self.exit_code is not None:
                raise StartupError(self.ended(), hint=f"its whole log is {self._log}")
        try:
            return msgspec.json.decode(line, type=_Ready).port
        except msgspec.DecodeError as error:
            raise StartupError(
                f"{self._name} did not say which port it serves on", hint=f"its log is {self._log}"
            ) from error


def _trim(log: Path) -> None:
    with contextlib.suppress(OSError):
        if log.stat().st_size > _LOG_BYTES:
            os.truncate(log, 0)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
