"""What numbers there were: percentiles, and the whole of a distribution in a hundred steps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Measured", "Percentiles", "Spread", "measured", "quantile", "spread"]


class Percentiles(Struct, frozen=True):
    """How large they were."""

    p50: int
    p90: int
    p95: int
    p99: int
    max: int
    mean: int


class Spread(Struct, frozen=True):
    """Of how many, and how large they were."""

    n: int
    p50: int
    p90: int
    p95: int
    p99: int
    max: int
    mean: int

    @property
    def percentiles(self) -> Percentiles:
        """How large they were, and no more."""
        return Percentiles(self.p50, self.p90, self.p95, self.p99, self.max, self.mean)


class Measured(Struct, frozen=True):
    """A distribution that other numbers can be drawn from."""

    n: int
    mean: float
    percentiles: tuple[float, ...]
    """The 0th to the 100th; empty where nothing was measured. Between two of them it is taken to be even."""


def quantile(ascending: Sequence[float], percent: float) -> float:
    """The value below which `percent` of the values lie, between two of them in proportion; 0 where there is none."""
    if not ascending:
        return 0.0
    place = (len(ascending) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ascending) - 1)
    return ascending[below] + (ascending[above] - ascending[below]) * (place - below)


def spread(values: Sequence[int]) -> Spread:
    """The percentiles that sizes are chosen by; all 0 where there are no values."""
    ascending = sorted(values)
    return Spread(
        n=len(ascending),
        p50=round(quantile(ascending, 50)),
        p90=round(quantile(ascending, 90)),
        p95=round(quantile(ascending, 95)),
        p99=round(quantile(ascending, 99)),
        max=ascending[-1] if ascending else 0,
        mean=sum(ascending) // len(ascending) if ascending else 0,
    )


def measured(values: Sequence[float], digits: int = 0) -> Measured:
    """The distribution of these values, rounded to so many digits after the point."""
    ascending = sorted(values)
    return Measured(
        n=len(ascending),
        mean=round(sum(ascending) / len(ascending), digits + 1) if ascending else 0.0,
        percentiles=tuple(round(quantile(ascending, percent), digits) for percent in range(101)) if ascending else (),
    )
