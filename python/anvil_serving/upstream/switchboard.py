"""From the engine's one file descriptor to the task that waits for an attempt.

The engine rings once however many attempts became ready; `_drain` hands all of them over in one crossing.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeAlias

from anvil_serving._core import Engine, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from anvil_serving._core import Attempt

__all__ = ["AbandonedError", "Arrival", "Switchboard", "Wait"]

Arrival: TypeAlias = tuple[int, bytes, Outcome | None]
"""(attempt's id, bytes for the client, how the attempt ended: None while it goes on)"""


Wait: TypeAlias = "Callable[[asyncio.Future[Arrival | None]], Awaitable[Arrival | None]]"
"""How somebody waits for an arrival; None says that it is not wanted any more."""


class AbandonedError(Exception):
    """Whoever waited for an attempt has given up."""


class Switchboard:
    """The engine of one event loop, and the futures of those who wait for it.

    Made inside the loop's running lifespan, closed there.
    """

    def __init__(self) -> None:
        self.engine = Engine()
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int, asyncio.Future[Arrival | None]] = {}
        self._loop.add_reader(self.engine.fileno(), self._drain)

    def next_arrival(self, attempt: Attempt) -> asyncio.Future[Arrival | None] | Arrival:
        """What is there for the attempt's client, or a future of it.

        Whoever stops waiting may set the future to None; nothing is lost by that.
        """
        arrival = attempt.take()
        if arrival is not None:
            return arrival
        future: asyncio.Future[Arrival | None] = self._loop.create_future()
        self._waiting[attempt.id] = future
        return future

    async def outcome(self, attempt: Attempt) -> tuple[bytes, Outcome]:
        """All that arrives until the attempt's end, and how it ended."""
        parts: list[bytes] = []
        try:
            while True:
                ready = self.next_arrival(attempt)
                arrival = ready if isinstance(ready, tuple) else await ready
                if arrival is None:
                    raise AbandonedError
                _, data, outcome = arrival
                parts.append(data)
                if outcome is not None:
                    return b"".join(parts), outcome
        finally:
            self.forget(attempt)

    def forget(self, attempt: Attempt) -> None:
        """Ends the attempt if it still runs; nobody waits for it any more."""
        attempt.cancel()
        self._waiting.pop(attempt.id, None)

    def close(self, grace: float) -> None:
        """Ends the engine: running attempts get `grace` seconds."""
        self._loop.remove_reader(self.engine.fileno())
        self.engine.close(grace)
        # The engine tells those whom it ended; nobody else would wake them.
        self._drain()

    def _drain(self) -> None:
        for arrival in self.engine.drain():
            future = self._waiting.pop(arrival[0], None)
            if future is not None and not future.done():
                future.set_result(arrival)
