"""The plan of an exchange: data that can be shown, stored and asserted."""

from __future__ import annotations

import msgspec

from anvil_serving.upstream import Replica

__all__ = ["Head", "Plan", "PlannedAttempt"]


class PlannedAttempt(msgspec.Struct, frozen=True, gc=False):
    """One attempt that may be made."""

    replica: Replica
    dialect: str
    """The dialect that it is asked in: the request's own where the tier speaks it."""
    reason: str
    """Why it is in the plan at this place, for a person."""
    path: str | None = None
    """Where it is asked, if not at the dialect's own path."""

    @property
    def tier_id(self) -> str:
        """The id of the tier that would answer."""
        tier_id: str = self.replica.tier.id
        return tier_id

    @property
    def context_limit(self) -> int:
        """The tier's window in tokens, prompt and answer together."""
        context_limit: int = self.replica.tier.settings.context_limit
        return context_limit


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What may be tried for one request, in order."""

    intent: str
    """The preset or tier that the request asks for, by name or by default."""
    attempts: tuple[PlannedAttempt, ...]
    refused: tuple[tuple[str, str], ...]
    """Tiers of the intent that cannot serve the request, each with the reason."""

    def has_room_beyond(self, context_limit: int, *, after: int) -> bool:
        """Whether an attempt after the one of that number has a larger window than so many tokens."""
        return any(planned.context_limit > context_limit for planned in self.attempts[after:])


class Head(msgspec.Struct, frozen=True, gc=False):
    """What is known of an answer when its first byte is sent."""

    intent: str
    planned: PlannedAttempt
    number: int
    """The attempt's number in its exchange; above 1 means that others failed before it."""
    stream: bool
    warnings: tuple[str, ...]
    """What the request no longer said in the tier's dialect."""
