"""What is used of budgets, for an event loop: one thread does the disk's part of it.

The loop asks and goes on; what came meanwhile is done in one transaction, so that many requests wait for the disk
together. What is charged afterwards nobody waits for: it is tried until it is written.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import sqlite3
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

from msgspec import Struct

from anvil_serving.errors import BudgetsUnavailable
from anvil_serving.state.budget import NOTHING, Amount, Balance, Fund, Limit, Need, Shortfall
from anvil_serving.state.budget_file import SHOW_SECONDS, BudgetFile, UnusableFile, Vanished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

__all__ = ["BudgetStore", "Hold"]

_log = logging.getLogger("anvil_serving.state")

_MOST_WAITING: Final = 4_096
"""Questions that wait for the disk; one more is refused."""
_BATCH: Final = 256
"""Done in one transaction, so that other workers have their turn."""
_TIDY_SECONDS: Final = 600.0
_RETRY_SECONDS: Final = 1.0
_COMPLAIN_SECONDS: Final = 60.0
_COME_AGAIN: Final = 5


class Hold(Struct, frozen=True, gc=False):
    """What is set aside for an attempt, until it is settled."""

    id: str
    funds: tuple[Fund, ...]


class _Job(Protocol):
    """Something to do within a transaction."""

    def do(self, file: BudgetFile, now: float) -> object:
        """Does it, and returns what the asker is told."""


class _Look(Struct, frozen=True):
    funds: tuple[Fund, ...]

    def do(self, file: BudgetFile, now: float) -> Mapping[Fund, Balance]:
        return file.look(self.funds, now)


class _SetAside(Struct, frozen=True):
    hold: Hold
    limits: tuple[Limit, ...]
    need: Need

    def do(self, file: BudgetFile, now: float) -> Hold | Shortfall:
        return file.set_aside(self.hold.id, self.limits, self.need, now) or self.hold


class _Settle(Struct, frozen=True):
    hold: Hold
    amount: Amount

    def do(self, file: BudgetFile, now: float) -> None:
        file.settle(self.hold.id, self.hold.funds, self.amount)


class BudgetStore:
    """One worker's. Nothing happens before `start`, which belongs into the process that serves."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._worker = f"{os.getpid()}.{secrets.token_hex(6)}"
        self._file = BudgetFile(path, self._worker)
        self._asked: deque[tuple[_Job, asyncio.Future[Any]]] = deque()
        self._settled: deque[_Settle] = deque()
        self._numbers = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._deadline: float | None = None
        # The thread's own.
        self._open: dict[str, tuple[_SetAside, float]] = {}
        """What is set aside, and since when."""
        self._shown_at = float("-inf")
        self._tidied_at = float("-inf")
        self._complained_at = float("-inf")

    def start(self) -> None:
        """Starts the thread. Within a running event loop, which is the one that asks."""
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name="budgets", daemon=True)
        self._thread.start()

    async def look(self, funds: Sequence[Fund]) -> Mapping[Fund, Balance]:
        """How the funds stand now. Raises `BudgetsUnavailable`."""
        balances: Mapping[Fund, Balance] = await self._ask(_Look(tuple(funds)))
        return balances

    async def set_aside(self, limits: Sequence[Limit], need: Need) -> Hold | Shortfall:
        """Sets aside in all of the limits' funds what an attempt may come to, or in none. Raises `BudgetsUnavailable`.

        Whoever gets a hold has to `settle` it.
        """
        self._numbers += 1
        hold = Hold(f"{self._worker}.{self._numbers}", tuple(limit.fund for limit in limits))
        answer: Hold | Shortfall = await self._ask(_SetAside(hold, tuple(limits), need))
        return answer

    def settle(self, hold: Hold, amount: Amount) -> None:
        """Charges what an attempt came to, in place of what was set aside. Never waits and never raises."""
        self._settled.append(_Settle(hold, amount))
        self._wake.set()

    def close(self, timeout: float = 3.0) -> None:
        """Writes what is left, within `timeout` seconds. Blocks: not for the event loop while it serves."""
        if self._thread is None or self._deadline is not None:
            return
        self._deadline = time.monotonic() + timeout
        self._wake.set()
        self._thread.join(timeout + _RETRY_SECONDS)
        while self._asked:
            _tell(self._asked.popleft()[1], _unavailable(), self.settle)
        if self._settled:
            _log.warning("%d answers could not be charged to their budgets", len(self._settled))

    async def _ask(self, job: _Job) -> Any:
        if self._thread is None or self._deadline is not None or len(self._asked) >= _MOST_WAITING:
            raise _unavailable()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked.append((job, future))
        self._wake.set()
        return await future

    # ── on the thread ────────────────────────────────────────────────────────────────────────────────────────────────

    def _run(self) -> None:
        while True:
            # Before anything has come: what is wrong with the file is told when the router starts.
            is_well = self._turn()
            if self._deadline is not None and (not is_well or not (self._asked or self._settled)):
                break
            self._wake.wait(self._pause())
            self._wake.clear()
        with contextlib.suppress(OSError, sqlite3.Error, UnusableFile, Vanished):
            self._leave()
        self._file.close()

    def _leave(self) -> None:
        """Charges what still runs, as nobody will tell what it came to."""
        if self._open:
            self._file.check()
            with self._file.transaction():
                for job, at in self._open.values():
                    self._file.settle(job.hold.id, job.hold.funds, job.need.after(self._clock() - at))

    def _pause(self) -> float | None:
        if self._asked or self._deadline is not None:
            return 0.0
        if self._settled:
            return _RETRY_SECONDS
        return SHOW_SECONDS if self._open else None

    def _turn(self) -> bool:
        """Does what has come since the last one; whether it could be done."""
        # Only this thread takes from the queues, so what is counted is there.
        settled = [self._settled[number] for number in range(min(len(self._settled), _BATCH))]
        asked = [self._asked.popleft() for _ in range(min(len(self._asked), _BATCH))]
        try:
            self._file.check()
            told = self._done(settled, [job for job, _ in asked])
        except Vanished:
            self._complain("the file of the budgets was removed or replaced, and what was used by then is forgotten")
            # The next turn begins a new one.
            self._asked.extendleft(reversed(asked))
            self._wake.set()
            return True
        except (OSError, sqlite3.Error, UnusableFile) as error:
            if not isinstance(error, sqlite3.OperationalError):
                self._file.close()
            hint = f": {error.hint}" if isinstance(error, UnusableFile) and error.hint else ""
            self._complain(f"the file of the budgets cannot be used, and what they limit is refused: {error}{hint}")
            self._tell([(future, _unavailable()) for _, future in asked])
            return False
        for _ in settled:
            self._settled.popleft()
        for each in settled:
            self._open.pop(each.hold.id, None)
        self._tell([(future, answer) for (_, future), answer in zip(asked, told, strict=True)])
        if self._asked or self._settled:
            self._wake.set()
        return True

    def _done(self, settled: Sequence[_Settle], asked: Sequence[_Job]) -> list[object]:
        now = self._clock()
        is_due = abs(now - self._shown_at) >= SHOW_SECONDS
        tidies = abs(now - self._tidied_at) >= _TIDY_SECONDS
        holds = self._open or any(isinstance(job, _SetAside) for job in asked)
        if not settled and not (is_due and holds) and all(isinstance(job, _Look) for job in asked):
            return [job.do(self._file, now) for job in asked]
        with self._file.transaction():
            if is_due:
                self._file.show(now)
            if tidies:
                self._file.tidy(now)
            for each in settled:
                each.do(self._file, now)
            told = [job.do(self._file, now) for job in asked]
        for job, answer in zip(asked, told, strict=True):
            if isinstance(job, _SetAside) and answer is job.hold:
                self._open[job.hold.id] = job, now
        if is_due:
            self._shown_at = now
        if tidies:
            self._tidied_at = now
        return told

    def _tell(self, answers: Sequence[tuple[asyncio.Future[Any], object]]) -> None:
        loop = self._loop
        if answers and loop is not None:
            # A loop that is closed has nobody left who waits.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(_tell_all, answers, self.settle)

    def _complain(self, what: str) -> None:
        now = time.monotonic()
        if now - self._complained_at >= _COMPLAIN_SECONDS:
            self._complained_at = now
            _log.error("%s (%s)", what, self._file.path)


def _tell_all(answers: Sequence[tuple[asyncio.Future[Any], object]], settle: Callable[[Hold, Amount], None]) -> None:
    for future, answer in answers:
        _tell(future, answer, settle)


def _tell(future: asyncio.Future[Any], answer: object, settle: Callable[[Hold, Amount], None]) -> None:
    if future.done():
        # Who asked has gone; what was set aside for it is given back.
        if isinstance(answer, Hold):
            settle(answer, NOTHING)
    elif isinstance(answer, BaseException):
        future.set_exception(answer)
    else:
        future.set_result(answer)


def _unavailable() -> BudgetsUnavailable:
    return BudgetsUnavailable(
        "what is left of the budgets cannot be read now; the router's log says why", retry_after=_COME_AGAIN
    )
