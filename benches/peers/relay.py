"""The Python peer: an ASGI app that forwards to one upstream over asyncio streams. Nothing of a body is parsed.

It answers the question "what does granian plus asyncio cost before a router does anything", so it has no deadline and
no check. Started as `granian --interface asgi relay:app` with `UPSTREAM_PORT` set.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

HOST = "127.0.0.1"
PORT = int(os.environ["UPSTREAM_PORT"])
MAX_BODY = 16 * 1024 * 1024
READ_SIZE = 64 * 1024
# What concerns one connection only (RFC 9110 section 7.6.1).
HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"host"})

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Piece = tuple[bytes, bool]
Headers = list[tuple[bytes, bytes]]
idle: list[Connection] = []


async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await lifespan(receive, send)
        return
    body = await read_body(receive)
    head = request_head(scope["method"], scope["path"], scope["headers"], len(body))
    connection, status, headers = await exchange_heads(head + body)
    reusable = False
    try:
        forwarded = [(name, value) for name, value in headers if name not in HOP_BY_HOP]
        await send({"type": "http.response.start", "status": status, "headers": forwarded})
        async for data, more in response_body(connection[0], dict(headers)):
            await send({"type": "http.response.body", "body": data, "more_body": more})
        reusable = True
    finally:
        if reusable:
            idle.append(connection)
        else:
            connection[1].close()


async def lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": message["type"] + ".complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def read_body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client left inside its request")
        data: bytes = message["body"]
        body += data
        if len(body) > MAX_BODY:
            raise ValueError("request body too large")
        if not message["more_body"]:
            return body


def request_head(method: str, path: str, headers: Iterable[tuple[bytes, bytes]], length: int) -> bytes:
    own = HOP_BY_HOP | {b"content-length"}
    kept = b"".join(b"%b: %b\r\n" % pair for pair in headers if pair[0] not in own)
    line = f"{method} {path} HTTP/1.1\r\nhost: {HOST}:{PORT}\r\ncontent-length: {length}\r\n"
    return line.encode() + kept + b"\r\n"


async def exchange_heads(request: bytes) -> tuple[Connection, int, Headers]:
    """Send the request; a kept connection that turns out to be closed is replaced."""
    while True:
        kept = bool(idle)
        reader, writer = connection = idle.pop() if kept else await asyncio.open_connection(HOST, PORT, limit=READ_SIZE)
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()
            if not kept:
                raise
            continue
        except BaseException:
            writer.close()
            raise
        status_line, *lines = head[:-4].split(b"\r\n")
        headers = [(name.lower(), value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
        return connection, int(status_line.split(b" ")[1]), headers


async def response_body(reader: asyncio.StreamReader, headers: dict[bytes, bytes]) -> AsyncIterator[Piece]:
    """Pieces of the body; the last one, and no other, has no more after it."""
    if headers.get(b"transfer-encoding") == b"chunked":
        async for piece in chunks(reader):
            yield piece
        return
    left = int(headers[b"content-length"])
    while True:
        data = await reader.read(min(left, READ_SIZE)) if left else b""
        if left and not data:
            raise ConnectionError("the upstream closed inside an answer")
        left -= len(data)
        yield data, left > 0
        if not left:
            return


async def chunks(reader: asyncio.StreamReader) -> AsyncIterator[Piece]:
    """Whatever has arrived, without its chunked framing (RFC 9112 section 7.1), as one piece."""
    buffer = b""
    while True:
        pieces, at = [], 0
        while (line_end := buffer.find(b"\r\n", at)) >= 0:
            size = int(buffer[at:line_end].partition(b";")[0], 16)
            chunk_end = line_end + 2 + size
            if len(buffer) < chunk_end + 2:
                break
            pieces.append(buffer[line_end + 2 : chunk_end])
            at = chunk_end + 2
            if size == 0:
                break
        done = bool(pieces) and not pieces[-1]
        buffer = buffer[at:]
        data = b"".join(pieces)
        if data or done:
            yield data, not done
        if done:
            return
        more = await reader.read(READ_SIZE)
        if not more:
            raise ConnectionError("the upstream closed inside an answer")
        buffer += more
