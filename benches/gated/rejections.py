"""How soon the next tier is asked once an answer is proven wrong, and what the proof spares."""

from __future__ import annotations

import re
import statistics
import time
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from tests.fakes import answers

from gated.answer import DEFECTS, Defect
from gated.ends import Client, Tier, stream
from gated.routers import router
from harness.process import BenchError

if TYPE_CHECKING:
    from tests.integration.router import RouterProcess

DECISION = re.compile(rb"x-anvil-decision: (\S+)")
TOKENS_PER_SECOND = 30.0
"""Of a local model, for what the proof spares."""
_SETTLE = 0.003
_NOTICE = 0.15
"""Seconds in which the proof is acted upon."""


class Rejection(msgspec.Struct, frozen=True):
    """One kind of defect."""

    label: str
    # Events that had to come until it was proven, and events of the whole answer.
    events: int
    of_events: int
    p50_ms: float
    p99_ms: float

    @property
    def spared_seconds(self) -> float:
        """What the rest of the answer would have taken."""
        return (self.of_events - self.events) / TOKENS_PER_SECOND


class Stage(NamedTuple):
    """Two tiers and the router before them."""

    first: Tier
    second: Tier
    process: RouterProcess


def measure(samples: int) -> list[Rejection]:
    with Tier() as first, Tier() as second, router("whole", first, second) as process:
        return [rejection(defect, Stage(first, second, process), samples) for defect in DEFECTS]


def rejection(defect: Defect, stage: Stage, samples: int) -> Rejection:
    events = defect.said.events("chat")
    proof = proven_by(defect, events, stage)
    times = [one(defect, events, proof, stage) for _ in range(samples)]
    p50, p99 = (statistics.quantiles(times, n=100)[at] * 1e3 for at in (49, 98))
    return Rejection(defect.label, proof, max(len(events), defect.tokens or 0), p50, p99)


def proven_by(defect: Defect, events: list[bytes], stage: Stage) -> int:
    """The number of the event that proves it, by halving: what proves it once proves it with more behind it."""
    least, most = 1, len(events)
    while least < most:
        middle = (least + most) // 2
        if is_rejected(defect, events[:middle], stage):
            most = middle
        else:
            least = middle + 1
    return least


def is_rejected(defect: Defect, events: list[bytes], stage: Stage) -> bool:
    """Whether an answer that is not over yet is given up, and for this defect."""
    with Client(stage.process.port) as client:
        mark = client.ask(defect.asked)
        stage.first.wait(mark)
        stage.first.send(answers.stream_head() + stream(events))
        if not stage.second.is_asked(mark, _NOTICE):
            return False
        answer = answered(defect, client, stage)
    decision = stage.process.decision(DECISION.findall(answer)[0].decode())
    if (found := decision.attempts[0].defects) != (defect.label,):
        raise BenchError(f"{defect.label}: rejected as {found}")
    return True


def one(defect: Defect, events: list[bytes], proof: int, stage: Stage) -> float:
    """Seconds from the write of the event that proves it to the other tier's having the request."""
    with Client(stage.process.port) as client:
        mark = client.ask(defect.asked)
        stage.first.wait(mark)
        stage.first.send(answers.stream_head() + stream(events[: proof - 1]))
        time.sleep(_SETTLE)
        last = stream(events[proof - 1 : proof])
        began = time.perf_counter()
        stage.first.send(last if proof < len(events) else last + answers.chunk(b""))
        stage.second.wait(mark)
        took = time.perf_counter() - began
        answered(defect, client, stage)
        return took


def answered(defect: Defect, client: Client, stage: Stage) -> bytes:
    """The other tier's answer, of which the first one's is no part."""
    events = defect.good.events("chat")
    stage.second.send(answers.stream_head() + stream(events) + answers.chunk(b""))
    answer = client.rest()
    if b"x-anvil-tier: second" not in answer or answer.count(b"data: ") > len(events):
        raise BenchError(f"{defect.label}: not the other tier's answer: {answer[:600]!r}")
    return answer
