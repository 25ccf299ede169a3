"""The life of a request, told once.

    decode ─► intent ─► policy ─► dispatch ─► relay ─► (fallback ─► dispatch ─► …) ─► the client

`docs/life-of-a-request.md` walks it in the same order.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING, ParamSpec, Protocol

from anvil_serving import _core
from anvil_serving._core import EngineClosedError, InvalidRequestError, Opening, Request, UntranslatableError
from anvil_serving.errors import Malformed, ThreadUnsupported
from anvil_serving.router.fallback import UNTRANSLATABLE, FailedAttempt, exhaustion, refusal
from anvil_serving.router.intent import Intents
from anvil_serving.router.offered import offered_models
from anvil_serving.router.overflow import context_overflow
from anvil_serving.router.plan import Head
from anvil_serving.router.policy import Policy
from anvil_serving.router.stored import StoredResponses
from anvil_serving.upstream import AbandonedError, Calibration, Health, Switchboard, Tiers, Tokenizer, UnknownModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anvil_serving import config
    from anvil_serving.errors import RequestError
    from anvil_serving.router.plan import Plan, PlannedAttempt
    from anvil_serving.upstream import Arrival, Attempt, Outcome

_Given = ParamSpec("_Given")

__all__ = ["Client", "Opening", "Router", "error_answer"]

_log = logging.getLogger("anvil_serving.router")

_CREDENTIAL_REFUSED = {401, 403}
"""Statuses of a tier that say the router's own key is wrong: a person has to do something."""
_ANTHROPIC_VERSION = (b"anthropic-version", b"2023-06-01")
"""Said to a Messages tier when the caller says none: Anthropic refuses a request without it."""
_PIECES_A_TURN = 16
"""A ready `send` never yields: after this many pieces the other exchanges get a turn."""


class Client(Protocol):
    """The caller's side of an exchange, as the router sees it."""

    request_id: str
    answer_id: str
    """Unique among all answers of all workers; ids within the answer are made of it."""
    has_left: bool
    """Whether the caller has closed its connection."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Headers that go on to a tier."""

    def expect(self, opening: Opening, *, intent: str) -> None:
        """Is told that a stream will come: a caller that waits for it may be given signs of life from `opening`."""

    async def start(self, head: Head) -> None:
        """Sends the head of a good answer, if none was needed before. From here on no other tier can answer."""

    async def send(self, data: bytes, *, last: bool) -> None:
        """Sends part of the answer; waits while the client does not read."""

    async def abort(self, data: bytes) -> None:
        """Sends the last bytes of an answer that broke off, then breaks the connection."""

    def wait(self, arrival: asyncio.Future[Arrival | None]) -> asyncio.Future[Arrival | None]:
        """The future of what a tier sends next, which comes to None when the client leaves, before or meanwhile."""


class Router:
    """Answers requests from tiers. One per event loop: made while the loop runs, closed there."""

    def __init__(self, settings: config.Router, secrets: Mapping[str, config.Secret], *, response_model: str) -> None:
        self.presets = settings.presets
        self.tiers = Tiers(settings, secrets)
        self.intents = Intents(settings.presets, [tier.id for tier in self.tiers])
        self.policy = Policy(settings, self.tiers)
        self.models = offered_models(self.policy, self.tiers, settings.presets)
        self._switchboard = Switchboard()
        self.health = Health(self.tiers, self._switchboard)
        self._calibration = Calibration()
        self._tokenizer = Tokenizer(self._switchboard, self._calibration)
        self._stored = StoredResponses()
        self._exhaustion_status = settings.exhaustion_status
        self._echo_model = response_model == "request"

    def close(self) -> None:
        """Ends the attempts that still run, and the engine."""
        self._switchboard.close(grace=0.0)

    async def answer(self, client: Client, dialect: str, body: bytes) -> None:
        """Answers one request.

        Raises a `RequestError` while nothing has been sent; after that, breaks the stream off.
        """
        asked = _read(Request.decode, dialect, body)
        del body  # the request holds its own copy; a long answer need not hold two
        if asked.thread:
            raise ThreadUnsupported("threads are not supported here: send the whole conversation", param="thread")
        opening = _opening(client, asked)
        request = _read(self._stored.resumed, asked)
        plan = self.policy.plan(self.intents.resolve(request.model), dialect)
        await self._follow(plan, client, request, opening)

    async def forward(self, client: Client, purpose: str, body: bytes) -> None:
        """Passes a request of no dialect on to a tier that declares `purpose`, and its answer back.

        Raises as `answer` does, and `PurposeUnserved` when no tier declares it.
        """
        request = _read(Request.decode_unread, body)
        del body
        plan = self.policy.plan_for(purpose, self.intents.resolve(request.model))
        await self._follow(plan, client, request, _opening(client, request))

    async def _follow(self, plan: Plan, client: Client, request: Request, opening: Opening) -> None:
        """Makes the plan's attempts, until one has answered."""
        if request.stream:
            client.expect(opening, intent=plan.intent)
        failed: list[FailedAttempt] = []
        overflown = 0
        for number, planned in enumerate(plan.attempts, start=1):
            if planned.context_limit <= overflown:
                continue
            attempt = await self._dispatch(client, request, opening, planned)
            if attempt is None:
                return
            if isinstance(attempt, FailedAttempt):
                failed.append(attempt)
                continue
            try:
                head = Head(plan.intent, planned, number, stream=request.stream, warnings=tuple(attempt.warnings))
                outcome = await self._relay(client, request, attempt, head)
            finally:
                self._switchboard.forget(attempt)
            if outcome is None:
                return
            # What the attempt may have begun to say, nobody has heard.
            opening.give_back()
            overflown = max(overflown, self._judge(plan, number, outcome, request))
            failed.append(FailedAttempt(planned.tier_id, outcome.failure or "", outcome.status, outcome.retry_after))
            level = logging.ERROR if outcome.status in _CREDENTIAL_REFUSED else logging.WARNING
            _log.log(level, "%s: tier %s failed: %s", client.request_id, planned.tier_id, outcome.explanation)
        raise exhaustion(plan, failed, status=self._exhaustion_status)

    def _judge(self, plan: Plan, number: int, outcome: Outcome, request: Request) -> int:
        """Raises the caller's error that the failure of this attempt is, if it is one.

        A prompt that is too long is none while a later attempt has a larger window; then the window that was too small
        is returned, in tokens, else 0.
        """
        planned = plan.attempts[number - 1]
        tier = planned.replica.tier
        overflow = None
        if planned.path is None:
            facts = request.facts
            estimated = self._calibration.estimate(tier.id, facts.prompt_tokens)
            cap = facts.max_output_tokens
            overflow = context_overflow(tier, outcome, request.dialect, estimated=estimated, cap=cap)
        if overflow is not None and plan.has_room_beyond(planned.context_limit, after=number):
            return planned.context_limit
        refused = overflow or refusal(tier, outcome)
        if refused is not None:
            raise refused
        return 0

    async def count_tokens(self, client: Client, dialect: str, body: bytes) -> int:
        """The size in tokens of a request's prompt, as the first tier of its plan counts it.

        Raises `Malformed`, and `UnknownResponse` as `answer` does.
        """
        request = _read(self._stored.resumed, _read(Request.decode_prompt, dialect, body))
        plan = self.policy.plan(self.intents.resolve(request.model), dialect)
        if not plan.attempts:
            return max(1, request.facts.prompt_tokens)
        replica = plan.attempts[0].replica
        return await self._tokenizer.count(replica, request, body, _headers_for("messages", client))

    async def _dispatch(
        self, client: Client, request: Request, opening: Opening, planned: PlannedAttempt
    ) -> Attempt | FailedAttempt | None:
        """Starts an attempt. A failed one could not be started; None says that the caller has left meanwhile."""
        tier = planned.replica.tier
        try:
            if tier.model is None:
                await tier.know_model(self._switchboard, planned.replica, client.wait)
            return self._switchboard.engine.open(
                planned.replica.endpoint,
                request,
                tier.overrides,
                dialect=planned.dialect,
                path=planned.path,
                model=request.model if self._echo_model else tier.model or request.model,
                opening=opening,
                headers=_headers_for(planned.dialect, client),
                keeps_items=request.keeps_items,
            )
        except AbandonedError:
            return None
        except EngineClosedError:
            return FailedAttempt(planned.tier_id, "engine_closed")
        except UnknownModelError as error:
            _log.warning("%s: tier %s has no known model: %s", client.request_id, planned.tier_id, error)
            return FailedAttempt(planned.tier_id, "model_unknown")
        except UntranslatableError as error:
            _log.warning("%s: tier %s cannot be asked: %s", client.request_id, planned.tier_id, error)
            return FailedAttempt(planned.tier_id, UNTRANSLATABLE, explanation=str(error), param=error.param)

    async def _relay(self, client: Client, request: Request, attempt: Attempt, head: Head) -> Outcome | None:
        """Passes an attempt's bytes on.

        None: the exchange is over, well or not. An outcome: the attempt failed and nothing of it was sent.
        """
        has_started = False
        for pieces in itertools.count(1):
            ready = self._switchboard.next_arrival(attempt)
            arrival = ready if isinstance(ready, tuple) else await client.wait(ready)
            if arrival is None or client.has_left:
                break
            _, data, outcome = arrival
            if outcome is not None and outcome.failure is not None:
                if not has_started:
                    return outcome
                _log.warning("%s: tier %s broke off: %s", client.request_id, head.planned.tier_id, outcome.explanation)
                await client.abort(data)
                break
            if not has_started:
                has_started = True
                await client.start(head)
            if outcome is not None:
                # Before the client knows that its answer is whole: it may go on from it at once.
                self._learn(client, request, head.planned, outcome)
            await client.send(data, last=outcome is not None)
            if outcome is not None:
                break
            if pieces % _PIECES_A_TURN == 0:
                await asyncio.sleep(0)
        return None

    def _learn(self, client: Client, request: Request, planned: PlannedAttempt, outcome: Outcome) -> None:
        """Takes from a whole answer what later requests need."""
        self._calibration.observe(planned.tier_id, request.facts.prompt_tokens, outcome.input_tokens)
        if request.keeps_items:
            self._stored.keep(f"resp_{client.answer_id}", request, outcome.items)


def _opening(client: Client, asked: Request) -> Opening:
    return Opening(asked, model=asked.model, answer_id=client.answer_id, request_id=client.request_id)


def _headers_for(dialect: str, client: Client) -> Sequence[tuple[bytes, bytes]]:
    """The caller's headers that a tier of this dialect is sent."""
    if dialect == "messages":
        said_version = any(name == _ANTHROPIC_VERSION[0] for name, _ in client.headers)
        return client.headers if said_version else [*client.headers, _ANTHROPIC_VERSION]
    return [header for header in client.headers if not header[0].startswith(b"anthropic-")]


def _read(reader: Callable[_Given, Request], *given: _Given.args, **named: _Given.kwargs) -> Request:
    """The request that `reader` makes of what it is given. Raises `Malformed` where that is none."""
    try:
        return reader(*given, **named)
    except InvalidRequestError as error:
        raise Malformed(str(error), param=error.param) from None


def error_answer(error: RequestError, dialect: str, request_id: str) -> bytes:
    """The body that tells a caller of an error, in its dialect."""
    return _core.error_body(dialect, error.kind, str(error), param=error.param, request_id=request_id)
