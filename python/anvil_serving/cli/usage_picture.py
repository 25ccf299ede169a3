"""Usage as a page of text with bars."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from anvil_serving.layout import WIDTH, count, dollars, duration, fields, printable, share, table, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from anvil_serving.substrate.usage.distribution import Measured, Percentiles, Spread
    from anvil_serving.substrate.usage.usage import Part, Usage

__all__ = ["picture"]

_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_PLAIN_BLOCKS: Final = " .:-=+*#@"
"""For a terminal that has no others."""
_DAYS: Final = WIDTH - 24
_PARTS: Final = 8
_NAMES: Final = 12
_BAR: Final = 40
_NAME: Final = 40
"""Characters of a name."""


def picture(usage: Usage) -> list[str]:
    """The page."""
    return [
        *wrapped(_title(usage)),
        "",
        *_sums(usage),
        "",
        *_times(usage),
        "",
        *_sizes(usage),
        "",
        *_coverage(usage),
        "",
        *_parts("model", usage.models),
        *(["", *_parts("project", usage.projects)] if len(usage.projects) > 1 else []),
        "",
        *_names(usage),
    ]


def _title(usage: Usage) -> str:
    window = usage.window
    clients = " and ".join(part.name for part in usage.clients)
    days = f"{window.first_day} to {window.last_day}" if window.first_day else "without dates"
    answers, sessions = _some(usage.totals.assistant_calls, "answer"), _some(usage.sessions.count, "session")
    return (
        f"{clients}, {days}: {answers} in {sessions} "
        f"on {_some(window.active_days, 'day')}, from {_some(window.files, 'file')} of {usage.read.bytes / 1e6:,.1f} MB"
    )


def _sums(usage: Usage) -> list[str]:
    totals, cost = usage.totals, usage.cost
    parts = (
        ("fresh", totals.fresh_input_tokens),
        ("read from caches", totals.cache_read_tokens),
        ("written to caches", totals.cache_creation_tokens),
        ("output", totals.output_tokens),
    )
    divided = ", ".join(f"{name} {count(number)} ({share(number, totals.total_processed)})" for name, number in parts)
    unpriced = ""
    if cost.unpriced_calls:
        names = ", ".join(_short(name) for name in cost.unpriced_models[:3]) + (
            ", ..." if len(cost.unpriced_models) > 3 else ""
        )
        unpriced = f"; without a price there: {_some(cost.unpriced_calls, 'answer')} ({names})"
    return fields(
        [
            ("tokens", f"{count(totals.total_processed)}: {divided}"),
            ("cost", f"{dollars(cost.usd)} at the list prices of {cost.prices_date}{unpriced}"),
        ],
        indent=0,
    )


def _times(usage: Usage) -> Iterator[str]:
    concurrency, busiest = usage.concurrency, usage.throughput.peak_output_tokens_per_hour
    fullest, running = concurrency.peak_parallel_sessions, concurrency.peak_parallel_requests
    calls = concurrency.peak_calls_per_min
    if usage.daily:
        days = [day.out for day in usage.daily[-_DAYS:]]
        dates = f"{usage.daily[-len(days)].day} to {usage.daily[-1].day}"
        yield f"{'output a day':<14} {_line(days)}"
        yield f"{'':<14} {dates}, days with work; the most {count(max(days))}"
        hours = [sum(day[hour] for day in usage.calls_by_weekday_and_hour) for hour in range(24)]
        yield f"{'by the hour':<14} {''.join(char * 2 for char in _line(hours)).rstrip()}"
        yield f"{'':<14} {''.join(f'{hour:<6}' for hour in range(0, 24, 3))}".rstrip()
    peaks = [
        f"{_some(number, what)} {within} ({when})"
        for number, what, within, when in (
            (fullest.sessions, "session", "in a minute", fullest.minute),
            (running.requests, "request", "at once", running.minute),
            (calls.calls, "answer", "in a minute", calls.minute),
            (busiest.tokens, "output token", "in an hour", busiest.hour),
        )
        if number
    ]
    yield from fields([("peaks", "; ".join(peaks) or None)], indent=0)


def _sizes(usage: Usage) -> list[str]:
    context, generation, measured = usage.context_size_per_call, usage.generation_per_call, usage.distribution
    rows = [
        ("context, tokens", *map(count, _percentiles(context))),
        (
            "answer, tokens",
            *map(count, (generation.p50, generation.p90, generation.p95, generation.p99, generation.max)),
        ),
        ("request takes", *_durations(measured.request_seconds)),
        ("person thinks", *_durations(measured.think_seconds)),
    ]
    return table(("of each answer", "median", "90 %", "95 %", "99 %", "most"), rows)


def _percentiles(tokens: Spread | Percentiles) -> tuple[int, ...]:
    return tokens.p50, tokens.p90, tokens.p95, tokens.p99, tokens.max


def _durations(measured: Measured) -> tuple[str, ...]:
    if not measured.percentiles:
        return ("-",) * 5
    return tuple(duration(measured.percentiles[percent]) for percent in (50, 90, 95, 99, 100))


def _coverage(usage: Usage) -> Iterator[str]:
    yield "answers that fit into a context of so many tokens, prompt and answer together"
    for row in usage.coverage:
        yield f"{row.context_tokens // 1_024:>6} k  {_bar(row.share):<{_BAR}} {100 * row.share:5.1f} %"


def _parts(what: str, parts: Sequence[Part]) -> list[str]:
    whole = sum(part.total_tokens for part in parts)
    rows = [
        (
            part.name,
            count(part.calls),
            count(part.total_tokens),
            share(part.total_tokens, whole),
            count(part.output_tokens),
            "-" if part.cost_usd is None else dollars(part.cost_usd),
        )
        for part in parts[:_PARTS]
    ]
    lines = table((what, "answers", "tokens", "", "output", "cost"), rows)
    return lines + ([f"and {count(len(parts) - _PARTS)} more"] if len(parts) > _PARTS else [])


def _names(usage: Usage) -> list[str]:
    workflows = usage.workflows
    agents = (
        f"{count(workflows.total_subagents)} started by {_some(workflows.dispatches, 'answer')}, at most "
        f"{workflows.agent_count_max} at once: {_most(usage.agent_types)}; {count(workflows.subagent_tokens)} tokens, "
        f"{share(workflows.subagent_tokens, usage.totals.total_processed)} of all"
    )
    return fields(
        [
            ("tools", _most(usage.tools) or None),
            ("sub-agents", agents if workflows.total_subagents else None),
            ("skills", _most(usage.skills) or None),
        ],
        indent=0,
    )


def _most(names: Mapping[str, int]) -> str:
    shown = [f"{_short(name)} {count(number)}" for name, number in list(names.items())[:_NAMES]]
    return ", ".join(shown) + (f" and {len(names) - _NAMES} more" if len(names) > _NAMES else "")


def _short(name: str) -> str:
    name = printable(name)
    return name if len(name) <= _NAME else f"{name[: _NAME - 3]}..."


def _some(number: int, what: str) -> str:
    return f"{count(number)} {what}" + ("" if number == 1 else "s")


def _blocks() -> str:
    try:
        _BLOCKS.encode(getattr(sys.stdout, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _PLAIN_BLOCKS
    return _BLOCKS


def _line(numbers: Sequence[int]) -> str:
    """One column a number; what is not nothing is seen."""
    blocks, most = _blocks(), max(numbers, default=0) or 1
    return "".join(blocks[-(-number * (len(blocks) - 1) // most)] for number in numbers)


def _bar(part: float) -> str:
    return _blocks()[-1] * round(part * _BAR)
