"""The time that an exchange has until the first byte of its answer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from anvil_serving.upstream import Arrival, Wait

__all__ = ["Deadline"]


class Deadline:
    """Ends whatever the exchange waits for, as the caller's leaving does. Whoever made it lifts it."""

    def __init__(self, wait: Wait, seconds: float | None) -> None:
        """`wait` waits for the caller as well; `seconds`: None where there is all the time."""
        self.has_passed = False
        self._wait = wait
        self._arrival: asyncio.Future[Arrival | None] | None = None
        loop = asyncio.get_running_loop()
        self._timer = None if seconds is None else loop.call_later(seconds, self._pass)

    def wait(self, arrival: asyncio.Future[Arrival | None]) -> Awaitable[Arrival | None]:
        """What `arrival` comes to, which is None when the time is over or the caller leaves."""
        self._arrival = arrival
        if self.has_passed:
            self._end()
        return self._wait(arrival)

    def lift(self) -> None:
        """There is no deadline any more: something has been sent, or nothing will be."""
        # Also when it passed in the very moment in which there was something to send.
        self.has_passed = False
        if self._timer is not None:
            self._timer.cancel()

    def _pass(self) -> None:
        self.has_passed = True
        self._end()

    def _end(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)
