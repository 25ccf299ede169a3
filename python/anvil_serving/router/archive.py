"""The decisions of this router: kept behind the answers, and shown to those who may see them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, TypeVar

import msgspec

from anvil_serving.decisions import BadCursor, DecisionLog, DecisionReader, LogMissing, LogUnavailable, log_path
from anvil_serving.errors import DecisionsUnavailable, Malformed, UnknownDecision

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving import config
    from anvil_serving.decisions import Decision, Filters
    from anvil_serving.router.caller import Caller

_Read = TypeVar("_Read")

__all__ = ["DecisionArchive"]

_AT_ONCE = 1
"""Reads that run at the same time: each takes a core from the answers."""
_WAITING = 8
"""Reads that wait for that; further ones are told to come again."""
_READ_SECONDS = 1.0
"""How long one may take."""
_COME_AGAIN = 2
# The path and SQLite's words are the operator's, who finds them with the command.
_UNAVAILABLE = (
    "the log of decisions cannot be read now, or not that much of it at once: narrow it by `since`; "
    "`anvil-serving decisions list` on the router's machine says more"
)


class DecisionArchive:
    """The log of one worker, and a way to read what all workers have written."""

    def __init__(self, settings: config.Decisions) -> None:
        self._log: DecisionLog | None = None
        self._reads = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0
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

    async def find(self, decision_id: str, caller: Caller) -> bytes:
        """One decision as JSON, by its id or its request's; a client finds its own alone.

        Raises `UnknownDecision` and `DecisionsUnavailable`.
        """

        def read(reader: DecisionReader) -> bytes:
            found = reader.get(decision_id, caller.name)
            return b"" if found is None else msgspec.json.encode(found)

        found = await self._reading(read, missing=b"")
        if not found:
            raise UnknownDecision(
                "no decision is kept under this id: it is written within a second of the answer's end"
            )
        return found

    async def page(self, filters: Filters, caller: Caller, *, limit: int, cursor: str | None) -> bytes:
        """Decisions as JSON, the newest first; a client sees its own alone.

        Raises `Malformed` for a cursor that no page gave out, and `DecisionsUnavailable`.
        """
        if caller.name is not None:
            filters = msgspec.structs.replace(filters, client=caller.name)

        def read(reader: DecisionReader) -> bytes:
            return msgspec.json.encode(reader.page(filters, limit=limit, cursor=cursor))

        return await self._reading(read, missing=b'{"decisions":[],"next":null,"unreadable":0}')

    async def _reading(self, read: Callable[[DecisionReader], _Read], *, missing: _Read) -> _Read:
        """What `read` makes of the log, in a thread; `missing` where there is none yet."""
        if self._log is None:
            raise DecisionsUnavailable("decisions are not kept here: [decisions] enabled is false")
        if self._waiting >= _WAITING:
            raise DecisionsUnavailable(_UNAVAILABLE, retry_after=_COME_AGAIN)
        self._waiting += 1
        try:
            async with self._reads:
                return await asyncio.to_thread(self._read, self._log, read, missing)
        finally:
            self._waiting -= 1

    @staticmethod
    def _read(log: DecisionLog, read: Callable[[DecisionReader], _Read], missing: _Read) -> _Read:
        try:
            with DecisionReader(log.path, _READ_SECONDS) as reader:
                return read(reader)
        except LogMissing:
            return missing
        except BadCursor as error:
            raise Malformed(str(error), param="after") from None
        except LogUnavailable as error:
            raise DecisionsUnavailable(_UNAVAILABLE, retry_after=_COME_AGAIN) from error
