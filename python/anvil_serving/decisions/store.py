"""The log of decisions, written behind the responses.

`add` is called on the event loop's thread and only appends to a queue. One thread a worker process encodes and writes
what has come in since the last time; several workers write into the same file. Whatever happens to the file, serving
goes on: the operator is told, and the thread tries again with growing pauses.

    add -> queue (at most QUEUE_CAP) -> thread: batches -> file.py -> table.py
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .complaint import Complaints
from .fault import Fault, diagnose
from .file import LogFile, Vanished
from .retention import Retention

if TYPE_CHECKING:
    from pathlib import Path

    from .record import Decision

__all__ = ["DecisionLog", "LogStatus"]

QUEUE_CAP: Final = 10_000
"""Decisions that wait while the file cannot be written, some 40 MB; further ones are dropped and counted."""

BATCH: Final = 256
"""Decisions in one transaction; as many end the thread's pause early."""

PAUSE_SECONDS: Final = 0.25
"""How long the thread gathers decisions, and so how much a killed process loses."""

TIDY_EVERY: Final = 60.0
"""Seconds between two looks at what is too old or too much."""

TIDY_PAUSE: Final = 0.02
"""Seconds between two steps of removing: other workers write in between."""

PATIENCE_SECONDS: Final = 5.0
"""How long another program may hold its lock before the operator hears of it; a backup does for a moment."""

RETRY_SECONDS: Final = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""The pauses before the file is tried again after a first, second, ... failure."""


class LogStatus(Struct, frozen=True):
    """How the log of one worker process is doing."""

    written: int
    dropped: int
    """Lost because the queue was full, the record could not be stored, or the log is off."""
    waiting: int
    fault: Fault | None
    """Why nothing can be written at the moment; None: all is well."""


class DecisionLog:
    """Writes decisions to the file at `path` and lets old ones leave.

    Nothing happens before `start`, which belongs into the process that serves, after a fork.
    """

    def __init__(self, path: Path, *, keep_days: float = 90, keep_mib: float = 512) -> None:
        self.path = path
        self._queue: deque[Decision] = deque()
        self._batch: list[Decision] = []
        """What the thread has taken from the queue and not written yet. The thread's own, as all below."""
        self._file = LogFile(path, Retention(keep_days=keep_days, keep_mib=keep_mib))
        self._complaints = Complaints()
        self._fault: Fault | None = None
        self._failures = 0
        self._failing_since = 0.0
        self._retry_at = 0.0
        self._tidy_at = 0.0
        self._written = 0
        self._unwritable = 0
        self._lost_and_told = 0
        self._fault_told = False
        # Between the threads: each is written by one of them, and reads of it may be late.
        self._dropped = 0
        self._deadline: float | None = None
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the thread that writes. Once a process."""
        if self._thread is not None:
            raise RuntimeError("the decision log has been started already")
        self._thread = threading.Thread(target=self._run, name="decisions", daemon=True)
        self._thread.start()

    def add(self, decision: Decision) -> None:
        """Has a decision written soon. Never waits and never raises; for the event loop's thread, in a microsecond."""
        waiting = len(self._queue)
        if waiting >= QUEUE_CAP:
            self._dropped += 1
            return
        self._queue.append(decision)
        if waiting + 1 == BATCH:
            self._wake.set()

    def close(self, timeout: float = 5.0) -> None:
        """Writes what waits, for at most `timeout` seconds, and ends the thread. Blocks: not for the event loop."""
        if self._thread is None:
            return
        if self._deadline is None:
            self._deadline = time.monotonic() + timeout
        self._wake.set()
        # SQLite's own wait for a lock may outlast the deadline; the thread is a daemon and holds nobody up.
        self._thread.join(timeout)

    def status(self) -> LogStatus:
        """The figures of this process, from any thread; they may be a moment old."""
        return LogStatus(
            written=self._written,
            dropped=self._dropped + self._unwritable,
            waiting=len(self._queue) + len(self._batch),
            fault=self._fault,
        )

    def _run(self) -> None:
        try:
            while not self._finished():
                self._turn()
                self._wake.wait(self._pause())
                self._wake.clear()
        finally:
            self._file.close()
            left = len(self._queue) + len(self._batch)
            if left:
                self._complaints.say(f"the router ends, and {left} decisions could not be logged to {self.path}")

    def _finished(self) -> bool:
        if self._deadline is None:
            return False
        done = not self._queue and not self._batch
        return done or time.monotonic() >= self._deadline or self._off

    @property
    def _off(self) -> bool:
        return self._fault is not None and self._fault.lasting

    def _pause(self) -> float:
        if self._deadline is not None:
            return TIDY_PAUSE
        return TIDY_PAUSE if self._tidy_at == 0.0 and self._fault is None else PAUSE_SECONDS

    def _turn(self) -> None:
        """One round: whatever waits is written, and old decisions leave."""
        if self._off:
            self._discard()
            return
        if self._file.settling or (time.monotonic() < self._retry_at and self._deadline is None):
            return
        try:
            self._file.check()
            self._write()
            self._tidy()
        except Vanished:
            self._complaints.complain(f"the decision log {self.path} was removed or replaced; a new one will be begun")
        except Exception as error:  # noqa: BLE001 - whatever it is, the router serves on
            self._fail(diagnose(error, self.path))
        else:
            self._recover()

    def _write(self) -> None:
        for _ in range(QUEUE_CAP // BATCH):
            # Only this thread takes from the queue, so what is counted is there.
            while self._queue and len(self._batch) < BATCH:
                self._batch.append(self._queue.popleft())
            if not self._batch:
                return
            unwritable = self._file.write(self._batch)
            self._written += len(self._batch) - unwritable
            self._unwritable += unwritable
            self._batch.clear()

    def _tidy(self) -> None:
        now = time.monotonic()
        if now < self._tidy_at or self._deadline is not None:
            return
        more = self._file.tidy(time.time())
        self._tidy_at = 0.0 if more else now + TIDY_EVERY

    def _fail(self, fault: Fault) -> None:
        now = time.monotonic()
        if fault.kind == "corrupt" and self._file.may_move_aside:
            self._begin_anew(fault)
            return
        if self._failures == 0:
            self._failing_since = now
        self._retry_at = now + RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._fault = fault
        if fault.kind != "locked":
            self._file.close()
        if fault.lasting:
            self._complaints.say(f"decisions are not logged: {fault.message}; {fault.hint}, and start the router again")
        elif fault.kind != "locked" or now - self._failing_since >= PATIENCE_SECONDS:
            self._fault_told |= self._complaints.complain(
                f"decisions cannot be logged: {fault.message}; {fault.hint}. "
                f"{self.status().waiting} wait, {self._lost()} are lost; it is tried again"
            )

    def _begin_anew(self, fault: Fault) -> None:
        try:
            aside = self._file.move_aside()
        except OSError as error:
            # Another kind of fault from here on: the folder may not be written.
            self._fail(diagnose(error, self.path))
            return
        if aside is not None:
            self._complaints.complain(f"{fault.message}: it is now {aside.name}, and a new decision log is begun")

    def _recover(self) -> None:
        lost = self._lost() - self._lost_and_told
        if self._fault_told:
            self._complaints.say(f"decisions are logged to {self.path} again; {lost} were lost")
            self._lost_and_told += lost
        elif lost and self._complaints.complain(
            f"{lost} decisions could not be logged to {self.path}: they came faster than the disk takes them, or are "
            "no records at all"
        ):
            self._lost_and_told += lost
        self._fault = None
        self._fault_told = False
        self._failures = 0
        self._retry_at = 0.0

    def _lost(self) -> int:
        return self._dropped + self._unwritable

    def _discard(self) -> None:
        self._unwritable += len(self._batch) + len(self._queue)
        self._batch.clear()
        self._queue.clear()
