"""What budgets close: which tiers of a plan, with which reason, and what follows where all are closed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.policies import World, tier

from anvil_serving import config
from anvil_serving.decisions import Price
from anvil_serving.router.budget import UNLIMITED, Purse
from anvil_serving.state import NANOS, Amount, Balance, Fund, Limit

DEAR = Price(2.0, 10.0, 0.5, 2.0)
TEMPLATE = 64
"""Tokens that a chat template may add."""
FUND = Fund("client", "kim", "day", 0, 86_400)


def _world(**router: Any) -> World:
    return World(
        tier("local"),
        tier("cloud", privacy="cloud", context_limit=200_000),
        presets={"chat": ("local", "cloud"), "cloudy": ("cloud",)},
        prices={"cloud": DEAR},
        metered_cloud=("chat",),
        **router,
    )


def _purse(spent: Amount, held: Amount = Amount(), **most: int) -> Purse:  # noqa: B008 (frozen)
    return Purse((Limit(FUND, "client kim", **most),), {FUND: Balance(spent, held)})


SPENT_USD = _purse(Amount(nanos=NANOS), nanos=NANOS)
SPENT_TOKENS = _purse(Amount(1_000), tokens=1_000)
ENOUGH = _purse(Amount(1_000, NANOS), tokens=10**9, nanos=10**4 * NANOS)


def _plan(world: World, purse: Purse, model: str = "chat", **needs: Any) -> Any:
    question = world.question(model, "chat", **{"prompt_tokens": 500, **needs})
    return world.policy.plan(msgspec.structs.replace(question, purse=purse))


def _tried(plan: Any) -> list[str]:
    return [attempt.tier_id for attempt in plan.attempts]


def _why_not(plan: Any) -> dict[str, str]:
    return {each.tier: each.reason for each in plan.candidates if each.place is None}


@pytest.mark.parametrize("mode", ["gated", "direct"])
def test_spent_dollars_close_the_tiers_that_cost_some(mode: str) -> None:
    world = _world(mode=mode)
    assert _tried(_plan(world, ENOUGH)) == ["local", "cloud"]
    plan = _plan(world, SPENT_USD)
    assert _tried(plan) == ["local"]
    assert _why_not(plan)["cloud"].startswith("client kim has $0.0000 left of $1.0000 this day")
    assert plan.lacking is None


@pytest.mark.parametrize("mode", ["gated", "direct"])
def test_spent_tokens_close_all_tiers_and_the_plan_says_so(mode: str) -> None:
    plan = _plan(_world(mode=mode), SPENT_TOKENS)
    assert _tried(plan) == []
    assert set(_why_not(plan)) == {"local", "cloud"}
    assert (plan.lacking.unit, plan.lacking.is_lasting) == ("tokens", True)


def test_where_only_tiers_that_cost_are_meant_the_plan_says_so_too() -> None:
    plan = _plan(_world(), SPENT_USD, "cloudy")
    assert _tried(plan) == []
    assert plan.lacking.unit == "usd"


def test_a_budget_never_lets_a_tier_in() -> None:
    """What is closed for another reason stays so, and that reason is told."""
    world = World(tier("cloud", privacy="cloud"), presets={"chat": ("cloud",)}, prices={"cloud": DEAR})
    plan = _plan(world, SPENT_USD)
    assert "metered_cloud" in _why_not(plan)["cloud"]
    assert plan.lacking is None


def test_what_an_answer_may_come_to_decides() -> None:
    purse = _purse(Amount(0), tokens=2_000 + TEMPLATE)
    world = _world(budget=config.Budget(answer_tokens=1_800))
    assert _tried(_plan(world, purse, output_tokens=1_500, is_capped=True)) == ["local", "cloud"]
    assert _tried(_plan(world, purse, output_tokens=1_501, is_capped=True)) == []
    assert _tried(_plan(world, purse, output_tokens=10, is_capped=False)) == []


def test_a_prompt_that_fits_no_tier_without_a_price_is_too_long_where_dollars_are_spent() -> None:
    """The harness compacts, and goes on where nothing is billed."""
    plan = _plan(_world(), SPENT_USD, prompt_tokens=190_000)
    assert plan.too_long.context_limit == 100_000
    plan = _plan(_world(), SPENT_TOKENS, prompt_tokens=190_000)
    assert plan.too_long is None
    assert plan.lacking is not None
    waiting = _purse(Amount(), Amount(nanos=NANOS), nanos=NANOS)
    plan = _plan(_world(), waiting, prompt_tokens=190_000)
    assert plan.too_long is None
    assert not plan.lacking.is_lasting


def test_while_another_tier_only_rests_its_rest_is_what_is_told() -> None:
    world = _world()
    world.breaks("local")
    plan = _plan(world, SPENT_USD)
    assert _tried(plan) == []
    assert plan.lacking is None
    assert plan.tried_again_in is not None


def test_a_tier_without_a_known_price_is_closed_by_a_limit_of_dollars_alone() -> None:
    world = World(tier("x"), presets={"chat": ("x",)}, prices={"x": None})
    assert "its price is not known" in _why_not(_plan(world, ENOUGH))["x"]
    assert _tried(_plan(world, _purse(Amount(), tokens=10**9))) == ["x"]


def test_requests_of_no_dialect_have_budgets_too() -> None:
    world = World(
        tier("local", purposes=("embeddings",)),
        tier("cloud", purposes=("embeddings",), privacy="cloud"),
        prices={"cloud": DEAR},
        metered_cloud=("chat",),
    )
    question = world.question("any", "chat", prompt_tokens=500, answers=0)

    def plan(purse: Purse) -> Any:
        return world.policy.plan_for("embeddings", msgspec.structs.replace(question, purse=purse))

    assert _tried(plan(ENOUGH)) == ["local", "cloud"]
    assert _tried(plan(SPENT_USD)) == ["local"]
    assert plan(SPENT_USD).lacking is None
    assert plan(SPENT_TOKENS).lacking is not None
    # Embeddings have no answer to set aside.
    assert _tried(plan(_purse(Amount(), tokens=500 + TEMPLATE))) == ["local", "cloud"]


_MOST = st.one_of(st.none(), st.integers(0, 60_000))


@given(_MOST, _MOST, st.integers(0, 50_000), st.integers(0, 50_000), st.integers(0, 40_000), st.booleans())
def test_no_budget_ever_lets_in_what_was_out_nor_changes_the_order(
    tokens: int | None,
    millis: int | None,
    spent: int,
    held: int,
    prompt: int,
    is_capped: bool,
) -> None:
    """Dollars close only what costs some; and if all are closed for budgets, one of them is named."""
    nanos = None if millis is None else millis * NANOS // 10_000
    limit = Limit(FUND, "kim", tokens, nanos)
    used = Balance(Amount(spent, spent * NANOS // 10_000), Amount(held))
    purse = Purse((limit,), {FUND: used})
    needs = {"prompt_tokens": prompt, "output_tokens": 500, "is_capped": is_capped}
    free, bound = _plan(_WORLD, UNLIMITED, **needs), _plan(_WORLD, purse, **needs)
    assert _tried(bound) == [each for each in _tried(free) if each in _tried(bound)]
    if tokens is None:
        assert "local" in _tried(bound)
    assert (bound.lacking is not None) == (not bound.attempts)


_WORLD = _world()
