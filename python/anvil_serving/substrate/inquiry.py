"""A short question over HTTP to a server that may be anything: bounded in time and in bytes, whatever answers."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import time
from typing import TYPE_CHECKING, Final, Literal, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from _typeshed import WriteableBuffer

__all__ = ["REPLY_CAP", "Reply", "Server", "Silence"]

REPLY_CAP: Final = 4 * 1024 * 1024
"""Bytes of an answer that are read, head included; the longest real one, Ollama's on a model, is a tenth of that."""

_T = TypeVar("_T")


class Reply(Struct, frozen=True):
    """An answer. Redirections are answers too, and not followed."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        """The value of a header; empty where there is none."""
        return next((value for known, value in self.headers if known.lower() == name), "")

    def read(self, kind: type[_T]) -> _T | None:
        """The body as a value of this type; None where it is not one."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class Silence(Struct, frozen=True):
    """There was no answer, or none that can be used."""

    kind: Literal["nothing", "unreachable", "late", "too_large", "no_http"]
    """`nothing`: the machine is there, and nobody listens. `unreachable`: not even the machine could be asked."""
    reason: str
    """In words, printable."""


class Server:
    """One address, and how long all questions to it may take together.

    Proxies of the environment are not used. No credential is sent but in `headers`.
    """

    def __init__(
        self, url: str, *, seconds: float, headers: Mapping[str, str] | None = None, question_seconds: float = 2.0
    ) -> None:
        """`url` is the server's root, without a path below which questions would lie. `seconds` are for all of them."""
        self.url = url.rstrip("/")
        self._parts = urlsplit(self.url)
        self._headers = dict(headers or {})
        self._deadline = time.monotonic() + seconds
        self._question_seconds = question_seconds

    def ask(self, path: str, document: object = None) -> Reply | Silence:
        """GET, or POST of a document as JSON."""
        deadline = min(self._deadline, time.monotonic() + self._question_seconds)
        wire: _Wire | None = None
        try:
            wire = _Wire(self._connect(deadline), deadline)
            wire.send(self._request(path, document))
            response = http.client.HTTPResponse(wire, method="GET")  # type: ignore[arg-type]  # it only calls makefile
            response.begin()
            return Reply(response.status, tuple(response.getheaders()), response.read(REPLY_CAP))
        except (OSError, http.client.HTTPException, ValueError, _TooLargeError) as error:
            return self._silence(error, was_connected=wire is not None)
        finally:
            if wire is not None:
                wire.close()

    def _silence(self, error: Exception, *, was_connected: bool) -> Silence:
        if isinstance(error, TimeoutError):
            return Silence("late", f"it has not answered within {self._question_seconds:g} s")
        if isinstance(error, _TooLargeError):
            return Silence("too_large", f"its answer is longer than {REPLY_CAP // 1024 // 1024} MiB")
        if isinstance(error, ConnectionRefusedError) and not was_connected:
            return Silence("nothing", "nothing listens there")
        if not isinstance(error, OSError):
            return Silence("no_http", f"it does not answer in HTTP ({type(error).__name__})")
        words = printable(error.strerror or str(error) or type(error).__name__)
        if was_connected:
            return Silence("no_http", f"it broke the connection ({words})")
        return Silence("unreachable", f"it cannot be reached: {words}")

    def read(self, path: str, kind: type[_T], document: object = None) -> _T | None:
        """The answer as a value of this type; None where there is none, or another."""
        reply = self.ask(path, document)
        return reply.read(kind) if isinstance(reply, Reply) and reply.status == 200 else None

    def _connect(self, deadline: float) -> socket.socket:
        host, is_secure = self._parts.hostname or "", self._parts.scheme == "https"
        port = self._parts.port or (443 if is_secure else 80)
        plain = socket.create_connection((host, port), timeout=_left(deadline))
        if not is_secure:
            return plain
        try:
            return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def _request(self, path: str, document: object) -> bytes:
        body = b"" if document is None else msgspec.json.encode(document)
        headers = {"Host": self._parts.netloc, "Accept": "application/json", "Connection": "close", **self._headers}
        if document is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        if any("\r" in value or "\n" in value for value in headers.values()):
            raise ValueError("a header of two lines")
        method = "GET" if document is None else "POST"
        lines = [
            f"{method} {self._parts.path}{path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


class _TooLargeError(Exception):
    """More bytes came than are read."""


class _Wire(io.RawIOBase):
    """A connection whose reads end at a deadline and at a number of bytes, however they trickle in."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        super().__init__()
        self._connection = connection
        self._deadline = deadline
        self._left = REPLY_CAP

    def send(self, request: bytes) -> None:
        self._connection.settimeout(_left(self._deadline))
        self._connection.sendall(request)

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        if self._left <= 0:
            raise _TooLargeError
        self._connection.settimeout(_left(self._deadline))
        count = self._connection.recv_into(buffer, min(self._left, memoryview(buffer).nbytes))
        self._left -= count
        return count

    def close(self) -> None:
        self._connection.close()
        super().close()


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
