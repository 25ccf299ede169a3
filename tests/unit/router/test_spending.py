from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from tests.fakes.policies import World, tier

from anvil_serving.decisions import Price
from anvil_serving.errors import BudgetsUnavailable
from anvil_serving.router.budget import Purse, Reckoning
from anvil_serving.router.fallback import BUDGET_HELD, BUDGET_SPENT, BUDGET_UNKNOWN
from anvil_serving.router.needs import Needs
from anvil_serving.router.spending import Spending
from anvil_serving.state import NOTHING, Amount, Balance, Fund, Hold, Limit, Need, Shortfall, shortfall
from anvil_serving.upstream import Calibration

if TYPE_CHECKING:
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.state import BudgetStore
    from anvil_serving.upstream import Outcome

FREE, DEAR = Price(0.0, 0.0, 0.0, 0.0), Price(2.0, 10.0, 0.5, 2.0)
FUND = Fund("client", "kim", "day", 0, 86_400)
TOKENS, DOLLARS = Limit(FUND, "kim", tokens=10_000), Limit(FUND, "kim", nanos=10**9)
WORLD = World(tier("local"), tier("cloud"), tier("unpriced"), presets={"chat": ("local", "cloud", "unpriced")})
PLAN = WORLD.policy.plan(WORLD.question())


class _Store:
    """What is set aside and charged."""

    def __init__(self, *, spent: Amount = NOTHING, is_there: bool = True) -> None:
        self.spent = spent
        self.is_there = is_there
        self.needs: list[Need] = []
        self.settled: list[tuple[str, Amount]] = []

    async def set_aside(self, limits: tuple[Limit, ...], need: Need) -> Hold | Shortfall:
        if not self.is_there:
            raise BudgetsUnavailable("gone")
        self.needs.append(need)
        lacking = shortfall(limits, {FUND: Balance(self.spent)}, need.total)
        return lacking or Hold(f"h{len(self.needs)}", (FUND,))

    def settle(self, hold: Hold, amount: Amount) -> None:
        self.settled.append((hold.id, amount))


class _Exchange:
    def __init__(self, limit: Limit = TOKENS, **store: Any) -> None:
        self.now = 0.0
        self.store = _Store(**store)
        prices = {"local": FREE, "cloud": DEAR, "unpriced": None}
        self.spending = Spending(
            cast("BudgetStore", self.store),
            Reckoning(Calibration(), prices, answer_tokens=1_000),
            Purse((limit,), {}),
            Needs(100, 500, is_capped=True),
            clock=lambda: self.now,
        )

    def set_aside(self, tier_id: str = "local") -> str | None:
        """The label of the attempt that must not be made."""
        planned: PlannedAttempt = next(each for each in PLAN.attempts if each.tier_id == tier_id)
        failed = asyncio.run(self._set_aside(planned))
        return None if failed is None else failed.label

    async def _set_aside(self, planned: PlannedAttempt) -> Any:
        return await self.spending.set_aside(planned)


def _outcome(**said: Any) -> Outcome:
    names = ("failure", "status", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    return cast("Outcome", SimpleNamespace(**dict.fromkeys((*names, "first_byte_seconds")) | said))


def test_an_attempt_is_charged_what_it_came_to() -> None:
    exchange = _Exchange()
    assert exchange.set_aside() is None
    assert exchange.store.needs == [Need(Amount(164), Amount(500))]
    exchange.spending.sent()
    exchange.spending.ended(_outcome(input_tokens=90, output_tokens=20))
    exchange.spending.ended(None)
    assert exchange.store.settled == [("h1", Amount(110))]


def test_an_attempt_that_was_not_sent_costs_nothing() -> None:
    exchange = _Exchange()
    exchange.set_aside()
    exchange.now += 100.0
    exchange.spending.ended(None)
    assert exchange.store.settled == [("h1", NOTHING)]


def test_an_attempt_that_nobody_waits_for_costs_what_is_likely() -> None:
    exchange = _Exchange()
    exchange.set_aside()
    exchange.now += 100.0
    exchange.spending.sent()
    exchange.now += 1.0
    exchange.spending.ended(None)
    assert exchange.store.settled == [("h1", Amount(414))]


def test_each_attempt_is_set_aside_and_charged_for_itself() -> None:
    exchange = _Exchange()
    for _ in range(2):
        assert exchange.set_aside() is None
        exchange.spending.sent()
        exchange.spending.ended(_outcome(failure="status", status=500))
    assert exchange.set_aside("cloud") is None
    exchange.spending.ended(None)
    assert exchange.store.settled == [("h1", NOTHING), ("h2", NOTHING), ("h3", NOTHING)]
    assert exchange.store.needs[-1] == Need(Amount(164, 328_000), Amount(500, 5_000_000))


@pytest.mark.parametrize(("spent", "label"), [(9_337, BUDGET_SPENT), (9_336, None)])
def test_an_attempt_for_which_there_is_too_little_is_not_made(spent: int, label: str | None) -> None:
    exchange = _Exchange(spent=Amount(spent))
    assert exchange.set_aside() == label
    exchange.spending.ended(None)
    assert len(exchange.store.settled) == (label is None)
    assert (exchange.spending.lacking is None) == (label is None)


def test_what_others_hold_is_another_reason() -> None:
    exchange = _Exchange()
    exchange.store.set_aside = _holding  # type: ignore[method-assign]
    assert exchange.set_aside() == BUDGET_HELD


async def _holding(limits: tuple[Limit, ...], need: Need) -> Shortfall:
    found = shortfall(limits, {FUND: Balance(held=Amount(9_999))}, need.total)
    assert found is not None
    return found


def test_where_dollars_are_limited_a_tier_without_a_price_needs_none() -> None:
    """Not even the disk: a router before local tiers goes on without it."""
    exchange = _Exchange(DOLLARS, is_there=False)
    assert exchange.set_aside("local") is None
    exchange.spending.sent()
    exchange.spending.ended(_outcome(input_tokens=90, output_tokens=20))
    assert exchange.store.settled == []
    assert exchange.set_aside("cloud") == BUDGET_UNKNOWN
    assert exchange.set_aside("unpriced") == BUDGET_UNKNOWN


def test_where_tokens_are_limited_and_nobody_knows_what_is_left_nothing_is_asked() -> None:
    with pytest.raises(BudgetsUnavailable):
        _Exchange(TOKENS, is_there=False).set_aside()


def test_where_only_tokens_are_limited_no_price_is_needed() -> None:
    assert _Exchange().set_aside("unpriced") is None
