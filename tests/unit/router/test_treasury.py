from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from anvil_serving import config
from anvil_serving.errors import BudgetSpent, BudgetsUnavailable, Overloaded, UnknownBudget
from anvil_serving.router.budget import UNLIMITED, Purse, Reckoning
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.fallback import BUDGET_HELD, BUDGET_SPENT, BUDGET_UNKNOWN, FailedAttempt
from anvil_serving.router.treasury import Treasury, budgets_path, unpaid
from anvil_serving.state import Amount, Balance, Fund, Limit, Shortfall, shortfall
from anvil_serving.upstream import Calibration, Request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = {"model": "any", "messages": [{"role": "user", "content": "say something"}]}
RECKONING = Reckoning(Calibration(), {}, answer_tokens=1_000)


class _Asking(NamedTuple):
    request_headers: dict[bytes, bytes]
    caller: Caller = ANYBODY


@contextlib.asynccontextmanager
async def _treasury(path: Path, **settings: Any) -> AsyncIterator[Treasury]:
    treasury = Treasury(config.Budget(path=str(path), **settings), [], RECKONING)
    treasury.start()
    try:
        yield treasury
    finally:
        treasury.close()


def _purse(path: Path, headers: dict[str, str] | None = None, body: Any = None, **settings: Any) -> Purse:
    """What a request may use."""
    data = json.dumps(BODY if body is None else body).encode()
    request = Request.decode("chat", data) if body is None else Request.decode_unread(data)
    asking = _Asking({name.encode(): value.encode() for name, value in (headers or {}).items()})

    async def ask() -> Purse:
        async with _treasury(path, **settings) as treasury:
            return (await treasury.hear(request, asking)).purse

    return asyncio.run(ask())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budgets.sqlite3"


def test_without_a_limit_there_is_nothing_to_wait_for_and_no_file(path: Path) -> None:
    assert _purse(path) is UNLIMITED
    assert not path.exists()


def test_who_names_no_budget_waits_for_none(path: Path) -> None:
    team = {"team": config.NamedBudget(tokens=5)}
    assert _purse(path, named=team) is UNLIMITED
    assert [limit.title for limit in _purse(path, {"x-anvil-budget": "team"}, named=team).limits] == ["budget team"]


@pytest.mark.parametrize("settings", [{}, {"client_tokens": 5}])
def test_a_budget_that_there_is_not_is_refused_whether_there_are_any_or_not(
    path: Path, settings: dict[str, Any]
) -> None:
    with pytest.raises(UnknownBudget):
        _purse(path, {"x-anvil-budget": "team"}, **settings)


def test_the_session_is_the_callers_own_or_the_conversation(path: Path) -> None:
    [nameless] = _purse(path, session_tokens=5).limits
    assert nameless.fund.name.startswith("\nprefix:")
    [named] = _purse(path, {"x-session-id": "mine"}, session_tokens=5).limits
    assert named.fund.name == "\nmine"
    assert _purse(path, body={"input": "no conversation"}, session_tokens=5) is UNLIMITED


def test_where_nobody_can_say_what_is_left_a_limit_of_tokens_refuses_and_one_of_dollars_goes_on_blind(
    tmp_path: Path,
) -> None:
    with pytest.raises(BudgetsUnavailable):
        _purse(tmp_path, client_tokens=5)
    blind = _purse(tmp_path, client_usd=5.0)
    assert not blind.is_known
    assert blind.limits_usd


def test_the_file_lies_where_state_belongs() -> None:
    assert budgets_path(config.Budget(), {"XDG_STATE_HOME": "/state"}) == Path("/state/anvil-serving/budgets.sqlite3")
    assert budgets_path(config.Budget(path="~/b"), {}) == Path.home() / "b"


# ── why nobody answered ──────────────────────────────────────────────────────────────────────────────────────────────


def _lacking(*, is_lasting: bool = True) -> Shortfall:
    limit = Limit(Fund("client", "kim", "day", 0, 2**31), "kim", tokens=1)
    used = Balance(Amount(1)) if is_lasting else Balance(held=Amount(1))
    found = shortfall([limit], {limit.fund: used}, Amount(1))
    assert found is not None
    return found


def _failed(*labels: str) -> list[FailedAttempt]:
    return [FailedAttempt("tier", label) for label in labels]


@pytest.mark.parametrize("labels", [(), (BUDGET_SPENT,), (BUDGET_SPENT, BUDGET_UNKNOWN)])
def test_where_only_budgets_were_in_the_way_that_is_the_error(labels: tuple[str, ...]) -> None:
    assert isinstance(unpaid(_lacking(), _failed(*labels), "chat"), BudgetSpent)
    assert isinstance(unpaid(_lacking(is_lasting=False), _failed(BUDGET_HELD), "chat"), Overloaded)


def test_where_something_else_was_too_it_is_not() -> None:
    assert unpaid(_lacking(), _failed(BUDGET_SPENT, "refused"), "chat") is None
    assert unpaid(None, _failed("refused"), "chat") is None
    assert unpaid(None, (), "chat") is None
