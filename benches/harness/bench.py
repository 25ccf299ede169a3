"""One run: which contender starts when, and what is done with a failure."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from harness import translation
from harness.aim import verdicts
from harness.answer import answers
from harness.contender import Contender, Name, NotInstalledError, Setting, start
from harness.cost import Plan, Round, costs, one_round, warm_up
from harness.decode import Decode, measure_decodes
from harness.generator import LoadReport, start_upstream
from harness.process import BenchError
from harness.record import Results
from harness.streams import INTERVAL_MS, Streams, StreamsPlan, measure_streams
from harness.translation import DIRECTIONS, JOINED, PACED, Delivery, Routers, TranslationRound, translations


class Options(msgspec.Struct, frozen=True):
    """The command line, read."""

    plan: Plan
    has_translation: bool
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
        self.translation_rounds: list[TranslationRound] = []
        self.decodes: list[Decode] = []
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

    def measure_translation(self) -> None:
        """Every direction, each translation beside what it is compared with."""
        plan = self.options.plan
        with contextlib.ExitStack() as children, self._problem("translation"):
            paced, joined = (self._start_router(delivery, children) for delivery in (PACED, JOINED))
            if paced is None or joined is None:
                return
            routers = Routers(paced, joined)
            translation.warm_up(self.binary, routers, plan)
            for number in range(1, plan.rounds + 1):
                for direction in DIRECTIONS:
                    say(f"round {number} of {plan.rounds}: {direction.name}")
                    measured = translation.one_round(self.binary, routers, direction, plan, number)
                    self.translation_rounds.append(measured)

    def _start_router(self, delivery: Delivery, children: contextlib.ExitStack) -> Contender | None:
        upstream, port = start_upstream(
            self.binary,
            self.directory,
            words=self.options.plan.words,
            interval_ms=delivery.interval_ms,
            events_per_write=delivery.events_per_write,
        )
        children.enter_context(upstream)
        router = self._start("router", port, children)
        if router:
            translation.check(router, answers(f"http://127.0.0.1:{port}"))
        return router

    def measure_decodes(self) -> None:
        say("reading long requests")
        with self._problem("reading"):
            self.decodes = measure_decodes()

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
    def _problem(self, name: str) -> Iterator[None]:
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
        for own in self.translation_rounds:
            for mode, sample in (("paced", own.paced), ("joined", own.joined), ("whole", own.whole)):
                self._judge(f"{own.direction.name}, round {own.number}, {mode}", sample.load)
        summary, translated = costs(self.rounds), translations(self.translation_rounds)
        return Results(
            costs=summary,
            streams=self.streams,
            translations=translated,
            decodes=self.decodes,
            verdicts=verdicts(summary, self.streams, translated, self.decodes),
            problems=self.problems,
            rounds=self.rounds,
            translation_rounds=self.translation_rounds,
        )

    def _judge(self, what: str, load: LoadReport) -> None:
        if load.errors:
            self.problems.append(f"{what}: {load.errors} wrong answers, the first: {load.first_error}")
        elif not load.requests:
            self.problems.append(f"{what}: no answer at all")


def say(text: str) -> None:
    """Progress is talk: it goes to stderr, the tables go to stdout."""
    print(text, file=sys.stderr, flush=True)
