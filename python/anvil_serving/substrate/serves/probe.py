"""What a serve answers on its port: whether it is well, and which models it says it serves."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.layout import printable
from anvil_serving.substrate.engine import address_of
from anvil_serving.substrate.inquiry import Reply, Server, Silence

if TYPE_CHECKING:
    from anvil_serving.config import Serve

__all__ = ["Probe", "listener", "probe", "url_of"]

_QUESTION_SECONDS: Final = 3.0


class Probe(Struct, frozen=True, kw_only=True):
    """What came of asking."""

    health_status: int | None = None
    """The HTTP status of the health path; None where there was no answer."""
    silence: str | None = None
    """Why there was none."""
    models: tuple[str, ...] = ()
    """What `/v1/models` lists; empty where it lists nothing or was not asked."""
    models_status: int | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether the health path says so."""
        return self.health_status is not None and self.health_status < 400

    @property
    def is_reachable(self) -> bool:
        """Whether somebody answers HTTP there, whatever he says."""
        return self.health_status is not None


def url_of(serve: Serve) -> str:
    """Where this machine reaches the serve."""
    return address_of(serve.host, serve.port)


def probe(serve: Serve) -> Probe:
    """Asks the health path, and for the models once it is healthy."""
    key = os.environ.get(serve.auth_env or "", "").strip()
    # A key that no header can hold is none.
    headers = {"Authorization": f"Bearer {key}"} if key and key.isascii() and key.isprintable() else {}
    server = Server(url_of(serve), seconds=2 * _QUESTION_SECONDS, headers=headers, question_seconds=_QUESTION_SECONDS)
    health = server.ask(serve.health)
    if isinstance(health, Silence):
        return Probe(silence=health.reason)
    if health.status >= 400:
        return Probe(health_status=health.status)
    models = server.ask("/v1/models")
    if isinstance(models, Silence):
        return Probe(health_status=health.status)
    return Probe(health_status=health.status, models=_models(models), models_status=models.status)


class _Model(Struct, frozen=True):
    id: str


class _Models(Struct, frozen=True):
    data: tuple[_Model, ...] = ()


def _models(reply: Reply) -> tuple[str, ...]:
    listed = reply.read(_Models) if reply.status == 200 else None
    return () if listed is None else tuple(model.id for model in listed.data)


def listener(serve: Serve) -> str | None:
    """Who listens on the serve's address already, in words; None where it is free."""
    family = socket.AF_INET6 if ":" in serve.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            # Connections of a server that has just ended must not count.
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((serve.host, serve.port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _owner(serve.port) or "a program that this user may not look at"
        # Docker's daemon may bind what this user may not, and says so itself where it may not either.
    return None


def _owner(port: int) -> str | None:
    """The process that listens on a TCP port, where Linux lets this user see it (proc(5), /proc/net/tcp)."""
    inodes = {
        fields[9]
        for table in ("tcp", "tcp6")
        for fields in _rows(Path("/proc/net") / table)
        if len(fields) > 9 and fields[3] == "0A" and fields[1].rpartition(":")[2] == f"{port:04X}"
    }
    sockets = {f"socket:[{inode}]" for inode in inodes}
    for process in _processes() if sockets else ():
        try:
            held = any(str(link.readlink()) in sockets for link in (process / "fd").iterdir())
            if held:
                name = (process / "comm").read_text(errors="replace").strip()
                return f"{printable(name)} (process {process.name})"
        except OSError as error:  # it has ended, or is somebody else's
            if error.errno not in {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ESRCH}:
                raise
    return None


def _rows(table: Path) -> list[list[str]]:
    try:
        return [line.split() for line in table.read_text().splitlines()[1:]]
    except OSError:  # not Linux
        return []


def _processes() -> list[Path]:
    return [path for path in Path("/proc").iterdir() if path.name.isdecimal()]
