"""The median of a stream of durations in a fixed amount of memory."""

from __future__ import annotations

import math
from typing import Final

__all__ = ["Durations"]

GROWTH: Final = 1.1
"""How much longer each bucket's durations are than the last one's: a quantile is right to within 5 %."""

_SHORTEST: Final = 1e-6
_LONGEST: Final = 1e6
_SCALE: Final = math.log(GROWTH)


class Durations:
    """Counts durations in seconds, in at most 291 buckets."""

    def __init__(self) -> None:
        self._buckets: dict[int, int] = {}
        self._count = 0
        self._sum = 0.0

    def add(self, seconds: float) -> None:
        """Counts one; below a microsecond is taken for a microsecond, and what is no number is left out."""
        if math.isnan(seconds):
            return
        seconds = min(max(seconds, _SHORTEST), _LONGEST)
        bucket = math.floor(math.log(seconds / _SHORTEST) / _SCALE)
        self._buckets[bucket] = self._buckets.get(bucket, 0) + 1
        self._count += 1
        self._sum += seconds

    def mean(self) -> float | None:
        """The mean; None where nothing was counted."""
        return self._sum / self._count if self._count else None

    def median(self) -> float | None:
        """The median, within 5 %; None where nothing was counted."""
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if 2 * passed >= self._count:
                return _SHORTEST * math.exp((bucket + 0.5) * _SCALE)
        return None
