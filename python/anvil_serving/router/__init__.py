"""The routing core: what may happen to a request. Pure but for what it is given."""

from __future__ import annotations

from anvil_serving.decisions import Filters
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.client import Client
from anvil_serving.router.decide import Decided
from anvil_serving.router.offered import OfferedModel
from anvil_serving.router.pipeline import Opening, Router, error_answer
from anvil_serving.router.plan import Head, Plan, PlannedAttempt
from anvil_serving.router.shared import Shared
from anvil_serving.upstream import Arrival

__all__ = [
    "ANYBODY",
    "Arrival",
    "Caller",
    "Client",
    "Decided",
    "Filters",
    "Head",
    "OfferedModel",
    "Opening",
    "Plan",
    "PlannedAttempt",
    "Router",
    "Shared",
    "error_answer",
]
