"""The numbers as text."""

from collections.abc import Sequence

from harness.aim import Verdict
from harness.cost import Cost
from harness.decode import Decode
from harness.streams import Streams
from harness.translation import Translation

# Above this, someone else's work is part of the numbers.
LOUD_CORES = 0.15


def number(value: float | None, digits: int = 1, unit: str = "") -> str:
    return "-" if value is None else f"{value:,.{digits}f}{unit}"


def percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        lines.append("  ".join([row[0].ljust(len(first)), *rest]))
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def cost_table(costs: Sequence[Cost]) -> str:
    of_each = ["x nginx", "spread", "per s"]
    rows = [["", "stream us CPU", *of_each, "whole us CPU", *of_each, "lone p50 ms", "added ms", "errors", "elsewhere"]]
    rows += [
        [
            cost.contender,
            number(cost.stream_cpu_us, 0),
            number(cost.stream_ratio, 2),
            percent(cost.stream_spread),
            number(cost.stream_per_second, 0),
            number(cost.whole_cpu_us),
            number(cost.whole_ratio, 2),
            percent(cost.whole_spread),
            number(cost.whole_per_second, 0),
            number(cost.lone_p50_ms, 3),
            number(cost.added_p50_ms, 3),
            str(cost.errors),
            number(cost.elsewhere_cores, 2),
        ]
        for cost in costs
    ]
    return aligned(rows)


def streams_table(streams: Sequence[Streams]) -> str:
    rows = [["", "streams", "PSS MB", "RSS MB", "idle PSS MB", "processes", "cores", "events/s", "errors", "elsewhere"]]
    rows += [
        [
            one.contender,
            number(one.load.clients, 0),
            number(one.memory.pss_mb),
            number(one.memory.rss_mb),
            number(one.memory_idle.pss_mb),
            str(one.memory.processes),
            number(one.cores, 2),
            number(one.events_per_second, 0),
            str(one.load.errors),
            number(one.elsewhere_cores, 2),
        ]
        for one in streams
    ]
    return aligned(rows)


def translation_table(translations: Sequence[Translation]) -> str:
    of_each = ["x same", "spread"]
    kinds = ["paced us CPU", *of_each, "joined us CPU", *of_each, "whole us CPU", *of_each]
    rows = [["client before tier", *kinds, "errors", "elsewhere"]]
    for one in translations:
        kinds = [
            cell
            for kind in (one.paced, one.joined, one.whole)
            for cell in (number(kind.cpu_us, 0), number(kind.ratio, 2), percent(kind.spread))
        ]
        rows.append([one.direction.name, *kinds, str(one.errors), number(one.elsewhere_cores, 2)])
    return aligned(rows)


def decode_table(decodes: Sequence[Decode]) -> str:
    rows = [["reading a request", "KB", "CPU ms", "interpreter released in"]]
    rows += [
        [
            f"{one.harness} ({one.dialect})",
            number(one.body_bytes / 1000, 0),
            number(one.cpu_ms, 2),
            percent(one.released),
        ]
        for one in decodes
    ]
    return aligned(rows)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    rows = [["the router's aims", "at most", "measured", ""]]
    rows += [[one.subject, f"{one.at_most:g} {one.unit}", number(one.measured, 2), one.outcome] for one in verdicts]
    return aligned(rows)


def noise(costs: Sequence[Cost], streams: Sequence[Streams], translations: Sequence[Translation]) -> str:
    measured = [one.elsewhere_cores for one in costs] + [one.elsewhere_cores for one in streams]
    measured += [one.elsewhere_cores for one in translations]
    loudest = max(measured, default=0.0)
    warning = "  (not a quiet machine: run again)" if loudest > LOUD_CORES else ""
    return f"elsewhere: other processes used at most {loudest:.2f} of a core during any measurement{warning}"
