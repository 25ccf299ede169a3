from __future__ import annotations

import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.policies import tier

from anvil_serving import config
from anvil_serving.decisions import Price
from anvil_serving.errors import BudgetSpent, Overloaded, UnknownBudget
from anvil_serving.router.budget import UNLIMITED, Budgets, Left, Purse, Reckoning, budget_refusal, sooner, span
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.needs import Needs
from anvil_serving.state import NANOS, NOTHING, Amount, Balance, Fund, Limit, Need, Shortfall, shortfall
from anvil_serving.upstream import Calibration, Tiers

if TYPE_CHECKING:
    from anvil_serving.upstream import Outcome, Tier

NOON = datetime.datetime(2026, 11, 25, 12, 30, 15, tzinfo=datetime.UTC).timestamp()
"""A Wednesday."""
FREE, DEAR = Price(0.0, 0.0, 0.0, 0.0), Price(2.0, 10.0, 0.5, 4.0)
KIM = Caller("kim")
TEMPLATE = 64
"""Tokens that a chat template may add."""


def _budgets(clients: tuple[dict[str, Any], ...] = (), **settings: Any) -> Budgets:
    listed = [config.Client(name=str(each.pop("name")), auth_env="TOKEN", **each) for each in clients]
    return Budgets(config.Budget(**settings), listed)


def _limits(budgets: Budgets, caller: Caller = ANYBODY, session: str | None = None, *named: str) -> list[Any]:
    return [
        (limit.fund.kind, limit.fund.name, limit.tokens, limit.nanos)
        for limit in budgets.limits(caller, session, named, NOON)
    ]


# ── periods ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("period", "began", "ends"),
    [
        ("hour", "2026-11-25 12:00", "2026-11-25 13:00"),
        ("day", "2026-11-25 00:00", "2026-11-26 00:00"),
        ("week", "2026-11-23 00:00", "2026-11-30 00:00"),
        ("month", "2026-11-01 00:00", "2026-12-01 00:00"),
    ],
)
def test_a_period_is_the_calendars_in_utc(period: Any, began: str, ends: str) -> None:
    def seconds(text: str) -> float:
        return datetime.datetime.fromisoformat(f"{text}+00:00").timestamp()

    assert span(period, NOON) == (seconds(began), seconds(ends))


@given(st.sampled_from(["hour", "day", "week", "month"]), st.floats(0, 7_258_118_400))
def test_periods_follow_upon_one_another(period: Any, now: float) -> None:
    began, ends = span(period, now)
    assert began <= now < ends
    assert span(period, began) == (began, ends)
    assert span(period, ends)[0] == ends
    assert span(period, began - 0.001)[1] == began


# ── which limits hold ────────────────────────────────────────────────────────────────────────────────────────────────


def test_by_default_nothing_is_limited() -> None:
    budgets = _budgets(({"name": "kim"},))
    assert not budgets.are_any
    assert _limits(budgets, KIM, "s") == []


@pytest.mark.parametrize(
    "settings",
    [
        {"session_tokens": 5},
        {"session_usd": 5.0},
        {"client_tokens": 5},
        {"client_usd": 0.0},
        {"named": {"team": config.NamedBudget(usd=1.0)}},
    ],
)
def test_any_limit_is_one(settings: dict[str, Any]) -> None:
    assert _budgets(**settings).are_any


def test_a_named_budget_without_a_limit_is_none() -> None:
    budgets = _budgets(named={"team": config.NamedBudget()})
    assert not budgets.are_any
    assert _limits(budgets, KIM, "s", "team") == []


def test_a_request_has_its_sessions_limits_its_clients_and_those_that_it_names() -> None:
    budgets = _budgets(
        session_tokens=10,
        session_usd=0.5,
        client_usd=2.0,
        named={"team": config.NamedBudget(tokens=7), "other": config.NamedBudget(tokens=8)},
    )
    assert _limits(budgets, KIM, "s", "team", "team") == [
        ("session", "kim\ns", 10, NANOS // 2),
        ("client", "kim", None, 2 * NANOS),
        ("named", "team", 7, None),
    ]
    assert _limits(budgets, KIM) == [("client", "kim", None, 2 * NANOS)]


def test_sessions_of_one_name_are_their_clients_own() -> None:
    budgets = _budgets(session_tokens=10)
    [mine], [yours], [nobodys] = (budgets.limits(caller, "s", (), NOON) for caller in (KIM, Caller("robin"), ANYBODY))
    assert len({mine.fund.key, yours.fund.key, nobodys.fund.key}) == 3


def test_a_clients_own_limits_hold_instead() -> None:
    clients = (
        {"name": "kim", "budget_tokens": 5},
        {"name": "robin", "budget_usd": "off", "budget_tokens": "off"},
        {"name": "ci", "budget_usd": 0.25},
    )
    budgets = _budgets(clients, client_tokens=100, client_usd=1.0)
    assert _limits(budgets, KIM) == [("client", "kim", 5, NANOS)]
    assert _limits(budgets, Caller("robin")) == []
    assert _limits(budgets, Caller("ci")) == [("client", "ci", 100, NANOS // 4)]
    assert _limits(budgets) == [("client", "", 100, NANOS)]
    alone = _budgets(({"name": "kim", "budget_tokens": 5},))
    assert alone.are_any
    assert _limits(alone) == []


def test_a_budget_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    team, ours = config.NamedBudget(tokens=1), config.NamedBudget(tokens=1, clients=("kim",))
    budgets = _budgets(named={"team": team, "ours": ours})
    assert [limit[1] for limit in _limits(budgets, KIM, None, "ours", "team")] == ["ours", "team"]
    for caller in (ANYBODY, Caller("robin")):
        with pytest.raises(UnknownBudget, match=r"no budget 'ours' here: there are team$"):
            budgets.limits(caller, None, ("ours",), NOON)
    with pytest.raises(UnknownBudget, match=r"no budget 'Team' here: there are team, ours$"):
        budgets.limits(KIM, None, ("Team",), NOON)


# ── what an answer may come to, and what it came to ──────────────────────────────────────────────────────────────────


def _tier(tier_id: str = "cloud", **more: Any) -> Tier:
    return Tiers(config.Router(tiers=(tier(tier_id, **more),)), {})[tier_id]


def _reckoning(price: Price | None = DEAR, calibration: Calibration | None = None) -> Reckoning:
    return Reckoning(calibration or Calibration(), {"cloud": price}, answer_tokens=1_000)


@pytest.mark.parametrize(
    ("needs", "settings", "answer"),
    [
        (Needs(100, 50, is_capped=True), {}, 50),
        (Needs(100, 50, is_capped=False), {}, 1_000),
        (Needs(100, 500_000, is_capped=True), {}, 100_000),
        (Needs(100, 50, is_capped=True), {"max_output_tokens": 30}, 30),
        (Needs(100, 50, is_capped=False), {"max_output_tokens": 30}, 30),
        (Needs(100, 50, is_capped=True, answers=3), {}, 150),
        (Needs(100, 50, is_capped=False, answers=0), {}, 0),
    ],
)
def test_an_answer_may_be_as_long_as_its_cap_or_as_the_settings_say(
    needs: Needs, settings: dict[str, Any], answer: int
) -> None:
    need = _reckoning().need(_tier(**settings), needs)
    assert (need.prompt.tokens, need.answer.tokens) == (100 + TEMPLATE, answer)


def test_a_prompt_is_reckoned_at_the_price_of_writing_it_to_a_cache() -> None:
    need = _reckoning().need(_tier(), Needs(100, 50, is_capped=True))
    assert need == Need(Amount(164, 164 * 4_000), Amount(50, 50 * 10_000))
    assert _reckoning(FREE).need(_tier(), Needs(100, 50, is_capped=True)).total == Amount(214, 0)
    assert _reckoning(None).need(_tier(), Needs(100, 50, is_capped=True)).total == Amount(214, 0)


def test_a_tier_that_counts_more_is_reckoned_by_its_count_and_one_that_counts_less_is_not() -> None:
    for counted, reckoned in ((600, 1_500), (200, 1_000)):
        calibration = Calibration()
        calibration.observe("cloud", 400, counted)
        assert _reckoning(calibration=calibration).need(_tier(), Needs(1_000)).prompt.tokens == reckoned + TEMPLATE


NEED = Need(Amount(1_000, 4_000_000), Amount(4_000, 40_000_000))


def _ended(**more: Any) -> Outcome:
    said = ("failure", "status", "input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    return cast("Outcome", SimpleNamespace(**dict.fromkeys((*said, "first_byte_seconds")) | more))


@pytest.mark.parametrize(
    ("outcome", "seconds", "amount"),
    [
        # As counted, at the price of each kind of token; whether it was any good or not.
        ({"input_tokens": 900, "output_tokens": 70}, 9.0, Amount(970, 900 * 2_000 + 70 * 10_000)),
        ({"input_tokens": 900, "output_tokens": 70, "failure": "repetition"}, 9.0, Amount(970, 2_500_000)),
        ({"input_tokens": 900, "output_tokens": 0, "cached_tokens": 800}, 9.0, Amount(900, 100 * 2_000 + 800 * 500)),
        # Nobody has counted: 250 tokens a second.
        ({"first_byte_seconds": 0.1}, 2.0, Amount(1_500, 9_000_000)),
        ({"first_byte_seconds": 0.1, "failure": "stream_cut"}, 2.0, Amount(1_500, 9_000_000)),
        ({"first_byte_seconds": 0.1, "failure": "repetition"}, 2_000.0, NEED.total),
        # The prompt was counted when the answer began.
        ({"first_byte_seconds": 0.1, "failure": "repetition", "input_tokens": 900}, 2.0, Amount(1_400, 6_800_000)),
        # No byte has come.
        ({"failure": "first_byte_timeout"}, 100.0, NEED.prompt),
        ({"failure": "reset"}, 100.0, NEED.prompt),
        ({"failure": "refused"}, 1.0, Amount()),
        ({"failure": "status", "status": 500}, 1.0, Amount()),
        ({"failure": "status", "status": 429}, 1.0, Amount()),
        # Absurd counts are none.
        ({"input_tokens": -5, "output_tokens": 70, "first_byte_seconds": 0.1}, 2.0, Amount(1_500, 9_000_000)),
        ({"input_tokens": 10**12, "output_tokens": 70, "first_byte_seconds": 0.1}, 2.0, Amount(1_500, 9_000_000)),
    ],
)
def test_an_attempt_is_charged_as_it_was_counted_else_as_is_likely(
    outcome: dict[str, Any], seconds: float, amount: Amount
) -> None:
    assert _reckoning().spent(_tier(), NEED, _ended(**outcome), seconds) == amount


def test_an_attempt_that_was_not_waited_for_is_charged_as_is_likely() -> None:
    assert _reckoning().spent(_tier(), NEED, None, 2.0) == Amount(1_500, 9_000_000)


def test_without_a_price_tokens_are_charged_all_the_same() -> None:
    assert _reckoning(None).spent(_tier(), NEED, _ended(input_tokens=900, output_tokens=70), 1.0) == Amount(970)


def test_less_than_a_nanodollar_is_one() -> None:
    tiny = Price(0.0001, 0.0001, 0.0001, 0.0001)
    assert _reckoning(tiny).spent(_tier(), NEED, _ended(input_tokens=1, output_tokens=0), 1.0) == Amount(1, 1)


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.floats(0, 1e6), st.booleans())
def test_no_estimate_is_higher_than_what_was_set_aside(prompt: int, cap: int, seconds: float, begun: bool) -> None:
    reckoning = _reckoning()
    need = reckoning.need(_tier(), Needs(prompt, cap, is_capped=True))
    for outcome in (None, _ended(failure="stream_cut", first_byte_seconds=0.1 if begun else None)):
        spent = reckoning.spent(_tier(), need, outcome, seconds)
        assert need.prompt.tokens <= spent.tokens <= need.total.tokens
        assert need.prompt.nanos <= spent.nanos <= need.total.nanos


# ── what a tier is closed for ────────────────────────────────────────────────────────────────────────────────────────


def _limit(period: Any = "day", **most: Any) -> Limit:
    return Limit(Fund("client", "kim", period, *span(period, NOON)), "client kim", **most)


def _purse(limit: Limit, spent: Amount = NOTHING, held: Amount = NOTHING, **more: Any) -> Purse:
    return Purse((limit,), {limit.fund: Balance(spent, held)}, **more)


COSTS = Need(Amount(1_000, NANOS), Amount(500, NANOS))
COSTS_NOTHING = Need(Amount(1_000), Amount(500))


def test_without_a_limit_no_tier_is_closed() -> None:
    assert UNLIMITED.why_closed(COSTS, DEAR) is None
    assert UNLIMITED.why_closed(COSTS, None) is None
    assert UNLIMITED.left == ()


def test_spent_dollars_close_the_tiers_that_cost_some() -> None:
    purse = _purse(_limit(nanos=3 * NANOS), spent=Amount(nanos=2 * NANOS))
    unpaid = purse.why_closed(COSTS, DEAR)
    assert unpaid is not None
    assert unpaid.reason == (
        "client kim has $1.0000 left of $3.0000 this day, and this may take $2.0000; it renews at 2026-11-26 00:00 UTC"
    )
    assert purse.why_closed(COSTS_NOTHING, FREE) is None
    assert purse.limits_usd
    assert not purse.limits_tokens


def test_spent_tokens_close_all() -> None:
    purse = _purse(_limit(tokens=10_000), spent=Amount(9_000))
    for need, price in ((COSTS, DEAR), (COSTS_NOTHING, FREE), (COSTS_NOTHING, None)):
        unpaid = purse.why_closed(need, price)
        assert unpaid is not None
        assert unpaid.reason.startswith("client kim has 1,000 tokens left of 10,000 tokens this day, and this may take")


def test_what_others_have_set_aside_is_told_as_that() -> None:
    unpaid = _purse(_limit(tokens=2_000), held=Amount(1_000)).why_closed(COSTS_NOTHING, FREE)
    assert unpaid is not None
    assert unpaid.reason.endswith("the rest is set aside for others now")


def test_where_dollars_are_limited_a_price_has_to_be_known() -> None:
    unpaid = _purse(_limit(nanos=NANOS)).why_closed(COSTS_NOTHING, None)
    assert unpaid is not None
    assert (unpaid.reason, unpaid.lacking) == ("its price is not known, and what may be spent has a limit", None)


def test_where_nobody_can_say_what_is_left_nothing_may_cost_anything() -> None:
    purse = Purse((_limit(nanos=100 * NANOS),), is_known=False)
    unpaid = purse.why_closed(COSTS, DEAR)
    assert unpaid is not None
    assert "cannot be read" in unpaid.reason
    assert purse.why_closed(COSTS_NOTHING, FREE) is None


def test_what_is_left_is_what_is_neither_spent_nor_set_aside() -> None:
    limit = _limit(tokens=1_000, nanos=NANOS)
    assert _purse(limit, Amount(300, NANOS // 4), Amount(200, NANOS // 4)).left == (
        Left("client kim", 500, 0.5, limit.fund.ends),
    )
    assert _purse(_limit(tokens=10), Amount(300, 5)).left == (Left("client kim", 0, None, limit.fund.ends),)


# ── what the caller is told ──────────────────────────────────────────────────────────────────────────────────────────


def _lacking(period: Any = "day", *, is_lasting: bool = True, unit: str = "tokens") -> Shortfall:
    most = {"tokens": 10} if unit == "tokens" else {"nanos": 10}
    used = Balance(Amount(10, 10)) if is_lasting else Balance(held=Amount(10, 10))
    limit = _limit(period, **most)
    found = shortfall([limit], {limit.fund: used}, Amount(1, 1))
    assert found is not None
    return found


@pytest.mark.parametrize("dialect", ["messages", "chat", "responses"])
def test_what_is_spent_is_429_until_it_renews(dialect: str) -> None:
    ends = span("day", NOON)[1]
    for now, seconds in ((ends - 7_200.5, 7_201), (ends - 59.5, 60), (ends - 0.2, 1), (ends + 5.0, 1)):
        error = budget_refusal(_lacking(), dialect, now)
        assert isinstance(error, BudgetSpent)
        assert (error.status, error.kind) == (429, "rate_limited")
        assert "client kim has 0 tokens left of 10 tokens this day" in str(error)
        # Codex would wait for hours; it gives up where it is not told for how long.
        assert error.retry_after == (None if dialect == "responses" and seconds > 60 else seconds)


@pytest.mark.parametrize(("dialect", "status"), [("messages", 529), ("chat", 503), ("responses", 503)])
def test_what_is_only_set_aside_is_worth_trying_again(dialect: str, status: int) -> None:
    error = budget_refusal(_lacking(is_lasting=False), dialect, NOON)
    assert isinstance(error, Overloaded)
    assert (error.status, error.retry_after) == (status, 5)


def test_of_two_closed_tiers_the_one_that_opens_first_is_told() -> None:
    hour, day, held = _lacking("hour"), _lacking("day"), _lacking("month", is_lasting=False)
    assert sooner(None, None) is None
    assert sooner(None, day) is day
    assert sooner(day, None) is day
    assert sooner(day, hour) is sooner(hour, day) is hour
    assert sooner(hour, held) is sooner(held, hour) is held
