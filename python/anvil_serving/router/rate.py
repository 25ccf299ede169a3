"""How often a client may ask: its `requests_per_minute`, over all workers."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from anvil_serving.errors import RateLimited

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anvil_serving import config
    from anvil_serving.router.caller import Caller
    from anvil_serving.state import Board

__all__ = ["RATE_WIDTH", "RateLimits"]

RATE_WIDTH = 1
"""Numbers of a client's row: the time at which it will have used nothing."""

_MINUTE = 60.0
_LONGEST_WAIT = 59
"""Seconds that a client is told to wait at most: above 60 Claude Code gives up (clients.md, section 2)."""


class RateLimits:
    """A token bucket for each client that has a limit, in its form with one number (GCRA, ITU-T I.371).

    The number is when the bucket will be full again; a request moves it on by the time in which one token comes in.
    """

    def __init__(
        self, clients: Sequence[config.Client], board: Board, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`board` has a row for each client, in the order of the configuration."""
        self._clock = clock
        self._buckets = {
            client.name: (client.requests_per_minute, board.row(number), board.lock(number))
            for number, client in enumerate(clients)
            if client.requests_per_minute is not None
        }

    def take(self, caller: Caller) -> None:
        """Counts a request. Raises `RateLimited` where it is one too many, and then does not count it."""
        if not self._buckets or caller.name not in self._buckets:
            return
        per_minute, row, lock = self._buckets[caller.name]
        interval = _MINUTE / per_minute
        with lock:
            now = self._clock()
            full_at = max(row[0], now)
            wait = full_at + interval - now - _MINUTE
            # Half a microsecond: what sums of floats are off by.
            if wait <= 5e-7:
                row[0] = full_at + interval
                return
        raise RateLimited(
            f"client {caller.name} may send {per_minute} requests a minute, and has",
            retry_after=max(1, min(math.ceil(wait), _LONGEST_WAIT)),
        )
