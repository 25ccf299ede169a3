"""Whether tiers can be reached: asked regularly, and when somebody wants to know."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving import config
    from anvil_serving.upstream.switchboard import Switchboard
    from anvil_serving.upstream.tier import Replica, Tiers

__all__ = ["Health"]

_log = logging.getLogger("anvil_serving.upstream")

_KEPT_SECONDS = 2.0
"""For how long an answer is given again: a load balancer's probes must not become load for the tiers."""


class Health:
    """Asks each address for its list of models; one that answers below 500 can be reached.

    It says nothing of how requests fare there.
    """

    def __init__(
        self,
        settings: config.Health,
        tiers: Tiers,
        switchboard: Switchboard,
        *,
        on_return: Callable[[Replica], None] = lambda _: None,
    ) -> None:
        """`on_return` is told of an address that can be reached again."""
        self._on_return = on_return
        self._interval = settings.interval_seconds
        self._timeout = settings.timeout
        self._tiers = tiers
        self._switchboard = switchboard
        self._asked_at: float | None = None
        self._asking: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def watch(self) -> None:
        """Asks at every interval from now on, until `close`."""
        if self._interval is not None:
            self._watching = asyncio.get_running_loop().create_task(self._watch(self._interval))

    def close(self) -> None:
        """Asks no more."""
        for task in (self._watching, self._asking):
            if task is not None:
                task.cancel()

    async def states(self) -> dict[str, bool]:
        """Each tier's id, and whether one of its replicas can be reached. At most two seconds old."""
        now = asyncio.get_running_loop().time()
        if self._asked_at is None or now - self._asked_at > _KEPT_SECONDS:
            await self._ask_once()
        return {tier.id: any(replica.is_reachable for replica in tier.replicas) for tier in self._tiers}

    async def _watch(self, interval: float) -> None:
        while True:
            await asyncio.sleep(interval)
            try:
                await self._ask_once()
            except Exception:  # noqa: BLE001 (whatever it is, the next check may go well; without one nothing is known)
                _log.exception("the tiers could not be checked")

    async def _ask_once(self) -> None:
        """Asks all, together with whoever asks meanwhile."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask_all())
        await asyncio.shield(self._asking)

    async def _ask_all(self) -> None:
        await asyncio.gather(*(self._check(replica) for tier in self._tiers for replica in tier.replicas))
        self._asked_at = asyncio.get_running_loop().time()

    async def _check(self, replica: Replica) -> None:
        is_reachable = await self._can_reach(replica)
        if is_reachable != replica.is_reachable:
            said = "can be reached again" if is_reachable else "cannot be reached: it is asked last until it can"
            _log.warning("tier %s, address %d: %s", replica.tier.id, replica.index + 1, said)
            if is_reachable:
                self._on_return(replica)
        replica.is_reachable = is_reachable

    async def _can_reach(self, replica: Replica) -> bool:
        attempt = self._switchboard.engine.ask(replica.endpoint, "/models")
        try:
            async with asyncio.timeout(self._timeout):
                _, outcome = await self._switchboard.outcome(attempt)
        except TimeoutError:
            return False
        return outcome.failure is None or (outcome.status is not None and outcome.status < 500)
