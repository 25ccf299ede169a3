"""One exchange: a request's body in, an answer out, and the only owner of `receive()`."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from anvil_serving.edge.connection import Connections
from anvil_serving.edge.limits import Limits
from anvil_serving.edge.watch import Watch
from anvil_serving.errors import BodyTimeout, BodyTooLarge, Malformed
from anvil_serving.router import ANYBODY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anvil_serving.errors import RequestError
    from anvil_serving.router import Arrival, Head, Opening

__all__ = ["HOPS", "Exchange", "Receive", "Scope", "Send", "Worker"]

_log = logging.getLogger("anvil_serving.edge")

# ASGI's own types; its messages are dicts.
Scope: TypeAlias = "dict[str, Any]"
Receive: TypeAlias = "Callable[[], Awaitable[dict[str, Any]]]"
Send: TypeAlias = "Callable[[dict[str, Any]], Awaitable[None]]"

HOPS = b"x-anvil-hops"
"""How many routers a request has passed. One may stand before another; more is a circle."""
_JSON = (b"content-type", b"application/json")
_STREAM = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)
_LAST_WORDS_SECONDS = 1.0
"""How long a client that does not read may hold up the end of its own broken answer."""
_HEADER_LIMIT = 1_024
"""Characters of a header of ours."""
_DISCARD_SECONDS = 5.0
"""How long a refused body may take to arrive."""
_OVERSIZE_READ_OUT = 2
"""A body up to this many times the cap is read out before it is refused."""
_BREAK_AGAIN_SECONDS = 1.0
_LATE_SECONDS = 180.0
"""From when on signs of life are those that every client counts: the least patient has 300 s."""
_FLUSH_SECONDS = 0.02
"""How long the server gets to write out the last bytes before a connection is broken. What is not written by then is
lost, which the client takes for a broken answer just the same."""


class Worker(msgspec.Struct, frozen=True):
    """What all exchanges of one worker share."""

    limits: Limits
    watch: Watch
    connections: Connections


class Exchange:
    """One request and its answer."""

    __slots__ = (
        "_arrival",
        "_beat_at",
        "_beating",
        "_begun_at",
        "_body_begun",
        "_body_deadline",
        "_decided",
        "_identity",
        "_limits",
        "_loop",
        "_opening",
        "_peer",
        "_pending",
        "_receive",
        "_send",
        "_task",
        "_whole_headers",
        "_worker",
        "_write_deadline",
        "answer_id",
        "caller",
        "content_length",
        "dialect",
        "has_left",
        "has_started",
        "headers",
        "hops",
        "path",
        "query",
        "request_headers",
        "request_id",
        "sent_headers",
    )

    def __init__(  # noqa: PLR0913 (ASGI's three, and what the application knows of the exchange)
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        worker: Worker,
        *,
        dialect: str,
        request_id: str,
        answer_id: str,
        request_headers: Mapping[bytes, bytes],
        hops: int,
    ) -> None:
        self.path: str = scope["path"]
        """Decoded: what was `%2F` is a slash like any other."""
        self.query: bytes = scope["query_string"]
        self.request_id = request_id
        self.answer_id = answer_id
        self.dialect = dialect
        self.request_headers = request_headers
        self.caller = ANYBODY
        self.hops = hops
        self.headers: list[tuple[bytes, bytes]] = [(b"x-request-id", request_id.encode()), (HOPS, b"%d" % (hops + 1))]
        self.content_length: int | None = None
        self.has_started = False
        self.sent_headers: list[tuple[bytes, bytes]] = scope["headers"]
        self._peer: tuple[str, str] = scope["client"]
        self._receive = receive
        self._send = send
        self._worker = worker
        self._limits = worker.limits
        self.has_left = False
        self._whole_headers: list[tuple[bytes, bytes]] | None = None
        self._arrival: asyncio.Future[Arrival | None] | None = None
        # What `receive()` gave and nobody has taken yet; the server's future, which can be cancelled and called back.
        self._pending: Any = None
        self._body_begun = False
        self._body_deadline: float | None = None
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._write_deadline: float | None = None
        self._begun_at = self._loop.time()
        self._opening: Opening | None = None
        # Which exchange this is. Anthropic's own header is what its clients show and Claude Code writes into its log.
        self._identity = [(b"x-request-id", request_id.encode())]
        if dialect == "messages":
            self._identity.append((b"request-id", request_id.encode()))
        # What every answer says once it is decided what the request leads to.
        self._decided: list[tuple[bytes, bytes]] = []
        # When the next sign of life is due; None while none is wanted.
        self._beat_at: float | None = None
        self._beating: asyncio.Task[None] | None = None

    # ── the request ──────────────────────────────────────────────────────────────────────────────────────────────────

    async def read_body(self) -> bytes:
        """The whole body.

        Raises `BodyTooLarge`, `BodyTimeout`, or `Malformed` when it breaks off.
        """
        limit = self._limits.max_body_bytes
        content_length = self.content_length
        if content_length is not None and content_length > limit:
            await self.discard_body(up_to=_OVERSIZE_READ_OUT * limit)
            raise BodyTooLarge(f"the request body is larger than {limit} bytes")
        self._body_begun = True
        data, more = await self._next_piece()
        if content_length is not None and len(data) == content_length:
            # The server has read all that the framing promised; its own "that was all" need not be waited for.
            return data
        pieces, size = [data], len(data)
        while more and size != content_length and size <= limit:
            data, more = await self._next_piece()
            pieces.append(data)
            size += len(data)
        if size > limit:
            raise BodyTooLarge(f"the request body is larger than {limit} bytes")
        return b"".join(pieces)

    async def _next_piece(self) -> tuple[bytes, bool]:
        self._pending = self._receive()
        self._body_deadline = self._loop.time() + self._limits.body_timeout
        try:
            message = await self._pending
        except asyncio.CancelledError:
            if self._body_deadline is None:
                raise BodyTimeout("the request body did not arrive in time") from None
            raise
        finally:
            self._pending = None
            self._body_deadline = None
        if message["type"] == "http.disconnect":
            # The server says the same for a client that left, who reads no answer, and for a chunked body that broke
            # its framing, whose sender does.
            raise Malformed("the request body ended before it was complete")
        return message["body"], message["more_body"]

    async def discard_body(self, *, up_to: int) -> None:
        """Reads a body that will not be used, if it is no larger than `up_to` bytes and none of it has been read.

        Otherwise the client, still sending, would get a reset before it reads why it was refused.
        """
        left = self.content_length or 0
        if self._body_begun or left > up_to:
            return
        self._body_begun = True
        with contextlib.suppress(BodyTimeout, Malformed, TimeoutError):
            async with asyncio.timeout(_DISCARD_SECONDS):
                while left > 0:
                    data, more = await self._next_piece()
                    left = left - len(data) if more else 0

    # ── the watch ────────────────────────────────────────────────────────────────────────────────────────────────────

    def tick(self, now: float) -> None:
        """Gives up on a body that is overdue; while the answer is being made, listens for the client's leaving.

        Gives a client that has waited long for a stream a sign of life.
        """
        if self._beat_at is not None and now > self._beat_at:
            self._beat(now)
        if self._body_deadline is not None:
            if now > self._body_deadline:
                self._body_deadline = None
                self._pending.cancel()
        elif self._write_deadline is not None and now > self._write_deadline:
            # The client has stopped reading; once its connection is gone, the write ends.
            self._write_deadline = None
            self._break_connection()
        elif self._pending is None and not self.has_left:
            self._listen()

    def _listen(self) -> None:
        self._pending = self._receive()
        self._pending.add_done_callback(self._heard)

    def _heard(self, pending: Any) -> None:
        if self._pending is not pending or pending.cancelled():
            return
        self._pending = None
        if pending.exception() is None and pending.result()["type"] == "http.request":
            # The server's "that was all" of a body which was whole already.
            self._listen()
            return
        self.has_left = True
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)

    # ── signs of life ────────────────────────────────────────────────────────────────────────────────────────────────

    def announce(self, decision: str, intent: str, work_class: str) -> None:
        """What was decided, which every answer says from now on."""
        self._decided = [
            (b"x-anvil-decision", decision.encode()),
            (b"x-anvil-intent", _header_value(intent)),
            (b"x-anvil-work-class", _header_value(work_class)),
        ]

    def expect(self, opening: Opening) -> None:
        """A stream will come; `opening` has what its client is told if it has to wait."""
        self._opening = opening
        if self._limits.heartbeat_after is not None:
            self._beat_at = self._begun_at + self._limits.heartbeat_after

    def _beat(self, now: float) -> None:
        if self.has_left or self._opening is None or (self._beating is not None and not self._beating.done()):
            return
        self._beat_at = now + self._limits.heartbeat_every
        data = self._opening.beat(is_late=now - self._begun_at > _LATE_SECONDS)
        if not data:
            # A tier's answer has begun, and is on its way here.
            return
        is_first, self.has_started = not self.has_started, True
        self._beating = self._loop.create_task(self._send_beat(data, is_first=is_first))

    async def _send_beat(self, data: bytes, *, is_first: bool) -> None:
        if is_first:
            # Who will answer is not known yet.
            await self._send_head(200, [*self._identity, *self._decided, *_STREAM])
        await self._write(data, last=False)

    async def _end_beats(self) -> None:
        """No more signs of life; the last one has been sent."""
        self._beat_at = None
        if self._beating is not None:
            beating, self._beating = self._beating, None
            await beating

    def expel(self) -> None:
        """Ends the exchange from outside: its task is cancelled, and what it has begun is broken off."""
        if self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """The exchange is over: nothing is listened for any more."""
        self._worker.watch.discard(self)
        if self._beating is not None:
            self._beating.cancel()
        if self._pending is not None:
            pending, self._pending = self._pending, None
            pending.cancel()

    # ── the answer ───────────────────────────────────────────────────────────────────────────────────────────────────

    def wait(self, arrival: asyncio.Future[Arrival | None]) -> asyncio.Future[Arrival | None]:
        """The future of what a tier sends next, which comes to None when the client leaves."""
        if self.has_left and not arrival.done():
            arrival.set_result(None)
        self._arrival = arrival
        return arrival

    async def start(self, head: Head) -> None:
        """Sends a stream's head, unless the client has it; keeps a whole answer's until its length is known."""
        await self._end_beats()
        if self.has_started:
            return
        tier = head.planned.replica.tier
        headers = [
            *self._identity,
            *self._decided,
            (b"x-anvil-tier", _header_value(tier.id)),
            (b"x-anvil-model", _header_value(tier.model or "")),
            (b"x-anvil-verified", head.verified.encode()),
            (b"x-anvil-attempts", b"%d" % head.number),
        ]
        if head.warnings:
            headers.append((b"x-anvil-warning", _header_value("; ".join(head.warnings))))
        if head.stream:
            await self._send_head(200, [*headers, *_STREAM])
        else:
            self._whole_headers = [*headers, _JSON]

    async def send(self, data: bytes, *, last: bool) -> None:
        """Sends part of the answer, and ends it with the last."""
        if self._whole_headers is not None:
            # A whole answer comes in one piece: only now is its length known.
            await self._send_head(200, [*self._whole_headers, (b"content-length", b"%d" % len(data))])
            self._whole_headers = None
        await self._write(data, last=last)

    async def respond(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Sends an answer of the router's own."""
        own = [*self._identity, (b"content-length", b"%d" % len(body))]
        await self._send_head(status, [*headers, *self._decided, *own])
        await self._write(body, last=True)

    async def abort(self, data: bytes) -> None:
        """Sends an answer's last bytes and breaks the connection, so that no client takes it for whole."""
        if self.has_left:
            return
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LAST_WORDS_SECONDS):
                    await self._end_beats()
                    await self._write(data, last=False)
            await asyncio.sleep(_FLUSH_SECONDS)
        finally:
            # Also when this task is cancelled meanwhile: to return before the break would end the stream cleanly.
            is_broken = self._break_connection()
        while not (is_broken or self.has_left):
            # The connection is there and could not be found, for want of descriptors most likely.
            await asyncio.sleep(_BREAK_AGAIN_SECONDS)
            is_broken = self._break_connection()

    def _break_connection(self) -> bool:
        is_broken = self._worker.connections.break_off((self._peer[0], int(self._peer[1])))
        if not (is_broken or self.has_left):
            _log.warning("%s: the client's connection could not be broken off", self.request_id)
        return is_broken

    async def _send_head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self.has_started = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def _write(self, data: bytes, *, last: bool) -> None:
        self._write_deadline = self._loop.time() + self._limits.send_timeout
        await self._send({"type": "http.response.body", "body": data, "more_body": not last})
        self._write_deadline = None

    async def break_off(self, error: RequestError) -> None:
        """Ends a running stream with the dialect's error event and breaks the connection."""
        await self.abort(b"" if self._opening is None else self._opening.fail(error.kind, str(error)))


def _header_value(text: str) -> bytes:
    """The text as a header may carry it. A tier's model may be named by its server, which may name it anything."""
    # Cut before it is remembered: a warning may name a member of any length.
    return _printable(text[:_HEADER_LIMIT])


@functools.lru_cache(maxsize=1024)
def _printable(text: str) -> bytes:
    return "".join(character if " " <= character <= "~" else "?" for character in text).encode()
