"""Who asks, and what it may reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ANYBODY", "Caller"]


class Caller(msgspec.Struct, frozen=True, gc=False):
    """The holder of a token, by its rights."""

    name: str | None = None
    """The client's name in the configuration; None for the router's own token, and where none is asked for."""
    presets: frozenset[str] | None = None
    """The presets it may use; None: all."""
    tiers: frozenset[str] | None = None
    """The tiers it may reach, which are those of its presets; None: all."""

    @classmethod
    def of(cls, name: str, presets: Sequence[str], configured: Mapping[str, Sequence[str]]) -> Caller:
        """The client of that name; `configured` has the tiers of every preset. No presets: it may use all."""
        if not presets:
            return cls(name)
        tiers = frozenset(tier_id for preset in presets for tier_id in configured[preset])
        return cls(name, frozenset(presets), tiers)

    def may_use(self, preset: str) -> bool:
        """Whether it may ask for this preset."""
        return self.presets is None or preset in self.presets

    def may_reach(self, tier_id: str) -> bool:
        """Whether this tier may answer it, by whatever way."""
        return self.tiers is None or tier_id in self.tiers


ANYBODY = Caller()
"""Who may do everything."""
