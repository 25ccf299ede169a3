"""`anvil-serving init`: a first configuration from the engines that run on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .bring_up import BringUp, bring_up
from .output import JsonOption, QuietOption, emit, emit_json
from .progress import showing_progress

if TYPE_CHECKING:
    from anvil_serving.config import Serve
    from anvil_serving.substrate.first_config.first_config import FirstConfig, Survey

__all__ = ["init"]

OutOption = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The configuration to write.")]
PortsOption = Annotated[
    str | None,
    typer.Option(
        "--ports",
        metavar="LIST",
        help="Ports to look at instead of the engines' usual ones, such as 8080,9000.",
        show_default=False,
    ),
]


def init(  # noqa: PLR0913 - each is an option of the command line
    *,
    out: OutOption = Path("anvil-serving.toml"),
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there; a backup is kept.")] = False,
    ports: PortsOption = None,
    mode: Annotated[
        Literal["gated", "direct"],
        typer.Option(help="gated: the profile decides who may answer what; direct: a name leads to its tiers."),
    ] = "gated",
    context: Annotated[
        int | None,
        typer.Option(
            "--context", min=1, max=1_000_000_000, metavar="TOKENS", help="Window of engines that do not say theirs."
        ),
    ] = None,
    from_manifest: Annotated[
        Path | None,
        typer.Option(
            "--from-manifest",
            metavar="FILE",
            help="Look where the serves of this manifest answer, and name the tiers after them.",
            show_default=False,
        ),
    ] = None,
    skeleton: Annotated[
        bool, typer.Option("--skeleton", help="Look for nothing, and write a file to fill in.")
    ] = False,
    # What 0.7.1 had, where `init` deployed a model first.
    model: Annotated[str | None, typer.Option("--model", hidden=True)] = None,
    catalog_dir: Annotated[Path | None, typer.Option("--catalog-dir", hidden=True)] = None,
    gpu: Annotated[str | None, typer.Option("--gpu", hidden=True)] = None,
    served_name: Annotated[str | None, typer.Option("--served-name", hidden=True)] = None,
    tier_id: Annotated[str | None, typer.Option("--tier-id", hidden=True)] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65_535, hidden=True)] = None,
    engine: Annotated[str | None, typer.Option("--engine", hidden=True)] = None,
    bind: Annotated[str | None, typer.Option("--bind", hidden=True)] = None,
    out_dir: Annotated[Path | None, typer.Option("--out-dir", hidden=True)] = None,
    disable_thinking: Annotated[bool, typer.Option("--disable-thinking", hidden=True)] = False,
    expose_lan: Annotated[bool, typer.Option("--expose-lan", hidden=True)] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Find the engines that run here and write a configuration for them, which `serve` takes as it is.

    Asks the loopback ports of llama.cpp, vLLM, SGLang, Ollama and LM Studio; starts nothing and uses no network. Exits
    1 and writes nothing where no engine runs.
    """
    import datetime  # noqa: PLC0415 - `--help` must not load more than the parser

    from anvil_serving.profile import Profile  # noqa: PLC0415
    from anvil_serving.substrate.first_config import first_config  # noqa: PLC0415

    existing: Literal["back_up", "refuse"] = "back_up" if force else "refuse"
    of_old = BringUp(
        model=model,
        catalog_dir=catalog_dir,
        gpu=gpu,
        served_name=served_name,
        tier_id=tier_id,
        port=port,
        engine=engine,
        bind=bind,
        out_dir=out_dir,
        disable_thinking=disable_thinking,
        expose_lan=expose_lan,
    )
    if of_old.is_wanted:
        bring_up(of_old, context=context, mode=mode, force=force, as_json=as_json)
        return
    if skeleton:
        _say(first_config.write_skeleton(out, existing=existing), as_json=as_json)
        return
    serves, found = _looked_at(ports, from_manifest)
    if not found.engines:
        _say(first_config.FirstConfig(survey=found), as_json=as_json)
        raise typer.Exit(1)
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    draft, config = first_config.drafted(found, date=today, mode=mode, context_tokens=context, serves=serves)
    profile = Profile.load(config.router)
    verdicts = tuple(
        first_config.PlanningVerdict(tier.id, profile[tier.id, "planning"].verdict)
        for tier in config.router.candidates("planning")
    )
    written = first_config.write_draft(draft, config, found, out, existing=existing, planning=verdicts)
    _say(written, as_json=as_json)


def _say(result: FirstConfig, *, as_json: bool) -> None:
    if as_json:
        emit_json(result)
    elif result.survey is None:
        emit([*_written_lines(result), f"Fill in its tier, then: anvil-serving doctor{_option(result)}"])
    elif result.path is None:
        emit(_nothing_found(result.survey))
    else:
        emit(_report(result, result.survey))


def _looked_at(ports: str | None, manifest: Path | None) -> tuple[tuple[Serve, ...], Survey]:
    """The serves of the manifest, if one is named, and what there is on this machine."""
    from anvil_serving.substrate.engine import USUAL_PORTS, loopback  # noqa: PLC0415
    from anvil_serving.substrate.first_config import first_config  # noqa: PLC0415 - not for `--help`
    from anvil_serving.substrate.manifest import load_manifest  # noqa: PLC0415

    serves = () if manifest is None else load_manifest(manifest).serves
    if manifest is not None and ports is None:
        addresses = first_config.serves_addresses(serves, os.environ)
    else:
        addresses = loopback(USUAL_PORTS if ports is None else _ports(ports))
    with showing_progress() as progress:
        progress("looking for engines on this machine", None)
        return serves, first_config.survey(addresses, os.environ)


def _ports(text: str) -> list[int]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    ports = [int(word) for word in words if word.isascii() and word.isdecimal() and len(word) < 6]
    if not words or len(ports) != len(words) or len(ports) > 100 or not all(1 <= port <= 65_535 for port in ports):
        raise typer.BadParameter("write up to 100 numbers from 1 to 65535 with commas between, such as 8080,9000")
    return ports


def _written_lines(written: FirstConfig) -> list[str]:
    from anvil_serving.layout import printable  # noqa: PLC0415

    lines = [printable(f"Wrote {written.path}")]
    if written.backup is not None:
        lines.append(printable(f"What was there is kept as {written.backup}"))
    return lines


def _option(written: FirstConfig) -> str:
    """What later commands have to be told to find the file."""
    import shlex  # noqa: PLC0415

    from anvil_serving.layout import printable  # noqa: PLC0415

    path = written.path or ""
    return "" if path == "anvil-serving.toml" else printable(f" --config {shlex.quote(path)}")


def _found(found: Survey) -> list[str]:
    from anvil_serving.layout import count, fields  # noqa: PLC0415

    rows: list[tuple[str, str | None]] = []
    for finding in found.findings:
        if finding.state == "nothing":
            continue
        seen = finding.seen
        if finding.engine is not None:
            models = [
                model.name + (f" ({count(model.context_tokens)} tokens)" if model.context_tokens else "")
                for model in finding.engine.models[:6]
            ]
            more = len(finding.engine.models) - len(models)
            seen += f": {', '.join(models) or 'no model'}" + (f" and {more} more" if more > 0 else "")
        rows.append((finding.url.removeprefix("http://"), seen))
    cards = ", ".join(f"{gpu.name} ({gpu.memory_bytes / 1e9:.0f} GB)" for gpu in found.gpus.gpus)
    rows.append(("GPUs", cards or found.gpus.absent_because))
    return fields(rows, label_width=16)


def _nothing_found(found: Survey) -> list[str]:
    from anvil_serving.layout import wrapped  # noqa: PLC0415

    places = ", ".join(finding.url.removeprefix("http://") for finding in found.findings) or "any address"
    lines = [*wrapped(f"No engine answers at {places}. Nothing was written."), *_found(found), "", "What next:"]
    steps = [
        "anvil-serving quickstart: a small model beside the router, to try it all in a minute",
        "start your engine, then anvil-serving init; --ports names other ports",
        "anvil-serving init --skeleton: a configuration to fill in",
    ]
    if any(finding.state == "locked" for finding in found.findings):
        steps.insert(0, "write the tier of an engine that asks for a key yourself, with `auth_env`: see --skeleton")
    if found.weights:
        shown = ", ".join(found.weights[:6]) + (f" and {len(found.weights) - 6} more" if len(found.weights) > 6 else "")
        steps.insert(0, f"there are weights in the Hugging Face cache that an engine could serve: {shown}")
    for step in steps:
        lines += wrapped(f"- {step}", indent=2)
    return lines


def _report(written: FirstConfig, found: Survey) -> list[str]:
    from anvil_serving.layout import count, table, wrapped  # noqa: PLC0415

    lines = ["Found", *_found(found), "", *_written_lines(written)]
    rows = [
        (tier.id, tier.engine, tier.model, count(tier.context_limit_tokens) + ("?" * tier.is_context_assumed))
        for tier in written.tiers
    ]
    lines += [f"  {line}" for line in table(("tier", "engine", "model", "tokens"), rows, left=3)]
    for note in written.notes:
        lines += wrapped(f"- {note}", indent=2)
    lines += ["", *wrapped(_gate_says(written)), "", "Next"]
    lines += [f"  anvil-serving {command}{_option(written)}" for command in ("doctor", "serve")]
    lines += [f"  then point your harness at http://127.0.0.1:{written.port}"]
    return lines


def _gate_says(written: FirstConfig) -> str:
    if written.mode == "direct":
        return "Every request is answered by the tiers of its preset: the profile is not asked (mode = direct)."
    trusted = [verdict.tier for verdict in written.planning if verdict.verdict != "deny"]
    if trusted:
        return f"`planning` is answered by {', '.join(trusted)}."
    return (
        "`planning` is answered 503: no tier that was found is trusted with it before it has been measured. To change "
        'that, run this again with --mode direct, or set [router] mode = "direct", name measurements in '
        "[router] profile_path, or add a cloud tier and list planning in [router] metered_cloud, which bills."
    )
