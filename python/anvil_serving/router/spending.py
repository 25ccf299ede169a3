"""What one exchange takes of its budgets: set aside before a tier is asked, charged when it has answered or not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from anvil_serving.errors import BudgetsUnavailable
from anvil_serving.router.fallback import BUDGET_HELD, BUDGET_SPENT, BUDGET_UNKNOWN, FailedAttempt
from anvil_serving.state import NOTHING, Hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.router.budget import Purse, Reckoning
    from anvil_serving.router.needs import Needs
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.state import BudgetStore, Need, Shortfall
    from anvil_serving.upstream import Outcome, Tier

__all__ = ["Spending"]


class Spending:
    """One exchange's. What it has set aside is settled by the end of the attempt, or of the exchange."""

    def __init__(
        self,
        store: BudgetStore,
        reckoning: Reckoning,
        purse: Purse,
        needs: Needs,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.lacking: Shortfall | None = None
        """Why the last attempt that could not be paid could not."""
        self._store = store
        self._reckoning = reckoning
        self._purse = purse
        self._needs = needs
        self._clock = clock
        self._hold: Hold | None = None
        self._tier: Tier | None = None
        self._need: Need | None = None
        self._sent_at: float | None = None

    async def set_aside(self, planned: PlannedAttempt) -> FailedAttempt | None:
        """Sets aside what the attempt may come to. A failed one must not be made.

        Raises `BudgetsUnavailable` where tokens are limited and nobody can say what is left of them.
        """
        tier = planned.replica.tier
        need, price = self._reckoning.need(tier, self._needs), self._reckoning.price(tier)
        if not self._purse.limits_tokens and price is not None and need.total.nanos == 0:
            # It takes nothing of what is limited.
            return None
        if self._purse.limits_usd and price is None:
            return FailedAttempt(planned.tier_id, BUDGET_UNKNOWN)
        try:
            answer = await self._store.set_aside(self._purse.limits, need)
        except BudgetsUnavailable:
            if self._purse.limits_tokens:
                raise
            return FailedAttempt(planned.tier_id, BUDGET_UNKNOWN)
        if isinstance(answer, Hold):
            self._hold, self._tier, self._need = answer, tier, need
            return None
        self.lacking = answer
        return FailedAttempt(planned.tier_id, BUDGET_SPENT if answer.is_lasting else BUDGET_HELD)

    def sent(self) -> None:
        """The tier is at work from now on."""
        self._sent_at = self._clock()

    def ended(self, outcome: Outcome | None) -> None:
        """The attempt has ended; None: it was not waited for, or not even made. Without one it changes nothing."""
        hold, tier, need = self._hold, self._tier, self._need
        sent_at, self._hold, self._sent_at = self._sent_at, None, None
        if hold is None or tier is None or need is None:
            return
        if sent_at is None:
            self._store.settle(hold, NOTHING)
        else:
            self._store.settle(hold, self._reckoning.spent(tier, need, outcome, self._clock() - sent_at))
