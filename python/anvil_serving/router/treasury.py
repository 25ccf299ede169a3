"""The budgets of one worker: what a request may use, as it comes, and the error where that is too little."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.errors import BudgetsUnavailable
from anvil_serving.files import own_folder
from anvil_serving.router.budget import Budgets, Purse, budget_refusal
from anvil_serving.router.decide import hear
from anvil_serving.router.fallback import BUDGET_HELD, BUDGET_SPENT, BUDGET_UNKNOWN
from anvil_serving.router.spending import Spending
from anvil_serving.state import BudgetStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving import config
    from anvil_serving.errors import RequestError
    from anvil_serving.router.budget import Reckoning
    from anvil_serving.router.decide import Asking, Decided, Heard
    from anvil_serving.router.fallback import FailedAttempt
    from anvil_serving.state import Limit, Shortfall
    from anvil_serving.upstream import Request

__all__ = ["Treasury", "budgets_path", "unpaid"]

_UNPAID = {BUDGET_SPENT, BUDGET_HELD, BUDGET_UNKNOWN}


class Treasury:
    """Without a limit in the configuration there is no file and no thread, and nothing is waited for."""

    def __init__(self, settings: config.Budget, clients: Sequence[config.Client], reckoning: Reckoning) -> None:
        self._budgets = Budgets(settings, clients)
        self._reckoning = reckoning
        self._store = BudgetStore(budgets_path(settings, os.environ)) if self._budgets.are_any else None

    def start(self) -> None:
        """Begins to keep what is used. In the process that serves, within its loop."""
        if self._store is not None:
            self._store.start()

    def close(self) -> None:
        """Writes what is left to be charged, within seconds."""
        if self._store is not None:
            self._store.close()

    async def hear(self, request: Request, asking: Asking) -> Heard:
        """What a request says of itself, and what it may use.

        Raises as `decide.hear` does, `UnknownBudget`, and `BudgetsUnavailable` where tokens are limited and nobody can
        say what is left.
        """
        heard = hear(request, asking)
        if self._store is None and not heard.narrowed.budgets:
            return heard
        session, named = heard.session_or_conversation, heard.narrowed.budgets
        limits = self._budgets.limits(asking.caller, session, named, time.time())
        if self._store is None or not limits:
            return heard
        return msgspec.structs.replace(heard, purse=await self._purse(self._store, limits))

    @staticmethod
    async def _purse(store: BudgetStore, limits: tuple[Limit, ...]) -> Purse:
        try:
            return Purse(limits, await store.look([limit.fund for limit in limits]))
        except BudgetsUnavailable:
            blind = Purse(limits, is_known=False)
            if blind.limits_tokens:
                raise
            return blind

    def spending(self, decided: Decided) -> Spending | None:
        """What an exchange takes of its budgets; None: it has none."""
        if self._store is None or not decided.purse.limits:
            return None
        return Spending(self._store, self._reckoning, decided.purse, decided.needs)


def budgets_path(settings: config.Budget, environ: Mapping[str, str]) -> Path:
    """The file's path: the configuration's, else in the user's state folder (XDG Base Directory Specification)."""
    if settings.path is not None:
        return Path(settings.path).expanduser()
    return own_folder(environ, "XDG_STATE_HOME") / "budgets.sqlite3"


def unpaid(lacking: Shortfall | None, failed: Sequence[FailedAttempt], dialect: str) -> RequestError | None:
    """The error where budgets alone are why nobody has answered; None: they are not.

    `lacking`: what there was too little of, if it was; `failed`: the attempts that failed.
    """
    if lacking is None or any(attempt.label not in _UNPAID for attempt in failed):
        return None
    return budget_refusal(lacking, dialect, time.time())
