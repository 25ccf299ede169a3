"""The routing core: what may happen to a request. Pure but for what it is given."""

from __future__ import annotations

from anvil_serving.router.offered import OfferedModel
from anvil_serving.router.pipeline import Client, Opening, Router, error_answer
from anvil_serving.router.plan import Head, Plan, PlannedAttempt
from anvil_serving.upstream import Arrival

__all__ = ["Arrival", "Client", "Head", "OfferedModel", "Opening", "Plan", "PlannedAttempt", "Router", "error_answer"]
