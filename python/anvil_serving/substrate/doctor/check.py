"""One thing that is looked at, and what to do where it is not as it should be."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

__all__ = ["Check", "Diagnosis", "Status"]

Status = Literal["ok", "warn", "fail", "skip"]
"""`fail`: the router cannot serve, or not as the configuration says. `warn`: it can, but. `skip`: not looked at."""


class Check(Struct, frozen=True, kw_only=True):
    """What was seen, in words; printable only once it was made so, for engines' own words are among it."""

    name: str
    """The same from run to run, such as `tier:heavy:context`."""
    status: Status
    seen: str
    remedy: str | None = None
    """Of every check that fails or warns."""


class Diagnosis(Struct, frozen=True, kw_only=True):
    """All checks, in the order to read them."""

    is_healthy: bool
    """Nothing fails."""
    checks: tuple[Check, ...]
