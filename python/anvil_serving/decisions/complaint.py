"""How the operator hears of trouble with the log: in whole sentences, and not more often than can be read."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from .fault import Kind

    Subject = Kind | Literal["vanished", "dropped"]
    """What a complaint is about: few things, so that all of them together can still be read."""

__all__ = ["EVERY_SECONDS", "Complaints"]

EVERY_SECONDS: Final = 60.0
"""A worker complains of each subject at most this often."""

_logger = logging.getLogger("anvil_serving.decisions")


class Complaints:
    """One worker's complaints. `clock` is in seconds and never goes back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[Subject, float] = {}

    def complain(self, subject: Subject, sentence: str) -> bool:
        """Tells the operator, unless this subject was told of less than a minute ago; true where it was told."""
        now = self._clock()
        last = self._last.get(subject)
        if last is not None and now - last < EVERY_SECONDS:
            return False
        self._last[subject] = now
        self.say(sentence)
        return True

    def say(self, sentence: str) -> None:
        """Tells the operator in any case: what ends a trouble that was told of, and a last word."""
        _logger.warning(sentence)
