"""What a compose file says of a serve, as `docker compose config` works it out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from .docker import DockerFailed, ask, complaint

if TYPE_CHECKING:
    from anvil_serving.config import Serve
    from anvil_serving.substrate.manifest import Manifest

__all__ = ["ComposeCall", "ComposeService", "call_of", "calls_compose", "describe", "would_recreate"]


class ComposeCall(Struct, frozen=True):
    """How `docker compose` is called for a serve."""

    prefix: tuple[str, ...]
    """Up to the subcommand: `docker compose -f FILE`."""
    service: str

    def up(self) -> tuple[str, ...]:
        """The command that makes the service's container as the file says, and starts it; nothing where it is so."""
        return (*self.prefix, "up", "-d", self.service)


class ComposeService(Struct, frozen=True, kw_only=True):
    """One service of a compose file, with what it takes from the environment filled in."""

    project: str | None = None
    container: str | None = None
    """The container's name, where the file gives it one."""
    image: str | None = None
    command: tuple[str, ...] | None = None
    gpus: tuple[str, ...] = ()
    config_hash: str | None = None
    """What compose writes on a container that it makes of it."""


def call_of(manifest: Manifest, serve: Serve) -> ComposeCall | None:
    """The serve's compose file and service, from its entry or from an `up` that calls compose; None where neither."""
    file = manifest.compose_file(serve)
    if file is not None:
        return ComposeCall(("docker", "compose", "-f", str(file)), serve.service or serve.name)
    words = manifest.up_command(serve) or ()
    if words[:2] != ("docker", "compose") or "up" not in words[2:]:
        return None
    place = words.index("up", 2)
    named = [word for word in words[place + 1 :] if not word.startswith("-")]
    # More than one service, or an option with a value: whose container is whose is not known.
    return ComposeCall(words[:place], named[0]) if len(named) == 1 else None


def calls_compose(words: tuple[str, ...]) -> bool:
    """Whether a command is compose's `up`, which may be run again at any time, and changes only what has changed."""
    return words[:2] == ("docker", "compose") or words[:1] == ("docker-compose",)


def would_recreate(call: ComposeCall, container: str) -> bool:
    """Whether compose itself would make a container anew; where it cannot be asked so, it is taken to.

    The hash of `describe` alone says too much: with an `env_file`, or a namespace of another service, compose writes
    another one on the container than `config --hash` prints (seen in Compose 2.40.3).
    """
    # No pull: nothing here uses the network.
    output = ask((*call.prefix[1:], "--dry-run", "up", "-d", "--pull", "never", call.service))
    said = f"{output.out}\n{output.err}"
    return output.status != 0 or re.search(rf"Container {re.escape(container)}\s+Recreate\b", said) is not None


def describe(call: ComposeCall) -> ComposeService:
    """What the file says of the service now. Raises `DockerFailed` where it cannot be read or has no such service."""
    described = _config(call, "--format", "json")
    try:
        document = msgspec.json.decode(described, type=_Document)
    except (msgspec.DecodeError, RecursionError):
        raise DockerFailed("docker compose config answered with something else than JSON") from None
    service = document.services.get(call.service)
    if service is None:
        names = ", ".join(sorted(document.services)) or "none"
        raise DockerFailed(
            f"{' '.join(call.prefix[3:])} has no service {call.service}; it has {names}", hint="name it with `service`"
        )
    hashes = dict(line.split(maxsplit=1) for line in _config(call, "--hash", call.service).splitlines() if " " in line)
    return ComposeService(
        project=document.name,
        container=service.container_name,
        image=service.image,
        # Compose writes a dollar sign twice, so that what it prints is a compose file again.
        command=None if service.command is None else tuple(word.replace("$$", "$") for word in service.command),
        gpus=_gpus(service),
        config_hash=hashes.get(call.service, "").strip() or None,
    )


class _Service(Struct, frozen=True, kw_only=True):
    container_name: str | None = None
    image: str | None = None
    command: tuple[str, ...] | None = None
    deploy: Any = None
    gpus: Any = None


class _Document(Struct, frozen=True, kw_only=True):
    name: str | None = None
    services: dict[str, _Service] = {}


class _Device(Struct, frozen=True, kw_only=True):
    device_ids: tuple[str, ...] = ()


class _Reservations(Struct, frozen=True, kw_only=True):
    devices: tuple[_Device, ...] = ()


class _Resources(Struct, frozen=True, kw_only=True):
    reservations: _Reservations = _Reservations()


class _Deploy(Struct, frozen=True, kw_only=True):
    resources: _Resources = _Resources()


def _gpus(service: _Service) -> tuple[str, ...]:
    try:
        devices = msgspec.convert(service.deploy or {}, _Deploy).resources.reservations.devices
        devices += msgspec.convert(service.gpus or (), tuple[_Device, ...])
    except msgspec.ValidationError:  # a device of another kind
        return ()
    return tuple(name for device in devices for name in device.device_ids)


def _config(call: ComposeCall, *options: str) -> str:
    output = ask((*call.prefix[1:], "config", *options))
    if output.status != 0:
        raise DockerFailed(
            f"the compose file of service {call.service} cannot be used: {complaint(output)}",
            hint=f"`{' '.join(call.prefix)} config` shows what compose makes of it",
        )
    return output.out
