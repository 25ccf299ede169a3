"""`anvil-serving cache`: the disk that models take."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .configuration import configured
from .log import instant
from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from anvil_serving.substrate.cache.prune import Plan, PruneWishes, Report
    from anvil_serving.substrate.cache.use import Mention, Uses
    from anvil_serving.substrate.docker.disk import DockerDisk
    from anvil_serving.substrate.manifest import Manifest

__all__ = ["cache", "prune"]

_FAILED = 1

cache = typer.Typer(
    help="The disk that downloaded models take.",
    epilog="Example: anvil-serving cache prune",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@cache.callback()
def _root() -> None:
    # Without it, typer takes an application of one command for that command.
    pass


@cache.command(epilog="Example: anvil-serving cache prune --older-than 30d --larger-than 10GB")
def prune(  # noqa: PLR0913 - options of a command line
    *,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--cache", help="The cache. Otherwise Hugging Face's own (HF_HUB_CACHE, HF_HOME).", show_default=False
        ),
    ] = None,
    repo: Annotated[
        list[str] | None, typer.Option("--repo", metavar="GLOB", help="Repositories of this name; may be repeated.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="30d", help="Repositories that were not read since.")
    ] = None,
    larger_than: Annotated[
        str | None, typer.Option("--larger-than", metavar="10GB", help="Repositories that take more than this.")
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", metavar="NAME", help="A repository that stays; may be repeated.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove it. Otherwise it is only listed.")] = False,
    config: Annotated[
        Path | None, typer.Option("--config", help="Configuration whose models stay.", show_default=False)
    ] = None,
    manifest: Annotated[
        Path | None, typer.Option("--manifest", help="Manifest of serves whose models stay.", show_default=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list it, even with --yes.")] = False,
    mixture: Annotated[str, typer.Option("--mixture", hidden=True)] = "",
    execute: Annotated[bool, typer.Option("--execute", hidden=True)] = False,
    include_servable: Annotated[bool, typer.Option("--include-servable", hidden=True)] = False,
    allow_empty_mixture: Annotated[bool, typer.Option("--allow-empty-mixture", hidden=True)] = False,
    self_check: Annotated[bool, typer.Option("--self-check", hidden=True)] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Free disk: halves of downloads, revisions that nothing means any more, and repositories that you choose.

    Lists what would go, and removes it with --yes. What a tier, a serve, a container that runs or an open file uses
    stays, and so does what is being downloaded; nothing outside the cache is touched.
    """
    from anvil_serving.substrate.cache import prune as cache_prune  # noqa: PLC0415 - `--help` must not load more than the parser
    from anvil_serving.substrate.cache.storage import look_at_storage  # noqa: PLC0415
    from anvil_serving.substrate.docker.disk import docker_disk  # noqa: PLC0415
    from anvil_serving.substrate.models.roots import hub_cache_folder  # noqa: PLC0415

    from .progress import showing_progress  # noqa: PLC0415

    if self_check:
        talk("the checks that 0.7.1 had here are tests of the package now")
        return
    protected = (*(keep or ()), *(name.strip() for name in mixture.split(",") if name.strip()))
    _check_old_options(
        unsure=execute and not yes, takes_all=yes and include_servable and not (protected or allow_empty_mixture)
    )
    wishes = cache_prune.PruneWishes(
        repositories=tuple(repo or ()),
        used_before=instant(older_than),
        larger_than_bytes=_bytes(larger_than),
        protected=protected,
        everything=include_servable,
    )
    is_meant = yes and not dry_run
    with showing_progress() as say:
        say("looking at the cache", None)
        storage = look_at_storage(folder if folder is not None else hub_cache_folder(os.environ))
        uses = _uses(config, manifest, is_meant=is_meant)
        plan, report = cache_prune.plan_of(storage, uses, wishes), cache_prune.Report(dry_run=True)
        _check_protected(plan, protected, is_meant=is_meant)
        if is_meant:
            plan, report = cache_prune.prune(storage, uses, wishes, say)
    docker = docker_disk()
    if as_json:
        emit_json({"plan": plan, "report": report, "docker": docker})
    else:
        emit(_lines(plan, report, wishes, docker))
    if report.skipped:
        raise typer.Exit(_FAILED)


def _check_old_options(*, unsure: bool, takes_all: bool) -> None:
    """In 0.7.1 `--execute` needed `--yes`, and `--include-servable` took all that it was not told to keep."""
    from anvil_serving.errors import StartupError  # noqa: PLC0415

    if unsure:
        raise StartupError("--execute removes nothing without --yes", hint="pass --yes as well; --execute may go")
    if takes_all:
        raise StartupError(
            "--include-servable without a model to keep would remove every one that nothing uses",
            hint="name those to keep with --keep, or pass --allow-empty-mixture",
        )


def _check_protected(plan: Plan, protected: Sequence[str], *, is_meant: bool) -> None:
    """A name to be kept that the cache does not have is probably misspelt."""
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415

    known = {name.lower() for name in plan.protected}
    missing = printable(", ".join(sorted(name for name in protected if name.lower() not in known)))
    if missing and is_meant:
        raise StartupError(
            f"the cache has no {missing}, which was to be kept; nothing was removed",
            hint="check the names: `anvil-serving cache prune` lists them",
        )
    if missing:
        talk(f"warning: the cache has no {missing}, which was to be kept")


_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)\s*([kmgt]?)(i?)b?\Z", re.IGNORECASE)


def _bytes(text: str | None) -> int | None:
    if text is None:
        return None
    match = _SIZE.match(text.strip())
    if match is None:
        raise typer.BadParameter(f"{text!r} is no size: write 500MB, 10GB or 1.5TiB")
    power = " kmgt".index(match[2].lower() or " ")
    return int(float(match[1]) * (1024 if match[3] else 1000) ** power)


def _uses(config: Path | None, manifest: Path | None, *, is_meant: bool) -> Uses:
    """All that uses a model. What cannot be read ends a removal, and is only said otherwise."""
    from anvil_serving.errors import AnvilError  # noqa: PLC0415
    from anvil_serving.substrate.cache.use import (  # noqa: PLC0415
        Uses,
        open_files,
        uses_of_configuration,
        uses_of_containers,
        uses_of_manifest,
    )

    mentions: list[Mention] = []

    def of_configuration() -> Iterator[Mention]:
        found = configured(config)
        return uses_of_configuration(found) if found is not None else iter(())

    def of_manifest() -> Iterator[Mention]:
        found = _manifest(manifest)
        return uses_of_manifest(found) if found is not None else iter(())

    for source in (of_configuration, of_manifest, uses_of_containers):
        try:
            mentions += source()
        except AnvilError as error:
            if is_meant:
                raise
            talk(f"warning: what is in use is not all known: {str(error).splitlines()[0]}")
    return Uses(tuple(mentions), open_files())


def _manifest(path: Path | None) -> Manifest | None:
    from anvil_serving.substrate.manifest import ManifestMissing, find_manifest, load_manifest  # noqa: PLC0415

    if path is None:
        try:
            path = find_manifest(Path.cwd(), os.environ)
        except ManifestMissing:
            return None
    return load_manifest(path)


def _day(at: float) -> str:
    from anvil_serving.layout import moment  # noqa: PLC0415

    return moment(at)[:10] if at > 0 else "-"


def _lines(plan: Plan, report: Report, wishes: PruneWishes, docker: tuple[DockerDisk, ...]) -> list[str]:
    from anvil_serving.layout import size, table, wrapped  # noqa: PLC0415

    lines = wrapped(f"{plan.cache}: {size(plan.total_bytes)} in {len(plan.repositories)} repositories")
    if plan.repositories and not wishes.names_any:
        rows = [
            (one.id, one.used_by or "-", f"{one.revisions}", _day(one.used_at), size(one.bytes))
            for one in plan.repositories
        ]
        lines += ["", *table(("repository", "used by", "revisions", "last read", "takes"), rows, left=2)]
    if plan.candidates:
        going = [(one.id, one.reason, _day(one.used_at), size(one.reclaimable_bytes)) for one in plan.candidates]
        verb = "would go" if report.dry_run else "to go"
        lines += ["", *table((verb, "why", "last read", "frees"), going, left=2)]
    lines += [""] if plan.kept or plan.problems else []
    lines += [line for one in plan.kept for line in wrapped(f"kept: {one.id} ({size(one.bytes)}): {one.reason}")]
    lines += [line for problem in plan.problems for line in wrapped(f"left alone: {problem}")]
    lines += ["", *_end(plan, report, wishes)]
    for row in docker:
        lines += wrapped(f"Docker: {row.what.lower()} {row.size}, of which {row.reclaimable} free with `{row.command}`")
    return lines


def _end(plan: Plan, report: Report, wishes: PruneWishes) -> list[str]:
    from anvil_serving.layout import size, wrapped  # noqa: PLC0415

    if not report.dry_run:
        failed = [line for one in report.skipped for line in wrapped(f"not removed: {one.id}: {one.reason}")]
        return [*failed, f"{size(report.reclaimed_bytes)} freed"]
    if plan.candidates:
        return [f"{size(plan.total_reclaimable_bytes)} would be freed; --yes does it"]
    if plan.repositories and not wishes.names_any:
        return ["nothing to free by itself; choose repositories with --older-than, --larger-than or --repo"]
    return ["nothing to free"]
