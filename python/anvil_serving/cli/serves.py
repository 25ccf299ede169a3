"""`anvil-serving serves`: the model servers of this machine, in containers that a manifest describes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import JsonOption, QuietOption, emit, emit_json, say, talk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.config import Serve
    from anvil_serving.substrate.manifest import Manifest
    from anvil_serving.substrate.serves.lifecycle import Outcome
    from anvil_serving.substrate.serves.survey import ServeState, Survey

__all__ = ["serves"]

_FAILED = 1

serves = typer.Typer(
    help="Stand the model servers of this machine up and down: containers that a manifest, serves.toml, describes.",
    epilog="Example: anvil-serving serves status",
    rich_markup_mode=None,
    no_args_is_help=True,
)

ManifestOption = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        help="The manifest. Otherwise ./serves.toml, else the [[serve]] entries of the configuration.",
        show_default=False,
    ),
]
NamesArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="[NAME]...", help="Serves, or their containers; all of the manifest otherwise."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Print the commands, and run none that changes anything.")
]


@serves.callback()
def _root(
    context: typer.Context,
    *,
    manifest: Annotated[Path | None, typer.Option("--manifest", hidden=True)] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", hidden=True)] = False,
    recreate: Annotated[bool, typer.Option("--recreate", hidden=True)] = False,
) -> None:
    # 0.7.1 took its options before the verb as well.
    defaults: dict[str, dict[str, Any]] = {}
    for verb in ("status", "up", "down", "logs", "adopt", "rm"):
        before: dict[str, Any] = {"manifest": manifest} if manifest is not None else {}
        before |= {"dry_run": True} if dry_run and verb in ("up", "down", "adopt", "rm") else {}
        before |= {"recreate": True} if recreate and verb == "up" else {}
        defaults[verb] = before
    context.default_map = defaults


@serves.command(epilog="Example: anvil-serving serves status --json")
def status(
    names: NamesArgument = None,
    *,
    manifest: ManifestOption = None,
    _dry_run: Annotated[bool, typer.Option("--dry-run", hidden=True)] = False,  # it changes nothing anyway
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Show how each serve is, and what its container has otherwise than the manifest. Exits 1 unless all is well."""
    from anvil_serving.substrate.serves.survey import survey  # noqa: PLC0415 - `--help` must not load more than the parser

    found = _manifest(manifest)
    seen = survey(found, _chosen(found, names))
    if seen.docker_error is not None:
        talk(f"warning: {seen.docker_error}; only the ports were asked")
        talk(f"hint: {seen.docker_hint}")
    if as_json:
        emit_json(seen)
    else:
        emit(_status_lines(seen))
    if not seen.is_well:
        raise typer.Exit(_FAILED)


@serves.command(epilog="Example: anvil-serving serves up --dry-run")
def up(  # noqa: PLR0913 - options of a command line
    names: NamesArgument = None,
    *,
    manifest: ManifestOption = None,
    dry_run: DryRunOption = False,
    recreate: Annotated[
        bool, typer.Option("--recreate", help="Remove the container first (`docker rm -f`), and make it anew.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until each is healthy.")] = True,
    timeout: Annotated[
        float | None,
        typer.Option(min=1, max=86_400, help="Seconds that each may take, instead of its `ready_timeout`."),
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Start serves in the manifest's order, each once the one before is healthy: loading fills the memory too."""
    from anvil_serving.substrate.serves.lifecycle import UpWishes, bring_up  # noqa: PLC0415

    from .progress import showing_progress  # noqa: PLC0415

    found = _manifest(manifest)
    wishes = UpWishes(recreate=recreate, wait=wait, timeout=timeout)
    with showing_progress() as say:
        outcomes = bring_up(found, _chosen(found, names), wishes, say, dry_run=dry_run)
    _report(outcomes, dry_run=dry_run, as_json=as_json)


@serves.command(epilog="Example: anvil-serving serves down --dry-run")
def down(
    names: NamesArgument = None,
    *,
    manifest: ManifestOption = None,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Stop serves, the last one of the manifest first. Their containers stay, and `up` starts them again."""
    from anvil_serving.substrate.serves.lifecycle import bring_down  # noqa: PLC0415

    from .progress import showing_progress  # noqa: PLC0415

    found = _manifest(manifest)
    with showing_progress() as say:
        outcomes = bring_down(_chosen(found, names), say, dry_run=dry_run)
    _report(outcomes, dry_run=dry_run, as_json=as_json)


@serves.command(epilog="Example: anvil-serving serves rm heavy --dry-run")
def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Serves, or their containers.")],
    *,
    manifest: ManifestOption = None,
    force: Annotated[bool, typer.Option("--force", help="Also a container that runs.")] = False,
    dry_run: DryRunOption = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Remove containers that are stopped; never a volume, an image or an entry of the manifest."""
    from anvil_serving.substrate.serves.lifecycle import remove  # noqa: PLC0415

    from .progress import showing_progress  # noqa: PLC0415

    found = _manifest(manifest)
    with showing_progress() as say:
        outcomes = remove(_chosen(found, names), say, force=force, dry_run=dry_run)
    _report(outcomes, dry_run=dry_run, as_json=as_json)


@serves.command(epilog="Example: anvil-serving serves logs heavy --tail 50")
def logs(  # noqa: PLR0913 - options of a command line
    name: Annotated[str, typer.Argument(metavar="NAME", help="A serve, or its container.")],
    *,
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on until Ctrl-C.")] = False,
    tail: Annotated[int | None, typer.Option(min=0, max=10_000_000, help="Only so many lines of the end.")] = None,
    since: Annotated[
        str | None, typer.Option(metavar="TIME", help="Only from then on: 10m, or 2026-11-29T14:30:00.")
    ] = None,
    timestamps: Annotated[bool, typer.Option("-t", "--timestamps", help="When each line was written.")] = False,
    manifest: ManifestOption = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Print what a serve's container has written."""
    from anvil_serving.substrate.serves.log import LogWishes, read_log  # noqa: PLC0415

    found = _manifest(manifest)
    (serve,) = _chosen(found, [name])
    wishes = LogWishes(follow=follow, tail=tail, since=since, timestamps=timestamps)

    def show(line: str) -> None:
        if as_json:
            emit_json({"serve": serve.name, "line": line})
        else:
            emit([line])

    try:
        read_log(serve, wishes, show)
    except KeyboardInterrupt:  # how one that is followed is meant to end
        raise typer.Exit(0 if follow else 130) from None


@serves.command(epilog="Example: anvil-serving serves adopt my-container --dry-run")
def adopt(
    container: Annotated[str, typer.Argument(metavar="CONTAINER", help="Name of a container that Docker has.")],
    *,
    name: Annotated[
        str | None, typer.Option(help="Name of the serve. Otherwise its compose service's, or the container's.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Its port of this machine, where it has several.")
    ] = None,
    manifest: ManifestOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the entry, and write nothing.")] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Write a container that is there into the manifest; what the file says already stays, and a backup is kept."""
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.manifest import append_serve, manifest_to_write, serve_text  # noqa: PLC0415
    from anvil_serving.substrate.serves.adopt import adopt as adopted_from  # noqa: PLC0415

    path = manifest if manifest is not None else manifest_to_write(Path.cwd(), os.environ)
    adopted = adopted_from(container, path.expanduser().resolve().parent, called=name, port=port)
    for note in adopted.notes:
        talk(f"note: {note}")
    backup = None if dry_run else append_serve(path, adopted.serve)
    if as_json:
        emit_json({"path": None if dry_run else str(path), "backup": backup and str(backup), "serve": adopted.serve})
        return
    emit(printable(line) for line in serve_text(adopted.serve).splitlines())
    if not dry_run:
        talk(f"written to {path}" + (f"; what was there is {backup}" if backup is not None else ""))


def _manifest(path: Path | None) -> Manifest:
    from anvil_serving.substrate.manifest import find_manifest, load_manifest  # noqa: PLC0415

    found = load_manifest(path if path is not None else find_manifest(Path.cwd(), os.environ))
    for warning in found.warnings:
        talk(f"warning: {warning}")
    return found


def _chosen(manifest: Manifest, names: Sequence[str] | None) -> tuple[Serve, ...]:
    chosen = manifest.choose(names or ())
    if not chosen:
        talk(f"{manifest.path} has no [[serve]] entry")
    return chosen


def _status_lines(seen: Survey) -> list[str]:
    from anvil_serving.layout import table, wrapped  # noqa: PLC0415

    if not seen.serves:
        return []
    header = ("serve", "container", "address", "state", "health", "model", "up for")
    rows = [
        (
            serve.name,
            serve.container,
            serve.url.removeprefix("http://"),
            serve.state,
            "-" if serve.health_status is None else f"{serve.health_status}",
            ", ".join(serve.models) or "-",
            _running(serve),
        )
        for serve in seen.serves
    ]
    lines = table(header, rows, left=7)
    for serve in seen.serves:
        said = [f"drift: {drift}" for drift in serve.drift] + list(serve.notes)
        lines += [line for text in said for line in wrapped(f"{serve.name}: {text}")]
    return lines


def _running(serve: ServeState) -> str:
    seconds = serve.running_seconds
    if seconds is None:
        return "-" if serve.exit_code is None else f"exit code {serve.exit_code}"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


_DONE = {
    "nothing": "nothing to do",
    "make": "made and started",
    "start": "started",
    "unpause": "unpaused",
    "recreate": "made anew",
    "stop": "stopped",
    "remove": "removed",
}


def _report(outcomes: Sequence[Outcome], *, dry_run: bool, as_json: bool) -> None:
    from anvil_serving.layout import printable  # noqa: PLC0415

    if as_json:
        emit_json(outcomes)
    elif dry_run:
        emit(printable(command) for outcome in outcomes for command in outcome.commands)
    for outcome in outcomes:
        if outcome.error is not None:
            _say_failure(outcome)
        elif not as_json and not dry_run:
            took = f" in {outcome.seconds:.1f} s" if outcome.seconds is not None else ""
            emit([printable(f"{outcome.name}: {_DONE[outcome.action]}{took}; {outcome.state}")])
        elif dry_run and not outcome.commands:
            talk(f"{outcome.name}: {outcome.state}; nothing to do")
    if any(outcome.error is not None for outcome in outcomes):
        raise typer.Exit(_FAILED)


def _say_failure(outcome: Outcome) -> None:
    say(f"error: {outcome.name}: {outcome.error}")
    if outcome.hint is not None:
        say(f"hint: {outcome.hint}")
