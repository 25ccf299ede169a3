"""Both ends of the router in one thread: what is sent and received is timed by one clock, with no thread to wake."""

from __future__ import annotations

import contextlib
import json
import re
import selectors
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.fakes import answers

from harness.process import BenchError, stats, tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fakes.asked import Asked

PATH = "/v1/chat/completions"
PRESET = "measured"
MARK = re.compile(rb"Number \d+\. ")
"""Every request of `tests.fakes.asked` has a number of its own."""
LAST_CHUNK = b"0\r\n\r\n"
SECONDS = 10.0
"""How long anything is waited for."""
_BYTES = 256 * 1024
_LENGTH = re.compile(rb"content-length: *([0-9]+)", re.IGNORECASE)


class Tier:
    """Listens on the loopback and is told what to send when."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._asked: socket.socket | None = None
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def is_asked(self, mark: bytes, seconds: float) -> bool:
        """Whether the request with this mark comes in time, which `send` answers then. Lists of models are given."""
        deadline = time.perf_counter() + seconds
        while True:
            left = deadline - time.perf_counter()
            for key, _ in self._selector.select(max(0.0, left)):
                if key.fileobj is self._listener:
                    accepted, _ = self._listener.accept()
                    accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._selector.register(accepted, selectors.EVENT_READ)
                # A request with another mark is of an answer that was given up.
                elif isinstance(key.fileobj, socket.socket) and mark in self._read(key.fileobj):
                    self._asked = key.fileobj
                    return True
            if left <= 0:
                return False

    def wait(self, mark: bytes) -> None:
        """Wait for the request with this mark."""
        if not self.is_asked(mark, SECONDS):
            raise BenchError("the router has not asked the tier")

    def send(self, data: bytes) -> None:
        """Send a part of the answer to the last request."""
        if self._asked is None:
            raise BenchError("nobody has asked")
        # A router that has rejected the answer may have left.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._asked.sendall(data)

    def _read(self, connection: socket.socket) -> bytes:
        """Read a request, whole; its body."""
        try:
            data = connection.recv(_BYTES)
        except ConnectionResetError:
            data = b""
        if not data:
            self._selector.unregister(connection)
            connection.close()
            return b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(_BYTES)
        head, _, body = data.partition(b"\r\n\r\n")
        length = int(found[1]) if (found := _LENGTH.search(head)) else 0
        while len(body) < length:
            body += connection.recv(_BYTES)
        if head.startswith(b"GET"):
            connection.sendall(answers.whole(answers.models(["model-of-the-tier"])))
        return body


class Client:
    """One connection to the router, or to a tier."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, asked: Asked) -> bytes:
        """Send a request; what tells it from others at the tier."""
        data = json.dumps(asked.body("chat", PRESET, stream=True)).encode()
        head = f"POST {PATH} HTTP/1.1\r\nhost: router\r\ncontent-type: application/json\r\ncontent-length: {len(data)}"
        self.socket.sendall(f"{head}\r\n\r\n".encode() + data)
        if (mark := MARK.search(data)) is None:
            raise BenchError("a request without a number")
        return mark[0]

    def first(self) -> bytes:
        """The first bytes of an answer, as soon as there are any."""
        return self.socket.recv(_BYTES)

    def rest(self, data: bytes = b"") -> bytes:
        """All of a streamed answer of which `data` has come."""
        while not data.endswith(LAST_CHUNK):
            if data and not data.startswith(b"HTTP/1.1 200"):
                raise BenchError(f"no stream: {data[:600]!r}")
            if not (more := self.socket.recv(_BYTES)):
                raise BenchError(f"the answer broke off: {data[-300:]!r}")
            data += more
        return data

    def is_answered(self, seconds: float) -> bool:
        """Whether something of an answer comes in time."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.socket, selectors.EVENT_READ)
            return bool(selector.select(seconds))


def stream(events: Iterable[bytes]) -> bytes:
    """Events as chunks of a body."""
    return b"".join(answers.chunk(event) for event in events)


def cpu_seconds(root: int) -> float:
    """CPU time of a process tree's threads to the nanosecond (proc(5), `schedstat`), not to a tick of 10 ms."""
    total = 0
    for pid in tree(root, stats()):
        for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                total += int(task.read_text().split()[0])
    return total / 1e9
