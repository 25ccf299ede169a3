"""From an intent and what a request needs to a plan: filter, then rank. Pure but for what it is given."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.config import PRESET_WORK_CLASSES, WORK_CLASSES
from anvil_serving.decisions import Candidate
from anvil_serving.errors import PurposeUnserved
from anvil_serving.router.budget import UNLIMITED, Purse, Reckoning, sooner
from anvil_serving.router.caller import ANYBODY, Caller
from anvil_serving.router.intent import Intent
from anvil_serving.router.needs import Needs
from anvil_serving.router.plan import Plan, PlannedAttempt, TooLong
from anvil_serving.router.rank import Able, Held, rank
from anvil_serving.router.residency import Residency
from anvil_serving.router.traffic import Traffic
from anvil_serving.router.verification import Verification
from anvil_serving.upstream import Calibration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving import config
    from anvil_serving.decisions import Price
    from anvil_serving.profile import Profile
    from anvil_serving.router.budget import Unpaid
    from anvil_serving.state import Shortfall
    from anvil_serving.upstream import Replica, Tier, Tiers

__all__ = ["Conditions", "Policy", "Question"]

_CHAT = "chat"
_REVIEW = "review"
_ANSWER_TOKENS = 4_096
"""What an answer is taken for when money is estimated: few are longer, and a cap is mostly far above them."""
_MILLION = 1_000_000


class Question(msgspec.Struct, frozen=True, gc=False):
    """What is asked of the policy."""

    intent: Intent
    work_class: str
    dialect: str
    needs: Needs
    caller: Caller = ANYBODY
    conversation: int = 0
    """A hash of how the conversation begins; chooses among replicas."""
    held: Held | None = None
    held_replica: int | None = None
    now: float = 0.0
    """Seconds, of any clock that only goes forward."""
    broken_by: str | None = None
    """The tier whose last answer in the conversation broke off because it was bad."""
    purse: Purse = UNLIMITED


class Conditions(msgspec.Struct, frozen=True):
    """How things stand with the tiers, as attempts have shown."""

    calibration: Calibration
    residency: Residency
    traffic: Traffic


class Policy:
    """Plans attempts. Reads what is known of tiers at the moment, and changes nothing."""

    def __init__(
        self,
        settings: config.Router,
        tiers: Tiers,
        *,
        profile: Profile,
        prices: Mapping[str, Price | None],
        conditions: Conditions,
    ) -> None:
        self._settings = settings
        self._tiers = tiers
        self._profile = profile
        self._prices = prices
        self._calibration = conditions.calibration
        self._residency = conditions.residency
        self._traffic = conditions.traffic
        self.reckoning = Reckoning(conditions.calibration, prices, answer_tokens=settings.budget.answer_tokens)
        """What answers may come to, as budgets count them."""
        self._is_gated = settings.mode == "gated"
        self._verification = Verification(settings)
        self._metered = frozenset(settings.metered_cloud)
        self._pools = {name: tuple(tiers[tier_id] for tier_id in ids) for name, ids in settings.presets.items()}
        self._everything = tuple(sorted(tiers, key=lambda tier: tier.settings.privacy == "cloud"))
        self._preset_of = {work_class: self._preset_for(work_class) for work_class in WORK_CLASSES}

    # ── conversations ────────────────────────────────────────────────────────────────────────────────────────────────

    def plan(self, question: Question) -> Plan:
        """The plan for a conversation's next answer."""
        preset, pool = self._pool(question)
        able: list[Able] = []
        out: list[Candidate] = []
        too_long: TooLong | None = None
        lacking: Shortfall | None = None
        tried_again_in: float | None = None
        for order, tier in enumerate(pool):
            cell = self._profile[tier.id, question.work_class]
            why_not = self._why_not(tier, question)
            if why_not is None and self._is_gated:
                why_not = self._why_not_able(tier, question.needs)
                if why_not is None:
                    long = self._too_long(tier, question.needs)
                    if long is not None:
                        why_not = f"a prompt of about {long.prompt_tokens} tokens does not fit {long.context_limit}"
                        too_long = long if too_long is None or long.context_limit > too_long.context_limit else too_long
            if why_not is None and (unpaid := self._unpaid(tier, question)) is not None:
                why_not, lacking = unpaid.reason, sooner(lacking, unpaid.lacking)
            if why_not is None:
                # Last, so that who is told to come back later is told of those alone that will do then.
                closed = self._traffic.why_closed(tier, question.now)
                if closed is not None:
                    why_not, tried_again_in = closed[0], _sooner(closed[1], tried_again_in)
            if why_not is None:
                able.append(self._able(tier, order, question))
            else:
                out.append(Candidate(tier.id, None, why_not, cell.verdict, cell.lower))
        if able:
            return self._made(question, preset or question.intent.name, able, out)
        return Plan(
            preset or question.intent.name,
            (),
            tuple(out),
            question.work_class,
            too_long=None if tried_again_in is not None or _outweighs_length(lacking) else too_long,
            lacking=lacking if tried_again_in is None else None,
            tried_again_in=tried_again_in,
        )

    def _made(self, question: Question, intent: str, able: list[Able], out: list[Candidate]) -> Plan:
        if self._is_gated:
            ranked = rank(able, margin=self._settings.quality_margin, held=question.held)
            order, displaced = ranked.order, ranked.displaced
        else:
            order, displaced = able, None
        attempts: list[PlannedAttempt] = []
        candidates: list[Candidate] = []
        for place, each in enumerate(order, start=1):
            tier = each.tier
            reason = each.reason or f"number {each.order + 1} of {intent or 'all tiers'}"
            candidates.append(Candidate(tier.id, place, reason, each.cell.verdict, each.cell.lower))
            spoken = question.dialect if question.dialect in tier.dialects else tier.dialects[0]
            checking = self._verification.of(tier.settings, each.cell.verdict, question.needs.verify)
            attempts += [PlannedAttempt(replica, spoken, checking) for replica in self._replicas(tier, question)]
        quality = order[0].cell.lower
        return Plan(
            intent,
            tuple(attempts),
            (*candidates, *out),
            question.work_class,
            quality,
            displaced=displaced,
        )

    # ── which tiers are meant ────────────────────────────────────────────────────────────────────────────────────────

    def _pool(self, question: Question) -> tuple[str | None, Sequence[Tier]]:
        """The tiers that the intent leads to, and the preset by which it does."""
        intent = question.intent
        if intent.tier is not None:
            return None, (self._tiers[intent.tier],)
        preset = intent.preset or self._preset_of.get(question.work_class)
        if preset is None:
            return None, self._everything
        pool, caller = self._pools[preset], question.caller
        if intent.preset is None and not any(caller.may_reach(tier.id) for tier in pool):
            # What was inferred leads nowhere for this caller; what it may reach is still there.
            return None, self._everything
        return preset, pool

    def _preset_for(self, work_class: str) -> str | None:
        """The preset that stands for a kind of work when none is named."""
        names = [name for name, meant in PRESET_WORK_CLASSES.items() if meant == work_class]
        # A change through many files wants the careful tiers, which is what 0.7.1 did too.
        names += [work_class, _REVIEW, _CHAT] if work_class == "multi-file-refactor" else [work_class, _CHAT]
        # As callers' names are compared.
        own = {name.lower(): name for name in reversed(tuple(self._pools))}
        return next((own[name] for name in names if name in own), next(iter(self._pools), None))

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _why_not(self, tier: Tier, question: Question) -> str | None:
        """What holds in every mode: what the tier is for, who may reach it, where prompts may go, what may bill."""
        if _CHAT not in tier.settings.purposes:
            return "its `purposes` do not list chat"
        closed = self._why_closed(tier, question)
        if closed is None and self._is_gated:
            cell = self._profile[tier.id, question.work_class]
            if cell.verdict == "deny":
                return f"denied for {question.work_class}: {cell.source}"
        return closed or self._why_too_much(tier, question)

    def _why_closed(self, tier: Tier, question: Question) -> str | None:
        """What a person has decided: who may reach the tier, where prompts may go, what may bill."""
        if not question.caller.may_reach(tier.id):
            return f"client {question.caller.name} may not use it"
        if tier.settings.privacy == "cloud":
            if question.needs.local_only:
                return "the prompt may not leave the user's own machines"
            if question.work_class not in self._metered:
                return f"it is a cloud tier and `metered_cloud` does not list {question.work_class}"
        return None

    def _why_too_much(self, tier: Tier, question: Question) -> str | None:
        """The caps of the caller's that would not hold there."""
        needs = question.needs
        if needs.max_cost_usd is not None:
            usd = self._usd_at_most(tier, needs)
            if usd == math.inf:
                return f"its price is not known, and the request may cost ${needs.max_cost_usd:g}"
            if usd > needs.max_cost_usd:
                return f"may cost ${usd:.4f}, above the request's ${needs.max_cost_usd:g}"
        if needs.max_latency_seconds is not None:
            waited = tier.first_byte_seconds(question.now)
            if waited is not None and waited > needs.max_latency_seconds:
                return f"its first byte takes {waited:.1f} s, above the request's {needs.max_latency_seconds:g} s"
        return None

    def _unpaid(self, tier: Tier, question: Question) -> Unpaid | None:
        """Why what budgets have left is not enough for it."""
        purse = question.purse
        if not purse.limits:
            return None
        return purse.why_closed(self.reckoning.need(tier, question.needs), self.reckoning.price(tier))

    @staticmethod
    def _why_not_able(tier: Tier, needs: Needs) -> str | None:
        """What the request demands and the tier has not."""
        settings = tier.settings
        if needs.tools and not settings.tool_support:
            return "tools are offered, and its model calls none"
        if needs.images and settings.vision is False:
            return "there are images, and its model sees none"
        if needs.structured_output and not settings.structured_output:
            return "a structured output is asked for, and its server knows none"
        return None

    def _too_long(self, tier: Tier, needs: Needs) -> TooLong | None:
        limit = tier.settings.context_limit
        if self._calibration.at_least(tier.id, needs.prompt_tokens) <= limit:
            return None
        return TooLong(max(self._calibration.estimate(tier.id, needs.prompt_tokens), limit + 1), limit)

    # ── what a place depends on ──────────────────────────────────────────────────────────────────────────────────────

    def _able(self, tier: Tier, order: int, question: Question) -> Able:
        needs = question.needs
        able = Able(tier, self._profile[tier.id, question.work_class], order)
        able.is_unreachable = not any(replica.is_reachable for replica in tier.replicas)
        able.last_resort = self._last_resort(tier, needs, is_unreachable=able.is_unreachable)
        if able.last_resort is None and tier.id == question.broken_by:
            able.last_resort = "its last answer here was bad and broke off"
        able.is_away = self._residency.is_away(tier.id, question.now)
        able.usd = self._usd(tier, needs, is_held=False)
        able.usd_held = self._usd(tier, needs, is_held=True)
        able.is_full = self._traffic.is_full(tier)
        return able

    def _last_resort(self, tier: Tier, needs: Needs, *, is_unreachable: bool) -> str | None:
        """Why a tier is only asked when nothing else is left. No filter: it may work all the same (docs/adr/0012)."""
        if is_unreachable:
            return "it could not be reached when it was last checked"
        answer = min(needs.output_tokens, tier.settings.max_output_tokens or needs.output_tokens)
        if self._calibration.at_least(tier.id, needs.prompt_tokens) + answer > tier.settings.context_limit:
            return f"the prompt leaves no room for {answer} tokens of answer"
        return None

    def _usd(self, tier: Tier, needs: Needs, *, is_held: bool) -> float:
        """Dollars that the request will probably cost; infinite where no price is known."""
        price = self._prices[tier.id]
        if price is None:
            return math.inf
        if price.input == 0 and price.output == 0:
            return 0.0
        prompt = self._calibration.estimate(tier.id, needs.prompt_tokens)
        answer = min(needs.output_tokens, tier.settings.max_output_tokens or needs.output_tokens, _ANSWER_TOKENS)
        return (prompt * (price.cached_input if is_held else price.input) + answer * price.output) / _MILLION

    def _usd_at_most(self, tier: Tier, needs: Needs) -> float:
        """Dollars for the longest answer there may be, to a prompt that has to be read and written to a cache."""
        price = self._prices[tier.id]
        if price is None:
            return math.inf
        settings = tier.settings
        prompt = max(needs.prompt_tokens, self._calibration.estimate(tier.id, needs.prompt_tokens))
        answer = needs.output_tokens if needs.is_capped else settings.context_limit
        answer = min(answer, settings.max_output_tokens or answer) * needs.answers
        return (prompt * max(price.input, price.cache_write) + answer * price.output) / _MILLION

    def _replicas(self, tier: Tier, question: Question) -> Sequence[Replica]:
        """The tier's addresses that may be asked: the one that has read the conversation, else the less loaded of two.

        Which two is a matter of the conversation's beginning, so that another worker chooses the same ones.
        """
        replicas = tier.replicas
        if len(replicas) == 1:
            return replicas
        held = question.held
        if held is not None and held.tier_id == tier.id and (question.held_replica or 0) < len(replicas):
            first = replicas[question.held_replica or 0]
        else:
            count = len(replicas)
            one, other = question.conversation % count, question.conversation // count % (count - 1)
            other += other >= one
            first = min(
                replicas[one], replicas[other], key=lambda replica: (not replica.is_reachable, replica.in_flight)
            )
        rest = sorted((each for each in replicas if each is not first), key=lambda each: each.in_flight)
        order = sorted((first, *rest), key=lambda each: not each.is_reachable)
        return [each for each in order if self._traffic.may_be_asked(each, question.now)]

    # ── what is no conversation ──────────────────────────────────────────────────────────────────────────────────────

    def plan_for(self, purpose: str, question: Question) -> Plan:
        """The plan for a request of no dialect: the tiers with this purpose that are named, else all that have it.

        Of all, the local ones come first. A cloud tier's bill is chat's. Raises `PurposeUnserved`.
        """
        declared = [tier for tier in self._everything if purpose in tier.settings.purposes]
        if not declared:
            raise PurposeUnserved(purpose)
        intent = question.intent
        named = self._pool(question)[1] if intent.preset is not None or intent.tier is not None else ()
        attempts: list[PlannedAttempt] = []
        candidates: list[Candidate] = []
        out: list[Candidate] = []
        lacking: Shortfall | None = None
        tried_again_in: float | None = None
        for tier in [tier for tier in named if tier in declared] or declared:
            why_not = self._why_closed(tier, question) or self._why_too_much(tier, question)
            if why_not is None and (unpaid := self._unpaid(tier, question)) is not None:
                why_not, lacking = unpaid.reason, sooner(lacking, unpaid.lacking)
            closed = self._traffic.why_closed(tier, question.now) if why_not is None else None
            if closed is not None:
                why_not, tried_again_in = closed[0], _sooner(closed[1], tried_again_in)
            if why_not is not None:
                out.append(Candidate(tier.id, None, why_not))
                continue
            candidates.append(Candidate(tier.id, len(candidates) + 1, f"declares {purpose}"))
            path = f"/{purpose}"
            attempts += [PlannedAttempt(replica, "chat", path=path) for replica in self._replicas(tier, question)]
        return Plan(
            purpose,
            tuple(attempts),
            (*candidates, *out),
            _CHAT,
            lacking=lacking if not attempts and tried_again_in is None else None,
            tried_again_in=tried_again_in,
        )


def _outweighs_length(lacking: Shortfall | None) -> bool:
    """Whether a shorter prompt is not what is wanted, although one would fit; as while somebody rests for a moment.

    Spent dollars are no reason: the tiers that cost none are still there for it.
    """
    return lacking is not None and (lacking.unit == "tokens" or not lacking.is_lasting)


def _sooner(seconds: float, than: float | None) -> float:
    return seconds if than is None else min(seconds, than)
