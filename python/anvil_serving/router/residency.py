"""Which of the tiers that share a GPU is loaded, and how long that may count for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anvil_serving.upstream import Tier

__all__ = ["Residency"]

_MOST_DISPLACED = 8
"""Requests in a row that may go to the loaded tier though another would have been first."""
_LONGEST_DISPLACED = 30.0
"""Seconds for which that may go on. Then the other one's turn has come: nobody starves."""


class Residency:
    """For each swap group, the tier that was asked last: its model is loaded, or being loaded."""

    def __init__(self, tiers: Iterable[Tier]) -> None:
        self._groups = {tier.id: tier.settings.swap_group for tier in tiers if tier.settings.swap_group is not None}
        self._loaded: dict[str, str] = {}
        self._displaced: dict[str, tuple[int, float]] = {}

    def is_away(self, tier_id: str, now: float) -> bool:
        """Whether another model would have to be unloaded for this tier, and that still counts against it."""
        group = self._groups.get(tier_id)
        if group is None:
            return False
        loaded = self._loaded.get(group)
        if loaded is None or loaded == tier_id:
            return False
        count, since = self._displaced.get(group, (0, now))
        return count < _MOST_DISPLACED and now - since < _LONGEST_DISPLACED

    def displace(self, tier_id: str, now: float) -> None:
        """A request went elsewhere because this tier is not loaded."""
        group = self._groups[tier_id]
        count, since = self._displaced.get(group, (0, now))
        self._displaced[group] = (count + 1, since)

    def asked(self, tier_id: str) -> None:
        """The tier is asked: its model is loaded for it. Not when it answers, or many would swap at once meanwhile."""
        group = self._groups.get(tier_id)
        if group is None or self._loaded.get(group) == tier_id:
            return
        self._loaded[group] = tier_id
        self._displaced.pop(group, None)
