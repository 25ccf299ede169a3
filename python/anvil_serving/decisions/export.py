"""Decisions for other programs: a record a line, or a table for a spreadsheet."""

from __future__ import annotations

import csv
import datetime
import io
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from anvil_serving.layout import harmless_json, printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .record import Decision

__all__ = ["COLUMNS", "csv_lines", "json_lines"]

COLUMNS = (
    "id",
    "at",
    "request_id",
    "dialect",
    "purpose",
    "client",
    "session",
    "model",
    "intent",
    "intent_source",
    "work_class",
    "class_source",
    "confidence",
    "result",
    "status",
    "error",
    "tier",
    "finish",
    "attempts",
    "prompt_tokens",
    "input_tokens",
    "output_tokens",
    "cached_tokens",
    "first_byte_seconds",
    "total_seconds",
    "cost_usd",
    "prices_date",
)
"""The columns of the table. Tokens are sums over all attempts, but for `prompt_tokens`, the estimate before them."""

# With these a spreadsheet would take what callers wrote for a formula (OWASP, "CSV Injection"), also in their
# full-width and other compatible forms, and behind a space.
_FORMULA = frozenset("=+-@\t\r\n")


def json_lines(decisions: Iterable[Decision]) -> Iterator[str]:
    """A line of JSON for each decision: the whole record."""
    encode = msgspec.json.Encoder().encode
    return (harmless_json(encode(decision)) for decision in decisions)


def csv_lines(decisions: Iterable[Decision]) -> Iterator[str]:
    """A header, then a line for each decision (RFC 4180, but for the line ends). What is not known is left empty."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="")
    for row in _rows(decisions):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _rows(decisions: Iterable[Decision]) -> Iterator[list[str]]:
    yield list(COLUMNS)
    for decision in decisions:
        derived = _derived(decision)
        yield [_cell(derived[name] if name in derived else getattr(decision, name)) for name in COLUMNS]


def _derived(decision: Decision) -> dict[str, object]:
    attempts = decision.attempts
    return {
        "at": _iso(decision.at),
        "attempts": len(attempts),
        "prompt_tokens": decision.facts.prompt_tokens,
        "input_tokens": _total(attempt.input_tokens for attempt in attempts),
        "output_tokens": _total(attempt.output_tokens for attempt in attempts),
        "cached_tokens": _total(attempt.cached_tokens for attempt in attempts),
    }


def _total(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _iso(at: float) -> str | float:
    try:
        return datetime.datetime.fromtimestamp(at, tz=datetime.UTC).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError, OSError):
        return at


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    first = unicodedata.normalize("NFKC", value.lstrip(" ")[:1])[:1]
    return f"'{printable(value)}" if first in _FORMULA else printable(value)
