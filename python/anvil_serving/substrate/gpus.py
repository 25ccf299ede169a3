"""The cards of this machine, as the driver reports them."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .command import CommandMissing, Output, run

__all__ = ["ARCHITECTURES", "Gpu", "GpuProcess", "Gpus", "list_gpus"]

QUERY_SECONDS: Final = 20.0
"""A driver that wakes up its cards takes seconds; one that hangs takes for ever."""

ARCHITECTURES: Final = {
    "7.0": "volta",
    "7.5": "turing",
    "8.0": "ampere",
    "8.6": "ampere",
    "8.7": "ampere",
    "8.9": "ada",
    "9.0": "hopper",
    "10.0": "blackwell",
    "10.3": "blackwell",
    "11.0": "blackwell",
    "12.0": "blackwell",
    "12.1": "blackwell",
}
"""The name of the architecture by compute capability (NVIDIA, CUDA GPU Compute Capability)."""

_MEBIBYTE: Final = 1024 * 1024
_DIGITS: Final = 12
"""Of a number at most; no card has more of anything."""
_CARD_FIELDS: Final = (
    "index",
    "uuid",
    "name",
    "memory.total",
    "memory.used",
    "compute_cap",
    "driver_version",
    "utilization.gpu",
    "temperature.gpu",
)
_PROCESS_FIELDS: Final = ("gpu_uuid", "pid", "process_name", "used_memory")


class GpuProcess(Struct, frozen=True, kw_only=True):
    """A program that holds memory of a card."""

    pid: int
    name: str
    memory_bytes: int | None


class Gpu(Struct, frozen=True, kw_only=True):
    """One card. What the driver does not say is None."""

    index: int
    """Its number in the order of the PCI bus, which is CUDA's only with `CUDA_DEVICE_ORDER=PCI_BUS_ID`."""
    uuid: str
    name: str
    memory_bytes: int
    memory_used_bytes: int
    compute_capability: str | None = None
    """Such as "12.0"."""
    architecture: str | None = None
    """Such as "blackwell"; of `ARCHITECTURES`."""
    driver: str | None = None
    utilisation_percent: int | None = None
    temperature_celsius: int | None = None
    processes: tuple[GpuProcess, ...] = ()

    @property
    def memory_free_bytes(self) -> int:
        """What no program holds."""
        return max(0, self.memory_bytes - self.memory_used_bytes)


class Gpus(Struct, frozen=True, kw_only=True):
    """What is known of a machine's cards."""

    gpus: tuple[Gpu, ...]
    absent_because: str | None = None
    """Why there are none, in words; None where there are some."""


def list_gpus() -> Gpus:
    """The cards, as `nvidia-smi` reports them. Raises `CommandTimedOut` where the driver does not answer."""
    try:
        output = _query("gpu", _CARD_FIELDS)
    except CommandMissing:
        return Gpus(gpus=(), absent_because="nvidia-smi is not installed: no NVIDIA driver, or not in this container")
    if output.status != 0:
        return Gpus(gpus=(), absent_because=f"nvidia-smi failed: {output.complaint}")
    processes = _processes()
    gpus = tuple(gpu for row in _rows(output.out, len(_CARD_FIELDS)) if (gpu := _gpu(row, processes)) is not None)
    return Gpus(gpus=gpus, absent_because=None if gpus else "nvidia-smi lists no card")


def _query(what: str, fields: tuple[str, ...]) -> Output:
    command = ("nvidia-smi", f"--query-{what}={','.join(fields)}", "--format=csv,noheader,nounits")
    return run(command, seconds=QUERY_SECONDS)


def _processes() -> dict[str, list[GpuProcess]]:
    """Programs by the card's UUID; none where the driver does not tell (in containers, on WSL2)."""
    output = _query("compute-apps", _PROCESS_FIELDS)
    found: dict[str, list[GpuProcess]] = {}
    for uuid, pid, name, memory in _rows(output.out, len(_PROCESS_FIELDS)) if output.status == 0 else ():
        if (number := _number(pid)) is not None:
            found.setdefault(uuid, []).append(GpuProcess(pid=number, name=name, memory_bytes=_mebibytes(memory)))
    return found


def _gpu(row: list[str], processes: dict[str, list[GpuProcess]]) -> Gpu | None:
    index, uuid, name, total, used, capability, driver, utilisation, temperature = row
    number, memory = _number(index), _mebibytes(total)
    if number is None or memory is None:
        return None
    known = capability if capability.replace(".", "").isdecimal() else None
    return Gpu(
        index=number,
        uuid=uuid,
        name=name,
        memory_bytes=memory,
        memory_used_bytes=_mebibytes(used) or 0,
        compute_capability=known,
        architecture=ARCHITECTURES.get(known or ""),
        driver=driver if driver[:1].isdigit() else None,
        utilisation_percent=_number(utilisation),
        temperature_celsius=_number(temperature),
        processes=tuple(processes.get(uuid, ())),
    )


def _rows(text: str, width: int) -> list[list[str]]:
    # The driver quotes nothing, whatever it calls this: a quotation mark is one of the name.
    rows = ([cell.strip() for cell in line.split(",")] for line in text.split("\n"))
    return [row for row in rows if len(row) == width]


def _number(text: str) -> int | None:
    # The driver writes [N/A] or [Not Supported] for what it cannot tell.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None


def _mebibytes(text: str) -> int | None:
    number = _number(text)
    return None if number is None else number * _MEBIBYTE
