"""In which order the tiers that may answer are asked. Pure.

A weak order cannot be had from "differs by more than the margin" between pairs; so tiers are grouped: the best one and
all that are within the margin of it, then the best of the others and so on. Within a group money and time decide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import msgspec

from anvil_serving.profile import Cell
from anvil_serving.upstream import Tier

__all__ = ["Able", "Held", "Ranked", "rank"]


class Able(msgspec.Struct, gc=False):
    """A tier that may answer, and what its place depends on."""

    tier: Tier
    cell: Cell
    order: int
    """Its place in the preset, from 0."""
    last_resort: str | None = None
    """Why it is only asked when nothing else is left; None: it is not."""
    is_unreachable: bool = False
    is_away: bool = False
    """Whether another tier's model would have to be unloaded for it."""
    usd: float = 0.0
    """What this request would cost there if it began a conversation; infinite where the price is not known."""
    usd_held: float = 0.0
    """What it would cost where its conversation is in the cache already."""
    is_full: bool = False
    """Whether it would have to wait there for a place."""
    reason: str = ""


class Held(msgspec.Struct, frozen=True, gc=False):
    """The tier that a conversation is with."""

    tier_id: str
    lock: str | None = None
    """Why it may not go elsewhere unless that tier fails; None: it may, for a gain."""


class Ranked(msgspec.Struct, frozen=True, gc=False):
    """The order, and what was passed over for it."""

    order: Sequence[Able]
    displaced: str | None
    """The tier that would have been first if it were loaded."""


def rank(able: list[Able], *, margin: float, held: Held | None) -> Ranked:
    """The order of attempts, each with its reason."""
    if len(able) == 1:
        able[0].reason = _last_resort(able[0]) if able[0].last_resort else "the only one that may answer"
        return Ranked(able, None)
    order = _in_groups([each for each in able if each.last_resort is None], margin)
    first = order[0] if order else None
    last = sorted((each for each in able if each.last_resort is not None), key=_preference)
    for each in last:
        each.reason = _last_resort(each)
    if held is not None and held.lock is not None:
        return Ranked(_with_locked_first([*order, *last], held, held.lock), None)
    if held is not None:
        order = _with_held_first(order, held, margin)
    # Where the conversation decides, nobody was kept waiting for a model that is not loaded.
    displaced = _displaced(order, margin) if first is not None and order[0] is first else None
    return Ranked([*order, *last], displaced)


def _last_resort(able: Able) -> str:
    return f"last resort: {able.last_resort}"


def _in_groups(able: list[Able], margin: float) -> list[Able]:
    left = sorted(able, key=_quality)
    order: list[Able] = []
    while left:
        floor = left[0].cell.lower - margin
        size = sum(1 for each in left if each.cell.lower >= floor)
        group, left = left[:size], left[size:]
        group.sort(key=_preference)
        for each in group:
            each.reason = _reason(each, group, is_better=bool(left) or bool(order))
        order += group
    return order


def _quality(able: Able) -> float:
    return -able.cell.lower


def _preference(able: Able) -> tuple[bool, float, bool, int]:
    return (able.is_away, able.usd, able.is_full, able.order)


def _reason(able: Able, group: Sequence[Able], *, is_better: bool) -> str:
    """What distinguishes it from those that it was weighed against."""
    if able.is_away:
        return "another model of its swap group is loaded"
    if any(other.is_away for other in group):
        return "its model is loaded"
    if len({other.usd for other in group}) > 1:
        return _cost(able.usd)
    if able.is_full:
        return "has no free place now"
    if len(group) == 1 and is_better:
        return f"quality from {able.cell.lower:.2f} on sets it apart"
    return f"number {able.order + 1} in its preset"


def _cost(usd: float) -> str:
    if usd == math.inf:
        return "its price is not known"
    return f"costs about ${usd:.4f}" if usd else "costs nothing"


def _displaced(order: Sequence[Able], margin: float) -> str | None:
    """The tier that would come before the first one if models swapped for nothing."""
    first = order[0]
    if first.is_away:
        return None
    best = max(each.cell.lower for each in order)
    group = [each for each in order if each.cell.lower >= best - margin]
    rivals = [each for each in group if each.is_away and _preference(each)[1:] < _preference(first)[1:]]
    return min(rivals, key=_preference).tier.id if rivals else None


def _with_locked_first(order: list[Able], held: Held, lock: str) -> list[Able]:
    """The order with the conversation's own tier first; only what cannot be reached lets it go."""
    own = next((each for each in order if each.tier.id == held.tier_id and not each.is_unreachable), None)
    if own is None:
        return order
    own.reason = f"keeps the conversation: {lock}"
    return [own, *(each for each in order if each is not own)]


def _with_held_first(order: list[Able], held: Held, margin: float) -> list[Able]:
    """The order with the conversation's own tier first, unless another is worth leaving it for."""
    own = next((each for each in order if each.tier.id == held.tier_id), None)
    if own is None or own is order[0]:
        return order
    first = order[0]
    if first.cell.lower - own.cell.lower > margin or first.usd < own.usd_held:
        return order
    own.reason = "keeps the conversation: its beginning is in the cache there"
    return [own, *(each for each in order if each is not own)]
