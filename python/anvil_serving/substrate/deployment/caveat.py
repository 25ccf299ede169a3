"""What goes wrong on some cards with some weights, and what is done about it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.substrate.data_table import read_table

if TYPE_CHECKING:
    from .serving_engine import EngineName

__all__ = ["Caveat", "caveats", "caveats_for"]


class Caveat(Struct, frozen=True, forbid_unknown_fields=True):
    """A row of the table; what it does not name, it holds for."""

    name: str
    engines: tuple[str, ...]
    capabilities: tuple[str, ...]
    says: str
    source: str
    schemes: tuple[str, ...] = ()
    mixture: bool | None = None
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    batch_tokens: int | None = None
    """How many tokens of prompts may be read at once."""
    refuse: bool = False
    """Whether it cannot work at all."""
    remedy: str | None = None
    """What works instead."""

    def fits(self, engine: str, capability: str, scheme: str | None, *, mixture: bool) -> bool:
        """Whether it holds here."""
        return (
            engine in self.engines
            and any(fnmatchcase(capability, pattern) for pattern in self.capabilities)
            and (not self.schemes or scheme in self.schemes)
            and (self.mixture is None or self.mixture is mixture)
        )


class _Table(Struct, frozen=True, forbid_unknown_fields=True):
    caveat: tuple[Caveat, ...]


@functools.cache
def caveats() -> tuple[Caveat, ...]:
    """The whole table."""
    return read_table(__name__, "caveats.toml", _Table).caveat


def caveats_for(engine: EngineName, capability: str | None, scheme: str | None, *, mixture: bool) -> tuple[Caveat, ...]:
    """The rows that hold for weights of a scheme on a card of a compute capability; none where that is not known."""
    if capability is None:
        return ()
    return tuple(row for row in caveats() if row.fits(engine, capability, scheme, mixture=mixture))
