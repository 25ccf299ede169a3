from __future__ import annotations

from typing import Any

import pytest

from anvil_serving.state import NOTHING, Amount, Balance, Fund, Limit, Need, Shortfall, shortfall

DAY = Fund("client", "kim", "day", 1_000, 2_000)
LATER = Fund("named", "team", "month", 0, 9_000)
NEED = Need(Amount(1_000, 2_000), Amount(4_000, 40_001))


def _lacks(limit: dict[str, int], balance: Balance, need: Amount) -> Shortfall | None:
    return shortfall([Limit(DAY, "client kim", **limit)], {DAY: balance}, need)


def test_what_is_set_aside_is_the_prompt_and_the_longest_answer() -> None:
    assert NEED.total == Amount(5_000, 42_001)


@pytest.mark.parametrize(
    ("seconds", "probable"),
    [
        (-5.0, Amount(1_000, 2_000)),
        (0.0, Amount(1_000, 2_000)),
        (4.0, Amount(2_000, 12_001)),
        (16.0, Amount(5_000, 42_001)),
        (1e9, Amount(5_000, 42_001)),
    ],
)
def test_what_nobody_has_counted_is_taken_for_a_share_of_that(seconds: float, probable: Amount) -> None:
    """A share of a nanodollar is a whole one: of two estimates the higher one is safe."""
    assert NEED.after(seconds) == probable


def test_an_answer_that_counts_nothing_costs_its_prompt() -> None:
    assert Need(Amount(7, 3), NOTHING).after(100.0) == Amount(7, 3)


@pytest.mark.parametrize(
    ("spent", "held", "need", "found"),
    [
        (0, 0, 100, None),
        (60, 40, 0, None),
        (60, 30, 10, None),
        (0, 0, 101, (100, 101, True)),
        (60, 30, 11, (10, 11, False)),
        (60, 30, 41, (10, 41, True)),
        (100, 0, 1, (0, 1, True)),
        (0, 100, 1, (0, 1, False)),
        (150, 0, 1, (0, 1, True)),
    ],
)
@pytest.mark.parametrize("unit", ["tokens", "usd"])
def test_a_limit_holds_for_what_is_spent_set_aside_and_wanted_together(
    unit: str, spent: int, held: int, need: int, found: Any
) -> None:
    def of(number: int) -> Amount:
        return Amount(tokens=number) if unit == "tokens" else Amount(nanos=number)

    limit = {"tokens" if unit == "tokens" else "nanos": 100}
    lacking = _lacks(limit, Balance(of(spent), of(held)), of(need))
    assert (None if lacking is None else (lacking.left, lacking.needed, lacking.is_lasting)) == found
    assert lacking is None or lacking.unit == unit


def test_what_costs_nothing_is_not_kept_from_those_without_dollars() -> None:
    assert _lacks({"nanos": 0}, Balance(), Amount(tokens=1_000_000)) is None
    assert _lacks({"nanos": 0}, Balance(Amount(nanos=5)), Amount(tokens=1)) is None
    assert _lacks({"nanos": 0}, Balance(), Amount(nanos=1)) is not None


def test_a_fund_of_which_nothing_is_known_is_untouched() -> None:
    limit = Limit(DAY, "client kim", tokens=10)
    assert shortfall([limit], {}, Amount(tokens=10)) is None
    assert shortfall([limit], {}, Amount(tokens=11)) is not None


def test_of_several_limits_the_one_that_lasts_longest_is_told() -> None:
    limits = [Limit(DAY, "kim", tokens=10), Limit(LATER, "team", tokens=10)]
    spent, held = Balance(spent=Amount(tokens=10)), Balance(held=Amount(tokens=10))
    for balances, title in [
        ({DAY: spent, LATER: spent}, "team"),
        ({DAY: held, LATER: spent}, "team"),
        ({DAY: spent, LATER: held}, "kim"),
        ({DAY: held, LATER: held}, "team"),
        ({DAY: spent}, "kim"),
    ]:
        for order in (limits, limits[::-1]):
            lacking = shortfall(order, balances, Amount(tokens=1))
            assert lacking is not None
            assert lacking.limit.title == title


def test_funds_of_other_periods_kinds_or_names_are_others() -> None:
    funds = [
        DAY,
        Fund("client", "kim", "day", 2_000, 3_000),
        Fund("client", "kim", "hour", 1_000, 2_000),
        Fund("named", "kim", "day", 1_000, 2_000),
        Fund("client", "Kim", "day", 1_000, 2_000),
        Fund("client", "day kim", "day", 1_000, 2_000),
    ]
    assert len({fund.key for fund in funds}) == len(funds)
