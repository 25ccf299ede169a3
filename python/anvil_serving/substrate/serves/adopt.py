"""A container that is there already becomes a serve: its entry of the manifest, from what Docker says of it."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from anvil_serving.config import Serve
from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.docker.compose import ComposeCall, describe
from anvil_serving.substrate.docker.container import ComposeOrigin, Container, Published, inspect_containers
from anvil_serving.substrate.gpus import list_gpus

from .drift import served_names
from .probe import probe

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Adopted", "NoSuchContainer", "NothingPublished", "adopt"]

_PATHS = ("/health", "/v1/models", "/")
"""Where engines say that they are well: SGLang, vLLM and llama.cpp; LM Studio and most others; Ollama."""

_GPU = re.compile(r"(GPU|MIG)-[0-9a-zA-Z/-]+\Z")


class NoSuchContainer(StartupError):
    """Docker knows no container of this name."""


class NothingPublished(StartupError):
    """A container has no port of this machine, or several, and it was not said which one to use."""


class Adopted(Struct, frozen=True, kw_only=True):
    """The entry of a container."""

    serve: Serve
    notes: tuple[str, ...] = ()
    """What the entry could not be given, and what follows from that."""


def adopt(name: str, folder: Path, *, called: str | None = None, port: int | None = None) -> Adopted:
    """The entry of a container in a manifest of `folder`; `called` is its name as a serve, unset: its service's.

    Raises `NoSuchContainer`, and `NothingPublished` where it does not have exactly one port and `port` names none.
    """
    container = inspect_containers([name]).get(name) if name and not name.startswith("-") else None
    if container is None:
        raise NoSuchContainer(f"there is no container {printable(name)}", hint="`docker ps -a` lists them by name")
    place = _place(container, port)
    origin = container.compose
    how, notes = _how(container, folder)
    gpus, pinned_note = _gpus(container)
    serve = Serve(
        name=called or (origin.service if origin is not None else container.name),
        container=container.name,
        port=place.port,
        host=place.host,
        image=container.image if container.image and not container.image.startswith("sha256:") else None,
        gpus=gpus,
        compose=how.compose,
        service=how.service,
        up=how.up,
    )
    if serve.compose is not None and serve.service == serve.name:
        serve = msgspec.structs.replace(serve, service=None)
    health, models = _answers(serve) if container.status == "running" else ("/health", ())
    told = served_names(container.words)
    model = models[0] if models else told[0] if told else None
    notes = (*notes, *pinned_note, *(() if models else ("which model it serves was not asked: it does not answer",)))
    return Adopted(serve=msgspec.structs.replace(serve, health=health, model=model), notes=notes)


def _place(container: Container, port: int | None) -> Published:
    # A port that is published on all addresses is so for both families.
    places = {(place.host, place.port): place for place in container.published if place.container_port.endswith("/tcp")}
    wanted = [place for place in places.values() if port in (None, place.port)]
    numbers = sorted({place.port for place in places.values()})
    if len({place.port for place in wanted}) == 1:
        return min(wanted, key=lambda place: ":" in place.host)
    if container.has_host_network and port is not None:
        return Published(host="127.0.0.1", port=port, container_port=f"{port}/tcp")
    if numbers:
        listed = ", ".join(f"{number}" for number in numbers)
        raise NothingPublished(
            f"container {container.name} publishes {listed}" + (f", and not {port}" if port is not None else ""),
            hint="name the one of its model server with --port",
        )
    hint = (
        "name the port that it listens on with --port"
        if container.has_host_network
        else "make it with -p 127.0.0.1:..."
    )
    raise NothingPublished(f"container {container.name} publishes no port of this machine", hint=hint)


class _How(Struct, frozen=True, kw_only=True):
    compose: str | None = None
    service: str | None = None
    up: str | None = None


def _how(container: Container, folder: Path) -> tuple[_How, tuple[str, ...]]:
    """How it is made again: as compose says that it made it."""
    origin = container.compose
    if origin is None:
        return _How(), (
            "it was not made by compose: it can be started and stopped, but not made anew; `up` may say how",
        )
    files = [Path(name) for name in origin.files]
    gone = [name for name in files if not name.is_file()]
    if not files or gone:
        return _How(), (
            f"its compose file {printable(str(gone[0])) if gone else ''} is not there any more".replace("  ", " "),
        )
    if len(files) == 1 and Path(origin.folder) == files[0].parent and _project(files[0], origin) == origin.project:
        return _How(compose=_from(files[0], folder), service=origin.service), ()
    named = [word for name in files for word in ("-f", str(name))]
    where = ("--project-directory", origin.folder) if origin.folder else ()
    words = ("docker", "compose", "-p", origin.project, *where, *named, "up", "-d", origin.service)
    return _How(up=shlex.join(words)), ()


def _project(file: Path, origin: ComposeOrigin) -> str | None:
    """What compose calls the project of a file unless it is told otherwise."""
    try:
        return describe(ComposeCall(("docker", "compose", "-f", str(file)), origin.service)).project
    except StartupError:  # it lacks a variable, or the plugin
        pass
    # compose-go, `NormalizeProjectName`
    return re.sub(r"[^a-z0-9_-]", "", file.parent.name.lower()).lstrip("_-")


def _from(file: Path, folder: Path) -> str:
    """The file as the manifest names it: relative where it lies below."""
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _gpus(container: Container) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if not container.gpus or container.gpus == ("all",):
        return (), ()
    numbers = {f"{gpu.index}": gpu.uuid for gpu in list_gpus().gpus}
    found = tuple(numbers.get(name, name) for name in container.gpus)
    if all(_GPU.match(name) for name in found):
        return found, ()
    return (), (f"its GPUs are not pinned: it was given {', '.join(map(printable, container.gpus))}",)


def _answers(serve: Serve) -> tuple[str, Sequence[str]]:
    """The first health path that answers, and the models that it lists."""
    for path in _PATHS:
        answer = probe(msgspec.structs.replace(serve, health=path))
        if answer.is_healthy:
            return path, answer.models
    return _PATHS[0], ()
