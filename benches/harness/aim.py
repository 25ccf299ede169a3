"""The aims, from the design's table of measurements. They are printed beside the numbers; they are no exit code."""

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from harness.cost import Cost
from harness.decode import BODY_BYTES, Decode
from harness.streams import Streams
from harness.translation import TRANSLATED, Direction, Translation

STREAM_RATIO = 2.0
WHOLE_RATIO = 6.0
ADDED_P50_MS = 1.0
STREAMS = 1000
STREAMS_PSS_MB = 100.0
TRANSLATED_RATIO = 1.3
DECODE_MS = 1.0

Outcome = Literal["met", "not met", "not measured"]


class Verdict(msgspec.Struct, frozen=True):
    """One aim and what the router did."""

    subject: str
    at_most: float
    unit: str
    measured: float | None
    outcome: Outcome


def verdicts(
    costs: Sequence[Cost], streams: Sequence[Streams], translations: Sequence[Translation], decodes: Sequence[Decode]
) -> list[Verdict]:
    router = next((cost for cost in costs if cost.contender == "router"), None)
    held = next((one for one in streams if one.contender == "router" and one.load.clients == STREAMS), None)
    return [
        verdict("CPU of a streamed answer", STREAM_RATIO, "x nginx", router.stream_ratio if router else None),
        verdict("CPU of a whole answer", WHOLE_RATIO, "x nginx", router.whole_ratio if router else None),
        verdict("added p50 of a lone client", ADDED_P50_MS, "ms", router.added_p50_ms if router else None),
        verdict("1,000 streams, PSS", STREAMS_PSS_MB, "MB", held.memory.pss_mb if held else None),
        *translation_verdicts({one.direction: one for one in translations}),
        *(
            verdict(f"CPU to read {BODY_BYTES // 1000} KB of {one.harness}", DECODE_MS, "ms", one.cpu_ms)
            for one in decodes
        ),
    ]


def translation_verdicts(translations: Mapping[Direction, Translation]) -> list[Verdict]:
    verdicts = []
    for direction in TRANSLATED:
        measured = translations.get(direction)
        for kind, ratio in (
            ("paced", measured.paced.ratio if measured else None),
            ("joined", measured.joined.ratio if measured else None),
        ):
            subject = f"CPU of a {kind} stream, {direction.name}"
            verdicts.append(verdict(subject, TRANSLATED_RATIO, "x same dialect", ratio))
    return verdicts


def verdict(subject: str, at_most: float, unit: str, measured: float | None) -> Verdict:
    outcome: Outcome = "not measured"
    if measured is not None:
        outcome = "met" if measured <= at_most else "not met"
    return Verdict(subject, at_most, unit, measured, outcome)
