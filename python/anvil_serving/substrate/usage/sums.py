"""Adds up what was read."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_right
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from anvil_serving.layout import printable

from .cost import Cost, TokenSums, cost_of
from .distribution import measured, quantile, spread
from .hours import LONGEST_REQUEST_SECONDS, Hours, day_of, zone
from .roles import Roles
from .usage import (
    CONTEXT_LENGTHS,
    Coverage,
    Day,
    Distribution,
    ModelMix,
    Part,
    Selection,
    Sessions,
    Totals,
    Usage,
    Window,
    Workflows,
    part,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from anvil_serving._core import UsageRequest

    from .cost import ListPrices
    from .reader import ReadLogs

__all__ = ["NAMES_CAP", "NAME_CHARS", "add_up"]

NAMES_CAP: Final = 200
"""Models, tools, projects and other names that are told of each kind; the most used."""
NAME_CHARS: Final = 200
"""Characters that are told of a name."""

EARLIEST: Final = 1_672_531_200_000
"""2023: what seems to be older than these harnesses is not believed, in milliseconds."""
DAY: Final = 86_400_000

LONGEST_PAUSE_SECONDS: Final = 3_600
"""A person who takes longer is gone, not thinking."""

UNKNOWN: Final = "unknown"
"""A model or a folder that the log does not name."""

_SUBAGENTS: Final = {"Agent", "Task", "spawn_agent"}
_SKILL: Final = "Skill"


def add_up(logs: ReadLogs, folders: Sequence[Path], selection: Selection, prices: ListPrices) -> Usage:
    """What the logs say, of what is selected."""
    sums = _Sums(selection, latest=int(time.time() * 1_000) + DAY)
    for client, requests in logs.requests.items():
        for request in requests:
            sums.add(client, request)
    return sums.usage(logs, folders, prices)


class _Session:
    """One session's answers."""

    __slots__ = ("calls", "first", "last", "name")

    def __init__(self, name: str | None, at: int | None) -> None:
        # One text for all the places where the session is told of.
        self.name = name
        self.calls, self.first, self.last = 0, at, at

    def add(self, at: int | None) -> None:
        self.calls += 1
        if at is not None:
            self.first = at if self.first is None else min(self.first, at)
            self.last = at if self.last is None else max(self.last, at)

    @property
    def hours(self) -> float:
        return 0.0 if self.first is None or self.last is None else (self.last - self.first) / 3_600_000


class _Cell:
    """Sums of tokens in the making."""

    __slots__ = ("calls", "sums")

    def __init__(self) -> None:
        self.calls = 0
        self.sums = (0, 0, 0, 0, 0, 0)

    def add(self, tokens: tuple[int, int, int, int, int, int]) -> None:
        self.calls += 1
        a, b, c, d, e, f = self.sums
        g, h, i, j, k, m = tokens
        # Written out: it is done for every answer, and a loop takes three times as long.
        self.sums = (a + g, b + h, c + i, d + j, e + k, f + m)

    @property
    def tokens(self) -> TokenSums:
        return TokenSums(self.calls, *self.sums)


class _Sums:
    """What has been added so far."""

    def __init__(self, selection: Selection, latest: int) -> None:
        self._latest = latest
        self._project = None if selection.project is None else selection.project.casefold()
        self._since = None if selection.since is None else selection.since * 1_000
        self._until = None if selection.until is None else selection.until * 1_000
        self._selects = selection.since is not None or selection.until is not None or selection.project is not None
        self._selection = selection
        # By client, day, model and folder: everything that is told by one of them is a sum over the others.
        self._cells: dict[tuple[str, str | None, str, str], _Cell] = {}
        self._subagent_tokens = 0
        self._undated = 0
        self._roles = Roles()
        self._hours = Hours()
        self._days: dict[int, str] = {}
        self._sessions: dict[str | None, _Session] = {}
        self._sessions_of_days: defaultdict[str, set[str | None]] = defaultdict(set)
        self._seconds = array("d")
        self._dispatches: list[int] = []
        self._tools: Counter[str] = Counter()
        self._skills: Counter[str] = Counter()
        self._agents: Counter[str] = Counter()

    # ── adding ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def add(self, client: str, request: UsageRequest) -> None:
        at = request.at
        if at is not None and not EARLIEST <= at <= self._latest:
            at = None
        folder = request.folder or UNKNOWN
        if self._selects and not self._is_selected(at, folder):
            return
        model = request.model or UNKNOWN
        day = None if at is None else day_of(at, self._days)
        tokens = request.tokens
        fresh, cache_read, cache_write, cache_write_hour, output, _ = tokens
        context = fresh + cache_read + cache_write + cache_write_hour
        cell = self._cells.get((client, day, model, folder))
        if cell is None:
            cell = self._cells[client, day, model, folder] = _Cell()
        cell.add(tokens)
        is_subagent = request.is_subagent
        if is_subagent:
            self._subagent_tokens += context + output
        self._roles.of(model, is_subagent=is_subagent).add(context, output)
        self._time(request, at, day, output)
        if calls := request.calls:
            self._call(calls)

    def _is_selected(self, at: int | None, folder: str) -> bool:
        if self._since is not None and (at is None or at < self._since):
            return False
        if self._until is not None and (at is None or at >= self._until):
            return False
        return self._project is None or self._project in folder.casefold()

    def _time(self, request: UsageRequest, at: int | None, day: str | None, output: int) -> None:
        name = request.session
        session = self._sessions.get(name)
        if session is None:
            session = self._sessions[name] = _Session(name, at)
        session.add(at)
        if at is None or day is None:
            self._undated += 1
            return
        self._sessions_of_days[day].add(session.name)
        began, ended = request.began, request.ended
        running = None
        if began is not None and ended is not None and 0 < ended - began <= LONGEST_REQUEST_SECONDS * 1_000:
            running = (began, ended)
            self._seconds.append((ended - began) / 1_000)
        self._hours.add(at, session.name, output, running)

    def _call(self, calls: Iterable[tuple[str, str | None]]) -> None:
        started = 0
        for tool, starts in calls:
            self._tools[tool] += 1
            if tool in _SUBAGENTS:
                started += 1
                self._agents[starts or UNKNOWN] += 1
            elif tool == _SKILL:
                self._skills[starts or UNKNOWN] += 1
        if started:
            self._dispatches.append(started)

    # ── telling ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def usage(self, logs: ReadLogs, folders: Sequence[Path], prices: ListPrices) -> Usage:
        models = self._parts(2, prices)
        daily = self._daily(prices)
        sizes = self._roles.all()
        return Usage(
            looked_in=tuple(printable(str(folder)) for folder in folders),
            timezone=zone(),
            selection=self._selection,
            read=logs.read,
            window=self._window(logs, daily),
            totals=self._totals(),
            cost=_cost(models, prices),
            clients=self._parts(0, prices),
            models=models[:NAMES_CAP],
            projects=self._parts(3, prices)[:NAMES_CAP],
            model_mix=ModelMix(
                {model.name: model.calls for model in models[:NAMES_CAP]},
                {model.name: model.output_tokens for model in models[:NAMES_CAP]},
            ),
            context_size_per_call=spread(sizes.contexts),
            generation_per_call=spread(sizes.generations).percentiles,
            coverage=self._coverage(),
            concurrency=self._hours.concurrency(),
            throughput=self._hours.throughput(),
            workflows=self._workflows(),
            sessions=self._session_figures(len(daily)),
            tools=_most(self._tools),
            skills=_most(self._skills),
            agent_types=_most(self._agents),
            busiest_day=max(daily, key=lambda day: day.out, default=None),
            daily=daily,
            calls_by_weekday_and_hour=self._hours.by_weekday(),
            roles=self._roles.split({model.name for model in models[:NAMES_CAP]}),
            distribution=self._distribution(logs.pauses),
        )

    def _window(self, logs: ReadLogs, daily: tuple[Day, ...]) -> Window:
        return Window(
            files=logs.read.files,
            sessions_with_calls=len(self._sessions),
            first_day=daily[0].day if daily else None,
            last_day=daily[-1].day if daily else None,
            active_days=len(daily),
            undated_calls=self._undated,
        )

    def _totals(self) -> Totals:
        sums = TokenSums.of([TokenSums(), *(cell.tokens for cell in self._cells.values())])
        return Totals(
            assistant_calls=sums.calls,
            output_tokens=sums.output,
            reasoning_tokens=sums.reasoning,
            fresh_input_tokens=sums.fresh,
            cache_creation_tokens=sums.written,
            cache_creation_hour_tokens=sums.cache_write_hour,
            cache_read_tokens=sums.cache_read,
            total_processed=sums.total,
        )

    def _grouped(
        self, prices: ListPrices, key: Callable[[tuple[str, str | None, str, str]], str | None]
    ) -> dict[str | None, tuple[TokenSums, float | None]]:
        """Sums and their cost; None where no model of them has a price."""
        groups: defaultdict[str | None, list[TokenSums]] = defaultdict(list)
        costs: dict[str | None, float] = {}
        for place, cell in self._cells.items():
            name, tokens = key(place), cell.tokens
            groups[name].append(tokens)
            cost = cost_of(tokens, prices.find(place[2]))
            if cost is not None:
                costs[name] = costs.get(name, 0.0) + cost
        return {name: (TokenSums.of(parts), costs.get(name)) for name, parts in groups.items()}

    def _parts(self, dimension: int, prices: ListPrices) -> tuple[Part, ...]:
        grouped = self._grouped(prices, lambda place: place[dimension])
        parts = [part(_told(name or UNKNOWN), tokens, cost) for name, (tokens, cost) in grouped.items()]
        return tuple(sorted(parts, key=lambda one: (-one.calls, one.name)))

    def _daily(self, prices: ListPrices) -> tuple[Day, ...]:
        grouped = self._grouped(prices, lambda place: place[1])
        return tuple(
            Day(
                day=day,
                out=tokens.output,
                calls=tokens.calls,
                sessions=len(self._sessions_of_days[day]),
                fresh_input_tokens=tokens.fresh,
                cache_creation_tokens=tokens.written,
                cache_read_tokens=tokens.cache_read,
                cost_usd=cost or 0.0,
            )
            for day, (tokens, cost) in sorted((day, found) for day, found in grouped.items() if day is not None)
        )

    def _coverage(self) -> tuple[Coverage, ...]:
        every, subagents = self._roles.all(), self._roles.all(is_subagent=True)
        lengths = sorted(map(sum, zip(every.contexts, every.generations, strict=True)))
        of_subagents = sorted(map(sum, zip(subagents.contexts, subagents.generations, strict=True)))
        return tuple(
            Coverage(
                length,
                bisect_right(lengths, length),
                _share(bisect_right(lengths, length), len(lengths)),
                _share(bisect_right(of_subagents, length), len(of_subagents)),
            )
            for length in CONTEXT_LENGTHS
        )

    def _workflows(self) -> Workflows:
        counts = sorted(self._dispatches)
        return Workflows(
            dispatches=len(counts),
            subagent_tokens=self._subagent_tokens,
            agent_count_p50=round(quantile(counts, 50)),
            agent_count_p95=round(quantile(counts, 95)),
            agent_count_max=counts[-1] if counts else 0,
            total_subagents=sum(counts),
        )

    def _session_figures(self, days: int) -> Sessions:
        hours = sorted(session.hours for session in self._sessions.values())
        calls = sorted(session.calls for session in self._sessions.values())
        return Sessions(
            count=len(hours),
            median_duration_h=round(quantile(hours, 50), 3),
            p95_duration_h=round(quantile(hours, 95), 3),
            max_duration_h=round(hours[-1], 3) if hours else 0.0,
            median_asst_turns=round(quantile(calls, 50)),
            max_asst_turns=calls[-1] if calls else 0,
            sessions_per_active_day=round(len(hours) / max(1, days), 1),
        )

    def _distribution(self, pauses: Sequence[tuple[int, int]]) -> Distribution:
        sizes = self._roles.all()
        thinking = [
            lasted / 1_000
            for at, lasted in pauses
            if lasted <= LONGEST_PAUSE_SECONDS * 1_000 and self._is_selected_time(at)
        ]
        totals = self._totals()
        prompts = totals.total_processed - totals.output_tokens
        return Distribution(
            context_tokens=measured(sizes.contexts),
            generation_tokens=measured(sizes.generations),
            think_seconds=measured(thinking, digits=1),
            request_seconds=measured(self._seconds, digits=2),
            calls_per_session=measured([session.calls for session in self._sessions.values()]),
            cached_share=round(totals.cache_read_tokens / prompts, 4) if prompts else 0.0,
        )

    def _is_selected_time(self, at: int) -> bool:
        return (self._since is None or at >= self._since) and (self._until is None or at < self._until)


def _cost(models: Sequence[Part], prices: ListPrices) -> Cost:
    unpriced = [model for model in models if model.cost_usd is None]
    return Cost(
        usd=sum((model.cost_usd or 0.0 for model in models), 0.0),
        prices_date=prices.date,
        prices_source=prices.source,
        unpriced_calls=sum(model.calls for model in unpriced),
        unpriced_models=tuple(model.name for model in unpriced[:NAMES_CAP]),
    )


def _most(counts: Counter[str]) -> dict[str, int]:
    """The most frequent names, in an order that is always the same."""
    often = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:NAMES_CAP]
    return {_told(name): number for name, number in often}


def _told(name: str) -> str:
    return name if len(name) <= NAME_CHARS else f"{name[: NAME_CHARS - 1]}…"


def _share(some: int, every: int) -> float:
    return round(some / every, 4) if every else 0.0
