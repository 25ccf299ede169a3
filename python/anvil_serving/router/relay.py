"""What a tier answers, on its way to the client."""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from typing import TYPE_CHECKING

from anvil_serving.router.fallback import DEADLINE, FailedAttempt, Fault, fault_of
from anvil_serving.router.plan import Head
from anvil_serving.router.session import Conversation
from anvil_serving.router.verification import verified

if TYPE_CHECKING:
    from anvil_serving.router.decide import Decided
    from anvil_serving.router.exchange import Exchange
    from anvil_serving.router.plan import PlannedAttempt
    from anvil_serving.router.session import Sessions
    from anvil_serving.router.stored import StoredResponses
    from anvil_serving.router.traffic import Visit
    from anvil_serving.upstream import Attempt, Calibration, Outcome, Switchboard

_log = logging.getLogger("anvil_serving.router")

_PIECES_A_TURN = 16
"""A ready `send` never yields: after this many pieces the other exchanges get a turn."""


class Relay:
    """Passes on what tiers answer, and takes from it what later requests need."""

    def __init__(
        self, switchboard: Switchboard, sessions: Sessions, calibration: Calibration, stored: StoredResponses
    ) -> None:
        self._switchboard = switchboard
        self._sessions = sessions
        self._calibration = calibration
        self._stored = stored

    async def pass_on(
        self, exchange: Exchange, planned: PlannedAttempt, attempt: Attempt, visit: Visit, warnings: tuple[str, ...]
    ) -> Outcome | FailedAttempt | None:
        """Passes an attempt's bytes on.

        None: the exchange is over, well or not. Otherwise the attempt failed, or was given up, and nothing of it was
        sent.
        """
        client, account = exchange.client, exchange.account
        has_started = False
        wait = exchange.deadline.wait
        for pieces in itertools.count(1):
            ready = self._switchboard.next_arrival(attempt)
            arrival = ready if isinstance(ready, tuple) else await wait(ready)
            if arrival is None and exchange.has_run_out:
                account.abandoned(planned, DEADLINE)
                return FailedAttempt(planned.tier_id, DEADLINE)
            if arrival is None or client.has_left:
                account.abandoned(planned)
                break
            _, data, outcome = arrival
            if outcome is not None and outcome.failure is not None:
                if not has_started:
                    return outcome
                self._broke_off(exchange, planned, outcome, visit)
                await client.abort(data)
                break
            if not has_started:
                has_started, wait = True, client.wait
                exchange.deadline.lift()
                visit.began()
                account.started(warnings)
                checked = verified(planned.checking, outcome)
                await client.start(Head(planned, exchange.course.number, exchange.request.stream, checked, warnings))
            if outcome is not None:
                # Before the client knows that its answer is whole: it may go on from it at once.
                visit.answered()
                account.answered(planned, outcome)
                self._learn(exchange, planned, outcome)
            await client.send(data, last=outcome is not None)
            if outcome is not None:
                break
            if pieces % _PIECES_A_TURN == 0:
                await asyncio.sleep(0)
        return None

    def _broke_off(self, exchange: Exchange, planned: PlannedAttempt, outcome: Outcome, visit: Visit) -> None:
        """Takes note of an answer that cannot go on; who asks again after a bad one is to go elsewhere."""
        account, fault = exchange.account, fault_of(outcome.failure or "", outcome.status, outcome.retry_after)
        _log.warning("%s: tier %s broke off: %s", exchange.client.request_id, planned.tier_id, outcome.explanation)
        account.broke_off(planned, outcome)
        visit.failed(fault)
        if fault is Fault.QUALITY and planned.path is None:
            self._sessions.broke_off(account.decided.key, _conversation(account.decided, planned))

    def _learn(self, exchange: Exchange, planned: PlannedAttempt, outcome: Outcome) -> None:
        """Takes from a whole answer what later requests need."""
        client, request, decided = exchange.client, exchange.request, exchange.account.decided
        tier = planned.replica.tier
        if request.stream and outcome.first_byte_seconds is not None:
            tier.observe_first_byte(outcome.first_byte_seconds, time.monotonic())
        if planned.path is None:
            prompt_tokens = decided.facts.prompt_tokens
            self._calibration.observe(tier.id, prompt_tokens, outcome.input_tokens)
            self._sessions.keep(decided.key, _conversation(decided, planned))
        if request.keeps_items:
            self._stored.keep(f"resp_{client.answer_id}", request, outcome.items, owner=client.caller.name)


def _conversation(decided: Decided, planned: PlannedAttempt) -> Conversation:
    work = decided.work
    return Conversation(planned.tier_id, planned.replica.index, decided.asked, work.work_class, work.confidence)
