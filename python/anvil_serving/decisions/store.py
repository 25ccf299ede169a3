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
from .table import RECORD_CAP

if TYPE_CHECKING:
    from pathlib import Path

    from .record import Decision

__all__ = ["DecisionLog", "LogStatus"]

QUEUE_CAP: Final = 2_048
"""Decisions that wait while the file cannot be written; further ones are dropped and counted.

In memory one takes 3 kB, and 32 KiB if sixteen tiers were tried and fifteen tool calls are named: 64 MiB at most. Those
with more calls count as several.
"""

CALLS_OF_ONE: Final = 16
"""So many ids of tool calls make a decision count as one more: each takes up to 600 bytes, and there may be 128."""

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

LAST_WORD_SECONDS: Final = 1.5
"""How long after its deadline the thread is waited for: SQLite's own wait for a lock (`table.BUSY_SECONDS`) may have
begun just before, and there is a file to close."""

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
        self._given_up = False
        # Between the threads: each is written by one of them, and reads of it may be late.
        self._dropped = 0
        self._weight_added = 0
        self._weight_done = 0
        self._deadline: float | None = None
        self._last_word = threading.Lock()
        """Taken for good by the one of two threads that says what the end has lost."""
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
        weight = _weight(decision)
        if self._weight_added - self._weight_done + weight > QUEUE_CAP:
            self._dropped += 1
            return
        self._weight_added += weight
        self._queue.append(decision)
        if len(self._queue) == BATCH:
            self._wake.set()

    def close(self, timeout: float = 5.0) -> None:
        """Writes what waits, for at most `timeout` seconds, and ends the thread. Blocks: not for the event loop.

        Where the file cannot be used it is tried once more, and only a lock is waited for. What is lost is told; a disk
        that does not answer at all is left alone after `LAST_WORD_SECONDS` more.
        """
        if self._thread is None:
            return
        if self._deadline is None:
            self._deadline = time.monotonic() + timeout
        self._wake.set()
        self._thread.join(max(0.0, self._deadline - time.monotonic()) + LAST_WORD_SECONDS)
        if self._thread.is_alive():
            # It is a daemon and holds nobody up.
            self._say_what_is_lost()

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
                closing = self._deadline is not None
                self._turn()
                self._given_up = closing and self._fault is not None and not self._file.settling and not self._locked
                self._wake.wait(self._pause())
                self._wake.clear()
        finally:
            self._say_what_is_lost()
            self._file.close()

    def _say_what_is_lost(self) -> None:
        """The last word, of the thread or, where that hangs, of who waits for it."""
        left = len(self._queue) + len(self._batch) + self._lost() - self._lost_and_told
        if left and self._last_word.acquire(blocking=False):
            why = "" if self._fault is None or self._fault_told else f": {self._fault.message}; {self._fault.hint}"
            self._complaints.say(f"the router ends, and {left} decisions could not be logged to {self.path}{why}")

    def _finished(self) -> bool:
        if self._deadline is None:
            return False
        done = not self._queue and not self._batch
        return done or self._expired or self._given_up or self._off

    @property
    def _expired(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    @property
    def _locked(self) -> bool:
        return self._fault is not None and self._fault.kind == "locked"

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
            self._complaints.complain(
                "vanished", f"the decision log {self.path} was removed or replaced; a new one will be begun"
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the router serves on
            self._fail(diagnose(error, self.path))
        else:
            self._recover()

    def _write(self) -> None:
        # Not without end: `_tidy` has its turn too, and a close its deadline.
        for _ in range(QUEUE_CAP // BATCH):
            # Only this thread takes from the queue, so what is counted is there.
            while self._queue and len(self._batch) < BATCH:
                self._batch.append(self._queue.popleft())
            if not self._batch or self._expired:
                return
            unwritable = self._file.write(self._batch)
            self._written += len(self._batch) - unwritable
            self._unwritable += unwritable
            self._weight_done += sum(map(_weight, self._batch))
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
        if not self._locked:
            self._file.close()
        if fault.lasting:
            self._fault_told = True
            self._complaints.say(f"decisions are not logged: {fault.message}; {fault.hint}, and start the router again")
        elif self._deadline is None and (not self._locked or now - self._failing_since >= PATIENCE_SECONDS):
            self._fault_told |= self._complaints.complain(
                fault.kind,
                f"decisions cannot be logged: {fault.message}; {fault.hint}. "
                f"{self.status().waiting} wait, {self._lost()} are lost; it is tried again",
            )

    def _begin_anew(self, fault: Fault) -> None:
        try:
            aside = self._file.move_aside()
        except OSError as error:
            # Another kind of fault from here on: the folder may not be written.
            self._fail(diagnose(error, self.path))
            return
        if aside is not None:
            self._complaints.complain(
                fault.kind, f"{fault.message}: it is now {aside.name}, and a new decision log is begun"
            )

    def _recover(self) -> None:
        lost = self._lost() - self._lost_and_told
        if self._fault_told:
            self._complaints.say(f"decisions are logged to {self.path} again; {lost} were lost")
            self._lost_and_told += lost
        elif lost and self._complaints.complain(
            "dropped",
            f"{lost} decisions could not be logged to {self.path}: they came faster than the disk takes them, or are "
            f"no records at all, or larger than {RECORD_CAP} bytes",
        ):
            self._lost_and_told += lost
        self._fault = None
        self._fault_told = False
        self._failures = 0
        self._retry_at = 0.0

    def _lost(self) -> int:
        return self._dropped + self._unwritable

    def _discard(self) -> None:
        # One by one: the event loop may add to the queue meanwhile.
        while self._queue:
            self._batch.append(self._queue.popleft())
        self._unwritable += len(self._batch)
        self._weight_done += sum(map(_weight, self._batch))
        self._batch.clear()


def _weight(decision: Decision) -> int:
    """How many decisions of the queue's limit this one takes up."""
    return 1 + (len(decision.tool_calls) + len(decision.failed_tool_calls)) // CALLS_OF_ONE
