"""How a command shows that it is working: a spinner for a person, plain lines for a log."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

from .output import is_quiet, talk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["seldom", "showing_progress"]


@contextlib.contextmanager
def showing_progress() -> Iterator[Callable[[str, float | None], None]]:
    """Yields what to call with a description and a share from 0 to 1 (None where it is not known). Writes to stderr."""
    if is_quiet():
        yield lambda _doing, _done: None
        return
    if not sys.stderr.isatty():
        yield lambda doing, _done: talk(doing)
        return
    from rich.console import Console  # noqa: PLC0415 - only where a person looks
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as display:
        task = display.add_task("starting", total=1.0)

        def show(doing: str, done: float | None) -> None:
            # A path in square brackets is text, not rich's markup.
            display.update(task, description=doing.replace("[", r"\["), completed=done or 0.0)

        yield show


def seldom(show: Callable[[str, float | None], None]) -> Callable[[str, float | None], None]:
    """Shows only what takes long: after a second, and once a second from then on. A log would have a line a file."""
    said = time.monotonic()

    def say(doing: str, done: float | None) -> None:
        nonlocal said
        if time.monotonic() - said >= 1.0:
            said = time.monotonic()
            show(doing, done)

    return say
