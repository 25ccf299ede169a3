"""One exchange's way through its plan: what is asked next, and what is not asked any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.router.fallback import BREAKER_OPEN, RETRIES_SPENT, FailedAttempt, Fault, fault_of

if TYPE_CHECKING:
    from anvil_serving.router.account import Account
    from anvil_serving.router.plan import Plan, PlannedAttempt
    from anvil_serving.router.traffic import Traffic

__all__ = ["Course"]

_OF_ONE_ADDRESS = {Fault.TIER, Fault.RESTING}
"""Faults that another address of the same tier may not have."""


class Course:
    """Where an exchange stands in its plan.

    Each tier's first address is asked if there are attempts left. A further one of the same tier has to be worth it:
    the failure was the address's, the tier's retries are not spent (docs/adr/0015), and every tier behind it still gets
    its turn.
    """

    def __init__(self, account: Account, traffic: Traffic, *, max_attempts: int) -> None:
        self.failed: list[FailedAttempt] = []
        """What has failed so far, in order."""
        self._account = account
        self._plan: Plan = account.plan
        self._traffic = traffic
        self._left = max_attempts
        self._position = 0
        self._overflown = 0
        self._seen: set[str] = set()
        self._failed_at: set[str] = set()
        self._done_with: set[str] = set()

    @property
    def number(self) -> int:
        """The number of the attempt that is made now, from 1."""
        return len(self.failed) + 1

    def next(self, now: float) -> PlannedAttempt | None:
        """The attempt to make now; None: there is none left."""
        attempts = self._plan.attempts
        while self._left > 0 and self._position < len(attempts):
            planned = attempts[self._position]
            self._position += 1
            if self._is_worth_it(planned, now):
                return planned
        return None

    def _is_worth_it(self, planned: PlannedAttempt, now: float) -> bool:
        tier_id, tier = planned.tier_id, planned.replica.tier
        if planned.context_limit <= self._overflown or tier_id in self._done_with:
            return False
        if tier_id not in self._seen:
            self._seen.add(tier_id)
            self._traffic.retries(tier).asked()
        if tier_id not in self._failed_at:
            return True
        if self._left <= self._tiers_behind():
            return False
        if self._traffic.retries(tier).pay(now):
            return True
        self.not_made(planned, FailedAttempt(tier_id, RETRIES_SPENT))
        return False

    def _tiers_behind(self) -> int:
        """How many tiers have not had their turn."""
        rest = self._plan.attempts[self._position :]
        return len({each.tier_id for each in rest} - self._seen)

    def asked(self) -> None:
        """The address is being asked: that is one of the attempts that may be made."""
        self._left -= 1

    def not_made(self, planned: PlannedAttempt, failed: FailedAttempt) -> None:
        """The attempt could not be made."""
        self._account.not_made(planned, failed)
        self.gone_wrong(failed, fault_of(failed.label))

    def gone_wrong(self, failed: FailedAttempt, fault: Fault) -> None:
        """The attempt has failed. What is not its address's fault would go wrong at the tier's others as well."""
        self.failed.append(failed)
        if failed.label == BREAKER_OPEN:
            return
        self._failed_at.add(failed.tier_id)
        if fault not in _OF_ONE_ADDRESS:
            self._done_with.add(failed.tier_id)

    def overflow(self, context_limit: int) -> bool:
        """The prompt has overflown a window of so many tokens; whether a larger one is left to try."""
        self._overflown = max(self._overflown, context_limit)
        return self._left > 0 and self._plan.has_room_beyond(context_limit, after=self._position)
