"""`anvil-serving gpus`: the cards of this machine, and who uses them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer

from .configuration import configured
from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.config import Router
    from anvil_serving.substrate.gpu_owner import GpuOwner
    from anvil_serving.substrate.gpus import Gpus

__all__ = ["gpus"]

_GIBIBYTE = 1024**3


def gpus(
    *,
    config: Annotated[
        Path | None,
        typer.Option(help="Configuration whose tiers the programs on the cards may belong to.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Show the cards of this machine: memory, load, driver, programs, and the tiers that these belong to.

    Only NVIDIA's cards are read, with the driver's own `nvidia-smi`.
    """
    from anvil_serving.substrate.gpu_owner import GpuUse, gpu_owners  # noqa: PLC0415 - `--help` must not load more
    from anvil_serving.substrate.gpus import list_gpus  # noqa: PLC0415

    found = list_gpus()
    router = _router(config)
    owners = gpu_owners(found.gpus, router) if router is not None else ()
    if as_json:
        emit_json(GpuUse(gpus=found.gpus, absent_because=found.absent_because, owners=owners))
    else:
        emit(_lines(found, owners))


def _router(config: Path | None) -> Router | None:
    """The tiers of the configuration that is named, or lies here and is right; a view of cards needs none."""
    from anvil_serving.errors import ConfigError  # noqa: PLC0415

    try:
        settings = configured(config)
    except ConfigError:
        if config is not None:
            raise
        talk("the configuration that lies here is not right: `anvil-serving config check` says why")
        return None
    return None if settings is None else settings.router


def _lines(found: Gpus, owners: tuple[GpuOwner, ...]) -> Iterator[str]:
    from anvil_serving.layout import table, wrapped  # noqa: PLC0415

    if not found.gpus:
        yield from wrapped(f"No card: {found.absent_because}. Only NVIDIA's cards are read.", hanging=0)
        return
    header = ("GPU", "name", "architecture", "driver", "memory", "used", "free", "load", "temperature")
    rows = [
        (
            str(gpu.index),
            gpu.name,
            gpu.architecture or gpu.compute_capability or "-",
            gpu.driver or "-",
            *(_gibibytes(size) for size in (gpu.memory_bytes, gpu.memory_used_bytes, gpu.memory_free_bytes)),
            "-" if gpu.utilisation_percent is None else f"{gpu.utilisation_percent} %",
            "-" if gpu.temperature_celsius is None else f"{gpu.temperature_celsius} °C",
        )
        for gpu in found.gpus
    ]
    yield from table(header, rows, left=4)
    tiers = {owner.pid: owner.tier for owner in owners}
    for gpu in found.gpus:
        yield ""
        yield from wrapped(f"GPU {gpu.index} is {gpu.uuid}")
        for process in gpu.processes:
            memory = "memory not known" if process.memory_bytes is None else _gibibytes(process.memory_bytes)
            tier = f", tier {tiers[process.pid]}" if process.pid in tiers else ""
            yield from wrapped(f"{process.pid} {process.name}: {memory}{tier}", indent=2)
        if not gpu.processes:
            yield "  no program is known to use it"


def _gibibytes(size: int) -> str:
    return f"{size / _GIBIBYTE:.1f} GiB"
