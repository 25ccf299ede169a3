"""The plan of an exchange: data that can be shown, stored and asserted."""

from __future__ import annotations

import msgspec

from anvil_serving.decisions import Candidate
from anvil_serving.router.verification import UNCHECKED, Checking
from anvil_serving.state import Shortfall
from anvil_serving.upstream import Replica

__all__ = ["Candidate", "Head", "Plan", "PlannedAttempt", "TooLong"]


class PlannedAttempt(msgspec.Struct, frozen=True, gc=False):
    """One attempt that may be made."""

    replica: Replica
    dialect: str
    """The dialect that it is asked in: the request's own where the tier speaks it."""
    checking: Checking = UNCHECKED
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


class TooLong(msgspec.Struct, frozen=True, gc=False):
    """The prompt fits none of the tiers that may answer."""

    prompt_tokens: int
    """Estimated, as the tier with the largest window would count."""
    context_limit: int
    """That window."""


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What may be tried for one request, in order."""

    intent: str
    """The preset or tier that the request asks for, by name or by inference."""
    attempts: tuple[PlannedAttempt, ...]
    candidates: tuple[Candidate, ...]
    """Every tier that was considered: those that are to be asked in their order, then the others."""
    work_class: str = ""
    lowest_quality: float = 0.0
    """The lower bound of the quality of the tier that is asked first."""
    too_long: TooLong | None = None
    """Set where there is nobody to ask, and only for the prompt's length."""
    displaced: str | None = None
    """The tier that would have been first if it were loaded."""
    lacking: Shortfall | None = None
    """The budget for want of which there is nobody to ask."""
    tried_again_in: float | None = None
    """Seconds until the first of those may be asked again that are left alone now; None: none of them is."""

    def has_room_beyond(self, context_limit: int, *, after: int) -> bool:
        """Whether an attempt after the one of that number has a larger window than so many tokens."""
        return any(planned.context_limit > context_limit for planned in self.attempts[after:])


class Head(msgspec.Struct, frozen=True, gc=False):
    """What is known of an answer when its first byte is sent."""

    planned: PlannedAttempt
    number: int
    """The attempt's number in its exchange; above 1 means that others failed before it."""
    stream: bool
    verified: str
    """`passed`: all of the answer was checked before its first byte; `streaming`: it is as it comes; or `skipped`."""
    warnings: tuple[str, ...]
    """What the request no longer says in the tier's dialect, and what else the caller should know."""
