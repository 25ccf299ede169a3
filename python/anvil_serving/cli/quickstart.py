"""`anvil-serving quickstart`: the router before a small real model, without a configuration."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from .output import say
from .progress import showing_progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from anvil_serving.substrate.embedded.engine import EmbeddedEngine

__all__ = ["quickstart"]


def quickstart(
    host: Annotated[str, typer.Option(help="Address to listen on; other machines are never let in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 takes a free one.")] = 8000,
) -> None:
    """Serve a small embedded model on this machine: no GPU, no engine, no network.

    It proves the path from your harness to a model and back; for real work, write a configuration and use `serve`.
    Needs `pip install 'anvil-serving[embedded]'`. Ctrl-C ends the router and the model.
    """
    from anvil_serving.config import is_loopback  # noqa: PLC0415 - not for `--version`
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.substrate.embedded.engine import EmbeddedEngine  # noqa: PLC0415
    from anvil_serving.substrate.serve import claim_address  # noqa: PLC0415

    # Before the model is loaded: these fail at once or not at all.
    host, port = claim_address(host, port)
    if not is_loopback(host):
        raise StartupError(f"{host} can be reached from other machines", hint="quickstart serves this machine alone")
    with _interrupted_by_sigterm(), showing_progress() as progress:
        engine = EmbeddedEngine.start(progress=progress)
    with engine:
        _serve(engine, host, port)
    if engine.failure is not None:
        say(f"error: {engine.failure}\nhint: {engine.failure.hint}")
        raise typer.Exit(1)


def _serve(engine: EmbeddedEngine, host: str, port: int) -> None:
    from anvil_serving import edge  # noqa: PLC0415 - not for `--version`
    from anvil_serving.substrate.quickstart import quickstart_config, recipes  # noqa: PLC0415

    config = quickstart_config(engine)
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def announce() -> None:
        typer.echo(f"serving {engine.model} on {address}\n\n{recipes(address)}")
        say("Ctrl-C ends it.")
        sys.stdout.flush()

    engine.supervise(
        on_event=say,
        # The server drains on SIGTERM, as if a person had ended it; the failure is told when it has returned.
        on_failure=lambda _failure: os.kill(os.getpid(), signal.SIGTERM),
    )
    edge.serve(config, host=host, port=port, workers=1, on_ready=announce)


@contextlib.contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """SIGTERM ends this as Ctrl-C does, through every `finally`; by itself it would kill Python on the spot."""

    def interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
