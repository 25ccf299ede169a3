"""Tiers and replicas: where they are, what they are told, and the attempts that run on them."""

from __future__ import annotations

from anvil_serving._core import Attempt, Checks, Facts, Opening, Outcome, Phrases, Request
from anvil_serving.upstream.calibration import Calibration
from anvil_serving.upstream.health import Health
from anvil_serving.upstream.switchboard import AbandonedError, Arrival, Switchboard, Wait
from anvil_serving.upstream.tier import Replica, Tier, Tiers, UnknownModelError
from anvil_serving.upstream.tokenizer import Tokenizer

__all__ = [
    "AbandonedError",
    "Arrival",
    "Attempt",
    "Calibration",
    "Checks",
    "Facts",
    "Health",
    "Opening",
    "Outcome",
    "Phrases",
    "Replica",
    "Request",
    "Switchboard",
    "Tier",
    "Tiers",
    "Tokenizer",
    "UnknownModelError",
    "Wait",
]
