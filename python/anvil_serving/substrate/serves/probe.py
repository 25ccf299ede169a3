"""What a serve answers on its port: whether it is well, and which models it says it serves."""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.layout import printable
from anvil_serving.substrate.engine import address_of, address_of_serve
from anvil_serving.substrate.inquiry import Reply, Server, Silence
from anvil_serving.substrate.listening import listening_program

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
    address = address_of_serve(serve, os.environ)
    server = Server(
        address.url, seconds=2 * _QUESTION_SECONDS, headers=address.headers, question_seconds=_QUESTION_SECONDS
    )
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
            program = listening_program(serve.port)
            if program is None:
                return "a program that this user may not look at"
            return f"{printable(program[1])} (process {program[0]})"
        # Docker's daemon may bind what this user may not, and says so itself where it may not either.
    return None
