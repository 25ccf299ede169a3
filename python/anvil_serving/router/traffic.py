"""How tiers fare with what they are asked: breakers, places and retries."""

from __future__ import annotations

import logging
import math
import random
import time
from typing import TYPE_CHECKING

from anvil_serving.router.admission import Admission
from anvil_serving.router.breaker import Breaker, BreakerLimits
from anvil_serving.router.fallback import Fault
from anvil_serving.router.retries import RetryBudget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from anvil_serving import config
    from anvil_serving.router.breaker import Pass
    from anvil_serving.router.shared import Shared
    from anvil_serving.upstream import Replica, Tier

__all__ = ["Traffic", "Visit"]

_log = logging.getLogger("anvil_serving.router")

_REST_SECONDS = 2.0
"""For a server that has no room and does not say for how long."""
_LONGEST_REST_SECONDS = 300.0
"""Then it is asked again, whatever it said: a quota's reset may be a day away, and may have been paid for meanwhile."""
_REFUSED_SECONDS = 300.0
"""For a server that refuses the router's key: a person has to do something, which takes minutes."""


class Traffic:
    """One worker's view of all tiers, for the policy to read and attempts to teach. Breakers are all workers'."""

    def __init__(
        self,
        tiers: Iterable[Tier],
        settings: config.Fallback,
        shared: Shared,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        failures = settings.breaker_failures
        self._has_breakers = failures != "off"
        limits = BreakerLimits(
            0 if failures == "off" else failures,
            settings.breaker_window,
            min(BreakerLimits().first_wait, settings.breaker_longest_wait),
            settings.breaker_longest_wait,
        )
        tiers = tuple(tiers)
        replicas = [replica for tier in tiers for replica in tier.replicas]
        board = shared.breakers
        self._breakers = {
            replica: Breaker(board.row(number), board.lock(number), limits, chance)
            for number, replica in enumerate(replicas)
        }
        self._retries = {tier.id: RetryBudget(settings.retry_share) for tier in tiers}
        self._admissions = {
            tier.id: Admission(
                _share(tier.settings.max_concurrency, shared.workers),
                queue_length=settings.queue_length,
                queue_seconds=settings.queue_seconds,
            )
            for tier in tiers
        }

    # ── for the policy ───────────────────────────────────────────────────────────────────────────────────────────────

    def may_be_asked(self, replica: Replica, now: float) -> bool:
        """Whether nothing is known that speaks against asking this address."""
        return not self._has_breakers or self._breakers[replica].wait(now) == 0.0

    def why_closed(self, tier: Tier, now: float) -> tuple[str, float] | None:
        """Why none of the tier's addresses is to be asked now, and in how many seconds the first one is; else None."""
        if not self._has_breakers:
            return None
        waits = [(self._breakers[replica].wait(now), replica.index) for replica in tier.replicas]
        wait, index = min(waits)
        if wait == 0.0:
            return None
        return self._breakers[tier.replicas[index]].why_closed(now) or "", wait

    def is_full(self, tier: Tier) -> bool:
        """Whether somebody who comes now has to wait for a place."""
        places = self._admissions[tier.id].places
        return places is not None and tier.in_flight >= places

    # ── for attempts ─────────────────────────────────────────────────────────────────────────────────────────────────

    def admission(self, tier: Tier) -> Admission:
        """The places at a tier."""
        return self._admissions[tier.id]

    def retries(self, tier: Tier) -> RetryBudget:
        """What a tier's second addresses may be asked."""
        return self._retries[tier.id]

    def visit(self, replica: Replica) -> Visit | None:
        """The permission to ask; None: not now."""
        if not self._has_breakers:
            return Visit(replica, None, (), self._clock)
        own = self._breakers[replica]
        passed = own.enter(self._clock())
        return None if passed is None else Visit(replica, passed, self._of_tier(replica.tier, own), self._clock)

    def recovered(self, replica: Replica) -> None:
        """An address can be reached again."""
        self._breakers[replica].recovered(self._clock())

    def _of_tier(self, tier: Tier, own: Breaker) -> Sequence[Breaker]:
        """The breakers of all the tier's addresses, `own` first."""
        others = (self._breakers[replica] for replica in tier.replicas)
        return (own, *(breaker for breaker in others if breaker is not own))


class Visit:
    """One attempt, as breakers see it. What is not told by its end has taught nothing."""

    __slots__ = ("_breakers", "_clock", "_is_told", "_passed", "_replica")

    def __init__(
        self, replica: Replica, passed: Pass | None, breakers: Sequence[Breaker], clock: Callable[[], float]
    ) -> None:
        """`breakers`: those of the tier, the replica's own first; `passed` None: there are none."""
        self._replica = replica
        self._passed = passed
        self._breakers = breakers
        self._clock = clock
        self._is_told = passed is None

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, *_: object) -> None:
        if self._passed is not None and not self._is_told:
            self._breakers[0].give_back(self._passed, self._clock())

    def began(self) -> None:
        """The answer has begun."""
        if self._passed is not None:
            self._breakers[0].began(self._passed)

    def answered(self) -> None:
        """The answer is whole."""
        if self._passed is None:
            return
        self._is_told = True
        if self._breakers[0].answered(self._passed, self._clock()):
            self._log(logging.WARNING, "answers again")

    def failed(self, fault: Fault, retry_after: int | None = None) -> None:
        """The attempt failed; whose fault that is decides what learns from it."""
        passed, now = self._passed, self._clock()
        if passed is None:
            return
        if fault is Fault.TIER:
            self._is_told = True
            wait = self._breakers[0].failed(passed, now)
            if wait is not None:
                self._log(
                    logging.WARNING, f"has failed too often: its breaker is open, and tried again in {wait:.1f} s"
                )
        elif fault is Fault.OPERATOR:
            self._is_told = True
            # The key is the tier's, not the address's. All are told, whichever of them was known to be out.
            news = [breaker.refused(now, _REFUSED_SECONDS) for breaker in self._breakers]
            if any(news):
                self._log(logging.ERROR, "REFUSES THE ROUTER'S KEY: check `auth_env`; the tier is out until it works")
        elif fault is Fault.RESTING:
            self._is_told = True
            rest = _REST_SECONDS if retry_after is None else min(float(retry_after), _LONGEST_REST_SECONDS)
            self._breakers[0].rest(passed, now, rest)
        elif fault is Fault.QUALITY and passed.probe is not None:
            # Whatever it was worth, it came: the address is not broken.
            self.answered()

    def _log(self, level: int, what: str) -> None:
        _log.log(level, "tier %s, address %d: %s", self._replica.tier.id, self._replica.index + 1, what)


def _share(places: int | None, workers: int) -> int | None:
    """A worker's share of a tier's places."""
    return None if places is None else math.ceil(places / workers)
