"""What a container has written, line by line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.layout import printable
from anvil_serving.substrate.docker.container import inspect_containers
from anvil_serving.substrate.docker.docker import DockerFailed, complaint
from anvil_serving.substrate.stream import stream

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.config import Serve

__all__ = ["LogWishes", "read_log"]

# ECMA-48, 5.4 "Control sequences": colours and movements, of which the logs of engines are full; and OSC, titles.
_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")


class LogWishes(Struct, frozen=True, kw_only=True):
    """What is wanted of a log."""

    follow: bool = False
    tail: int | None = None
    since: str | None = None
    timestamps: bool = False


def read_log(serve: Serve, wishes: LogWishes, show: Callable[[str], None]) -> None:
    """Hands each line on, without what steers a terminal. Raises as `docker.ask` does, and `DockerFailed`.

    With `follow` until the container ends, or whoever reads has enough and raises.
    """
    if serve.container not in inspect_containers([serve.container]):
        raise DockerFailed(f"there is no container {serve.container}", hint=f"`serves up {serve.name}` makes it")
    options = [*(("--follow",) if wishes.follow else ()), *(("--timestamps",) if wishes.timestamps else ())]
    options += [f"--tail={wishes.tail}"] if wishes.tail is not None else []
    options += [f"--since={wishes.since}"] if wishes.since is not None else []
    ended = stream(("docker", "logs", *options, serve.container), lambda line: show(_plain(line)), seconds=None)
    if ended.status != 0:
        raise DockerFailed(f"docker logs failed: {complaint(ended)}")


def _plain(line: str) -> str:
    return printable(_SEQUENCE.sub("", line).replace("\t", "    "))
