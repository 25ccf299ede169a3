"""What happened to each request: recorded, kept, priced, explained and summed up.

record -> store (queue, thread) -> file -> table        written behind the responses
table -> reader -> explain, report, export              read by commands and by the router's own pages
prices -> what tokens cost
"""

from __future__ import annotations

from .explain import explain
from .location import log_path
from .prices import Price, PriceList, cost
from .reader import BadCursor, DecisionPage, DecisionReader, Filters, LogMissing, LogUnavailable, QuestionTooDear
from .record import Attempt, Candidate, Decision, Facts, Feature, Result
from .store import DecisionLog, LogStatus

__all__ = [
    "Attempt",
    "BadCursor",
    "Candidate",
    "Decision",
    "DecisionLog",
    "DecisionPage",
    "DecisionReader",
    "Facts",
    "Feature",
    "Filters",
    "LogMissing",
    "LogStatus",
    "LogUnavailable",
    "Price",
    "PriceList",
    "QuestionTooDear",
    "Result",
    "cost",
    "explain",
    "log_path",
]
