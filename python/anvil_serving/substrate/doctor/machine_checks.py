"""Checks of the machine: Python, the extension, cards, Docker, disks."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from anvil_serving import __version__
from anvil_serving.substrate.command import CommandMissing, CommandTimedOut, run
from anvil_serving.substrate.gpus import list_gpus

from .check import Check

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["docker_checks", "extension_check", "gpu_check", "log_check", "python_check", "weights_check"]

_PYTHON: Final = (3, 11)
_EXTENSION_SECONDS: Final = 20.0
_DOCKER_SECONDS: Final = 20.0
_WEIGHTS_BYTES: Final = 20 * 1024**3
"""Free bytes below which the next model is unlikely to fit."""
_MEBIBYTE: Final = 1024 * 1024


def python_check(version: tuple[int, int, int]) -> Check:
    """Whether this Python is new enough."""
    seen = f"{'.'.join(map(str, version))}, {sys.executable}"
    if version[:2] >= _PYTHON:
        return Check(name="python", status="ok", seen=seen)
    return Check(
        name="python", status="fail", seen=seen, remedy="install Python 3.11 or newer, and this package for it"
    )


class _Build(Struct):
    version: str
    profile: str = ""


def extension_check() -> Check:
    """Whether the Rust extension can be loaded, and belongs to this release.

    In a process of its own: one that was built for another processor ends the process that loads it.
    """
    code = "import json; from anvil_serving._core import build_info; print(json.dumps(build_info()))"
    name, remedy = "extension", "pip install --force-reinstall --no-deps anvil-serving"
    try:
        output = run((sys.executable, "-P", "-c", code), seconds=_EXTENSION_SECONDS)
    except (CommandMissing, CommandTimedOut) as error:
        return Check(name=name, status="fail", seen=str(error), remedy=remedy)
    if output.status != 0:
        how = f"signal {-output.status}" if output.status < 0 else output.complaint
        return Check(name=name, status="fail", seen=f"it cannot be loaded: {how}", remedy=remedy)
    try:
        build = msgspec.json.decode(output.out, type=_Build)
    except msgspec.DecodeError:
        return Check(name=name, status="fail", seen="it says nothing of itself", remedy=remedy)
    if build.version != __version__:
        seen = f"it is of release {build.version}, and the package of {__version__}"
        return Check(name=name, status="fail", seen=seen, remedy=remedy)
    if build.profile == "debug":
        seen = f"release {build.version}, built for debugging: it is slow"
        return Check(name=name, status="warn", seen=seen, remedy="build it with `make build`")
    return Check(name=name, status="ok", seen=f"release {build.version}")


def gpu_check() -> Check:
    """Which cards there are. None is no fault: engines may run elsewhere, or on the processor."""
    try:
        found = list_gpus()
    except CommandTimedOut as error:
        remedy = "run nvidia-smi by hand; if it hangs, restart the machine"
        return Check(name="gpus", status="warn", seen=str(error), remedy=remedy)
    if found.gpus:
        cards = ", ".join(f"{gpu.index}: {gpu.name}, {gpu.memory_free_bytes / 1e9:.0f} GB free" for gpu in found.gpus)
        return Check(name="gpus", status="ok", seen=cards)
    seen = found.absent_because or "none"
    if seen.startswith("nvidia-smi failed"):
        remedy = "restart the machine, or load the driver anew: it is there, and does not work"
        return Check(name="gpus", status="warn", seen=seen, remedy=remedy)
    return Check(name="gpus", status="skip", seen=seen)


def docker_checks() -> list[Check]:
    """Whether Docker's engine answers, and compose is there; asked only where serves need them."""
    remedy = "start Docker (systemctl start docker), and let this user use it: the group docker, then log in anew"
    engine = _docker("docker", ("version", "--format", "{{.Server.Version}}"), remedy)
    if engine.status != "ok":
        return [engine]
    plugin = "install Docker's compose plugin, version 2"
    return [engine, _docker("docker-compose", ("compose", "version", "--short"), plugin)]


def _docker(name: str, arguments: tuple[str, ...], remedy: str) -> Check:
    try:
        output = run(("docker", *arguments), seconds=_DOCKER_SECONDS)
    except CommandMissing:
        seen = "the configuration has serves, and docker is not installed"
        return Check(name=name, status="fail", seen=seen, remedy="install Docker, or remove [[serve]] if you need none")
    except CommandTimedOut as error:
        return Check(name=name, status="fail", seen=str(error), remedy=remedy)
    if output.status != 0:
        return Check(name=name, status="fail", seen=output.complaint, remedy=remedy)
    return Check(name=name, status="ok", seen=f"version {output.out.strip()[:40] or 'not said'}")


def log_check(log: Path, keep_bytes: int) -> Check:
    """Whether the log of decisions can be written, and has the room that it may take."""
    name = "decisions"
    remedy = "set [decisions] path to a file in a folder of yours, or make way for that one"
    folder = _nearest(log.parent)
    if log.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        return Check(name=name, status="fail", seen=f"{log} cannot be written", remedy=remedy)
    free = shutil.disk_usage(folder).free
    used = log.stat().st_size if log.is_file() else 0
    if free + used < keep_bytes:
        seen = f"{log} may grow to {keep_bytes // _MEBIBYTE} MiB, and {free // _MEBIBYTE} MiB are free"
        return Check(name=name, status="warn", seen=seen, remedy="lower [decisions] keep_mib, or free some space")
    return Check(name=name, status="ok", seen=f"{log}, {free // _MEBIBYTE} MiB free")


def weights_check(folder: Path, needed_bytes: int = _WEIGHTS_BYTES) -> Check:
    """Whether there is room for another model where the Hugging Face cache lies."""
    name = "weights"
    if not folder.is_dir():
        return Check(name=name, status="skip", seen=f"there is no Hugging Face cache ({folder})")
    free = shutil.disk_usage(folder).free
    seen = f"{folder}, {free / 1e9:.0f} GB free"
    if free < needed_bytes:
        remedy = "remove models that you do not use, or let HF_HUB_CACHE name a folder on a larger disk"
        return Check(name=name, status="warn", seen=seen, remedy=remedy)
    return Check(name=name, status="ok", seen=seen)


def _nearest(folder: Path) -> Path:
    """The first of a folder and those above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)
