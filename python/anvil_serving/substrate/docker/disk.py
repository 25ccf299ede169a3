"""What Docker's images and caches take of the disk; they are listed with the command that frees them, never removed."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError

from .docker import ask

__all__ = ["DockerDisk", "docker_disk"]

# Never `--volumes`: models lie on them.
_COMMANDS = {
    "Images": "docker image prune",
    "Build Cache": "docker builder prune",
    "Containers": "docker container prune",
}


class DockerDisk(Struct, frozen=True, kw_only=True):
    """One kind of thing that Docker keeps."""

    what: str
    size: str
    """As Docker writes it, such as `12.3GB`."""
    reclaimable: str
    command: str
    """What a person runs to free it; it asks first."""


class _Row(Struct, frozen=True, kw_only=True, rename="pascal"):
    type: str
    size: str = ""
    reclaimable: str = ""


def docker_disk() -> tuple[DockerDisk, ...]:
    """What could be freed; nothing where Docker cannot be asked."""
    try:
        output = ask(("system", "df", "--format", "{{json .}}"))
        rows = [msgspec.json.decode(line, type=_Row) for line in output.out.splitlines()] if output.status == 0 else []
    except (StartupError, msgspec.DecodeError, RecursionError):
        return ()
    return tuple(
        DockerDisk(what=row.type, size=row.size, reclaimable=row.reclaimable, command=_COMMANDS[row.type])
        for row in rows
        if row.type in _COMMANDS and not row.reclaimable.startswith(("0B", "0 B"))
    )
