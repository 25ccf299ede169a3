"""A container as `docker container inspect` describes it: the few members that are needed, whatever else is odd."""

from __future__ import annotations

import datetime
import re
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from msgspec import Struct, field

from .docker import DockerFailed, ask, complaint

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = [
    "ComposeOrigin",
    "Container",
    "Published",
    "containers_on_port",
    "image_ids",
    "inspect_containers",
    "running_containers",
]

_T = TypeVar("_T")

_ALL_GPUS: Final = "all"
_NAME: Final = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
"""What Docker allows as a name."""
_PORT: Final = re.compile(r"[0-9]{1,5}\Z")
_ANOTHER: Final = "is `docker` another program here?"


class Published(Struct, frozen=True, kw_only=True):
    """A port of the container that is a port of this machine."""

    host: str
    """The address of this machine; 0.0.0.0 is every one."""
    port: int
    container_port: str
    """Such as "8000/tcp"."""


class ComposeOrigin(Struct, frozen=True, kw_only=True):
    """Where compose says that it made the container from (its labels)."""

    project: str
    service: str
    files: tuple[str, ...]
    folder: str
    config_hash: str | None = None


class Container(Struct, frozen=True, kw_only=True):
    """One container. What Docker does not say is None or empty."""

    id: str
    name: str
    status: str
    """Docker's word: created, running, paused, restarting, removing, exited, dead."""
    health: str | None = None
    """starting, healthy or unhealthy; None where the image has no health check."""
    health_said: str | None = None
    """What the last health check printed."""
    exit_code: int | None = None
    error: str | None = None
    """Why Docker could not start it."""
    out_of_memory: bool = False
    restarts: int = 0
    restarts_itself: bool = False
    """Docker starts it again when it ends; in between it is `exited` for a moment, and then `restarting`."""
    started_at: float | None = None
    """Seconds since 1970."""
    image: str = ""
    """As it was named when the container was made."""
    image_id: str = ""
    published: tuple[Published, ...] = ()
    has_host_network: bool = False
    gpus: tuple[str, ...] = ()
    """What it was told to have: UUIDs or numbers, or "all"."""
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    compose: ComposeOrigin | None = None

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command line that runs in it."""
        return (*self.entrypoint, *self.command)


def inspect_containers(names: Sequence[str]) -> dict[str, Container]:
    """The containers of these names, in one question; a name that Docker does not know is left out.

    Raises as `docker.ask` does, and `DockerFailed` where Docker answers with something else.
    """
    if not names:
        return {}
    output = ask(("container", "inspect", *names))
    found = _described(output.out)
    # With one that is not there it ends so as well, and names it.
    if output.status != 0 and not found and "no such" not in output.err.lower():
        raise DockerFailed(f"docker container inspect failed: {complaint(output)}")
    # Docker also takes the beginning of an id for a name.
    return {container.name: container for container in found if container.name in names}


def running_containers() -> tuple[str, ...]:
    """The names of all that run. Raises as `docker.ask` does, and `DockerFailed` where Docker does not tell."""
    output = ask(("ps", "--format", "{{.Names}}"))
    names = output.out.split()
    if output.status != 0:
        raise DockerFailed(f"docker ps failed: {complaint(output)}")
    if not all(_NAME.match(name) for name in names):
        raise DockerFailed("docker ps answered with something else than names", hint=_ANOTHER)
    return tuple(names)


def containers_on_port(port: int) -> tuple[str, ...]:
    """The names of running containers that have this port of the machine."""
    output = ask(("ps", "--filter", f"publish={port}", "--format", "{{.Names}}"))
    return tuple(sorted(name for name in output.out.split() if _NAME.match(name))) if output.status == 0 else ()


def image_ids(references: Iterable[str]) -> dict[str, str]:
    """Which image each reference means now on this machine; one that is not here is left out."""
    known = sorted({reference for reference in references if reference and not reference.startswith("-")})
    if not known:
        return {}
    template = '{{.Id}}{{range .RepoTags}}{{"\\t"}}{{.}}{{end}}{{range .RepoDigests}}{{"\\t"}}{{.}}{{end}}'
    output = ask(("image", "inspect", "--format", template, *known))
    ids: dict[str, str] = {}
    for line in output.out.splitlines():
        image_id, *names = line.split("\t")
        ids |= dict.fromkeys((*names, image_id), image_id)
    return ids


class _State(Struct, frozen=True, kw_only=True, rename="pascal"):
    status: str = "unknown"
    exit_code: int | None = None
    error: str | None = None
    oom_killed: bool | None = field(name="OOMKilled", default=None)
    started_at: str | None = None
    health: Any = None


class _Check(Struct, frozen=True, kw_only=True, rename="pascal"):
    output: str = ""


class _Health(Struct, frozen=True, kw_only=True, rename="pascal"):
    status: str | None = None
    log: tuple[_Check, ...] | None = None


class _Config(Struct, frozen=True, kw_only=True, rename="pascal"):
    image: str | None = None
    cmd: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    env: tuple[str, ...] | None = None
    labels: dict[str, str] | None = None


class _Binding(Struct, frozen=True, kw_only=True, rename="pascal"):
    host_ip: str | None = None
    host_port: str | None = None


class _DeviceRequest(Struct, frozen=True, kw_only=True, rename="pascal"):
    count: int | None = None
    device_ids: tuple[str, ...] | None = field(name="DeviceIDs", default=None)
    capabilities: tuple[tuple[str, ...], ...] | None = None


class _HostConfig(Struct, frozen=True, kw_only=True, rename="pascal"):
    network_mode: str | None = None
    port_bindings: Any = None
    device_requests: Any = None
    runtime: str | None = None
    restart_policy: Any = None


class _RestartPolicy(Struct, frozen=True, kw_only=True, rename="pascal"):
    name: str | None = None


class _Inspected(Struct, frozen=True, kw_only=True, rename="pascal"):
    # Only what says which container it is must be there; the parts are read one by one, so that one that is odd, of a
    # newer Docker or of something that only calls itself docker, hides no other.
    id: str
    name: str
    image: str | None = None
    restart_count: int | None = None
    state: Any = None
    config: Any = None
    host_config: Any = None


def _described(text: str) -> tuple[Container, ...]:
    try:
        # A line before the JSON, of a wrapper or a warning, is not Docker's.
        parts = msgspec.json.decode(text[text.find("[") :] or "[]", type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError, UnicodeError):
        raise DockerFailed("docker container inspect answered with something else than JSON", hint=_ANOTHER) from None
    found = (_read(msgspec.json.decode, part) for part in parts)
    return tuple(_container(one) for one in found if one is not None)


def _read(decode: Any, part: msgspec.Raw) -> _Inspected | None:
    try:
        described: _Inspected = decode(part, type=_Inspected)
    except (msgspec.DecodeError, RecursionError):
        return None
    return described


def _part(value: Any, kind: type[_T], otherwise: _T) -> _T:
    """A member as its struct; `otherwise` where it is absent or not what it should be."""
    try:
        return msgspec.convert(value, kind) if value is not None else otherwise
    except (msgspec.ValidationError, RecursionError):
        return otherwise


def _container(described: _Inspected) -> Container:
    state = _part(described.state, _State, _State())
    health = _part(state.health, _Health, _Health())
    config = _part(described.config, _Config, _Config())
    host = _part(described.host_config, _HostConfig, _HostConfig())
    last = health.log[-1].output.strip() if health.log else ""
    return Container(
        id=described.id,
        name=described.name.removeprefix("/"),
        status=state.status,
        health=health.status if health.status in ("starting", "healthy", "unhealthy") else None,
        health_said=last[-500:] or None,
        exit_code=state.exit_code,
        error=state.error or None,
        out_of_memory=state.oom_killed is True,
        restarts=described.restart_count or 0,
        restarts_itself=_part(host.restart_policy, _RestartPolicy, _RestartPolicy()).name not in (None, "", "no"),
        started_at=_seconds(state.started_at),
        image=config.image or "",
        image_id=described.image or "",
        published=_published(host.port_bindings),
        has_host_network=host.network_mode == "host",
        gpus=_gpus(host, config.env or ()),
        entrypoint=config.entrypoint or (),
        command=config.cmd or (),
        compose=_origin(config.labels or {}),
    )


def _seconds(text: str | None) -> float | None:
    """A time as Docker writes it, with nanoseconds; the year 1 is never."""
    try:
        moment = datetime.datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment.timestamp() if moment.year > 1 and moment.tzinfo is not None else None


def _published(bindings: Any) -> tuple[Published, ...]:
    # From what it was made with: `NetworkSettings.Ports` is empty while it does not run.
    bound = _part(bindings, dict[str, Any], {}).items()
    return tuple(
        # An empty address is every one of the machine.
        Published(host=place.host_ip or "0.0.0.0", port=int(place.host_port), container_port=port)  # noqa: S104 - only said
        for port, places in bound
        for place in _part(places, list[_Binding], [])
        if place.host_port and _PORT.match(place.host_port)
    )


def _gpus(host: _HostConfig, environment: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for request in _part(host.device_requests, list[_DeviceRequest], []):
        if any("gpu" in words for words in request.capabilities or (("gpu",),)):
            found += request.device_ids or ([_ALL_GPUS] if request.count == -1 else [f"any {request.count}"])
    # The older way: a runtime that reads a variable. Images of CUDA set it too, whatever runs them.
    if not found and host.runtime == "nvidia":
        told = [text.partition("=")[2] for text in environment if text.startswith("NVIDIA_VISIBLE_DEVICES=")]
        found = [name for text in told for name in text.split(",") if name not in ("", "void", "none")]
    return tuple(found)


def _origin(labels: Mapping[str, str]) -> ComposeOrigin | None:
    prefix = "com.docker.compose."
    service = labels.get(f"{prefix}service")
    if service is None:
        return None
    files = labels.get(f"{prefix}project.config_files", "")
    return ComposeOrigin(
        project=labels.get(f"{prefix}project", ""),
        service=service,
        files=tuple(name for name in files.split(",") if name),
        folder=labels.get(f"{prefix}project.working_dir", ""),
        config_hash=labels.get(f"{prefix}config-hash"),
    )
