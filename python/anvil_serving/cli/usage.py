"""`anvil-serving usage`: what harnesses' logs say of a person's use of models."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .log import SinceOption, UntilOption, instant
from .output import JsonOption, QuietOption, emit, emit_json, talk
from .progress import seldom, showing_progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.substrate.usage.logs import Client, FoundLogs
    from anvil_serving.substrate.usage.reader import WhatWasRead
    from anvil_serving.substrate.usage.usage import Selection, Usage

__all__ = ["LogsDirOption", "OutDirOption", "usage"]

_TROUBLES = 5
"""Files with broken lines that are named; the rest is in `--json`."""


LogsDirOption = Annotated[
    Path | None,
    typer.Option("--logs-dir", help="A folder of logs, instead of where each harness keeps them.", show_default=False),
]
OutDirOption = Annotated[
    Path | None,
    typer.Option("--out-dir", help="Write usage_aggregate.json and role_split.json there.", show_default=False),
]


# Every filter is an option, and typer makes an option of every parameter.
def usage(  # noqa: PLR0913
    *,
    logs_dir: LogsDirOption = None,
    client: Annotated[
        str | None,
        typer.Option("--client", metavar="[claude-code|codex]", help="Only this harness's logs.", show_default=False),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option("--project", metavar="TEXT", help="Only folders with this in their path.", show_default=False),
    ] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    out_dir: OutDirOption = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a report with plots.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Show what your harnesses' logs say: tokens, contexts, concurrency, models, tools, and cost at list prices.

    Reads the logs of Claude Code and Codex on this machine. Nothing leaves it.
    """
    from anvil_serving.substrate.usage.usage import Selection  # noqa: PLC0415 - `--help` must not load more than the parser

    # What is no text in the terminal's encoding is none in JSON either.
    project = None if project is None else project.encode(errors="backslashreplace").decode()
    selection = Selection(since=instant(since), until=instant(until), project=project, clients=_clients(client))
    found = _measured(logs_dir, selection)
    if html is not None:
        _write_report(found, html)
    if out_dir is not None:
        _write_files(found, out_dir)
    if as_json:
        emit_json(found)
    elif found.totals.assistant_calls:
        from .usage_picture import picture  # noqa: PLC0415

        emit(picture(found))
    else:
        emit(_nothing(found))


def _measured(logs_dir: Path | None, selection: Selection) -> Usage:
    """Finds, reads and adds up, and says on stderr what could not be counted."""
    from anvil_serving.decisions.prices import PriceList  # noqa: PLC0415
    from anvil_serving.substrate.usage.reader import read_logs  # noqa: PLC0415
    from anvil_serving.substrate.usage.sums import add_up  # noqa: PLC0415

    logs = _find(logs_dir, selection)
    with showing_progress() as show:
        say = seldom(show)
        read = read_logs(logs, lambda done, of: say(f"read {done / 1e6:,.0f} of {of / 1e6:,.0f} MB", done / max(1, of)))
        found = add_up(read, logs.folders, selection, PriceList.load(os.environ))
    _say_troubles(found.read)
    return found


def _clients(client: str | None) -> tuple[str, ...]:
    from anvil_serving.substrate.usage.logs import CLIENTS  # noqa: PLC0415

    if client is None:
        return CLIENTS
    if client not in CLIENTS:
        raise typer.BadParameter(f"{client!r} is none of {', '.join(CLIENTS)}", param_hint="--client")
    return (client,)


def _find(logs_dir: Path | None, selection: Selection) -> FoundLogs:
    from anvil_serving.files import expanded  # noqa: PLC0415
    from anvil_serving.substrate.usage.logs import CLIENTS, find_logs, logs_below  # noqa: PLC0415

    clients: list[Client] = [client for client in CLIENTS if client in selection.clients]
    if logs_dir is None:
        return find_logs(os.environ, clients)
    return logs_below(expanded(logs_dir), clients)


def _write_report(found: Usage, path: Path) -> None:
    from anvil_serving.files import expanded, write_file  # noqa: PLC0415
    from anvil_serving.substrate.usage.report import report  # noqa: PLC0415

    write_file(expanded(path), report(found).encode(), existing="replace")
    _say_written(path)


def _write_files(found: Usage, folder: Path) -> None:
    from anvil_serving.files import expanded  # noqa: PLC0415
    from anvil_serving.substrate.usage.files import write_files  # noqa: PLC0415

    for path in write_files(found, expanded(folder)):
        _say_written(path)


def _say_written(path: Path) -> None:
    from anvil_serving.layout import printable  # noqa: PLC0415

    talk(f"wrote {printable(str(path))}")


def _nothing(found: Usage) -> list[str]:
    from anvil_serving.layout import wrapped  # noqa: PLC0415

    places = "; ".join(found.looked_in)
    if not found.read.files:
        sentence = f"No logs of Claude Code or Codex were found. Looked in: {places}."
        return wrapped(f"{sentence} --logs-dir names another folder.")
    return wrapped(f"The {found.read.files} files in {places} have no answer of a model that was asked for.")


def _say_troubles(read: WhatWasRead) -> None:
    from anvil_serving.layout import count, printable  # noqa: PLC0415

    for folder in read.unreadable_folders[:_TROUBLES]:
        talk(f"{printable(folder)} cannot be looked into")
    for sentence in _counts(read):
        talk(sentence)
    named = [trouble for trouble in read.troubles if trouble.unreadable or trouble.broken_lines]
    for trouble in named[:_TROUBLES]:
        where = "" if trouble.first_broken_line is None else f", the first is line {trouble.first_broken_line}"
        what = trouble.unreadable or f"{count(trouble.broken_lines)} broken{where}"
        talk(f"  {printable(trouble.path)}: {what}")
    if len(named) > _TROUBLES:
        talk(f"  and {count(len(named) - _TROUBLES)} files more, which --json names")


def _counts(read: WhatWasRead) -> Sequence[str]:
    from anvil_serving.layout import count  # noqa: PLC0415

    found = (
        (read.unreadable_files, "files that could not be read to their end"),
        (read.broken_lines, "broken lines, which are not counted"),
        (read.long_lines, "lines longer than 64 MiB, which are not counted"),
        (read.absurd_lines, "lines with a count of tokens that cannot be, which are not counted"),
        (read.changed_files, "files written to meanwhile, of which is counted what was there at first"),
    )
    return [f"{what}: {count(number)}" for number, what in found if number]
