"""The embedded default engine (extra `embedded`): a small real model for a machine that has no engine."""

from __future__ import annotations

import importlib.util
import os
import sys
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING

from anvil_serving.files import own_folder

from .child import Child
from .model_file import default_folder, not_installed, prepare_model_file
from .server import CONTEXT_LIMIT, MODEL
from .supervisor import RestartPolicy, Supervisor

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable
    from pathlib import Path
    from types import TracebackType

    from anvil_serving.errors import StartupError

__all__ = ["EmbeddedEngine"]


_NAME = "the embedded engine"
_READY_SECONDS = 120.0
"""Loading takes two seconds from a warm disk; a cold and slow one reads 250 MB in a minute."""
_GRACE_SECONDS = 3.0


class EmbeddedEngine:
    """Gemma 3 270M behind llama.cpp's server on a loopback port, in a child process.

    Takes about 0.65 GB of memory, of which 0.26 GB are the weights' pages in the file cache. The model is the
    pretrained one, not the instruction-tuned: it continues text. It proves that the whole path works; it does not write
    software.
    """

    def __init__(self, child: Child, model_file: Path) -> None:
        self._model_file = model_file
        self._child = child
        self._port = child.port
        self._supervisor: Supervisor | None = None

    @classmethod
    def start(
        cls,
        *,
        progress: Callable[[str, float | None], None] = lambda _doing, _done: None,
        folder: Path | None = None,
        port: int = 0,
        ready_seconds: float = _READY_SECONDS,
    ) -> EmbeddedEngine:
        """Write the model file to `folder` if need be, start the server on `port` (0: any) and wait until it answers.

        Raises `StartupError`: extra not installed, model file not writable, engine dead or late.
        """
        if importlib.util.find_spec("xllamacpp") is None:
            raise not_installed()
        model_file = prepare_model_file(folder or default_folder(), progress)
        progress(f"loading {MODEL}", None)
        child = Child.launch(_NAME, _command(model_file, port), log=_log(), ready_seconds=ready_seconds)
        progress(f"{MODEL} is ready", 1.0)
        return cls(child, model_file)

    @property
    def base_url(self) -> str:
        """The server's address, without `/v1`. It stays the same over restarts."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def model(self) -> str:
        """The model name that the server lists."""
        return MODEL

    @property
    def context_limit(self) -> int:
        """Tokens of prompt and answer together, for each of the requests that run at once."""
        return CONTEXT_LIMIT

    @property
    def pid(self) -> int:
        """The process id of the child that runs now."""
        return self._running.pid

    @property
    def failure(self) -> StartupError | None:
        """Why the engine is gone for good; None while it serves or is being restarted."""
        return self._supervisor.failure if self._supervisor is not None else None

    def is_healthy(self) -> bool:
        """Whether the server answers its health probe within two seconds."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=2.0)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def supervise(
        self,
        *,
        on_event: Callable[[str], None],
        on_failure: Callable[[StartupError], None],
        policy: RestartPolicy | None = None,
    ) -> None:
        """From now on, restart the engine when it crashes or hangs, on the same port; see `Supervisor`."""
        self._supervisor = Supervisor(
            self._child,
            relaunch=self._relaunch,
            is_healthy=self.is_healthy,
            policy=policy or RestartPolicy(),
            on_event=on_event,
            on_failure=on_failure,
        )
        self._supervisor.start()

    def stop(self) -> None:
        """End the engine; returns when its process is gone. May be called twice."""
        if self._supervisor is not None:
            self._supervisor.stop(grace=_GRACE_SECONDS)
        else:
            self._child.stop(grace=_GRACE_SECONDS)

    def __enter__(self) -> EmbeddedEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def _running(self) -> Child:
        return self._supervisor.child if self._supervisor is not None else self._child

    def _relaunch(self, cancel: threading.Event) -> Child:
        return Child.launch(
            _NAME,
            _command(self._model_file, self._port),
            log=self._child.log,
            ready_seconds=_READY_SECONDS,
            cancel=cancel,
        )


def _command(model_file: Path, port: int) -> list[str]:
    entry = "anvil_serving.substrate.embedded.server"
    # -P: a json.py in the folder a person happens to be in must not be imported.
    return [sys.executable, "-P", "-m", entry, str(model_file), str(port), str(os.getpid())]


def _log() -> Path:
    """In the user's state folder (XDG Base Directory Specification): one file, so that nothing piles up."""
    return own_folder(os.environ, "XDG_STATE_HOME") / "embedded.log"
