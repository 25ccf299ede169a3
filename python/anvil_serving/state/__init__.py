"""What the workers of one machine share."""

from __future__ import annotations

from anvil_serving.state.board import Board, Lock, Row
from anvil_serving.state.budget import NANOS, NOTHING, Amount, Balance, Fund, Kind, Limit, Need, Shortfall, shortfall
from anvil_serving.state.budget_store import BudgetStore, Hold

__all__ = [
    "NANOS",
    "NOTHING",
    "Amount",
    "Balance",
    "Board",
    "BudgetStore",
    "Fund",
    "Hold",
    "Kind",
    "Limit",
    "Lock",
    "Need",
    "Row",
    "Shortfall",
    "shortfall",
]
