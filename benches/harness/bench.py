"""One run: which contender starts when, and what is done with a failure."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness.aim import verdicts
from harness.contender import Contender, Name, NotInstalledError, Setting, start
from harness.cost import Plan, Round, costs, one_round, warm_up
from harness.generator import LoadReport, start_upstream
from harness.process import BenchError
from harness.record import Results
from harness.streams import INTERVAL_MS, Streams, StreamsPlan, measure_streams


class Options(msgspec.Struct, frozen=True):
    """The command line, read."""

    plan: Plan
    streams: StreamsPlan | None
    contenders: Sequence[Name]
    router_command: str
    events_per_write: int


class Bench:
    """One run: the numbers so far, and what went wrong."""

    def __init__(self, options: Options, binary: Path, directory: Path) -> None:
        self.options = options
        self.binary = binary
        self.directory = directory
        self.rounds: list[Round] = []
        self.streams: list[Streams] = []
        self.problems: list[str] = []
        self._missing: set[Name] = set()

    def measure_costs(self) -> None:
        plan = self.options.plan
        with contextlib.ExitStack() as children:
            writes = self.options.events_per_write
            upstream, port = start_upstream(self.binary, self.directory, words=plan.words, events_per_write=writes)
            children.enter_context(upstream)
            contenders = [one for name in self.options.contenders if (one := self._start(name, port, children))]
            for contender in contenders:
                warm_up(self.binary, contender, plan)
            for number in range(1, plan.rounds + 1):
                for contender in contenders:
                    say(f"round {number} of {plan.rounds}: {contender.name}")
                    with self._problem(contender.name):
                        self.rounds.append(one_round(self.binary, contender, plan, number))

    def measure_streams(self, plan: StreamsPlan) -> None:
        """Each contender starts afresh, so that its memory is that of the streams and of nothing before them."""
        with contextlib.ExitStack() as children:
            upstream, port = start_upstream(self.binary, self.directory, words=plan.words(), interval_ms=INTERVAL_MS)
            children.enter_context(upstream)
            for name in self.options.contenders:
                if name == "direct" or name in self._missing:
                    continue
                say(f"{plan.streams} streams: {name}")
                with contextlib.ExitStack() as own, self._problem(name):
                    contender = self._start(name, port, own)
                    if contender:
                        self.streams.append(measure_streams(self.binary, contender, plan))

    def _start(self, name: Name, upstream_port: int, children: contextlib.ExitStack) -> Contender | None:
        directory = Path(tempfile.mkdtemp(dir=self.directory))
        try:
            contender = start(name, Setting(upstream_port, directory, self.options.router_command))
        except NotInstalledError as error:
            say(str(error))
            self._missing.add(name)
            # A peer may be absent; a bench of the router without the router has not measured it.
            if name == "router":
                self.problems.append(str(error))
            return None
        except BenchError as error:
            say(str(error))
            self._missing.add(name)
            self.problems.append(str(error))
            return None
        if contender.child:
            children.enter_context(contender.child)
        return contender

    @contextlib.contextmanager
    def _problem(self, name: Name) -> Iterator[None]:
        try:
            yield
        except BenchError as error:
            say(f"{name}: {error}")
            self.problems.append(f"{name}: {error}")

    def results(self) -> Results:
        """The rounds summed up, in the order the contenders ran."""
        for one in self.rounds:
            for mode, sample in (("stream", one.stream), ("whole", one.whole), ("lone", one.lone)):
                self._judge(f"{one.contender}, round {one.number}, {mode}", sample.load)
        for held in self.streams:
            self._judge(f"{held.contender}, {held.load.clients} streams", held.load)
        summary = costs(self.rounds)
        return Results(
            costs=summary,
            streams=self.streams,
            verdicts=verdicts(summary, self.streams),
            problems=self.problems,
            rounds=self.rounds,
        )

    def _judge(self, what: str, load: LoadReport) -> None:
        if load.errors:
            self.problems.append(f"{what}: {load.errors} wrong answers, the first: {load.first_error}")
        elif not load.requests:
            self.problems.append(f"{what}: no answer at all")


def say(text: str) -> None:
    """Progress is talk: it goes to stderr, the tables go to stdout."""
    print(text, file=sys.stderr, flush=True)
