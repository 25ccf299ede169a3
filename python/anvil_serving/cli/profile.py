"""`anvil-serving profile`: which tier is trusted with which work, and what the checks have found of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .configuration import loaded
from .log import ConfigOption, LogOption, SinceOption, instant, opened, path_of
from .output import JsonOption, QuietOption, emit, emit_json, talk
from .usage import LogsDirOption, OutDirOption, usage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.profile import Cell, StructuralLedger, Structure

    Line = tuple[str, str, str | None, Cell, Structure]
    """(the tier's id, the work class, the tier's model, what is held of it, what the checks have found)"""

__all__ = ["profile", "structural_ledger"]

profile = typer.Typer(
    help="Which tier is trusted with which work, and why.",
    epilog="Example: anvil-serving profile show --tier fast-local",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@profile.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    logs_dir: LogsDirOption = None,
    out_dir: OutDirOption = None,
) -> None:
    if logs_dir is None and out_dir is None:
        return
    if context.invoked_subcommand is not None:
        raise typer.BadParameter(f"--logs-dir and --out-dir are not of `profile {context.invoked_subcommand}`")
    # In 0.7.1 this was what `usage` is now, and wrote both files to where it was called.
    usage(logs_dir=logs_dir, out_dir=out_dir or Path())


@profile.command(epilog="Example: anvil-serving profile show --tier fast-local --since 7d")
def show(
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    tier: Annotated[str | None, typer.Option("--tier", help="Only of this tier.", show_default=False)] = None,
    work_class: Annotated[
        str | None, typer.Option("--work-class", help="Only of this work class.", show_default=False)
    ] = None,
    since: SinceOption = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Show what is held of each tier at each kind of work, and what the checks have found in its answers."""
    lines = [
        line
        for line in _lines(config, structural_ledger(path_of(config, log), instant(since)))
        if (tier is None or line[0] == tier) and (work_class is None or line[1] == work_class)
    ]
    if as_json:
        emit_json([_object(line) for line in lines])
    elif lines:
        emit(_table(lines))
    else:
        talk("no tier of the configuration and no kind of work agree with what was asked for")


def structural_ledger(path: Path, since: float | None) -> StructuralLedger:
    """What the log of decisions says of answers that were checked."""
    from anvil_serving.decisions import Filters, LogMissing  # noqa: PLC0415
    from anvil_serving.profile import StructuralLedger  # noqa: PLC0415

    ledger = StructuralLedger()
    try:
        with opened(path) as reader:
            for decision in reader.iterate(Filters(since=since)):
                for attempt in decision.attempts:
                    if attempt.checked:
                        ledger.add(
                            attempt.tier,
                            attempt.model,
                            decision.work_class,
                            outcome=attempt.outcome,
                            defects=attempt.defects,
                        )
    except LogMissing:
        talk(f"there is no decision log at {path} yet: no answer has been checked")
    return ledger


def _lines(config: Path | None, ledger: StructuralLedger) -> Iterator[Line]:
    """A line for every tier, kind of work and model; a model that has answered nothing has none."""
    from anvil_serving.config import WORK_CLASSES  # noqa: PLC0415
    from anvil_serving.profile import Profile, Structure  # noqa: PLC0415

    settings = loaded(config).router
    held = Profile.load(settings)
    for tier in settings.tiers:
        for work_class in WORK_CLASSES:
            found = {
                model: structure
                for (tier_id, model, at), structure in ledger.cells.items()
                if (tier_id, at) == (tier.id, work_class)
            }
            for model, structure in (found or {tier.model: Structure()}).items():
                yield tier.id, work_class, model, held[tier.id, work_class], structure


def _table(lines: list[Line]) -> list[str]:
    from anvil_serving.layout import count, share, table  # noqa: PLC0415

    header = ("tier", "work class", "model", "verdict", "quality from", "samples", "checked", "passed", "mostly wrong")
    rows = [
        (
            tier,
            work_class,
            model or "-",
            cell.verdict,
            f"{cell.lower:.2f}",
            count(cell.samples),
            count(structure.checked),
            share(structure.passed, structure.checked),
            structure.most_frequent or "-",
        )
        for tier, work_class, model, cell, structure in lines
    ]
    return table(header, rows, left=4)


def _object(line: Line) -> dict[str, Any]:
    tier, work_class, model, cell, structure = line
    return {
        "tier": tier,
        "work_class": work_class,
        "model": model,
        "verdict": cell.verdict,
        "quality": cell.quality,
        "quality_from": cell.lower,
        "samples": cell.samples,
        "source": cell.source,
        "last_measured": cell.last_measured,
        "structural": {
            "checked": structure.checked,
            "passed": structure.passed,
            "repaired": structure.repaired,
            "rejected": structure.rejected,
            "defects": structure.defects,
        },
    }
