"""How much later than the tier's the first byte is, by window."""

from __future__ import annotations

import json
import statistics
import time
from typing import TYPE_CHECKING

import msgspec
from tests.fakes import answers

from gated.answer import ASKED, PROSE
from gated.ends import Client, Tier, stream
from gated.routers import router

if TYPE_CHECKING:
    from collections.abc import Sequence

WINDOWS = ("none", "block", "whole")
_SETTLE = 0.002
"""Seconds after which the router has read what it was sent and sleeps again, as between two tokens."""
_NOTICE = 0.05
"""Seconds in which an event that opens the window is seen to."""


class Delay(msgspec.Struct, frozen=True):
    """The client's first byte after the tier's byte that lets it go."""

    window: str
    # What the tier has said by then: events, and characters of text.
    events: int
    characters: int
    of_events: int
    p50_ms: float
    p99_ms: float


def measure(samples: int) -> list[Delay]:
    with Tier() as tier, Tier() as other:
        delays = [straight(tier, samples)]
        for window in WINDOWS:
            with router(window, tier, other) as process, Client(process.port) as client:
                opening = opened_by(tier, client)
                times = [one(tier, client, opening) for _ in range(samples)]
            delays.append(delay(window, opening, times))
    return delays


def straight(tier: Tier, samples: int) -> Delay:
    """With nothing between: what two sockets and this program take."""
    with Client(int(tier.url.rsplit(":", 1)[1].removesuffix("/v1"))) as client:
        times = [one(tier, client, 1) for _ in range(samples)]
    return delay("(no router)", 1, times)


def delay(window: str, opening: int, times: Sequence[float]) -> Delay:
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in EVENTS[:opening] if b"[DONE]" not in event]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk["choices"]]
    characters = sum(len(delta.get("content") or "") for delta in deltas)
    p50, p99 = (statistics.quantiles(times, n=100)[at] * 1e3 for at in (49, 98))
    return Delay(window, opening, characters, len(EVENTS), p50, p99)


EVENTS = PROSE.events("chat")


def opened_by(tier: Tier, client: Client) -> int:
    """How many events the tier has to send until the client is given something."""
    tier.wait(client.ask(ASKED))
    tier.send(answers.stream_head())
    for number, event in enumerate(EVENTS, 1):
        tier.send(stream([event]))
        is_last = number == len(EVENTS)
        if client.is_answered(_NOTICE if is_last or number <= 80 else _SETTLE / 4):
            break
    tier.send(stream(EVENTS[number:]) + answers.chunk(b""))
    client.rest()
    return number


def one(tier: Tier, client: Client, opening: int) -> float:
    """Seconds from the tier's write of the event that opens the window to the client's first byte."""
    tier.wait(client.ask(ASKED))
    if opening > 1:
        tier.send(answers.stream_head() + stream(EVENTS[: opening - 1]))
        time.sleep(_SETTLE)
        last = stream(EVENTS[opening - 1 : opening])
    else:
        last = answers.stream_head() + stream(EVENTS[:1])
    began = time.perf_counter()
    tier.send(last)
    data = client.first()
    took = time.perf_counter() - began
    tier.send(stream(EVENTS[opening:]) + answers.chunk(b""))
    client.rest(data)
    return took
