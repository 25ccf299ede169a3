"""The record of a run: everything that was measured, and on what."""

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from harness.aim import Verdict
from harness.cost import Cost, Plan, Round
from harness.decode import Decode
from harness.machine import Machine
from harness.streams import Streams, StreamsPlan
from harness.translation import Translation, TranslationRound

RESULTS = Path(__file__).parents[1] / "results"
SCHEMA = 2


class Results(msgspec.Struct, frozen=True):
    """Everything that was measured."""

    costs: Sequence[Cost]
    streams: Sequence[Streams]
    translations: Sequence[Translation]
    decodes: Sequence[Decode]
    verdicts: Sequence[Verdict]
    # What could not be measured, and which answers were wrong.
    problems: Sequence[str]
    rounds: Sequence[Round]
    translation_rounds: Sequence[TranslationRound]


class Record(msgspec.Struct, frozen=True):
    """One run of `benches/relay.py`."""

    schema: int
    measured_at: datetime.datetime
    command: Sequence[str]
    machine: Machine
    plan: Plan
    streams_plan: StreamsPlan | None
    results: Results

    def write(self) -> Path:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.measured_at:%Y-%m-%dT%H%M%SZ}-relay.json"
        path.write_bytes(msgspec.json.format(msgspec.json.encode(self, enc_hook=str), indent=2) + b"\n")
        return path


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def command_line() -> list[str]:
    return [Path(sys.argv[0]).name, *sys.argv[1:]]
