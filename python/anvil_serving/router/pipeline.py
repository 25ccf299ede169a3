"""The life of a request, told once.

    decode ─► intent ─► policy ─► dispatch ─► relay ─► (fallback ─► dispatch ─► …) ─► the client ─► decision

`docs/life-of-a-request.md` walks it in the same order.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, ParamSpec

from anvil_serving import _core
from anvil_serving._core import (
    Checks,
    EngineClosedError,
    InvalidRequestError,
    Opening,
    Phrases,
    Request,
    UntranslatableError,
)
from anvil_serving.decisions import PriceList
from anvil_serving.errors import Malformed, ThreadUnsupported
from anvil_serving.profile import Profile
from anvil_serving.router.account import Account, Ledger
from anvil_serving.router.advice import advice_of, read_advice_request
from anvil_serving.router.archive import DecisionArchive
from anvil_serving.router.caller import Caller
from anvil_serving.router.classify import load_classifier
from anvil_serving.router.client import Client
from anvil_serving.router.course import Course
from anvil_serving.router.deadline import Deadline
from anvil_serving.router.decide import Decider, Lexicon, hear
from anvil_serving.router.exchange import Exchange
from anvil_serving.router.fallback import (
    BREAKER_OPEN,
    DEADLINE,
    MODEL_UNKNOWN,
    UNTRANSLATABLE,
    FailedAttempt,
    Fault,
    exhaustion,
    fault_of,
    refusal,
)
from anvil_serving.router.headers import headers_for
from anvil_serving.router.intent import Intents
from anvil_serving.router.offered import offered_models
from anvil_serving.router.overflow import context_overflow, prompt_too_long
from anvil_serving.router.policy import Conditions, Policy
from anvil_serving.router.rate import RateLimits
from anvil_serving.router.relay import Relay
from anvil_serving.router.residency import Residency
from anvil_serving.router.session import Sessions
from anvil_serving.router.shared import Shared
from anvil_serving.router.stored import StoredResponses
from anvil_serving.router.traffic import Traffic
from anvil_serving.router.treasury import Treasury, unpaid
from anvil_serving.upstream import AbandonedError, Calibration, Health, Switchboard, Tiers, Tokenizer, UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anvil_serving import config
    from anvil_serving.errors import RequestError
    from anvil_serving.router.advice import Advice
    from anvil_serving.router.decide import Decided
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.router.traffic import Visit
    from anvil_serving.router.verification import Checking
    from anvil_serving.upstream import Attempt, Outcome

_Given = ParamSpec("_Given")

__all__ = ["Client", "Opening", "Router", "error_answer"]

_log = logging.getLogger("anvil_serving.router")

_NOBODY = 503
"""What `POST /v1/route` says when no tier could answer."""
_CLIENT_LEFT = "client_left"


class Router:
    """Answers requests from tiers. One per event loop: made while the loop runs, closed there."""

    def __init__(
        self, configuration: config.Config, secrets: Mapping[str, config.Secret], shared: Shared | None = None
    ) -> None:
        """`shared`: what this worker has in common with others; None: there are none."""
        settings, clients = configuration.router, configuration.server.clients
        shared = shared or Shared.alone(settings, clients=len(clients))
        self.rates = RateLimits(clients, shared.rates)
        self._presets = settings.presets
        self._window = settings.window
        self._made_checks: dict[Checking, Checks] = {}
        self.tiers = Tiers(settings, secrets)
        self._switchboard = Switchboard()
        self._traffic = Traffic(self.tiers, settings.fallback, shared)
        self.health = Health(settings.health, self.tiers, self._switchboard, on_return=self._traffic.recovered)
        self._calibration = Calibration()
        self._tokenizer = Tokenizer(self._switchboard, self._calibration)
        self._residency = Residency(self.tiers)
        self._sessions = Sessions()
        self._stored = StoredResponses()
        self._relay = Relay(self._switchboard, self._sessions, self._calibration, self._stored)
        classifier = load_classifier()
        self._ledger = Ledger.of(settings, PriceList.load(), classifier.version)
        policy = Policy(
            settings,
            self.tiers,
            profile=Profile.load(settings),
            prices=self._ledger.prices,
            conditions=Conditions(self._calibration, self._residency, self._traffic),
        )
        self._treasury = Treasury(settings.budget, clients, policy.reckoning)
        intents = Intents(settings.presets, [tier.id for tier in self.tiers], settings.aliases)
        self._decider = Decider(
            intents,
            policy,
            self._sessions,
            classifier,
            Lexicon(classifier.phrases, classifier.marks, Phrases) if settings.mode == "gated" else None,
        )
        self.models = offered_models(policy, intents, self.tiers, settings.presets)
        self.decisions = DecisionArchive(configuration.decisions)
        self._fallback = settings.fallback
        self._exhaustion_status = settings.exhaustion_status
        self._echoes_model = configuration.server.response_model == "request"

    def start(self) -> None:
        """Begins what goes on besides requests: health checks, and the keeping of decisions and of what is used."""
        self.health.watch()
        self._treasury.start()
        self.decisions.start()

    def close(self) -> None:
        """Ends the attempts that still run, and the engine; keeps the last decisions."""
        self.health.close()
        self._switchboard.close(grace=0.0)
        self._treasury.close()
        self.decisions.close()

    def caller(self, client: config.Client) -> Caller:
        """What a client of the configuration may reach."""
        return Caller.of(client.name, client.presets, self._presets)

    async def answer(self, client: Client, dialect: str, body: bytes) -> None:
        """Answers one request.

        Raises a `RequestError` while nothing has been sent; after that, breaks the stream off.
        """
        asked = _read(Request.decode, dialect, body)
        del body  # the request holds its own copy; a long answer need not hold two
        if asked.thread:
            raise ThreadUnsupported("threads are not supported here: send the whole conversation", param="thread")
        opening = _opening(client, asked)
        request = _read(self._stored.resumed, asked, client.caller.name)
        heard = await self._treasury.hear(request, client)
        await self._keep_account(client, request, opening, self._decider.decide(request, client, heard))

    async def forward(self, client: Client, purpose: str, body: bytes) -> None:
        """Passes a request of no dialect on to a tier that declares `purpose`, and its answer back.

        Raises as `answer` does, and `PurposeUnserved` when no tier declares it.
        """
        request, size = _read(Request.decode_unread, body), len(body)
        del body
        heard = await self._treasury.hear(request, client)
        decided = self._decider.decide_for(purpose, request, client, heard, size=size)
        await self._keep_account(client, request, _opening(client, request), decided)

    async def _keep_account(self, client: Client, request: Request, opening: Opening, decided: Decided) -> None:
        """Follows the plan; whatever comes of it, the decision is kept."""
        account = Account(
            self._ledger,
            decided,
            request,
            answer_id=client.answer_id,
            request_id=client.request_id,
            spending=self._treasury.spending(decided),
        )
        client.announce(account.id, decided.plan.intent, decided.work.work_class)
        try:
            await self._follow(client, request, opening, account)
        except BaseException as error:
            account.failed(error)
            raise
        finally:
            self.decisions.add(account.closed())

    async def _follow(self, client: Client, request: Request, opening: Opening, account: Account) -> None:
        """Makes the plan's attempts, until one has answered."""
        plan = account.plan
        if plan.too_long is not None:
            raise prompt_too_long(plan.too_long, request.dialect)
        if plan.displaced is not None:
            self._residency.displace(plan.displaced, time.monotonic())
        if request.stream:
            client.expect(opening)
        course = Course(account, self._traffic, max_attempts=self._fallback.max_attempts)
        deadline = Deadline(client.wait, self._fallback.deadline_seconds)
        exchange = Exchange(client, request, opening, account, course, deadline)
        try:
            while not deadline.has_passed and (planned := course.next(time.monotonic())) is not None:
                if await self._attempt(exchange, planned):
                    return
        finally:
            deadline.lift()
        lacking = plan.lacking if account.spending is None else account.spending.lacking or plan.lacking
        raise unpaid(lacking, course.failed, request.dialect) or exhaustion(
            plan, course.failed, client.caller, status=self._exhaustion_status, dialect=request.dialect
        )

    async def _attempt(self, exchange: Exchange, planned: PlannedAttempt) -> bool:
        """Makes an attempt as soon as there is a place for it. Returns whether the exchange is over."""
        course, account = exchange.course, exchange.account
        admission = self._traffic.admission(planned.replica.tier)
        came = time.monotonic()
        if not self._traffic.may_be_asked(planned.replica, came):
            course.not_made(planned, FailedAttempt(planned.tier_id, BREAKER_OPEN))
            return False
        try:
            why_not: str | None = await admission.enter(exchange.deadline.wait)
        except AbandonedError:
            why_not = DEADLINE if exchange.has_run_out else _CLIENT_LEFT
        if admission.places is not None:
            account.queued(time.monotonic() - came)
        if why_not is not None:
            course.not_made(planned, FailedAttempt(planned.tier_id, why_not))
            return why_not == _CLIENT_LEFT
        try:
            visit = self._traffic.visit(planned.replica)
            if visit is None:
                course.not_made(planned, FailedAttempt(planned.tier_id, BREAKER_OPEN))
                return False
            with visit:
                return await self._ask(exchange, planned, visit)
        finally:
            admission.leave()

    async def _ask(self, exchange: Exchange, planned: PlannedAttempt, visit: Visit) -> bool:
        """Asks the address, and passes on what it answers. Returns whether the exchange is over."""
        course, account = exchange.course, exchange.account
        if account.spending is not None and (missing := await account.spending.set_aside(planned)) is not None:
            course.not_made(planned, missing)
            return False
        attempt = await self._dispatch(exchange, planned)
        if attempt is None:
            return True
        if isinstance(attempt, FailedAttempt):
            visit.failed(fault_of(attempt.label))
            course.not_made(planned, attempt)
            return False
        account.sent()
        self._residency.asked(planned.tier_id)
        planned.replica.in_flight += 1
        try:
            warnings = (*account.warnings, *attempt.warnings)
            outcome = await self._relay.pass_on(exchange, planned, attempt, visit, warnings)
        finally:
            planned.replica.in_flight -= 1
            self._switchboard.forget(attempt)
        if outcome is None:
            return True
        # What the attempt may have begun to say, nobody has heard.
        exchange.opening.give_back()
        if isinstance(outcome, FailedAttempt):
            course.gone_wrong(outcome, fault_of(outcome.label))
            return False
        account.made(planned, outcome)
        fault = self._judge(exchange, planned, outcome)
        visit.failed(fault, outcome.retry_after)
        course.gone_wrong(
            FailedAttempt(planned.tier_id, outcome.failure or "", outcome.status, outcome.retry_after), fault
        )
        _log.warning("%s: tier %s failed: %s", exchange.client.request_id, planned.tier_id, outcome.explanation)
        return False

    def _judge(self, exchange: Exchange, planned: PlannedAttempt, outcome: Outcome) -> Fault:
        """Whose fault the failure of an attempt is. Raises the caller's error that it is, if it is one.

        A prompt that is too long is none while a later attempt has a larger window.
        """
        tier = planned.replica.tier
        overflow = None
        if planned.path is None:
            facts = exchange.request.facts
            estimated = self._calibration.estimate(tier.id, facts.prompt_tokens)
            cap = facts.max_output_tokens
            overflow = context_overflow(tier, outcome, exchange.request.dialect, estimated=estimated, cap=cap)
        if overflow is not None and exchange.course.overflow(planned.context_limit):
            return Fault.CALLER
        refused = overflow or refusal(tier, outcome)
        if refused is not None:
            raise refused
        return fault_of(outcome.failure or "", outcome.status, outcome.retry_after)

    async def count_tokens(self, client: Client, dialect: str, body: bytes) -> int:
        """The size in tokens of a request's prompt, as the first tier of its plan counts it.

        Raises `Malformed`, and `UnknownResponse` as `answer` does.
        """
        request = _read(self._stored.resumed, _read(Request.decode_prompt, dialect, body), client.caller.name)
        decided = self._decider.decide(request, client, hear(request, client))
        if not decided.plan.attempts:
            return max(1, decided.facts.prompt_tokens)
        replica = decided.plan.attempts[0].replica
        return await self._tokenizer.count(replica, request, body, headers_for("messages", client))

    async def advise(self, client: Client, body: bytes) -> Advice:
        """What a request would lead to. Asks no tier and changes nothing.

        Raises as `answer` does for a request that is none, or that nobody could answer.
        """
        dialect, body, signals = read_advice_request(body, client.request_headers)
        request = _read(self._stored.resumed, _read(Request.decode_prompt, dialect, body), client.caller.name)
        heard = await self._treasury.hear(request, client)
        decided = self._decider.decide(request, client, heard, signals)
        if decided.plan.too_long is not None:
            raise prompt_too_long(decided.plan.too_long, dialect)
        if not decided.plan.attempts:
            raise unpaid(decided.plan.lacking, (), dialect) or exhaustion(
                decided.plan, (), client.caller, status=_NOBODY
            )
        return advice_of(decided)

    async def _dispatch(self, exchange: Exchange, planned: PlannedAttempt) -> Attempt | FailedAttempt | None:
        """Starts an attempt. A failed one could not be started; None says that the caller has left meanwhile."""
        tier, client, request = planned.replica.tier, exchange.client, exchange.request
        try:
            exchange.course.asked()
            if tier.model is None:
                await tier.know_model(self._switchboard, planned.replica, exchange.deadline.wait)
                self._ledger.price(tier)
            return self._switchboard.engine.open(
                planned.replica.endpoint,
                request,
                tier.overrides,
                dialect=planned.dialect,
                path=planned.path,
                model=request.model if self._echoes_model else tier.model or request.model,
                opening=exchange.opening,
                headers=headers_for(planned.dialect, client),
                keeps_items=request.keeps_items,
                checks=self._checks(planned.checking),
                least_prompt_tokens=_fewest_tokens(request),
            )
        except AbandonedError:
            return FailedAttempt(planned.tier_id, DEADLINE) if exchange.has_run_out else None
        except EngineClosedError:
            return FailedAttempt(planned.tier_id, "engine_closed")
        except UnknownModelError as error:
            _log.warning("%s: tier %s has no known model: %s", client.request_id, planned.tier_id, error)
            return FailedAttempt(planned.tier_id, MODEL_UNKNOWN)
        except UntranslatableError as error:
            _log.warning("%s: tier %s cannot be asked: %s", client.request_id, planned.tier_id, error)
            return FailedAttempt(planned.tier_id, UNTRANSLATABLE, explanation=str(error), param=error.param)

    def _checks(self, checking: Checking) -> Checks:
        made = self._made_checks.get(checking)
        if made is None:
            made = self._made_checks[checking] = Checks(
                checking.checks,
                window=checking.window,
                repairs=checking.repairs,
                max_held_bytes=self._window.max_bytes,
                heartbeat_every=self._window.heartbeat_every,
                least_mean_logprob=checking.least_mean_logprob,
            )
        return made


def _fewest_tokens(request: Request) -> int | None:
    """What no tier counts less than of the request's prompt; None where that proves nothing."""
    facts = request.facts
    return None if facts.images or facts.documents else Calibration.fewest(facts.prompt_tokens)


def _opening(client: Client, asked: Request) -> Opening:
    return Opening(asked, model=asked.model, answer_id=client.answer_id, request_id=client.request_id)


def _read(reader: Callable[_Given, Request], *given: _Given.args, **named: _Given.kwargs) -> Request:
    """The request that `reader` makes of what it is given. Raises `Malformed` where that is none."""
    try:
        return reader(*given, **named)
    except InvalidRequestError as error:
        raise Malformed(str(error), param=error.param) from None


def error_answer(error: RequestError, dialect: str, request_id: str) -> bytes:
    """The body that tells a caller of an error, in its dialect."""
    return _core.error_body(dialect, error.kind, str(error), param=error.param, request_id=request_id)
