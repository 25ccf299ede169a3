"""The server in front of the application."""

from __future__ import annotations

import contextlib
import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from granian.constants import HTTPModes, Interfaces, TaskImpl
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer

from anvil_serving.edge.app import DRAIN_SIGNAL, load
from anvil_serving.router import Shared

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.config import Config

__all__ = ["serve"]

_log = logging.getLogger("anvil_serving.edge")

_CONNECTIONS = 65_536
"""Connections a worker takes; the system's limit of file descriptors is met first. There is no cap on streams."""
_BACKLOG = 4_096
_HEAD_BYTES = 256 * 1024
"""The most bytes of a request's head; also the server's read buffer."""
_KILL_SECONDS = 5
"""How long a worker gets, after its running answers have been broken off, until it is killed."""
_READY_SECONDS = 30.0


class _Server(MPServer):
    """granian, telling its workers when their time to drain begins."""

    def signal_handler_interrupt(self, *args: Any, **kwargs: Any) -> None:
        for worker in self.wrks:
            with contextlib.suppress(ProcessLookupError, TypeError):
                os.kill(worker.inner.pid, DRAIN_SIGNAL)
        super().signal_handler_interrupt(*args, **kwargs)  # type: ignore[no-untyped-call]

    def signal_handler_reload(self, *args: Any, **kwargs: Any) -> None:
        """SIGHUP says that the terminal is gone: an end like any other, until there is a configuration to read anew."""
        self.signal_handler_interrupt(*args, **kwargs)


def serve(config: Config, *, host: str, port: int, workers: int, on_ready: Callable[[], None] | None = None) -> None:
    """Serves until SIGTERM or SIGINT, then gives running answers `drain_timeout` seconds and returns.

    `on_ready` is called once, from another thread, when the first request would be answered.
    """
    server = _Server(
        "anvil_serving.edge.app:load",
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        # Every harness speaks HTTP/1.1; what the edge does to a broken answer's connection would hurt its neighbours
        # on 2.
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=int(config.server.header_timeout * 1_000), max_buffer_size=_HEAD_BYTES
        ),
        websockets=False,
        # Its other kind of task cannot be cancelled, which ends an exchange from outside.
        task_impl=TaskImpl.asyncio,
        backlog=_BACKLOG,
        backpressure=_CONNECTIONS,
        log_level=LogLevels.warning,
        log_access=False,
        respawn_failed_workers=True,
        workers_kill_timeout=int(config.server.drain_timeout) + _KILL_SECONDS,
    )
    if on_ready is not None:
        threading.Thread(target=_call_when_ready, args=(on_ready, host, port), daemon=True).start()
    if sys.platform == "linux":
        # Python 3.14 would start workers afresh; a fork shares this process's memory with them.
        multiprocessing.set_start_method("fork", force=True)
    # What the workers share with this process stays shared: a collection would write to every object's page.
    gc.collect()
    gc.freeze()
    # A worker takes it once its loop runs; before that, and here, it must not kill.
    signal.signal(DRAIN_SIGNAL, signal.SIG_IGN)
    shared = Shared.among(config.router, workers, clients=len(config.server.clients))
    try:
        server.serve(target_loader=partial(load, config, shared), wrap_loader=False)
    finally:
        shared.close()


def _call_when_ready(on_ready: Callable[[], None], host: str, port: int) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline:
        if _is_healthy(host, port):
            on_ready()
            return
        time.sleep(0.05)
    _log.warning("the router did not answer its own health check within %d s of its start", _READY_SECONDS)


def _is_healthy(host: str, port: int) -> bool:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not bound)
    try:
        with socket.create_connection((reachable, port), timeout=1) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: health\r\nconnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200 ")
    except OSError:
        return False
