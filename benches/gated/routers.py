"""The router under measure: before two tiers, with one window for all answers and the checks that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.integration.router import RouterProcess, tier_config

from anvil_serving import config
from gated.ends import PRESET

if TYPE_CHECKING:
    from collections.abc import Collection

    from gated.ends import Tier

CHECKS = tuple(name for name in config.Verify.__struct_fields__ if name not in {"min_mean_logprob", "repair"})
"""The checks of `[router.verify]`, each a switch."""
_PATIENT = {"connect": 2.0, "first_byte": 30.0, "idle": 30.0, "total": 60.0}
_CALM = {"breaker_failures": "off", "retry_share": 1.0}
"""No answer finds a tier as the one before has left it."""


def router(window: str, first: Tier, second: Tier, checks: Collection[str] = CHECKS) -> RouterProcess:
    """A router that is not started yet."""
    tiers = [
        tier_config(name, tier.url, timeouts=_PATIENT, dialects=["openai"])
        for name, tier in (("first", first), ("second", second))
    ]
    verify = {name: name in checks for name in CHECKS}
    settings = {"window": {"allow": window, "allow_with_verify": window}, "fallback": _CALM, "verify": verify}
    return RouterProcess(tiers, {PRESET: ["first", "second"]}, router=settings, is_checked=True)
