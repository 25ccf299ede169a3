"""What the commands that read the log of decisions have in common: their options, and where the log is."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .configuration import configured
from .output import talk

if TYPE_CHECKING:
    from anvil_serving.decisions import DecisionReader

__all__ = [
    "ConfigOption",
    "LogOption",
    "SinceOption",
    "UntilOption",
    "instant",
    "opened",
    "path_of",
    "say_unreadable",
]

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration file, which says where the log is.", show_default=False),
]
LogOption = Annotated[Path | None, typer.Option("--log", help="The log itself.", show_default=False)]
SinceOption = Annotated[
    str | None,
    typer.Option("--since", help="Only from then on: 2h, 7d, or a date such as 2026-11-25T14:30.", show_default=False),
]
UntilOption = Annotated[
    str | None, typer.Option("--until", help="Only before then, written as for --since.", show_default=False)
]


def path_of(config: Path | None, log: Path | None) -> Path:
    """Where the log is: as named, else as the configuration says, else where it is without one."""
    if log is not None:
        return log.expanduser()
    from anvil_serving.config import Decisions  # noqa: PLC0415
    from anvil_serving.decisions import log_path  # noqa: PLC0415

    settings = configured(config)
    return log_path(Decisions() if settings is None else settings.decisions, os.environ)


def opened(path: Path) -> DecisionReader:
    """A reader of the log. Raises as `DecisionReader` does."""
    from anvil_serving.decisions import DecisionReader  # noqa: PLC0415

    return DecisionReader(path)


def instant(text: str | None) -> float | None:
    """The time that an option names; None: it was not given."""
    from anvil_serving.decisions.period import instant as read  # noqa: PLC0415

    try:
        return None if text is None else read(text, time.time())
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def say_unreadable(number: int) -> None:
    """Tells of records that were passed over, if there are any."""
    if number:
        talk(f"{number} records of another release were passed over")
