"""The ASGI application: one a worker."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import itertools
import logging
import os
import re
import secrets
import signal
from typing import TYPE_CHECKING

from anvil_serving.config import resolve_secrets
from anvil_serving.edge.auth import Auth
from anvil_serving.edge.connection import Connections
from anvil_serving.edge.exchange import HOPS, Exchange, Worker
from anvil_serving.edge.headers import received_headers
from anvil_serving.edge.limits import Limits
from anvil_serving.edge.routes import Routes, dialect_of
from anvil_serving.edge.watch import Watch
from anvil_serving.errors import (
    BudgetSpent,
    Exhausted,
    Internal,
    Malformed,
    MethodNotAllowed,
    RequestError,
    RoutedInCircles,
    Unauthenticated,
    UnknownRoute,
    UpgradeRefused,
)
from anvil_serving.router import Router, error_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving.config import Client, Config, Secret
    from anvil_serving.edge.exchange import Receive, Scope, Send
    from anvil_serving.edge.routes import Route
    from anvil_serving.router import Caller, Shared

__all__ = ["DRAIN_SIGNAL", "App", "load"]

_log = logging.getLogger("anvil_serving.edge")

DRAIN_SIGNAL = signal.SIGUSR1
"""What the parent sends its workers when it is told to end: running answers have `drain_timeout` seconds from then
on."""

_REFUSED_BODY_BYTES = 1024 * 1024
"""A refused request's body up to this size is read and dropped before the refusal is sent."""

_M_MMAP_THRESHOLD = -3
"""mallopt(3)."""
_MAPPED_BYTES = 256 * 1024
_PARENT_CHECK_SECONDS = 1.0
_MOST_HOPS = 4
_HOPS_DIGITS = 3

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class App:
    """Takes exchanges from the server and hands them to their routes."""

    def __init__(self, config: Config, shared: Shared | None = None) -> None:
        """`shared`: what the workers have in common; None: there is one."""
        self._config = config
        self._shared = shared
        self._limits = Limits(
            config.server.max_body_bytes,
            config.server.body_timeout,
            heartbeat_after=config.router.window.heartbeat_seconds,
            heartbeat_every=config.router.window.heartbeat_every,
        )
        self._secrets = resolve_secrets(config, os.environ)
        self._draining: asyncio.Task[None] | None = None
        # Unique, not secret: random once a worker, counted from there.
        self._id_prefix = secrets.token_hex(8)
        self._exchange_numbers = itertools.count(1)
        # Made in the lifespan, in the worker's own process and loop.
        self._auth: Auth
        self._router: Router
        self._worker: Worker
        self._routes: Routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI entry point."""
        if scope["type"] == "http":
            await self._exchange(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    # ── a worker's life ──────────────────────────────────────────────────────────────────────────────────────────────

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                self._stop()
                await send({"type": "lifespan.shutdown.complete"})
                return
            try:
                self._start()
            except Exception as error:  # noqa: BLE001 (whatever it is, it must not be served around)
                # Told to the server and not raised: it would go on without what was not started.
                _log.exception("the worker cannot start")
                await send({"type": "lifespan.startup.failed", "message": f"the worker cannot start: {error}"})
                return
            await send({"type": "lifespan.startup.complete"})

    def _start(self) -> None:
        self._worker = Worker(self._limits, Watch(), Connections())
        self._router = Router(self._config, self._secrets.tiers, self._shared)
        self._auth = Auth(self._secrets.server, [self._client(client) for client in self._config.server.clients])
        self._routes = Routes(self._router, self._auth)
        self._router.start()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(DRAIN_SIGNAL, self._drain)
        loop.call_later(_PARENT_CHECK_SECONDS, self._check_parent, os.getppid())

    def _client(self, client: Client) -> tuple[Caller, Secret | bytes]:
        """A client's rights, and its token or that one's hash."""
        hashed = client.auth_sha256
        token = self._secrets.clients[client.name] if hashed is None else bytes.fromhex(hashed)
        return self._router.caller(client), token

    def _stop(self) -> None:
        self._worker.watch.close()
        self._worker.connections.close()
        self._router.close()

    def _check_parent(self, parent: int) -> None:
        """Ends a worker whose parent is gone: nobody else would, and it would keep the port."""
        if os.getppid() != parent:
            _log.warning("the server's parent process is gone: the worker drains and ends")
            os.kill(os.getpid(), signal.SIGTERM)
            self._drain()
            return
        asyncio.get_running_loop().call_later(_PARENT_CHECK_SECONDS, self._check_parent, parent)

    def _drain(self) -> None:
        self._draining = asyncio.get_running_loop().create_task(self._drain_exchanges())

    async def _drain_exchanges(self) -> None:
        """Gives running answers their time, then ends each with an error event rather than with silence."""
        await asyncio.sleep(self._config.server.drain_timeout)
        late = [exchange for exchange in self._worker.watch.running() if isinstance(exchange, Exchange)]
        if late:
            _log.warning("%d answers were still running at the end of drain_timeout and are broken off", len(late))
        for exchange in late:
            exchange.expel()

    # ── an exchange's life ───────────────────────────────────────────────────────────────────────────────────────────

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = received_headers(scope["headers"])
        route = self._routes.find(scope["path"])
        answer_id = f"{self._id_prefix}{next(self._exchange_numbers):08x}"
        exchange = Exchange(
            scope,
            receive,
            send,
            self._worker,
            dialect=(route.dialect if route is not None else None) or dialect_of(scope["path"], headers),
            request_id=_request_id(headers) or f"req_{answer_id}",
            answer_id=answer_id,
            request_headers=headers,
            hops=_hops(headers),
        )
        self._worker.watch.add(exchange)
        try:
            await self._serve(scope, headers, route, exchange)
        except RequestError as error:
            await _refuse(exchange, error)
        except asyncio.CancelledError:
            # 503 and not 500: the next process answers the same request.
            await _refuse(exchange, Exhausted("the router is shutting down", retry_after=1))
        except Exception:  # noqa: BLE001 (whatever it is, the caller gets an answer and the log a traceback)
            _log.exception("%s: the router failed", exchange.request_id)
            await _refuse(exchange, Internal("the router failed; its log says why"))
        finally:
            exchange.close()

    async def _serve(
        self, scope: Scope, headers: Mapping[bytes, bytes], route: Route | None, exchange: Exchange
    ) -> None:
        """Checks the caller, before anything is done for it, then hands the exchange to its route."""
        exchange.content_length = _content_length(headers)
        if exchange.hops >= _MOST_HOPS:
            _log.error("%s: a tier leads back to this router: check the tiers' base_url", exchange.request_id)
            raise RoutedInCircles("a tier of the router leads back to the router")
        if route is None or route.is_protected:
            exchange.caller = self._auth.check(headers)
            if scope["method"] == "POST":
                self._router.rates.take(exchange.caller)
        if route is None:
            raise UnknownRoute(f"nothing is served at {scope['path'][:200]}")
        method = scope["method"]
        handler = route.handlers.get("GET" if method == "HEAD" else method)
        if handler is not None:
            await handler(exchange)
        elif method == "OPTIONS":
            await exchange.respond(204, [(b"allow", route.allow.encode())], b"")
        elif b"upgrade" in headers:
            raise UpgradeRefused("this path is not served over a WebSocket: send the request with POST")
        else:
            raise MethodNotAllowed(f"this path takes {route.allow}, not {method[:20]}", allow=route.allow)


def load(config: Config, shared: Shared | None = None) -> App:
    """The application of one worker; called in the worker's process."""
    _give_large_buffers_back()
    return App(config, shared)


def _give_large_buffers_back() -> None:
    """Has glibc map bodies instead of keeping what they took: a burst of large requests otherwise stays resident."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


async def _refuse(exchange: Exchange, error: RequestError) -> None:
    """Answers with an error, as far as that is still possible."""
    if exchange.has_started:
        await exchange.break_off(error)
        return
    await exchange.discard_body(up_to=_REFUSED_BODY_BYTES)
    headers = [(b"content-type", b"application/json")]
    if error.retry_after is not None:
        headers.append((b"retry-after", b"%d" % error.retry_after))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    if isinstance(error, BudgetSpent):
        # What the vendors' SDKs ask before they try again. Others go by `Retry-After`.
        headers.append((b"x-should-retry", b"false"))
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b"Bearer"))
    body = error_answer(error, exchange.dialect, exchange.request_id)
    await exchange.respond(error.status, headers, body)


def _request_id(headers: Mapping[bytes, bytes]) -> str | None:
    """The caller's id, if it is one that can stand in a log and a header."""
    given = headers.get(b"x-request-id")
    return given.decode() if given is not None and _SANE_REQUEST_ID.fullmatch(given) else None


def _hops(headers: Mapping[bytes, bytes]) -> int:
    """How many routers the request has passed; a header that is no small number says the most there can be."""
    said = headers.get(HOPS)
    if said is None:
        return 0
    return int(said) if said.isdigit() and len(said) < _HOPS_DIGITS else _MOST_HOPS


def _content_length(headers: Mapping[bytes, bytes]) -> int | None:
    """The body's announced size; None for a chunked body. The server has refused sizes that are not one number.

    Raises `Malformed` for an encoding nobody asked for: no harness compresses, and a decoder is one more way in.
    """
    transfer = headers.get(b"transfer-encoding")
    if transfer is not None and transfer.strip().lower() != b"chunked":
        raise Malformed("a request body may be sent in chunks, but in no other transfer encoding")
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Malformed("a compressed request body is not accepted: send it as it is")
    length = headers.get(b"content-length")
    if length is not None and not length.isdigit():
        raise Malformed("the length of a request body is said once")
    return int(length) if length is not None and transfer is None else None
