"""When work was done: days of this machine's zone, what went on at once, and how fast it was."""

from __future__ import annotations

import time
from array import array
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from .distribution import quantile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "LONGEST_REQUEST_SECONDS",
    "CallsInMinute",
    "Concurrency",
    "Hours",
    "RequestsAtOnce",
    "SessionsInMinute",
    "Throughput",
    "TokensInHour",
    "at_once",
    "day_of",
    "zone",
]

LONGEST_REQUEST_SECONDS: Final = 3_600
"""What seems to have run longer was interrupted, by sleep for one, and says nothing of what runs at once."""

_QUARTER: Final = 900_000
"""Milliseconds in which no zone's date or offset changes."""


class CallsInMinute(Struct, frozen=True):
    """A minute, as YYYY-MM-DDTHH:MM, and the answers that ended in it."""

    minute: str = ""
    calls: int = 0


class SessionsInMinute(Struct, frozen=True):
    """A minute and the sessions with an answer in it."""

    minute: str = ""
    sessions: int = 0


class RequestsAtOnce(Struct, frozen=True):
    """A minute and the requests that ran at one moment in it."""

    minute: str = ""
    requests: int = 0


class TokensInHour(Struct, frozen=True):
    """An hour, as YYYY-MM-DDTHH, and the tokens of the answers that ended in it."""

    hour: str = ""
    tokens: int = 0


class Concurrency(Struct, frozen=True):
    """How much went on at once. Percentiles are of the minutes in which something did."""

    peak_calls_per_min: CallsInMinute
    p99_calls_per_min: int
    p95_calls_per_min: int
    peak_parallel_sessions: SessionsInMinute
    p99_parallel_sessions: int
    p95_parallel_sessions: int
    peak_parallel_requests: RequestsAtOnce


class Throughput(Struct, frozen=True):
    """The busiest hour."""

    peak_output_tokens_per_hour: TokensInHour
    peak_sustained_tok_per_s: float


class Hours:
    """Sums by minute and hour; every time is milliseconds since 1970."""

    def __init__(self) -> None:
        self._calls: Counter[int] = Counter()
        self._sessions: defaultdict[int, set[str | None]] = defaultdict(set)
        self._tokens: Counter[int] = Counter()
        self._began, self._ended = array("q"), array("q")

    def add(self, at: int, session: str | None, output: int, running: tuple[int, int] | None) -> None:
        """One answer; `running` is from when to when its request ran, where that is known."""
        minute = at // 60_000
        self._calls[minute] += 1
        self._sessions[minute].add(session)
        # Zones are off by quarters of an hour.
        self._tokens[at // _QUARTER] += output
        if running is not None:
            self._began.append(running[0])
            self._ended.append(running[1])

    def concurrency(self) -> Concurrency:
        """What went on at once."""
        calls = sorted(self._calls.values())
        sessions = sorted(len(names) for names in self._sessions.values())
        busiest, most_calls = _largest(self._calls.items())
        fullest, most_sessions = _largest((minute, len(names)) for minute, names in self._sessions.items())
        moment, most_requests = at_once(self._began, self._ended)
        return Concurrency(
            CallsInMinute(_minute(busiest * 60_000), most_calls) if most_calls else CallsInMinute(),
            round(quantile(calls, 99)),
            round(quantile(calls, 95)),
            SessionsInMinute(_minute(fullest * 60_000), most_sessions) if most_sessions else SessionsInMinute(),
            round(quantile(sessions, 99)),
            round(quantile(sessions, 95)),
            RequestsAtOnce(_minute(moment), most_requests) if most_requests else RequestsAtOnce(),
        )

    def throughput(self) -> Throughput:
        """The busiest hour of the clock."""
        by_hour: Counter[str] = Counter()
        for quarter, tokens in self._tokens.items():
            by_hour[_minute(quarter * _QUARTER)[:13]] += tokens
        hour, tokens = max(by_hour.items(), key=lambda item: (item[1], item[0]), default=("", 0))
        return Throughput(TokensInHour(hour, tokens), round(tokens / 3_600, 1))

    def by_weekday(self) -> tuple[tuple[int, ...], ...]:
        """Answers by day of the week, from Monday, and hour of the day."""
        sums = [[0] * 24 for _ in range(7)]
        for minute, calls in self._calls.items():
            local = time.localtime(minute * 60)
            sums[local.tm_wday][local.tm_hour] += calls
        return tuple(tuple(hours) for hours in sums)


def at_once(began: Sequence[int], ended: Sequence[int]) -> tuple[int, int]:
    """The first moment at which the most intervals overlap, and how many do; 0 and 0 where there are none.

    An interval has its beginning in it, and not its end; which beginning and which end belong together does not matter.
    """
    ends = iter(sorted(ended))
    next_end = next(ends, None)
    now, most, moment = 0, 0, 0
    for at in sorted(began):
        while next_end is not None and next_end <= at:
            now -= 1
            next_end = next(ends, None)
        now += 1
        if now > most:
            most, moment = now, at
    return moment, most


def _largest(items: Iterable[tuple[int, int]]) -> tuple[int, int]:
    """Of equals the first."""
    return max(items, key=lambda item: (item[1], -item[0]), default=(0, 0))


def day_of(at: int, known: dict[int, str]) -> str:
    """The day of this machine's zone, as YYYY-MM-DD. `known` is what earlier calls have found out."""
    quarter = at // _QUARTER
    day = known.get(quarter)
    if day is None:
        day = known[quarter] = time.strftime("%Y-%m-%d", time.localtime(quarter * _QUARTER // 1_000))
    return day


def zone() -> str:
    """What this machine's zone is called."""
    return time.strftime("%Z (%z)")


def _minute(at: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M", time.localtime(at // 1_000))
