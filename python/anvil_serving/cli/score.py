"""`anvil-serving score`: which model suits which kind of work, and by what evidence."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from anvil_serving.errors import StartupError

from .configuration import configured
from .log import ConfigOption, LogOption, SinceOption, instant, path_of
from .output import JsonOption, QuietOption, emit, emit_json, talk
from .profile import structural_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.config import Config
    from anvil_serving.profile import StructuralLedger
    from anvil_serving.substrate.evidence.score import Entry, Evidence, Ranking

__all__ = ["score"]


def score(  # noqa: PLR0913 - options of a command
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    since: SinceOption = None,
    evidence: Annotated[
        list[Path] | None,
        typer.Option("--evidence", metavar="FILE", help="More evidence, as a JSON file; may be given several times."),
    ] = None,
    work_class: Annotated[
        str | None, typer.Option("--work-class", help="Only of this work class.", show_default=False)
    ] = None,
    _no_local: Annotated[bool, typer.Option("--no-local", hidden=True)] = False,  # of 0.7.1
    self_check: Annotated[bool, typer.Option("--self-check", hidden=True)] = False,  # of 0.7.1
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Rank models at each kind of work, from evidence that is named beside every figure.

    The evidence is the measured profile of the configuration, what the checks have found in answers (the log of
    decisions), and files: results by model and work class, profiles, and published benchmarks. Where there is none,
    nothing is ranked. Figures of different kinds are never compared, and those that cannot be told apart share a rank.
    """
    from anvil_serving.config import WORK_CLASSES  # noqa: PLC0415 - `--help` must not load more than the parser
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.evidence.files import read_evidence  # noqa: PLC0415
    from anvil_serving.substrate.evidence.score import rank  # noqa: PLC0415

    if self_check:
        talk("0.7.1 checked itself here; this release is checked by its tests")
        return
    if work_class is not None and work_class not in WORK_CLASSES:
        raise StartupError(f"{printable(work_class)} is no kind of work", hint=f"there are {', '.join(WORK_CLASSES)}")
    found = [each for path in evidence or () for each in read_evidence(path)]
    settings = configured(config)
    if settings is None:
        talk("there is no configuration here: its profile is not read")
    else:
        found += _of_profile(settings)
    found += _of_structure(structural_ledger(path_of(config, log), instant(since)))
    rankings = rank(found, WORK_CLASSES if work_class is None else (work_class,))
    if as_json:
        emit_json(rankings)
        return
    if not found:
        talk("evidence comes from use (answers are checked), from a measured profile, or from --evidence FILE")
    emit(_lines(rankings))


def _of_profile(config: Config) -> Iterator[Evidence]:
    """What was measured of each tier; a seed is no evidence."""
    from anvil_serving.config import WORK_CLASSES  # noqa: PLC0415
    from anvil_serving.profile import Profile  # noqa: PLC0415
    from anvil_serving.substrate.evidence.score import Evidence  # noqa: PLC0415

    held = Profile.load(config.router)
    for tier in config.router.tiers:
        for work_class in WORK_CLASSES:
            cell = held[tier.id, work_class]
            if cell.samples:
                yield Evidence(
                    model=tier.model or tier.id,
                    tier=tier.id,
                    work_class=work_class,
                    basis="quality",
                    share=cell.quality,
                    samples=cell.samples,
                    source=f"profile {config.router.profile_path}"
                    + (f", measured {cell.last_measured}" if cell.last_measured else ""),
                )


def _of_structure(ledger: StructuralLedger) -> Iterator[Evidence]:
    """What the checks have found in answers."""
    from anvil_serving.substrate.evidence.score import Evidence  # noqa: PLC0415

    for (tier, model, work_class), cell in ledger.cells.items():
        if cell.checked:
            yield Evidence(
                model=model or tier,
                tier=tier,
                work_class=work_class,
                basis="structure",
                share=cell.passed / cell.checked,
                samples=cell.checked,
                source="decision log",
            )


def _lines(rankings: tuple[Ranking, ...]) -> Iterator[str]:
    from anvil_serving.layout import printable, table, wrapped  # noqa: PLC0415

    for index, ranking in enumerate(rankings):
        if index:
            yield ""
        title = ranking.work_class + (f", {ranking.benchmark}" if ranking.benchmark else "")
        yield from wrapped(f"{title}: {ranking.says}")
        if not ranking.entries:
            continue
        header = ("rank", "model", "tier", "from", "share", "95 % interval", "samples")
        yield from (f"  {line}" for line in table(header, [_row(entry) for entry in ranking.entries], left=4))
        for entry in ranking.entries:
            if len(entry.sources) > 1:
                yield from wrapped(f"{printable(entry.model)}: {'; '.join(entry.sources)}", indent=4)


def _row(entry: Entry) -> tuple[str, ...]:
    from anvil_serving.layout import count  # noqa: PLC0415

    rank = "-" if entry.rank is None else f"{entry.rank}{'=' if entry.is_tied else ''}"
    interval = entry.interval
    return (
        rank,
        entry.model,
        entry.tier or "-",
        entry.sources[0] if len(entry.sources) == 1 else f"{len(entry.sources)} sources",
        f"{entry.share:.1%}",
        "not known" if interval is None else f"{interval.low:.1%} to {interval.high:.1%}",
        "not known" if entry.samples is None else count(entry.samples) + (" (few)" if entry.is_few else ""),
    )
