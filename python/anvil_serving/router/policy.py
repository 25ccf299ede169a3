"""From an intent and a request's facts to a plan. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.config import PRESET_WORK_CLASSES
from anvil_serving.errors import PurposeUnserved
from anvil_serving.router.plan import Plan, PlannedAttempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving import config
    from anvil_serving.router.intent import Intent
    from anvil_serving.upstream import Tier, Tiers

__all__ = ["Policy"]

_DEFAULT_WORK_CLASS = "chat"


class Policy:
    """Plans attempts: the intent's tiers in their order, each at all of its replicas.

    Which tiers are trusted for which work, and the order by trust, come with the quality profile; until then the order
    is the one that the person who wrote the preset gave, and a request's work class is its preset's.
    """

    def __init__(self, settings: config.Router, tiers: Tiers) -> None:
        self._presets = settings.presets
        self._metered = frozenset(settings.metered_cloud)
        self._tiers = tiers
        self._plans: dict[tuple[str, str, str], Plan] = {}

    def plan(self, intent: Intent, dialect: str) -> Plan:
        """The plan for a request in `dialect`. The same question has the same answer, so it is kept."""
        key = (intent.name, intent.source, dialect)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan(intent, dialect)
        return plan

    def plan_for(self, purpose: str, intent: Intent) -> Plan:
        """The plan for a request of no dialect: the tiers with this purpose that are named, else all that have it.

        Of all, the local ones come first. A cloud tier's bill is chat's. Raises `PurposeUnserved`.
        """
        key = (intent.name, intent.source, purpose)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = self._make_plan_for(purpose, intent)
        return plan

    def _make_plan_for(self, purpose: str, intent: Intent) -> Plan:
        declared = [tier for tier in self._tiers if purpose in tier.settings.purposes]
        if not declared:
            raise PurposeUnserved(purpose)
        named = [self._tiers[tier_id] for tier_id in self._tier_ids(intent)] if intent.source != "default" else []
        # The sort is stable: the configuration's order stays.
        declared.sort(key=lambda tier: tier.settings.privacy == "cloud")
        attempts: list[PlannedAttempt] = []
        refused: list[tuple[str, str]] = []
        for tier in [tier for tier in named if tier in declared] or declared:
            why_not = self._why_no_cloud(tier, _DEFAULT_WORK_CLASS)
            if why_not is not None:
                refused.append((tier.id, why_not))
                continue
            reason = f"declares {purpose}"
            attempts += [PlannedAttempt(replica, "chat", reason, f"/{purpose}") for replica in tier.replicas]
        return Plan(purpose, tuple(attempts), tuple(refused))

    def _make_plan(self, intent: Intent, dialect: str) -> Plan:
        attempts: list[PlannedAttempt] = []
        refused: list[tuple[str, str]] = []
        work_class = _work_class(intent)
        for place, tier_id in enumerate(self._tier_ids(intent), start=1):
            tier = self._tiers[tier_id]
            why_not = self._why_not(tier, work_class)
            if why_not is not None:
                refused.append((tier_id, why_not))
                continue
            reason = "pinned" if intent.source == "pin" else f"number {place} of {intent.name or 'all tiers'}"
            spoken = dialect if dialect in tier.dialects else tier.dialects[0]
            attempts += [PlannedAttempt(replica, spoken, reason) for replica in tier.replicas]
        return Plan(intent.name, tuple(attempts), tuple(refused))

    def _why_not(self, tier: Tier, work_class: str) -> str | None:
        if "chat" not in tier.settings.purposes:
            return "its `purposes` do not list chat"
        return self._why_no_cloud(tier, work_class)

    def _why_no_cloud(self, tier: Tier, work_class: str) -> str | None:
        if tier.settings.privacy == "cloud" and work_class not in self._metered:
            return f"it is a cloud tier and `metered_cloud` does not list {work_class}"
        return None

    def _tier_ids(self, intent: Intent) -> Sequence[str]:
        if intent.source == "pin":
            return (intent.name,)
        if intent.name:
            return self._presets[intent.name]
        return tuple(tier.id for tier in self._tiers)


def _work_class(intent: Intent) -> str:
    """The kind of work an intent stands for. A pin, and a preset of the user's own, do not say: they are chat."""
    if intent.source == "pin":
        return _DEFAULT_WORK_CLASS
    return PRESET_WORK_CLASSES.get(intent.name, _DEFAULT_WORK_CLASS)
