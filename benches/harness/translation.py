"""What an answer costs the router that it translates, beside one it passes on to the same client as it is."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.answer import Answers, answers, first_difference
from harness.contender import Contender
from harness.cost import WARM_UP_SECONDS, Plan, Sample, measure, median, ratio, spread
from harness.dialect import DIALECTS, Dialect
from harness.generator import Load, Mode
from harness.process import BenchError


class Direction(msgspec.Struct, frozen=True):
    """Who speaks what. The router's presets are named after the dialect of their tier."""

    client: Dialect
    tier: Dialect

    @property
    def name(self) -> str:
        return self.client if self.client == self.tier else f"{self.client} before {self.tier}"


TRANSLATED = (Direction("chat", "messages"), Direction("messages", "chat"), Direction("responses", "chat"))
# Each translation beside what it is compared with.
DIRECTIONS = tuple(
    direction
    for client in DIALECTS
    for direction in (Direction(client, client), *(one for one in TRANSLATED if one.client == client))
)


class Delivery(msgspec.Struct, frozen=True):
    """How the scripted upstream hands out its events: what a wake finds decides what a stream costs."""

    interval_ms: int
    events_per_write: int


# One event a wake, as from a model: at 2 ms each, 32 clients take about half a core.
PACED = Delivery(interval_ms=2, events_per_write=1)
# A whole stream a wake: all but reading and writing events costs the least it can, so this ratio is the higher one.
JOINED = Delivery(interval_ms=0, events_per_write=10_000)


class Routers(msgspec.Struct, frozen=True):
    """The router twice, once before each kind of upstream."""

    paced: Contender
    joined: Contender


class TranslationRound(msgspec.Struct, frozen=True):
    """One direction's runs in one round."""

    direction: Direction
    number: int
    paced: Sample
    joined: Sample
    whole: Sample

    def samples(self) -> tuple[Sample, Sample, Sample]:
        return self.paced, self.joined, self.whole


class Dearness(msgspec.Struct, frozen=True):
    """Medians over the rounds; the ratio is taken within a round first."""

    cpu_us: float | None
    # To the same client's answers by a tier of its own dialect.
    ratio: float | None
    spread: float | None


class Translation(msgspec.Struct, frozen=True):
    """What a direction costs."""

    direction: Direction
    paced: Dearness
    joined: Dearness
    whole: Dearness
    errors: int
    elsewhere_cores: float


def check(router: Contender, expected: Answers) -> None:
    """Raise where a direction's text is not the upstream's, letter by letter."""
    for direction in DIRECTIONS:
        if wrong := first_difference(answers(router.base_url, direction.client, direction.tier), expected):
            raise BenchError(f"{direction.name}: {wrong}")


def warm_up(binary: Path, routers: Routers, plan: Plan) -> None:
    for direction in DIRECTIONS:
        one_round(binary, routers, direction, msgspec.structs.replace(plan, seconds=WARM_UP_SECONDS), 0)


def one_round(binary: Path, routers: Routers, direction: Direction, plan: Plan, number: int) -> TranslationRound:
    def run(router: Contender, mode: Mode) -> Sample:
        load = Load(mode, plan.clients, plan.seconds, plan.words, dialect=direction.client, model=direction.tier)
        return measure(binary, router, load)

    paced, joined, whole = run(routers.paced, "stream"), run(routers.joined, "stream"), run(routers.joined, "whole")
    return TranslationRound(direction, number, paced, joined, whole)


def translations(rounds: Sequence[TranslationRound]) -> list[Translation]:
    by_direction: dict[Direction, dict[int, TranslationRound]] = {}
    for one in rounds:
        by_direction.setdefault(one.direction, {})[one.number] = one
    return [
        translation(own, by_direction.get(Direction(direction.client, direction.client), {}))
        for direction, own in by_direction.items()
    ]


def translation(own: dict[int, TranslationRound], same: dict[int, TranslationRound]) -> Translation:
    rounds, floor = list(own.values()), [same.get(number) for number in own]
    samples = [sample for one in rounds for sample in one.samples()]
    paced, joined, whole = (
        dearness([one.samples()[at] for one in rounds], [one.samples()[at] if one else None for one in floor])
        for at in range(3)
    )
    return Translation(
        direction=rounds[0].direction,
        paced=paced,
        joined=joined,
        whole=whole,
        errors=sum(sample.load.errors for sample in samples),
        elsewhere_cores=max(sample.elsewhere_cores for sample in samples),
    )


def dearness(own: Sequence[Sample], floor: Sequence[Sample | None]) -> Dearness:
    cpu_us = [one.cpu_us_per_request for one in own]
    return Dearness(
        median(cpu_us), ratio(cpu_us, [one.cpu_us_per_request if one else None for one in floor]), spread(cpu_us)
    )
