"""What commands write: data to stdout, talk to stderr."""

from __future__ import annotations

import io
import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["JsonOption", "QuietOption", "emit", "emit_json", "is_quiet", "talk"]

_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def _be_quiet(wanted: bool) -> bool:  # noqa: FBT001 - typer hands the flag to its callback
    _quiet.set(wanted)
    return wanted


JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]
QuietOption = Annotated[
    bool, typer.Option("--quiet", "-q", help="Nothing on stderr but errors.", callback=_be_quiet, is_eager=True)
]
"""A command takes it as `_quiet`; `talk` and `showing_progress` honour it."""


def is_quiet() -> bool:
    """Whether the command that runs was told to be quiet."""
    return _quiet.get()


def talk(line: str) -> None:
    """Says something that is no data, on stderr, unless told to be quiet."""
    if not is_quiet():
        typer.echo(line, err=True)


def emit(lines: Iterable[str]) -> None:
    """Writes lines to stdout. Whoever reads them may stop at any time."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that is not of UTF-8 gets escapes, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        # Python would complain once more when it flushes at its own end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit from None


def emit_json(value: Any) -> None:
    """Writes a value as one line of JSON that steers no terminal."""
    import msgspec  # noqa: PLC0415 - `--help` must not load more than the parser

    from anvil_serving.layout import harmless_json  # noqa: PLC0415

    emit([harmless_json(msgspec.json.encode(value))])
