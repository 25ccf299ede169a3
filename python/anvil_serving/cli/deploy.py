"""`anvil-serving deploy`: a tuned compose service for a model on a card."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from anvil_serving.substrate.deployment.deployment import Deployment
    from anvil_serving.substrate.deployment.gpu_target import GpuTarget
    from anvil_serving.substrate.deployment.report import DeploymentReport
    from anvil_serving.substrate.deployment.served_model import ServedModel

__all__ = ["deploy"]


def deploy(  # noqa: PLR0913 - a person's options
    *,
    model: Annotated[
        str, typer.Option("--model", help="Folder of .safetensors files, a .gguf file, or owner/name on Hugging Face.")
    ],
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine", help="sglang, vllm or llama.cpp. Unset: by how the weights are stored.", show_default=False
        ),
    ] = None,
    gpu: Annotated[
        list[str] | None,
        typer.Option(
            "--gpu",
            help="Card by number or UUID; several, parted by commas, share the model. Unset: the first.",
            show_default=False,
        ),
    ] = None,
    gpu_like: Annotated[
        str | None,
        typer.Option(
            "--gpu-like", metavar="NAME", help='A card of another machine, such as "RTX 5090".', show_default=False
        ),
    ] = None,
    gpu_memory: Annotated[
        str | None,
        typer.Option(
            "--gpu-memory",
            metavar="SIZE",
            help="Memory of a card of another machine, such as 24GiB.",
            show_default=False,
        ),
    ] = None,
    cpu: Annotated[bool, typer.Option("--cpu", help="Without a GPU; llama.cpp alone.")] = False,
    context: Annotated[
        int | None,
        typer.Option(
            "--context",
            min=1,
            max=16_777_216,
            help="Tokens of a conversation. Unset: up to 131,072, as far as they fit.",
            show_default=False,
        ),
    ] = None,
    sequences: Annotated[
        int, typer.Option("--sequences", min=1, max=1_024, help="Conversations of that length that must fit at once.")
    ] = 1,
    kv_cache: Annotated[
        Literal["16bit", "8bit"], typer.Option("--kv-cache", help="How the cache keeps its numbers.")
    ] = "16bit",
    gpu_mem_util: Annotated[
        float | None,
        typer.Option(
            "--gpu-mem-util", min=0.05, max=1.0, help="Share of the card that the engine may use.", show_default=False
        ),
    ] = None,
    served_name: Annotated[
        str | None,
        typer.Option("--served-name", help="Model name to answer to. Unset: the model's own.", show_default=False),
    ] = None,
    tier_id: Annotated[
        str | None,
        typer.Option(
            "--tier-id", "--name", help="Name of the serve and its tier. Unset: the served name.", show_default=False
        ),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=1, max=65_535, help="Unset: the first from 30000 that no serve has.", show_default=False
        ),
    ] = None,
    bind: Annotated[
        str | None, typer.Option("--bind", help="Address to publish on. Unset: 127.0.0.1.", show_default=False)
    ] = None,
    expose_lan: Annotated[bool, typer.Option("--expose-lan", help="The same as --bind 0.0.0.0.")] = False,
    image: Annotated[
        str | None, typer.Option("--image", help="Another image; with a version or a digest.", show_default=False)
    ] = None,
    disable_thinking: Annotated[
        bool, typer.Option("--disable-thinking", help="Have the server itself turn thinking off.")
    ] = False,
    model_facts: Annotated[
        Path | None,
        typer.Option(
            "--model-facts", help="Card of `models sync`; thinks by default: as --disable-thinking.", show_default=False
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Compose file. Unset: compose.NAME.yaml.", show_default=False)
    ] = None,
    manifest_out: Annotated[Path, typer.Option("--manifest-out", help="Manifest to add the serve to.")] = Path(
        "serves.toml"
    ),
    tier_out: Annotated[
        Path | None, typer.Option("--tier-out", help="File for the tier. Unset: it is printed.", show_default=False)
    ] = None,
    no_manifest: Annotated[bool, typer.Option("--no-manifest", help="No entry in a manifest, and no tier.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be written.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace what is there and keep a backup; take an image that moves.")
    ] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Write a compose service for a model on a card, its entry in the manifest, and its tier.

    Nothing is downloaded and nothing is started: `serves up` does that.
    """
    from anvil_serving.layout import printable  # noqa: PLC0415 - `--help` loads the parser alone
    from anvil_serving.substrate.deployment.deployment import design  # noqa: PLC0415
    from anvil_serving.substrate.deployment.files import next_port  # noqa: PLC0415
    from anvil_serving.substrate.deployment.order import Order  # noqa: PLC0415
    from anvil_serving.substrate.deployment.served_model import thinks_by_card  # noqa: PLC0415
    from anvil_serving.substrate.deployment.serving_engine import engine_named  # noqa: PLC0415
    from anvil_serving.substrate.machine import is_wsl  # noqa: PLC0415

    served, target = _found(model, engine, gpu, gpu_like, gpu_memory, cpu=cpu)
    thinks = None if model_facts is None else thinks_by_card(model_facts)
    if model_facts is not None and thinks is None:
        talk(f"{printable(str(model_facts))} does not say whether the model thinks by default")
    served_name = served.source.name if served_name is None else served_name
    name = served_name if tier_id is None else tier_id
    order = Order(
        name=name,
        served_name=served_name,
        engine=None if engine is None else engine_named(engine).name,
        host=bind or (_EVERYWHERE if expose_lan else "127.0.0.1"),
        port=next_port(None if no_manifest else manifest_out, name) if port is None else port,
        context_tokens=context,
        sequences=sequences,
        cache=kv_cache,
        share=gpu_mem_util,
        image=image,
        unpinned=force,
        no_thinking=disable_thinking or bool(thinks),
        wsl=is_wsl(),
    )
    deployment = design(order, served, target)
    for warning in deployment.warnings:
        talk(f"warning: {warning}")
    compose = Path(f"compose.{deployment.service}.yaml") if out is None else out
    report = _written(
        deployment, compose, None if no_manifest else manifest_out, tier_out, dry_run=dry_run, force=force
    )
    if as_json:
        emit_json(report)
    else:
        emit(_dry(report) if dry_run else _lines(report, deployment))


_EVERYWHERE = "0.0.0.0"  # noqa: S104 - only where a person says so


def _found(
    model: str, engine: str | None, gpu: list[str] | None, like: str | None, memory: str | None, *, cpu: bool
) -> tuple[ServedModel, GpuTarget]:
    """The model, and what it is to compute on."""
    from anvil_serving.errors import StartupError  # noqa: PLC0415 - not for `--help`
    from anvil_serving.substrate.deployment.deployment import engine_for  # noqa: PLC0415
    from anvil_serving.substrate.deployment.gpu_target import cpu_target, find_target, memory_size  # noqa: PLC0415
    from anvil_serving.substrate.deployment.model_source import find_source  # noqa: PLC0415
    from anvil_serving.substrate.deployment.served_model import read_model  # noqa: PLC0415
    from anvil_serving.substrate.deployment.serving_engine import engine_named  # noqa: PLC0415
    from anvil_serving.substrate.gpus import Gpus, list_gpus  # noqa: PLC0415
    from anvil_serving.substrate.machine import memory_bytes  # noqa: PLC0415

    wanted = [name.strip() for names in gpu or [] for name in names.split(",") if name.strip()]
    size = None if memory is None else memory_size(memory)
    if cpu and (wanted or like is not None):
        raise StartupError("--cpu is for a machine without a GPU", hint="leave out --cpu, or --gpu and --gpu-like")
    described = like is not None or size is not None
    gpus = Gpus(gpus=(), absent_because="not asked") if cpu or described else list_gpus()
    served = read_model(find_source(model, os.environ, elsewhere=described or not gpus.gpus))
    chosen = engine_for(served) if engine is None else engine_named(engine).name
    if not cpu and chosen == "llama.cpp" and not gpus.gpus and not wanted and not described:
        talk(f"writing for the CPU: {gpus.absent_because}")
        cpu = True
    if cpu:
        return served, cpu_target(size or memory_bytes())
    return served, find_target(gpus, wanted, like, size)


def _written(
    deployment: Deployment, compose: Path, manifest: Path | None, tier_out: Path | None, *, dry_run: bool, force: bool
) -> DeploymentReport:
    from anvil_serving.files import write_file  # noqa: PLC0415 - not for `--help`
    from anvil_serving.substrate.deployment.compose_file import check_with_docker, compose_text  # noqa: PLC0415
    from anvil_serving.substrate.deployment.entry import serve_of, tier_text  # noqa: PLC0415
    from anvil_serving.substrate.deployment.files import Written, check_files, write_files  # noqa: PLC0415
    from anvil_serving.substrate.deployment.report import report_of  # noqa: PLC0415

    text = compose_text(deployment)
    serve = serve_of(deployment, compose, compose if manifest is None else manifest)
    tier = tier_text(deployment)
    unchecked = check_with_docker(text, deployment)
    if unchecked is not None:
        talk(f"docker has not read the file: {unchecked}")
    written = Written(compose=compose, manifest=manifest)
    if dry_run:
        check_files(compose, text, manifest, serve, force=force)
    else:
        written = write_files(compose, text, manifest, serve, force=force)
        if tier_out is not None:
            write_file(tier_out, tier.encode(), existing="back_up" if force else "refuse")
    return report_of(deployment, text, serve, tier, written, checked=unchecked is None, dry_run=dry_run)


def _dry(report: DeploymentReport) -> list[str]:
    from anvil_serving.layout import printable  # noqa: PLC0415 - not for `--help`

    parts = [f"# ---- {report.compose_path}", *report.compose.splitlines()]
    if report.manifest_path is not None:
        parts += ["", f"# ---- {report.manifest_path}, at its end", *report.manifest_entry.splitlines()]
        parts += ["", "# ---- the configuration", *report.tier.splitlines()]
    return [printable(part) for part in parts]


def _lines(report: DeploymentReport, deployment: Deployment) -> list[str]:
    import shlex  # noqa: PLC0415 - not for `--help`

    from anvil_serving.layout import fields, printable  # noqa: PLC0415

    compose, name = printable(shlex.quote(report.compose_path)), printable(shlex.quote(report.name))
    lines = [f"wrote {printable(report.compose_path)}"]
    lines += [f"kept what was there as {printable(path)}" for path in report.backup_paths]
    lines += fields(_facts(deployment))
    if report.manifest_path is None:
        return [*lines, "", f"start it: docker compose --file {compose} up --detach"]
    lines += [
        "",
        f"added to {printable(report.manifest_path)}; start it: anvil-serving serves up {name}",
    ]
    lines += ["", "for your configuration:", "", *(printable(line) for line in report.tier.splitlines())]
    return lines


def _facts(deployment: Deployment) -> list[tuple[str, str | None]]:
    target = deployment.target
    on = "CPU" if target.kind == "cpu" else f"{target.cards} x {target.name or 'GPU'}"
    return [
        ("engine", f"{deployment.engine.title} {deployment.engine.version} on {on}"),
        ("image", deployment.image),
        ("family", deployment.model.family.name if deployment.model.family else "not known"),
        ("address", f"{deployment.host}:{deployment.port}"),
        ("context", f"{deployment.context_tokens:,} tokens, {deployment.running} requests at once"),
        ("memory", deployment.memory_line),
    ]
