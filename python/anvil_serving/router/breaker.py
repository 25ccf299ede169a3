"""Whether an address is to be asked: open after failures, then one probe at a time (docs/adr/0015). Pure.

    closed ──(too many failures of late)──► open ──(its wait is over)──► probed ──(a whole answer)──► closed
      ▲                                      ▲                             │
      │                                      └───────(the probe fails)─────┤
      └──────────── on trial ◄───────(the probe's answer has begun)────────┘

On trial everybody may ask again, but the first failure opens it anew; a whole answer ends the trial. What a breaker
knows is a row of numbers, which workers share (`state/`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.state import Lock, Row

__all__ = ["ROW_WIDTH", "Breaker", "BreakerLimits", "Pass"]

_CLOSED, _OPEN, _PROBED = 0.0, 1.0, 2.0
_BY_FAILURES, _BY_REFUSAL = 0.0, 1.0

_STATE, _DUE, _REST, _OPENINGS, _CAUSE, _FAILURES, _CLAIM, _NEXT = range(8)
"""The places of a row: the state; when a probe may be made, or the one that is made counts for lost; until when it
rests; how often it has opened since its last whole answer; why it is open; how many failures opened it; the number of
the last probe; which result is overwritten next. The results follow: when each came and one, negative for a failure."""
_RESULTS = 8
_KEPT_RESULTS = 20
ROW_WIDTH = _RESULTS + _KEPT_RESULTS
"""Numbers of a row."""

_PROBE_SECONDS = 60.0
"""A probe that is not back by then no longer keeps others out: its worker may have died."""
_PROBE_NEXT_SECONDS = 2.0
"""When to ask again while a probe is under way: most are back soon."""


class BreakerLimits(msgspec.Struct, frozen=True):
    """When a breaker opens, and for how long."""

    failures: int = 5
    """So many failures open it, if at least half of the last 20 results within the window are failures; at most 20."""
    window: float = 30.0
    """Seconds for which a result counts."""
    first_wait: float = 2.0
    """Seconds until the first probe; each opening in a row doubles them."""
    longest_wait: float = 30.0
    """Seconds. A caller is told to come back in 30 s at the most: then somebody may be let through."""


class Pass(msgspec.Struct, frozen=True, gc=False):
    """The permission to ask, given back with what came of it."""

    probe: float | None = None
    """The number of the probe; None: it is none."""


_ORDINARY = Pass()


class Breaker:
    """One address's. Times are in seconds of a clock that all workers share and that only goes forward."""

    __slots__ = ("_limits", "_lock", "_random", "_row")

    def __init__(self, row: Row, lock: Lock, limits: BreakerLimits, random: Callable[[], float]) -> None:
        """`random` gives numbers from 0 to 1."""
        self._row = row
        self._lock = lock
        self._limits = limits
        self._random = random

    # ── who may ask ──────────────────────────────────────────────────────────────────────────────────────────────────

    def wait(self, now: float) -> float:
        """Seconds until it may be asked; 0 means now, if nobody else makes the probe first."""
        row = self._row
        wait = row[_REST] - now
        if row[_STATE] != _CLOSED:
            wait = max(wait, row[_DUE] - now)
            if row[_STATE] == _PROBED:
                wait = min(wait, _PROBE_NEXT_SECONDS)
        return max(wait, 0.0)

    def why_closed(self, now: float) -> str | None:
        """Why it is not to be asked now, for a person; None: it may be."""
        wait = self.wait(now)
        if wait == 0.0:
            return None
        row, again = self._row, f"tried again in {wait:.0f} s"
        if row[_STATE] == _CLOSED or (row[_REST] >= row[_DUE] and row[_STATE] == _OPEN):
            return f"its server has no room and asked to be left alone: {again}"
        if row[_CAUSE] == _BY_REFUSAL:
            return f"its server refuses the router's key: {again}"
        if row[_STATE] == _PROBED:
            return "its breaker is open: one request is trying it now"
        return f"its breaker is open: {row[_FAILURES]:.0f} failures in {self._limits.window:g} s, {again}"

    def enter(self, now: float) -> Pass | None:
        """The permission to ask; None: not now. Whoever has it tells once what came of it, or gives it back."""
        row = self._row
        if row[_STATE] == _CLOSED:
            return _ORDINARY if row[_REST] <= now else None
        if max(row[_DUE], row[_REST]) > now:
            return None
        with self._lock:
            if row[_STATE] == _CLOSED:
                return _ORDINARY
            if row[_DUE] > now:
                return None
            row[_STATE], row[_DUE] = _PROBED, now + _PROBE_SECONDS
            row[_CLAIM] += 1.0
            return Pass(row[_CLAIM])

    # ── what came of it ──────────────────────────────────────────────────────────────────────────────────────────────

    def began(self, passed: Pass) -> None:
        """An answer has begun. If it is the probe's, others may ask again: the address is on trial."""
        if passed.probe is None:
            return
        with self._lock:
            if self._row[_STATE] != _CLOSED:
                self._close()

    def answered(self, passed: Pass, now: float) -> bool:
        """An answer is whole, whatever it is worth. Returns whether that shows that the address is well again."""
        row = self._row
        with self._lock:
            if row[_STATE] != _CLOSED:
                if passed.probe is None:
                    # It was asked before the breaker opened, and says little of now.
                    return False
                self._close()
            was_out = row[_OPENINGS] > 0.0
            row[_OPENINGS] = 0.0
            row[_CAUSE] = _BY_FAILURES
            self._note(now, 1.0)
            return was_out

    def failed(self, passed: Pass, now: float) -> float | None:
        """The address failed. Returns for how many seconds it is left alone now, if that opens its breaker."""
        row = self._row
        with self._lock:
            if row[_STATE] != _CLOSED:
                is_the_probe = row[_STATE] == _PROBED and passed.probe == row[_CLAIM]
                return self._open(now, failures=1.0) if is_the_probe else None
            self._note(now, -1.0)
            failures, results = self._counts(now)
            is_out = failures >= self._limits.failures and 2 * failures >= results
            return self._open(now, failures) if is_out or row[_OPENINGS] > 0.0 else None

    def refused(self, now: float, seconds: float) -> bool:
        """The server refuses the router's key: not to be asked for so long. Returns whether that is news."""
        row = self._row
        with self._lock:
            is_news = row[_CAUSE] != _BY_REFUSAL
            row[_STATE], row[_DUE], row[_CAUSE] = _OPEN, now + seconds, _BY_REFUSAL
            row[_OPENINGS] = max(row[_OPENINGS], 1.0)
            return is_news

    def rest(self, passed: Pass, now: float, seconds: float) -> None:
        """The server has no room and asks to be left alone for so long; it is not broken."""
        with self._lock:
            self._row[_REST] = max(self._row[_REST], now + seconds)
        self.give_back(passed, now)

    def give_back(self, passed: Pass, now: float) -> None:
        """Nothing was learnt: if this was the probe, the next one may be."""
        row = self._row
        if passed.probe is None:
            return
        with self._lock:
            if row[_STATE] == _PROBED and passed.probe == row[_CLAIM]:
                row[_STATE], row[_DUE] = _OPEN, now

    def recovered(self, now: float) -> None:
        """The address can be reached again: the next request is the probe, however long it was to wait."""
        row = self._row
        with self._lock:
            if row[_STATE] == _OPEN and row[_CAUSE] == _BY_FAILURES:
                row[_DUE] = min(row[_DUE], now)

    # ── within the lock ──────────────────────────────────────────────────────────────────────────────────────────────

    def _note(self, now: float, sign: float) -> None:
        row = self._row
        # One more, for 0 says that there is no result; clocks may begin there.
        row[_RESULTS + int(row[_NEXT]) % _KEPT_RESULTS] = sign * (now + 1.0)
        row[_NEXT] = (row[_NEXT] + 1.0) % _KEPT_RESULTS

    def _counts(self, now: float) -> tuple[int, int]:
        """How many failures there are among how many results, of those that still count."""
        since = now + 1.0 - self._limits.window
        results = [result for result in self._row[_RESULTS:].tolist() if result and abs(result) >= since]
        return sum(result < 0 for result in results), len(results)

    def _open(self, now: float, failures: float) -> float:
        row, limits = self._row, self._limits
        # No number of openings may make the power overflow.
        longest: float = min(limits.longest_wait, limits.first_wait * 2.0 ** int(min(row[_OPENINGS], 30.0)))
        # Half of it is chance: workers and routers that opened together must not come back together.
        wait = longest * (0.5 + 0.5 * self._random())
        row[_OPENINGS] += 1.0
        row[_CAUSE], row[_FAILURES] = _BY_FAILURES, failures
        row[_DUE] = now + wait
        row[_STATE] = _OPEN
        self._forget()
        return wait

    def _close(self) -> None:
        self._forget()
        self._row[_STATE] = _CLOSED

    def _forget(self) -> None:
        for place in range(_RESULTS, ROW_WIDTH):
            self._row[place] = 0.0
