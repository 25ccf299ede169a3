"""The decisions of this router: kept behind the answers, and shown to those who may see them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.decisions import (
    BadCursor,
    DecisionLog,
    DecisionPage,
    DecisionReader,
    LogMissing,
    LogUnavailable,
    log_path,
)
from anvil_serving.errors import DecisionsUnavailable, Malformed, UnknownDecision

if TYPE_CHECKING:
    from anvil_serving import config
    from anvil_serving.decisions import Decision, Filters
    from anvil_serving.router.caller import Caller

__all__ = ["DecisionArchive"]


class DecisionArchive:
    """The log of one worker, and a way to read what all workers have written."""

    def __init__(self, settings: config.Decisions) -> None:
        self._log: DecisionLog | None = None
        if settings.enabled:
            path = log_path(settings, os.environ)
            self._log = DecisionLog(path, keep_days=settings.keep_days, keep_mib=settings.keep_mib)

    def start(self) -> None:
        """Begins to write. In the process that serves."""
        if self._log is not None:
            self._log.start()

    def close(self) -> None:
        """Writes what is left, within seconds."""
        if self._log is not None:
            self._log.close()

    def add(self, decision: Decision) -> None:
        """Has a decision written soon; never waits."""
        if self._log is not None:
            self._log.add(decision)

    async def find(self, decision_id: str, caller: Caller) -> Decision:
        """One decision, by its id or its request's.

        A client sees its own alone. Raises `UnknownDecision` and `DecisionsUnavailable`.
        """
        found = await asyncio.to_thread(self._find, decision_id)
        if found is None or (caller.name is not None and found.client != caller.name):
            raise UnknownDecision(
                "no decision is kept under this id: it is written within a second of the answer's end"
            )
        return found

    async def page(self, filters: Filters, caller: Caller, *, limit: int, cursor: str | None) -> DecisionPage:
        """Decisions, the newest first; a client sees its own alone.

        Raises `Malformed` for a cursor that no page gave out, and `DecisionsUnavailable`.
        """
        if caller.name is not None:
            filters = msgspec.structs.replace(filters, client=caller.name)
        return await asyncio.to_thread(self._page, filters, limit, cursor)

    def _find(self, decision_id: str) -> Decision | None:
        try:
            with self._reader() as reader:
                return reader.get(decision_id)
        except LogMissing:
            return None
        except LogUnavailable as error:
            raise DecisionsUnavailable(_UNAVAILABLE) from error

    def _page(self, filters: Filters, limit: int, cursor: str | None) -> DecisionPage:
        try:
            with self._reader() as reader:
                return reader.page(filters, limit=limit, cursor=cursor)
        except LogMissing:
            return DecisionPage((), None)
        except BadCursor as error:
            raise Malformed(str(error), param="after") from None
        except LogUnavailable as error:
            raise DecisionsUnavailable(_UNAVAILABLE) from error

    def _reader(self) -> DecisionReader:
        if self._log is None:
            raise DecisionsUnavailable("decisions are not kept here: [decisions] enabled is false")
        return DecisionReader(self._log.path)


# The path and SQLite's words are the operator's, who finds them with `anvil-serving decisions list`.
_UNAVAILABLE = (
    "the log of decisions cannot be read now; `anvil-serving decisions list` on the router's machine says why"
)
