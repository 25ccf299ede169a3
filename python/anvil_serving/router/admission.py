"""Places at a tier, and the queue before them: whoever comes first is first."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Literal, TypeAlias

from anvil_serving.upstream import AbandonedError

if TYPE_CHECKING:
    from anvil_serving.upstream import Arrival, Wait

__all__ = ["QUEUE_FULL", "QUEUE_TIMEOUT", "Admission", "NoPlace"]

NoPlace: TypeAlias = Literal["queue_full", "queue_timeout"]
QUEUE_FULL: NoPlace = "queue_full"
QUEUE_TIMEOUT: NoPlace = "queue_timeout"

_Ticket: TypeAlias = "asyncio.Future[Arrival | None]"

_YOUR_TURN: Arrival = (1, b"", None)
_TOO_LATE: Arrival = (0, b"", None)
"""What wakes those who wait; they carry nothing."""


class Admission:
    """One tier's, of this worker."""

    def __init__(self, places: int | None, *, queue_length: int, queue_seconds: float) -> None:
        """`places`: requests that may be there at once; None: any number."""
        self.places = places
        self.taken = 0
        """Places that are taken now."""
        self._queue_length = queue_length
        self._queue_seconds = queue_seconds
        self._queue: deque[_Ticket] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue)

    async def enter(self, wait: Wait) -> NoPlace | None:
        """Takes a place, after those who came before; None: it is taken, and has to be freed by `leave`.

        Raises `AbandonedError` when `wait` gives up.
        """
        if self.places is None or self.taken < self.places:
            # Nobody waits while there is a place: one that is freed is handed on.
            self.taken += 1
            return None
        if len(self._queue) >= self._queue_length:
            return QUEUE_FULL
        loop = asyncio.get_running_loop()
        ticket: _Ticket = loop.create_future()
        self._queue.append(ticket)
        timer = loop.call_later(self._queue_seconds, _tell, ticket, _TOO_LATE)
        is_in = False
        try:
            called = await wait(ticket)
            is_in = called == _YOUR_TURN
        finally:
            timer.cancel()
            if not is_in:
                self._give_up(ticket)
        if called is None:
            raise AbandonedError
        return None if is_in else QUEUE_TIMEOUT

    def leave(self) -> None:
        """Frees a place, for the one who has waited longest."""
        while self._queue:
            if _tell(self._queue.popleft(), _YOUR_TURN):
                return
        self.taken -= 1

    def _give_up(self, ticket: _Ticket) -> None:
        """Leaves the queue; if its turn has come meanwhile, the place is somebody else's."""
        if ticket in self._queue:
            self._queue.remove(ticket)
        elif ticket.done() and not ticket.cancelled() and ticket.result() == _YOUR_TURN:
            self.leave()


def _tell(ticket: _Ticket, what: Arrival) -> bool:
    """Wakes who waits with this ticket; whether it still did."""
    if ticket.done():
        return False
    ticket.set_result(what)
    return True
