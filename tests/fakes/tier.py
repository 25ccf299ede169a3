"""A tier over real sockets that records what it is sent and plays a script for each request.

A script is an iterable of steps: bytes are sent as they are, the rest is `Pause`, `Stall`, `Fin` and `Reset`. A script
that comes to its end leaves the connection open for the next request. `answers.py` makes good answers, `faults.py` bad
ones.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from tests.fakes import answers
from tests.fakes.steps import Fin, Pause, Reset, Stall, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Connection", "Received", "Script", "Tier"]

_RECEIVE_BYTES = 64 * 1024


Script: TypeAlias = "Callable[[Received], Iterable[Step]]"


@dataclass(eq=False)
class Connection:
    """One connection that the tier has accepted; times are of `time.monotonic`."""

    socket: socket.socket = field(repr=False)
    number: int
    opened_at: float
    closed_at: float | None = None
    """When the other side left."""
    was_reset: bool = False
    requests: int = 0
    sent: int = 0
    """Bytes the kernel has taken."""
    gone: threading.Event = field(default_factory=threading.Event, repr=False)
    """Set when the other side has left, or the tier has closed."""


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    method: str
    target: str
    headers: dict[str, str]
    head: bytes
    body: bytes
    at: float
    connection: Connection

    @property
    def json(self) -> dict[str, Any]:
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document

    @property
    def dialect(self) -> str:
        path = self.target.split("?")[0]
        return "messages" if path.endswith("/messages") else "responses" if path.endswith("/responses") else "chat"

    @property
    def is_streamed(self) -> bool:
        return bool(self.json.get("stream"))


class _LeftError(Exception):
    """The other side left, or a script closed the connection."""


class Tier:
    """Listens on a free port of the loopback from `start` to `close`."""

    def __init__(self, *, models: Iterable[str] = ("model-of-the-tier",), port: int = 0) -> None:
        self.models = list(models)
        self.script: Script = answers.well
        self._wanted_port = port
        self.models_script: Script | None = None
        self._next: deque[Script] = deque()
        self._lock = threading.Condition()
        self._connections: list[Connection] = []
        self._requests: list[Received] = []
        self._listener: socket.socket | None = None
        self.port = port

    # ── its life ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def __enter__(self) -> Tier:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    def start(self) -> Tier:
        listener = socket.create_server(("127.0.0.1", self._wanted_port), backlog=128)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def close(self) -> None:
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.hang_up()

    def hang_up(self) -> None:
        """Ends every connection."""
        for connection in self.connections:
            _shut_down(connection.socket)

    def reset(self) -> None:
        """Forgets everything, and answers well from now on."""
        self.hang_up()
        with self._lock:
            self.script = answers.well
            self.models_script = None
            self._next.clear()
            self._connections.clear()
            self._requests.clear()

    # ── what it is told ──────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def plays(self, script: Script | Iterable[Step]) -> None:
        """Plays this for every request from now on."""
        self.script = _as_script(script)

    def plays_next(self, *scripts: Script | Iterable[Step]) -> None:
        """Plays each of these once, for the next requests in their order."""
        self._next.extend(_as_script(script) for script in scripts)

    def plays_models(self, script: Script | Iterable[Step]) -> None:
        """Plays this when it is asked for its models, instead of listing `models`."""
        self.models_script = _as_script(script)

    # ── what it has seen ─────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def requests(self) -> list[Received]:
        """The requests for answers, in order; those for the list of models are not among them."""
        with self._lock:
            return [request for request in self._requests if not request.target.endswith("/models")]

    @property
    def model_requests(self) -> list[Received]:
        with self._lock:
            return [request for request in self._requests if request.target.endswith("/models")]

    @property
    def connections(self) -> list[Connection]:
        with self._lock:
            return list(self._connections)

    def wait_for_requests(
        self, count: int = 1, *, kind: Literal["answers", "models"] = "answers", timeout: float = 5.0
    ) -> Received:
        """The request with this number, once it is there."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            requests = self.requests if kind == "answers" else self.model_requests
            if len(requests) >= count:
                return requests[count - 1]
            with self._lock:
                self._lock.wait(0.02)
        raise AssertionError(f"the tier has seen {len(self.requests)} requests, not {count}")

    # ── its sockets ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                connection = Connection(accepted, len(self._connections), time.monotonic())
                self._connections.append(connection)
                self._lock.notify_all()
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        connection.socket.setblocking(False)
        try:
            buffered = b""
            while True:
                received, buffered = _read_request(connection, buffered)
                with self._lock:
                    self._requests.append(received)
                    connection.requests += 1
                    self._lock.notify_all()
                for step in self._script_for(received)(received):
                    _play(connection, step)
        except _LeftError:
            pass
        finally:
            connection.socket.close()
            connection.gone.set()

    def _script_for(self, received: Received) -> Script:
        if received.method == "GET":
            return self.models_script or (lambda _: [answers.whole(answers.models(self.models))])
        with self._lock:
            return self._next.popleft() if self._next else self.script


def _as_script(script: Script | Iterable[Step]) -> Script:
    return script if callable(script) else lambda _: script


def _play(connection: Connection, step: Step) -> None:
    match step:
        case bytes():
            _send(connection, step)
        case Pause():
            _wait(connection, step.seconds)
        case Stall():
            _wait(connection, None)
        case Fin():
            raise _LeftError
        case Reset():
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise _LeftError


def _send(connection: Connection, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        readable, writable, _ = select.select([connection.socket], [connection.socket], [])
        if readable:
            _notice_leaving(connection)
        if writable:
            try:
                sent = connection.socket.send(rest)
            except BlockingIOError:
                continue
            except OSError as error:
                raise _left(connection, error) from None
            connection.sent += sent
            rest = rest[sent:]


def _wait(connection: Connection, seconds: float | None) -> None:
    deadline = None if seconds is None else time.monotonic() + seconds
    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        readable, _, _ = select.select([connection.socket], [], [], left)
        if not readable:
            return
        _notice_leaving(connection)


def _notice_leaving(connection: Connection) -> None:
    try:
        if connection.socket.recv(1, socket.MSG_PEEK):
            # Bytes of a next request while this one is being answered: nothing of ours does that.
            raise AssertionError("the tier was sent a request before it had answered the one before")
    except BlockingIOError:
        return
    except OSError as error:
        raise _left(connection, error) from None
    raise _left(connection, None)


def _left(connection: Connection, error: OSError | None) -> _LeftError:
    connection.closed_at = time.monotonic()
    connection.was_reset = isinstance(error, ConnectionResetError)
    return _LeftError()


def _read_request(connection: Connection, buffered: bytes) -> tuple[Received, bytes]:
    while b"\r\n\r\n" not in buffered:
        buffered += _receive(connection)
    head, _, body = buffered.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    length = int(headers.get("content-length", "0"))
    while len(body) < length:
        body += _receive(connection)
    return Received(method, target, headers, head, body[:length], time.monotonic(), connection), body[length:]


def _receive(connection: Connection) -> bytes:
    select.select([connection.socket], [], [])
    try:
        data = connection.socket.recv(_RECEIVE_BYTES)
    except OSError as error:
        raise _left(connection, error) from None
    if not data:
        raise _left(connection, None)
    return data


def _shut_down(connected: socket.socket) -> None:
    try:
        connected.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
