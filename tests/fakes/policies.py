"""Policies over tiers that are nowhere: what a plan depends on, ready to be varied."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from anvil_serving import config
from anvil_serving.config import WORK_CLASSES
from anvil_serving.decisions import Price
from anvil_serving.profile import Cell, Profile
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.fallback import Fault
from anvil_serving.router.intent import Intent, Intents
from anvil_serving.router.needs import Needs
from anvil_serving.router.policy import Conditions, Policy, Question
from anvil_serving.router.residency import Residency
from anvil_serving.router.shared import Shared
from anvil_serving.router.traffic import Traffic
from anvil_serving.upstream import Calibration, Tiers

if TYPE_CHECKING:
    from anvil_serving.router.rank import Held

__all__ = ["World", "cell", "tier"]


def tier(tier_id: str, **more: Any) -> config.Tier:
    """A tier's settings; nobody listens at its address."""
    values = {"base_url": "http://127.0.0.1:9/v1", "context_limit": 100_000, "privacy": "local", "model": "m"} | more
    return config.Tier(id=tier_id, **values)


def cell(verdict: Any = "allow", quality: float = 0.9) -> Cell:
    """A cell whose lower bound is its quality."""
    return Cell(verdict, quality, quality, 1_000, "by the test")


class World:
    """Tiers, presets and a profile in which every tier is trusted with everything, but for `cells`."""

    def __init__(
        self,
        *tiers: config.Tier,
        presets: dict[str, tuple[str, ...]] | None = None,
        cells: dict[tuple[str, str], Cell] | None = None,
        prices: dict[str, Price | None] | None = None,
        **router: Any,
    ) -> None:
        self.settings = config.Router(tiers=tiers, presets=presets or {}, **router)
        self.tiers = Tiers(self.settings, {})
        self.clock = 0.0
        self.calibration = Calibration()
        self.residency = Residency(self.tiers)
        self.traffic = Traffic(
            self.tiers,
            self.settings.fallback,
            Shared.alone(self.settings),
            clock=lambda: self.clock,
            chance=lambda: 1.0,
        )
        trusted = {(each.id, work_class): cell() for each in tiers for work_class in WORK_CLASSES}
        free = Price(0.0, 0.0, 0.0, 0.0)
        self.policy = Policy(
            self.settings,
            self.tiers,
            profile=Profile(trusted | (cells or {})),
            prices={each.id: free for each in tiers} | (prices or {}),
            conditions=Conditions(self.calibration, self.residency, self.traffic),
        )
        self.intents = Intents(self.settings.presets, [each.id for each in tiers], self.settings.aliases)

    def question(
        self,
        model: str = "chat",
        work_class: str | None = None,
        *,
        dialect: str = "chat",
        caller: Caller = ANYBODY,
        held: Held | None = None,
        conversation: int = 0,
        now: float = 0.0,
        broken_by: str | None = None,
        **needs: Any,
    ) -> Question:
        """What is asked when `model` is named and the request is of this kind."""
        intent = self.intents.of_model(model)
        wanted = work_class or intent.work_class or "chat"
        return Question(
            intent,
            wanted,
            dialect,
            Needs(**needs),
            caller,
            conversation,
            held,
            None if held is None else 0,
            now,
            broken_by,
        )

    def tried(self, *question: Any, **more: Any) -> list[str]:
        """The tiers that would be asked, in their order."""
        plan = self.policy.plan(self.question(*question, **more))
        return list(dict.fromkeys(attempt.tier_id for attempt in plan.attempts))

    def why_not(self, *question: Any, **more: Any) -> dict[str, str]:
        """The tiers that would not be asked, and why."""
        plan = self.policy.plan(self.question(*question, **more))
        return {each.tier: each.reason for each in plan.candidates if each.place is None}

    def breaks(self, tier_id: str, *indices: int) -> None:
        """These addresses of the tier, all if none is named, fail until their breakers open."""
        for replica in self.tiers[tier_id].replicas:
            if not indices or replica.index in indices:
                for _ in range(20):
                    visit = self.traffic.visit(replica)
                    if visit is not None:
                        visit.failed(Fault.TIER)

    def intent(self, model: str) -> Intent:
        return self.intents.of_model(model)


def replace_needs(question: Question, **needs: Any) -> Question:
    """The same question with other needs."""
    return msgspec.structs.replace(question, needs=msgspec.structs.replace(question.needs, **needs))
