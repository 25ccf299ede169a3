"""Interleaved rounds: what one request costs each contender, and what each adds to a lone client's latency."""

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.contender import Contender, Name
from harness.generator import Load, LoadReport, Mode, run_load
from harness.machine import Busy
from harness.process import cpu_seconds

WARM_UP_SECONDS = 1.0
# A lone client needs a few thousand answers for a steady median, and no more.
LATENCY_SECONDS = 2.0


class Plan(msgspec.Struct, frozen=True):
    """How the rounds are run."""

    rounds: int
    seconds: float
    clients: int
    words: int


class Sample(msgspec.Struct, frozen=True):
    """One load run against one contender."""

    # Of the whole process tree; `None` for the direct way, which has no process.
    cpu_us_per_request: float | None
    cores: float | None
    # Cores that nobody of this bench used: what else the machine was doing.
    elsewhere_cores: float
    load: LoadReport


class Round(msgspec.Struct, frozen=True):
    """One contender's three runs in one round."""

    contender: Name
    number: int
    stream: Sample
    whole: Sample
    lone: Sample


def measure(binary: Path, contender: Contender, load: Load) -> Sample:
    busy = Busy()
    started, cpu = time.monotonic(), cpu_seconds(contender.child.pid) if contender.child else 0.0
    report = run_load(binary, contender.base_url, load)
    if contender.child is None:
        return Sample(None, None, busy.elsewhere_cores(), report)
    used = cpu_seconds(contender.child.pid) - cpu
    elapsed = time.monotonic() - started
    elsewhere = busy.elsewhere_cores()
    contender.child.check()
    each = used / report.requests * 1e6 if report.requests else None
    return Sample(each, used / elapsed, elsewhere, report)


def warm_up(binary: Path, contender: Contender, plan: Plan) -> None:
    for mode in modes():
        run_load(binary, contender.base_url, Load(mode, plan.clients, WARM_UP_SECONDS, plan.words))


def modes() -> tuple[Mode, Mode]:
    return "stream", "whole"


def one_round(binary: Path, contender: Contender, plan: Plan, number: int) -> Round:
    stream, whole = (measure(binary, contender, Load(mode, plan.clients, plan.seconds, plan.words)) for mode in modes())
    lone = measure(binary, contender, Load("whole", 1, min(LATENCY_SECONDS, plan.seconds), plan.words))
    return Round(contender.name, number, stream, whole, lone)


class Cost(msgspec.Struct, frozen=True):
    """A contender's medians over the rounds; ratios and differences are taken within a round first."""

    contender: Name
    stream_cpu_us: float | None
    whole_cpu_us: float | None
    stream_ratio: float | None
    whole_ratio: float | None
    stream_per_second: float
    whole_per_second: float
    lone_p50_ms: float | None
    added_p50_ms: float | None
    # Largest less smallest of the rounds, as a share of the median.
    stream_spread: float | None
    whole_spread: float | None
    errors: int
    # The loudest of its measurements: cores used by others meanwhile.
    elsewhere_cores: float


def median(values: Sequence[float | None]) -> float | None:
    """`None` when a round is missing its value: a median of the lucky rounds would be a different claim."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known and len(known) == len(values) else None


def paired(values: Sequence[float | None], floor: Sequence[float | None]) -> list[tuple[float, float] | None]:
    """Each value beside the floor of its own round; `None` where either is missing."""
    return [(a, b) if a is not None and b else None for a, b in zip(values, floor, strict=True)]


def ratio(values: Sequence[float | None], floor: Sequence[float | None]) -> float | None:
    return median([pair and pair[0] / pair[1] for pair in paired(values, floor)])


def difference(values: Sequence[float | None], floor: Sequence[float | None]) -> float | None:
    return median([pair and pair[0] - pair[1] for pair in paired(values, floor)])


def spread(values: Sequence[float | None]) -> float | None:
    middle = median(values)
    known = [value for value in values if value is not None]
    return (max(known) - min(known)) / middle if middle else None


def costs(rounds: Sequence[Round]) -> list[Cost]:
    by_name: dict[Name, list[Round]] = {}
    for one in rounds:
        by_name.setdefault(one.contender, []).append(one)
    return [cost(own, by_name.get("nginx", []), by_name.get("direct", [])) for own in by_name.values()]


def cost(own: Sequence[Round], nginx: Sequence[Round], direct: Sequence[Round]) -> Cost:
    floor, straight = {one.number: one for one in nginx}, {one.number: one for one in direct}
    numbers = [one.number for one in own]
    peers = [floor.get(number) for number in numbers]
    samples = [sample for one in own for sample in (one.stream, one.whole, one.lone)]
    stream = [one.stream.cpu_us_per_request for one in own]
    whole = [one.whole.cpu_us_per_request for one in own]
    lone = [one.lone.load.latency_ms.p50 for one in own]
    lone_direct = [peer.lone.load.latency_ms.p50 if peer else None for peer in map(straight.get, numbers)]
    return Cost(
        contender=own[0].contender,
        stream_cpu_us=median(stream),
        whole_cpu_us=median(whole),
        stream_ratio=ratio(stream, [peer.stream.cpu_us_per_request if peer else None for peer in peers]),
        whole_ratio=ratio(whole, [peer.whole.cpu_us_per_request if peer else None for peer in peers]),
        stream_per_second=statistics.median(one.stream.load.requests_per_second for one in own),
        whole_per_second=statistics.median(one.whole.load.requests_per_second for one in own),
        lone_p50_ms=median(lone),
        added_p50_ms=difference(lone, lone_direct),
        stream_spread=spread(stream),
        whole_spread=spread(whole),
        errors=sum(sample.load.errors for sample in samples),
        elsewhere_cores=max(sample.elsewhere_cores for sample in samples),
    )
