"""A caller that speaks HTTP/1.1 by hand: it can send what no library would, and it says how an answer ended."""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Answer", "Client", "request_body"]

_RECEIVE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Answer:
    """An answer, and how it ended."""

    status: int
    headers: dict[str, str]
    body: bytes
    ending: Literal["length", "chunked", "empty", "aborted"]
    """`length`, `chunked`: as the framing promised; `aborted`: the connection ended before; `empty`: a head alone."""

    @property
    def is_clean(self) -> bool:
        return self.ending != "aborted"

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document

    @property
    def events(self) -> list[bytes]:
        """The events of a stream, each as its lines; the last may be a fragment."""
        return [event for event in self.body.split(b"\n\n") if event.strip()]


class Client:
    """One connection."""

    def __init__(self, port: int, *, timeout: float = 10.0, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        try:
            self.socket.connect(("127.0.0.1", port))
        except OSError:
            self.socket.close()
            raise
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffered = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # ── sending ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def send(self, data: bytes) -> None:
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        """Sends a request; a body gets its length unless the headers frame it."""
        given = {"host": "router", **(headers or {})}
        if body is not None and "content-length" not in given and "transfer-encoding" not in given:
            given["content-length"] = str(len(body))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in given.items()), "", ""]
        self.send("\r\n".join(lines).encode("latin-1") + (body or b""))

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Sends a request and reads its answer to the end."""
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        self.request(method, target, data, headers)
        return self.read_answer(is_head=method == "HEAD")

    # ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def read_head(self) -> tuple[int, dict[str, str]]:
        """The next head that is not an interim one."""
        while True:
            status, headers = self.read_any_head()
            if status >= 200:
                return status, headers

    def read_any_head(self) -> tuple[int, dict[str, str]]:
        """The next head."""
        head = self.read_until(b"\r\n\r\n")
        lines = head.decode("latin-1").strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        return int(lines[0].split(" ")[1]), headers

    def read_answer(self, *, is_head: bool = False) -> Answer:
        """The next answer. Raises `ConnectionError` when the connection ends before its head does."""
        status, headers = self.read_head()
        if is_head or status in {204, 304}:
            return Answer(status, headers, b"", "empty")
        if headers.get("transfer-encoding") == "chunked":
            body, is_whole = self._read_chunks()
            return Answer(status, headers, body, "chunked" if is_whole else "aborted")
        length = int(headers.get("content-length", "-1"))
        body, is_whole = self._read_exactly(length) if length >= 0 else (self.read_to_end(), False)
        return Answer(status, headers, body, "length" if is_whole else "aborted")

    def read_until(self, mark: bytes) -> bytes:
        """Everything up to the mark and with it. Raises `ConnectionError` when it does not come."""
        while mark not in self._buffered:
            data = self._receive()
            if not data:
                raise ConnectionError(f"the connection ended before {mark!r} came; there was {self._buffered[:200]!r}")
            self._buffered += data
        end = self._buffered.index(mark) + len(mark)
        found, self._buffered = self._buffered[:end], self._buffered[end:]
        return found

    def is_closed_by_server(self, timeout: float = 3.0) -> bool:
        """Whether the server closes the connection within so many seconds, having said nothing more."""
        self.socket.settimeout(timeout)
        try:
            return not self._buffered and not self._receive()
        except TimeoutError:
            return False

    def read_to_end(self) -> bytes:
        """Everything until the connection ends."""
        while data := self._receive():
            self._buffered += data
        return self._buffered

    def _read_chunks(self) -> tuple[bytes, bool]:
        body = b""
        while True:
            try:
                size = int(self.read_until(b"\r\n").split(b";")[0], 16)
            except ConnectionError:
                return body, False
            data, is_whole = self._read_exactly(size + 2)
            body += data[:size]
            if not is_whole:
                return body, False
            if size == 0:
                return body, True

    def _read_exactly(self, length: int) -> tuple[bytes, bool]:
        while len(self._buffered) < length:
            data = self._receive()
            if not data:
                break
            self._buffered += data
        data, self._buffered = self._buffered[:length], self._buffered[length:]
        return data, len(data) == length

    def _receive(self) -> bytes:
        try:
            return self.socket.recv(_RECEIVE_BYTES)
        except ConnectionError:
            return b""

    # ── leaving ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def close(self) -> None:
        """Leaves with a FIN, if nothing that came is left unread."""
        self.socket.close()

    def reset(self) -> None:
        """Leaves with an RST."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def request_body(dialect: str, model: str = "alone", *, stream: bool = False, **more: Any) -> dict[str, Any]:
    """A small request of a dialect."""
    body: dict[str, Any] = {"model": model}
    if dialect == "responses":
        body["input"] = "say something"
    else:
        body["messages"] = [{"role": "user", "content": "say something"}]
    if dialect == "messages":
        body["max_tokens"] = 100
    if stream:
        body["stream"] = True
    return body | more
