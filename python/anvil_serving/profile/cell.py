"""What is known of one tier at one kind of work."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import msgspec

__all__ = ["Cell", "Verdict", "lower_bound"]

Verdict: TypeAlias = Literal["allow", "allow-with-verify", "deny"]

_PRIOR_MASS = 20.0
"""Observations that a seed counts for: few enough that a measured afternoon outweighs it."""


class Cell(msgspec.Struct, frozen=True, gc=False):
    """A verdict, and the evidence behind it."""

    verdict: Verdict
    quality: float
    """The share of good answers, 0 to 1."""
    lower: float
    """One standard error below it; what tiers are ranked by."""
    samples: int
    """Observations; 0 for a seed."""
    source: str
    """Where it comes from, for a person."""
    last_measured: str | None = None


def lower_bound(quality: float, samples: int, *, prior: float) -> float:
    """One standard error below a share of successes that is shrunk towards `prior`, as Agresti and Coull do.

    (The American Statistician 52, 1998: adding pseudo-observations before the normal interval keeps it honest for few
    samples.)
    """
    mass = samples + _PRIOR_MASS
    mean = (quality * samples + prior * _PRIOR_MASS) / mass
    # Not 1 - mean: near 1 that is mostly rounding, and more samples would seem less sure.
    rest = ((1 - quality) * samples + (1 - prior) * _PRIOR_MASS) / mass
    return max(0.0, mean - math.sqrt(mean * rest / mass))
