"""The machine: what it is, and what else it is doing."""

import importlib
import importlib.metadata
import os
import platform
import subprocess
import time
from pathlib import Path

import msgspec

from harness.contender import nginx_binary
from harness.process import TICKS_PER_SECOND, cpu_seconds

REPOSITORY = Path(__file__).parents[2]
# The loops are here because granian's `--loop auto` takes whichever of them is installed.
PACKAGES = ("anvil-serving", "granian", "msgspec", "rloop", "uvloop")


class Busy:
    """Counts cores used by processes that are neither this one nor its children, from the moment it is made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._all, self._own = machine_cpu_seconds(), cpu_seconds(os.getpid())

    def elsewhere_cores(self) -> float:
        everything = machine_cpu_seconds() - self._all
        return max(0.0, everything - (cpu_seconds(os.getpid()) - self._own)) / (time.monotonic() - self._began)


def machine_cpu_seconds() -> float:
    """All cores' time that was not idle, stolen time included (proc(5), `/proc/stat`)."""
    fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    user, nice, system, _idle, _iowait, irq, softirq, steal = fields
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


class Machine(msgspec.Struct, frozen=True):
    """What a reader must know to compare two records."""

    cpu: str
    cores: int
    memory_mb: int
    kernel: str
    python: str
    nginx: str | None
    rustc: str | None
    packages: dict[str, str | None]
    commit: str | None
    changed_files: int | None
    # `anvil_serving._core.build_info()`; `None` where the engine is not built.
    build_info: object
    load_average: tuple[float, float, float]


def machine() -> Machine:
    changed = output(["git", "status", "--porcelain"])
    nginx = nginx_binary()
    return Machine(
        cpu=cpu_model(),
        cores=os.cpu_count() or 0,
        memory_mb=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        kernel=platform.release(),
        python=platform.python_version(),
        nginx=output([nginx, "-v"]) if nginx else None,
        rustc=output(["rustc", "--version"]),
        packages={name: version(name) for name in PACKAGES},
        commit=output(["git", "rev-parse", "HEAD"]),
        changed_files=None if changed is None else len(changed.splitlines()),
        build_info=build_info(),
        load_average=os.getloadavg(),
    )


def cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def output(command: list[str]) -> str | None:
    """What a command says, on either stream; `None` where there is no such command or it fails."""
    # Without optional locks git only reads: a bench must not refresh an index others work with.
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        ran = subprocess.run(
            command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (ran.stdout or ran.stderr).strip()


def version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def build_info() -> object:
    try:
        return importlib.import_module("anvil_serving._core").build_info()
    except (ImportError, AttributeError):
        return None
