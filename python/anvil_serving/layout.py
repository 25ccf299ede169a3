"""Plain text for a terminal: what comes from files and callers is made harmless, and nothing is wider than a page."""

from __future__ import annotations

import datetime
import json
import re
import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "WIDTH",
    "count",
    "dollars",
    "duration",
    "fields",
    "harmless_json",
    "moment",
    "printable",
    "share",
    "size",
    "table",
    "wrapped",
]

WIDTH: Final = 100
"""Columns of a page."""

_CELL: Final = 40
"""Characters of a table's cell at most."""

# All but what is surely harmless; JSON's own line ends among it.
_DOUBTFUL = re.compile(r"[^\n\x20-\x7e]")


def printable(text: str) -> str:
    """`text` with every character that steers a terminal written out as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in text)


def harmless_json(document: bytes) -> str:
    """JSON whose strings, shown on a terminal, do not steer it. It means the same."""
    return _DOUBTFUL.sub(_harmless, document.decode())


def _harmless(match: re.Match[str]) -> str:
    # Control and format characters (Cc, Cf), which steer a terminal, turn the text's direction or hide in it, are not
    # printable; a character beyond the first 65,536 is a pair of escapes in JSON.
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]


def wrapped(text: str, indent: int = 0, hanging: int = 2) -> list[str]:
    """The lines of a text that is made printable and indented; further lines by `hanging` more."""
    return _beside(" " * indent, " " * (indent + hanging), text)


def fields(pairs: Iterable[tuple[str, str | None]], indent: int = 2, label_width: int = 14) -> list[str]:
    """A line for each pair whose value is not None: a label of fixed width and the value, wrapped beside it."""
    lines: list[str] = []
    for label, value in pairs:
        if value is not None:
            start = " " * indent + label.ljust(label_width) + " "
            lines += _beside(start, " " * len(start), value)
    return lines


def _beside(start: str, further: str, text: str) -> list[str]:
    # Names have hyphens, and are not to be torn apart at them.
    lines = textwrap.wrap(
        printable(text), WIDTH, initial_indent=start, subsequent_indent=further, break_on_hyphens=False
    )
    return lines or [start.rstrip()]


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> list[str]:
    """Lines of columns; the first `left` of them are aligned to the left, the others, numbers, to the right."""
    cells = [[_short(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(
            cell.ljust(width) if column < left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _short(text: str) -> str:
    text = printable(text)
    return text if len(text) <= _CELL else f"{text[: _CELL - 3]}..."


def moment(at: float) -> str:
    """A time of the day in this machine's zone, with its offset. What is no time is said to be none."""
    try:
        local = datetime.datetime.fromtimestamp(at, tz=datetime.UTC).astimezone()
    except (ValueError, OverflowError, OSError):
        return "at no time that a clock can show"
    return local.strftime("%Y-%m-%d %H:%M:%S %z")


def duration(seconds: float | None) -> str:
    """Seconds in the unit that a person would choose."""
    if seconds is None:
        return "not measured"
    if abs(seconds) < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if abs(seconds) < 1:
        return f"{seconds * 1e3:.0f} ms"
    return f"{seconds:.1f} s"


def dollars(amount: float | None) -> str:
    """US dollars; small amounts with the digits that make them one."""
    if amount is None:
        return "not known"
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    digits = 2 if size == 0 or size >= 10 else 4 if size >= 0.01 else 6
    return f"{sign}${size:,.{digits}f}"


def count(number: int | None) -> str:
    """A whole number with its thousands set apart."""
    return "not known" if number is None else f"{number:,}"


def share(part: int, whole: int) -> str:
    """A part in percent; a dash where there is no whole."""
    return f"{100 * part / whole:.0f} %" if whole else "-"


def size(number: int) -> str:
    """Bytes in the unit that a person would choose; units are powers of 1,000, as disks count."""
    for unit, name in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if number >= unit:
            return f"{number / unit:.1f} {name}"
    return f"{number} B"
