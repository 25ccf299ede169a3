"""What commands write: data to stdout, talk to stderr."""

from __future__ import annotations

import io
import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from anvil_serving.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["JsonOption", "QuietOption", "emit", "emit_json", "is_quiet", "say", "talk"]

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


def talk(text: str) -> None:
    """Says something that is no data, on stderr, unless told to be quiet."""
    if not is_quiet():
        say(text)


def say(text: str) -> None:
    """Writes to stderr what steers no terminal. Where nobody can hear it, the work goes on."""
    from anvil_serving.layout import printable  # noqa: PLC0415 - `--help` must not load more than the parser

    try:
        typer.echo("\n".join(printable(line) for line in text.split("\n")), err=True)
    except OSError:
        _give_up(sys.stderr)


def emit(lines: Iterable[str]) -> None:
    """Writes lines to stdout. Whoever reads them may stop at any time, or never have begun."""
    if sys.stdout is None:  # closed before we were started
        return
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that is not of UTF-8 gets escapes, not an error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        for line in lines:
            sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up(sys.stdout)
        raise typer.Exit from None
    except OSError as error:
        _give_up(sys.stdout)
        raise StartupError(
            f"what was found cannot be written to stdout: {error.strerror}", hint="see whether its disk is full"
        ) from None


def _give_up(stream: TextIO) -> None:
    # Python would complain once more when it flushes at its own end.
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def emit_json(value: Any) -> None:
    """Writes a value as one line of JSON that steers no terminal."""
    import msgspec  # noqa: PLC0415 - `--help` must not load more than the parser

    from anvil_serving.layout import harmless_json  # noqa: PLC0415

    emit([harmless_json(msgspec.json.encode(value))])
