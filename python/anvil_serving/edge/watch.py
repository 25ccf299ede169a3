"""What happens to an exchange besides its answer: the client leaves, or sends too slowly.

One timer a worker looks at all running exchanges a few times a second, so that a request that is answered within a
tick costs nothing for being watched.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

__all__ = ["TICK_SECONDS", "Watch", "Watched"]

_log = logging.getLogger("anvil_serving.edge")

TICK_SECONDS = 0.025
"""A client that leaves is noticed within one tick after the first, well inside the 100 ms in which its tier is to be
told."""


class Watched(Protocol):
    """Something that wants to be looked at."""

    def tick(self, now: float) -> None:
        """Looks at the clock (the loop's, in seconds)."""


class Watch:
    """The timer, and those it looks at."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched: set[Watched] = set()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._watched)

    def running(self) -> tuple[Watched, ...]:
        """Those it looks at now."""
        return tuple(self._watched)

    def add(self, watched: Watched) -> None:
        """Looks at `watched` from the next tick on."""
        self._watched.add(watched)
        if self._timer is None:
            self._timer = self._loop.call_later(TICK_SECONDS, self._tick)

    def discard(self, watched: Watched) -> None:
        """Looks at it no more."""
        self._watched.discard(watched)

    def close(self) -> None:
        """Stops the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._loop.call_later(TICK_SECONDS, self._tick) if self._watched else None
        now = self._loop.time()
        for watched in tuple(self._watched):
            try:
                watched.tick(now)
            except Exception:  # noqa: BLE001 (one that fails must not keep the others from being looked at)
                _log.exception("one of the watched failed; it is looked at no more")
                self._watched.discard(watched)
