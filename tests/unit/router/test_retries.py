from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.router.retries import RetryBudget

START = 1_000.0


def _paid(budget: RetryBudget, now: float, times: int) -> int:
    return sum(budget.pay(now) for _ in range(times))


def test_a_quiet_tier_may_always_be_asked_again() -> None:
    budget = RetryBudget(0.0)
    assert all(budget.pay(START + second) for second in range(1_000))


def test_what_is_saved_up_has_a_limit() -> None:
    budget = RetryBudget(1.0)
    for _ in range(10_000):
        budget.asked()
    assert _paid(budget, START, 50) == 10
    assert _paid(budget, START + 100_000.0, 50) == 10


def test_traffic_pays_for_its_share() -> None:
    budget = RetryBudget(0.2)
    _paid(budget, START, 10)
    paid = 0
    for _ in range(1_000):
        budget.asked()
        paid += budget.pay(START)
    assert 199 <= paid <= 200


@given(steps=st.lists(st.tuples(st.booleans(), st.floats(0.0, 3.0)), max_size=200), share=st.floats(0.0, 1.0))
def test_never_more_than_the_share_the_floor_and_what_was_saved(steps: list[tuple[bool, float]], share: float) -> None:
    budget, now, asked, paid = RetryBudget(share), START, 0, 0
    for is_retry, seconds in steps:
        now += seconds
        if is_retry:
            paid += budget.pay(now)
        else:
            asked += 1
            budget.asked()
    assert paid <= 10 + share * asked + (now - START) + 1e-6
