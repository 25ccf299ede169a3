"""Whether tiers can serve, asked when somebody wants to know."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anvil_serving.upstream.switchboard import Switchboard
    from anvil_serving.upstream.tier import Tier, Tiers

__all__ = ["Health"]

_KEPT_SECONDS = 2.0
"""For how long an answer is given again: a load balancer's probes must not become load for the tiers."""
_PROBE_SECONDS = 3.0


class Health:
    """Asks each tier for its list of models; a tier that answers below 500 can be reached."""

    def __init__(self, tiers: Tiers, switchboard: Switchboard) -> None:
        self._tiers = tiers
        self._switchboard = switchboard
        self._states: dict[str, bool] = {}
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None

    async def states(self) -> dict[str, bool]:
        """Each tier's id, and whether one of its replicas can be reached. At most two seconds old."""
        now = asyncio.get_running_loop().time()
        if self._asked_at is None or now - self._asked_at > _KEPT_SECONDS:
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask_all())
            await asyncio.shield(self._asking)
        return self._states

    async def _ask_all(self) -> None:
        answers = await asyncio.gather(*(self._can_serve(tier) for tier in self._tiers))
        self._states = dict(zip((tier.id for tier in self._tiers), answers, strict=True))
        self._asked_at = asyncio.get_running_loop().time()

    async def _can_serve(self, tier: Tier) -> bool:
        for replica in tier.replicas:
            attempt = self._switchboard.engine.ask(replica.endpoint, "/models")
            try:
                async with asyncio.timeout(_PROBE_SECONDS):
                    _, outcome = await self._switchboard.outcome(attempt)
            except TimeoutError:
                continue
            if outcome.failure is None or (outcome.status is not None and outcome.status < 500):
                return True
        return False
