"""What each check costs: the router's CPU for an answer with it alone, over one that is held and not checked."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from tests.fakes import answers

from gated.answer import ASKED, ASKED_FOR_FORM, FORMED, PROSE
from gated.ends import Client, Tier, cpu_seconds, stream
from gated.routers import CHECKS, router
from harness.process import BenchError

if TYPE_CHECKING:
    from tests.fakes.asked import Asked
    from tests.fakes.said import Said
    from tests.integration.router import RouterProcess

WARM_UP = 20
NOT_HELD, NOT_CHECKED, ALL = "window none", "held whole, no check", "held whole, every check"


class Cost(msgspec.Struct, frozen=True):
    """What one router takes for an answer: the least of the rounds, for neighbours only ever add to it."""

    name: str
    answer: str
    bytes: int
    cpu_us: float
    # More than one that checks nothing.
    added_us: float
    # How much more the median round took: what is added is no more certain than that.
    spread_us: float


class Case(NamedTuple):
    """A router and what it is asked."""

    name: str
    answer: str
    asked: Asked
    said: Said
    process: RouterProcess


def measure(rounds: int, each: int) -> list[Cost]:
    with ExitStack() as running:
        tier, other = running.enter_context(Tier()), running.enter_context(Tier())

        def started(window: str, checks: tuple[str, ...]) -> RouterProcess:
            return running.enter_context(router(window, tier, other, checks))

        bare, whole = started("whole", ()), started("whole", CHECKS)
        alone = {check: started("whole", (check,)) for check in CHECKS}
        # Calls are held against a schema where they are looked at at all.
        alone["schema"] = started("whole", ("tools", "schema"))
        text = {NOT_HELD: started("none", ()), NOT_CHECKED: bare, **alone, ALL: whole}
        form = {NOT_CHECKED: bare, "format": alone["format"], ALL: whole}
        del text["format"]
        cases = [Case(name, "text and edit", ASKED, PROSE, process) for name, process in text.items()]
        cases += [Case(name, "JSON", ASKED_FOR_FORM, FORMED, process) for name, process in form.items()]
        for case in cases:
            spent(case, tier, WARM_UP)
        found = [[spent(case, tier, each) for case in cases] for _ in range(rounds)]
    return [cost(case, place, cases, found) for place, case in enumerate(cases)]


def cost(case: Case, place: int, cases: list[Case], found: list[list[float]]) -> Cost:
    floor = next(at for at, other in enumerate(cases) if other.name == NOT_CHECKED and other.answer == case.answer)
    own, unchecked = ([row[at] * 1e6 for row in found] for at in (place, floor))
    size = len(b"".join(case.said.events("chat")))
    return Cost(case.name, case.answer, size, min(own), min(own) - min(unchecked), statistics.median(own) - min(own))


def spent(case: Case, tier: Tier, count: int) -> float:
    """CPU seconds of one answer. All of its events come at once, so that waking for them costs the same everywhere."""
    events = case.said.events("chat", with_usage=True)
    answer = answers.stream_head() + stream(events) + answers.chunk(b"")
    with Client(case.process.port) as client:
        began = cpu_seconds(case.process.pid)
        for _ in range(count):
            tier.wait(client.ask(case.asked))
            tier.send(answer)
            if b"[DONE]" not in (body := client.rest()):
                raise BenchError(f"{case.name}: not the answer: {body[:400]!r}")
        return (cpu_seconds(case.process.pid) - began) / count
