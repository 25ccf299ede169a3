"""Usage as one file of HTML, which needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from anvil_serving import __version__
from anvil_serving.layout import count, dollars, duration, share

from .cost import HOUR_FACTOR
from .hours import LONGEST_REQUEST_SECONDS
from .plot import bars, columns, curves, heat, said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from .distribution import Measured, Percentiles, Spread
    from .usage import Part, Usage

__all__ = ["report"]

_PARTS: Final = 12
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2024; --dim: #656d76; --page: #fff; --line: #d8dee4;
  --c0: #2563eb; --c1: #9db8f2; --c2: #d97706; --c3: #15803d }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --dim: #98a1ab; --page: #14171a; --line: #32383e;
  --c0: #6ea0ff; --c1: #38508a; --c2: #f0a03c; --c3: #4cc07a } }
body { margin: 2rem auto; padding: 0 1rem; max-width: 50rem; font: 15px/1.5 system-ui, sans-serif;
  color: var(--ink); background: var(--page) }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin: 2.2rem 0 .4rem }
p.from { color: var(--dim); font-size: .85rem }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; margin: 1rem 0 }
dt { color: var(--dim); font-size: .8rem } dd { margin: 0; font-size: 1.15rem }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { text-align: right; padding: .25rem .5rem; border-bottom: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left; overflow-wrap: anywhere }
svg { width: 100%; height: auto; display: block; margin: .6rem 0 } svg text { font-size: 11px; fill: var(--dim) }
.s0 { fill: var(--c0) } .s1 { fill: var(--c1) } .s2 { fill: var(--c2) } .s3 { fill: var(--c3) }
polyline { fill: none; stroke-width: 2 } .l0 { stroke: var(--c0) } .l1 { stroke: var(--c2) } .l2 { stroke: var(--c3) }
.grid { stroke: var(--line) } .key span::before { content: "■ " } .key span { margin-right: 1rem }
.k0::before { color: var(--c0) } .k1::before { color: var(--c1) } .k2::before { color: var(--c2) }
.k3::before { color: var(--c3) }
"""


def report(usage: Usage) -> str:
    """The document."""
    sections = [_head(usage), _days(usage), _hours(usage), _contexts(usage), _times(usage), _models(usage)]
    body = "\n".join([*sections, _tools(usage), _sources(usage)])
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>Use of models</title><style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _head(usage: Usage) -> str:
    window, totals, cost = usage.window, usage.totals, usage.cost
    days = f"{window.first_day} to {window.last_day}" if window.first_day else "no answer has a date"
    facts = (
        ("answers", count(totals.assistant_calls)),
        ("sessions", count(usage.sessions.count)),
        ("days with work", count(window.active_days)),
        ("tokens", _tokens(totals.total_processed)),
        ("of them from caches", share(totals.cache_read_tokens, totals.total_processed)),
        ("output", _tokens(totals.output_tokens)),
        (f"at list prices of {cost.prices_date}", dollars(cost.usd)),
        ("median context", _tokens(usage.context_size_per_call.p50)),
    )
    clients = ", ".join(part.name for part in usage.clients)
    return (
        f"<h1>Use of models</h1><p>{said(clients)}; {days}; times are of the zone {said(usage.timezone)}.</p>"
        f"<dl>{''.join(f'<div><dt>{said(name)}</dt><dd>{said(value)}</dd></div>' for name, value in facts)}</dl>"
    )


def _days(usage: Usage) -> str:
    series = (
        ("output", [day.out for day in usage.daily]),
        ("fresh input", [day.fresh_input_tokens for day in usage.daily]),
        ("written to caches", [day.cache_creation_tokens for day in usage.daily]),
    )
    days = [day.day for day in usage.daily]
    reads = [("read from caches", [day.cache_read_tokens for day in usage.daily])]
    return _section(
        "Days",
        _key([name for name, _ in series])
        + columns(days, series, _tokens, "tokens by day, without what came from caches")
        + columns(days, reads, _tokens, "tokens from caches by day"),
        "Above: tokens that a model wrote or read anew; below, on a scale of its own: tokens that came from a cache. "
        "From each answer's `usage`; an answer that stands in several lines or files counts once.",
    )


def _hours(usage: Usage) -> str:
    rows = list(zip(_WEEKDAYS, usage.calls_by_weekday_and_hour, strict=True))
    concurrency = usage.concurrency
    requests, sessions, calls = (
        concurrency.peak_parallel_requests,
        concurrency.peak_parallel_sessions,
        concurrency.peak_calls_per_min,
    )
    peaks = (
        f"Most at once: requests {requests.requests} ({requests.minute}); sessions with an answer in one minute "
        f"{sessions.sessions} ({sessions.minute}); answers in one minute {calls.calls} ({calls.minute})."
    )
    return _section(
        "Hours",
        f"<p>{said(peaks)}</p>{heat(rows, 'answers by day of the week and hour')}",
        "Answers by the hour in which they were written down. A request is taken to run from the line that it answers "
        f"to its own last line; what seems to run longer than {LONGEST_REQUEST_SECONDS // 60} minutes is left out.",
    )


def _contexts(usage: Usage) -> str:
    measured = usage.distribution
    rows = [
        (f"{row.context_tokens // 1_024} k", row.share, f"{100 * row.share:.1f} % ({count(row.calls)})")
        for row in usage.coverage
    ]
    table = _table(
        ("tokens", "median", "90 %", "95 %", "99 %", "most"),
        [
            _row("prompt", usage.context_size_per_call),
            *(_row(f"prompt, {role}", figures.ctx) for role, figures in usage.roles.by_role.items()),
            _row("answer", usage.generation_per_call),
        ],
    )
    return _section(
        "Context and answers",
        table
        + _curve("prompt", measured.context_tokens)
        + _curve("answer", measured.generation_tokens)
        + bars(rows, "answers that fit into a context length", most=1.0),
        "Percentiles of all answers, the plots up to the 99th: above, of the prompt, with what came from caches; in "
        "the middle, of the answer. Below, the answers that fit into a context length, prompt and answer together.",
    )


def _curve(what: str, measured: Measured) -> str:
    if not measured.percentiles:
        return ""
    return curves([(what, measured.percentiles)], _tokens, f"tokens of each {what} by percentile")


def _row(what: str, tokens: Spread | Percentiles) -> tuple[str, ...]:
    return what, *map(count, (tokens.p50, tokens.p90, tokens.p95, tokens.p99, tokens.max))


def _times(usage: Usage) -> str:
    measured = usage.distribution
    series = [("a request takes", measured.request_seconds), ("a person thinks", measured.think_seconds)]
    shown = [(name, values.percentiles) for name, values in series if values.percentiles]
    if not shown:
        return ""
    colours = "".join(
        f'<span class="k{(0, 2)[place]}">{said(name)}: median {duration(values[50])}</span>'
        for place, (name, values) in enumerate(shown)
    )
    return _section(
        "Times",
        f'<p class="key">{colours}</p>' + curves(shown, lambda seconds: f"{seconds:,.0f} s", "seconds by percentile"),
        "A request, from the line that it answers to its last; a person, from the end of an answer to what they say "
        "next, up to an hour. Both as the client wrote the times down, up to the 99th percentile.",
    )


def _models(usage: Usage) -> str:
    cost = usage.cost
    unpriced = ""
    if cost.unpriced_calls:
        unpriced = (
            f" {count(cost.unpriced_calls)} answers have no price there: {', '.join(cost.unpriced_models[:_PARTS])}."
        )
    return _section(
        "Models, projects and cost",
        _parts("model", usage.models) + _parts("project", usage.projects) + _parts("client", usage.clients),
        f"Tokens at the list prices of {cost.prices_date} ({cost.prices_source}), what was read from and written to "
        f"caches at theirs; an hour in a cache at {HOUR_FACTOR:g} times the price of input. Subscriptions, discounts, "
        f"searches and surcharges for long prompts are not in it.{unpriced}",
    )


def _parts(what: str, parts: Sequence[Part]) -> str:
    rows = [
        (
            part.name,
            count(part.calls),
            count(part.fresh_input_tokens),
            count(part.cache_read_tokens),
            count(part.cache_creation_tokens),
            count(part.output_tokens),
            "-" if part.cost_usd is None else dollars(part.cost_usd),
        )
        for part in parts[:_PARTS]
    ]
    return _table((what, "answers", "fresh", "cache read", "cache write", "output", "cost"), rows)


def _tools(usage: Usage) -> str:
    workflows = usage.workflows
    agents = (
        f"<p>{count(workflows.total_subagents)} sub-agents were started by {count(workflows.dispatches)} answers, at "
        f"most {workflows.agent_count_max} by one; they took "
        f"{share(workflows.subagent_tokens, usage.totals.total_processed)} of all tokens.</p>"
    )
    return _section(
        "Tools and sub-agents",
        _named("tools", usage.tools)
        + (agents if workflows.total_subagents else "")
        + _named("sub-agents", usage.agent_types)
        + _named("skills", usage.skills),
        "Calls in the models' answers, by the tool's name; sub-agents and skills by what the call names.",
    )


def _named(what: str, names: Mapping[str, int]) -> str:
    return bars([(name, number, count(number)) for name, number in list(names.items())[:_PARTS]], what) if names else ""


def _sources(usage: Usage) -> str:
    read = usage.read
    facts = [
        f"{count(read.files)} files, {count(read.lines)} lines, {read.bytes / 1e6:,.1f} MB, from: "
        + "; ".join(usage.looked_in),
        *(
            f"{what}: {count(number)}"
            for number, what in (
                (read.broken_lines, "broken lines, which are not counted"),
                (read.long_lines, "lines that are too long, which are not counted"),
                (read.absurd_lines, "lines with a count of tokens that cannot be, which are not counted"),
                (read.client_lines, "lines of the client's own in a model's place, which are no answers"),
                (read.unreadable_files, "files that could not be read to their end"),
                (read.changed_files, "files written to meanwhile"),
                (usage.window.undated_calls, "answers without a time that can be, which are in no day or hour"),
            )
            if number
        ),
        *_selected(usage),
        f"made by anvil-serving {__version__} from the clients' own logs; nothing was sent anywhere",
    ]
    return f"<h2>Where this is from</h2><ul>{''.join(f'<li>{said(fact)}</li>' for fact in facts)}</ul>"


def _selected(usage: Usage) -> Iterator[str]:
    selection = usage.selection
    if selection.project is not None:
        yield f"only work in folders with {selection.project!r} in their path"
    if selection.since is not None or selection.until is not None:
        yield "only a part of the time, as was asked for"


def _section(title: str, content: str, source: str) -> str:
    return f'<section><h2>{said(title)}</h2>{content}<p class="from">{said(source)}</p></section>'


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{said(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{said(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _key(names: Sequence[str]) -> str:
    return (
        f'<p class="key">{"".join(f"""<span class="k{n}">{said(name)}</span>""" for n, name in enumerate(names))}</p>'
    )


def _tokens(number: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f}"
