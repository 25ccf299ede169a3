"""Silent failures: answers that nothing was wrong with, until the caller reported that a call in them had failed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from .record import Decision

__all__ = ["REMEMBERED_CALLS", "OpenCalls"]

REMEMBERED_CALLS: Final = 100_000
"""Ids of tool calls kept while their results are awaited, some 30 MB; the oldest are forgotten first."""

Answer = TypeVar("Answer")


class OpenCalls(Generic[Answer]):
    """Which answer a tool call was in. Decisions are to be given in the order of time."""

    def __init__(self) -> None:
        # By client and session too: some engines number the calls of every conversation from zero.
        self._answers: OrderedDict[tuple[str | None, str | None, str], Answer] = OrderedDict()

    def made(self, decision: Decision, answer: Answer) -> None:
        """Remembers the calls of an answer."""
        for call in decision.tool_calls:
            self._answers[decision.client, decision.session, call] = answer
        while len(self._answers) > REMEMBERED_CALLS:
            self._answers.popitem(last=False)

    def failed(self, decision: Decision) -> list[Answer]:
        """The answers whose calls this request reports as failed. A call is forgotten with that."""
        found = (
            self._answers.pop((decision.client, decision.session, call), None) for call in decision.failed_tool_calls
        )
        return [answer for answer in found if answer is not None]
