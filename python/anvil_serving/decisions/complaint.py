"""How the operator hears of trouble with the log: in whole sentences, and not more often than can be read."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["EVERY_SECONDS", "Complaints"]

EVERY_SECONDS: Final = 60.0
"""A worker complains at most this often, whatever goes wrong."""

_logger = logging.getLogger("anvil_serving.decisions")


class Complaints:
    """One worker's complaints. `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: float | None = None

    def complain(self, sentence: str) -> bool:
        """Tells the operator, unless the last time is less than a minute ago; true where it was told."""
        now = self._clock()
        if self._last is not None and now - self._last < EVERY_SECONDS:
            return False
        self._last = now
        self.say(sentence)
        return True

    def say(self, sentence: str) -> None:
        """Tells the operator in any case: what ends a trouble that was told of, and a last word."""
        _logger.warning(sentence)
