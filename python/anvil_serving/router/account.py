"""The account of one exchange: what happened, as far as it has; at its end, a decision to keep."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import msgspec

from anvil_serving import __version__, decisions
from anvil_serving.decisions import Decision, Price, PriceList, Result
from anvil_serving.errors import Exhausted, RequestError
from anvil_serving.router.fallback import Fault, fault_of
from anvil_serving.router.session import kept_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anvil_serving import config
    from anvil_serving.router.decide import Decided
    from anvil_serving.router.fallback import FailedAttempt
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.router.spending import Spending
    from anvil_serving.upstream import Facts, Outcome, Request, Tier

__all__ = ["Account", "Ledger"]

_MODEL_LIMIT = 128
_CALLS_LIMIT = 64


class Ledger(msgspec.Struct, frozen=True):
    """What every account needs: prices and labels."""

    mapping_version: str
    """The configuration's own label, and the classifier's version."""
    mode: str
    prices: dict[str, Price | None]
    """By a tier's id; None where the price is not known."""
    price_list: PriceList

    @classmethod
    def of(cls, settings: config.Router, price_list: PriceList, classifier_version: str) -> Ledger:
        """The ledger of a configuration."""
        prices = {tier.id: price_list.for_tier(tier) for tier in settings.tiers}
        return cls(f"{settings.mapping_version}/{classifier_version}", settings.mode, prices, price_list)

    def price(self, tier: Tier) -> None:
        """Learns the price of a tier whose model has become known."""
        self.prices[tier.id] = self.price_list.for_tier(tier.settings, tier.model)


class Account:
    """One exchange, from the decision on."""

    __slots__ = (
        "_answer",
        "_at",
        "_attempts",
        "_began",
        "_cost",
        "_first_byte",
        "_ledger",
        "_queued",
        "_request",
        "_request_id",
        "_result",
        "decided",
        "id",
        "plan",
        "spending",
        "warnings",
    )

    def __init__(
        self,
        ledger: Ledger,
        decided: Decided,
        request: Request,
        *,
        answer_id: str,
        request_id: str,
        spending: Spending | None = None,
    ) -> None:
        """`spending`: what is taken of budgets; None: nothing is limited."""
        self.id = f"dec_{answer_id}"
        self.decided = decided
        self.plan = decided.plan
        self.warnings: tuple[str, ...] = ()
        self.spending = spending
        self._ledger = ledger
        self._request = request
        self._request_id = request_id
        self._at = time.time()
        self._began = time.perf_counter()
        self._attempts: list[decisions.Attempt] = []
        self._cost: float | None = 0.0
        # Seconds in the queue before the attempt that is recorded next.
        self._queued: float | None = None
        self._first_byte: float | None = None
        # Until something else is known: whoever waits for nothing has left.
        self._result = _Result("client_left")
        self._answer: Outcome | None = None

    def started(self, warnings: tuple[str, ...]) -> None:
        """The first byte of an answer goes to the caller."""
        self._first_byte = time.perf_counter() - self._began
        self.warnings = warnings

    def queued(self, seconds: float) -> None:
        """The attempt that ends next has waited so long for its place, or for none."""
        self._queued = seconds

    def not_made(self, planned: PlannedAttempt, failed: FailedAttempt) -> None:
        """An attempt could not be started."""
        self._settle(None)
        self._add(planned, failed.label)

    def made(self, planned: PlannedAttempt, outcome: Outcome) -> None:
        """An attempt has ended, well or not."""
        self._settle(outcome)
        tier = planned.replica.tier
        usd = _usd(self._ledger.prices.get(tier.id), outcome)
        self._cost = None if usd is None or self._cost is None else self._cost + usd
        self._add(
            planned,
            outcome.failure or "answered",
            checked=outcome.is_checked,
            status=outcome.status,
            connect_seconds=outcome.connect_seconds,
            first_byte_seconds=outcome.first_byte_seconds,
            total_seconds=outcome.total_seconds,
            input_tokens=outcome.input_tokens,
            output_tokens=outcome.output_tokens,
            cached_tokens=outcome.cached_tokens,
            cache_write_tokens=outcome.cache_write_tokens,
            reasoning_tokens=outcome.reasoning_tokens,
            cost_usd=usd,
            defects=_defects(outcome),
            mean_logprob=outcome.mean_logprob,
            release_seconds=outcome.release_seconds,
        )

    def abandoned(self, planned: PlannedAttempt, label: str = "client_left") -> None:
        """The tier was at work and is not waited for any more, because the caller has left or its time is over.

        What it had said by then is not known, nor what it bills.
        """
        self._settle(None)
        usd = _usd_of_nothing(self._ledger.prices.get(planned.tier_id))
        self._cost = None if usd is None or self._cost is None else self._cost + usd
        self._add(planned, label, cost_usd=usd)

    def sent(self) -> None:
        """A tier has been asked, and is at work."""
        if self.spending is not None:
            self.spending.sent()

    def _settle(self, outcome: Outcome | None) -> None:
        if self.spending is not None:
            self.spending.ended(outcome)

    def _add(self, planned: PlannedAttempt, outcome: str, **measured: Any) -> None:
        tier, queued = planned.replica.tier, self._queued
        self._queued = None
        self._attempts.append(
            decisions.Attempt(
                tier.id,
                tier.model,
                outcome,
                planned.replica.index,
                queue_seconds=queued,
                window=planned.checking.window,
                privacy=tier.settings.privacy,
                **measured,
            )
        )

    def answered(self, planned: PlannedAttempt, outcome: Outcome) -> None:
        """The answer is whole."""
        self.made(planned, outcome)
        self._answer = outcome
        self._result = _Result("answered", 200, tier=planned.tier_id)

    def broke_off(self, planned: PlannedAttempt, outcome: Outcome) -> None:
        """An answer that had begun could not go on."""
        self.made(planned, outcome)
        self._result = _Result("broken_off", 200, outcome.failure, planned.tier_id)

    def failed(self, error: BaseException) -> None:
        """The exchange ends in an error."""
        name, sent = type(error).__name__, None if self._first_byte is None else 200
        if isinstance(error, Exhausted):
            self._result = _Result("exhausted", sent or error.status, name)
        elif isinstance(error, RequestError):
            self._result = _Result("refused", sent or error.status, name)
        elif self._result.result != "client_left":
            return
        elif isinstance(error, asyncio.CancelledError):
            # The router is told to end: the caller may try again in a second.
            self._result = _Result("broken_off" if sent else "exhausted", sent or 503, "ShuttingDown")
        else:
            self._result = _Result("failed", sent or 500, name)

    def closed(self) -> Decision:
        """The decision to keep. What is still set aside of budgets is settled."""
        self._settle(None)
        decided, work, facts, request = self.decided, self.decided.work, self.decided.facts, self._request
        answer, result = self._answer, self._result
        return Decision(
            id=self.id,
            at=self._at,
            request_id=self._request_id,
            dialect=request.dialect,
            purpose=decided.purpose,
            client=decided.caller.name,
            session=decided.session or decided.conversation_name,
            model=request.model[:_MODEL_LIMIT],
            facts=_facts(facts, stream=request.stream),
            mode=self._ledger.mode,
            intent=self.plan.intent,
            intent_source=decided.intent.source,
            work_class=work.work_class,
            class_source=work.source,
            confidence=work.confidence,
            features=work.features,
            ambiguous_with=work.ambiguous_with,
            dimensions=decided.narrowed.said,
            mapping_version=self._ledger.mapping_version,
            candidates=self.plan.candidates,
            attempts=tuple(self._attempts),
            warnings=self.warnings,
            result=result.result,
            status=result.status,
            error=result.error,
            tier=result.tier,
            finish=None if answer is None else answer.finish,
            tool_calls=() if answer is None else tuple(map(kept_name, answer.tool_calls[:_CALLS_LIMIT])),
            failed_tool_calls=tuple(map(kept_name, facts.failed_tool_calls[-_CALLS_LIMIT:])),
            queue_seconds=_sum_of(attempt.queue_seconds for attempt in self._attempts),
            first_byte_seconds=self._first_byte,
            total_seconds=time.perf_counter() - self._began,
            policy_seconds=decided.seconds,
            cost_usd=self._cost,
            prices_date=self._ledger.price_list.date,
            router_version=__version__,
        )


class _Result(msgspec.Struct, frozen=True, gc=False):
    """How the exchange ended."""

    result: Result
    status: int | None = None
    error: str | None = None
    tier: str | None = None


def _defects(outcome: Outcome) -> tuple[str, ...]:
    """What was proven to be wrong with an answer, and what was mended in it."""
    label = outcome.failure
    proven = [label] if label is not None and fault_of(label) is Fault.QUALITY else []
    if outcome.noted is not None:
        proven.append(outcome.noted)
    return (*proven, *(f"repaired:{label}" for label in outcome.repairs))


def _sum_of(measured: Iterable[float | None]) -> float | None:
    """The sum of what was measured; None where nothing was."""
    values = [value for value in measured if value is not None]
    return sum(values) if values else None


def _usd(price: Price | None, outcome: Outcome) -> float | None:
    """What an attempt cost. Where nothing was counted because nothing was answered, nothing is billed."""
    if price is None:
        return None
    if outcome.failure is not None and outcome.input_tokens is None:
        return 0.0
    return decisions.cost(price, outcome)


def _usd_of_nothing(price: Price | None) -> float | None:
    """What tokens cost that nobody counted: nothing where none costs anything."""
    return 0.0 if price is not None and price.input == price.output == 0 else None


def _facts(facts: Facts, *, stream: bool) -> decisions.Facts:
    return decisions.Facts(
        facts.prompt_tokens,
        facts.max_output_tokens,
        facts.messages,
        len(facts.tools),
        facts.images,
        facts.documents,
        facts.thinking,
        facts.effort,
        facts.structured_output,
        stream,
        facts.open_tool_loop,
    )
