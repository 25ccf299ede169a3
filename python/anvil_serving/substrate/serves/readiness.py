"""A serve that has been started is waited for: until it is healthy, it has failed, or its time is up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from anvil_serving.errors import StartupError
from anvil_serving.layout import duration, printable
from anvil_serving.substrate.docker.container import inspect_containers
from anvil_serving.substrate.docker.docker import ask

from .probe import probe
from .survey import ServeState, state_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.config import Serve
    from anvil_serving.substrate.docker.container import Container

__all__ = ["NotReady", "StartFailed", "wait_until_ready"]

_FIRST_PAUSE: Final = 0.25
_PAUSE: Final = 2.0
"""Seconds between two looks: the first ones are soon, for what starts at once."""
_TELL_SECONDS: Final = 5.0
"""How often it is told what the container last said."""
_RESTARTS: Final = 3
"""Restarts of a container that has been started once after which it is taken to fail each time."""
_ENDED_LOOKS: Final = 3
"""Looks in a row that find a container ended, after which Docker is taken not to start it again."""
_LAST_LINES: Final = 5


class StartFailed(StartupError):
    """A container was started, and ended by itself."""


class NotReady(StartupError):
    """A container runs, and was not healthy in time."""


def wait_until_ready(serve: Serve, seconds: float, say: Callable[[str, float | None], None]) -> ServeState:
    """Looks at a serve until it runs and is healthy. Raises `StartFailed`, and `NotReady` after `seconds`."""
    begun = time.monotonic()
    pause, told, restarts, ended = _FIRST_PAUSE, begun, None, 0
    while True:
        container = inspect_containers([serve.container]).get(serve.container)
        state = state_of(serve, container, probe(serve))
        if state.state == "running":
            return state
        restarts = state.restarts if restarts is None else restarts
        ended = ended + 1 if state.state in ("exited", "dead") else 0
        _check_alive(serve, container, restarts, ended)
        now = time.monotonic()
        if now - begun >= seconds:
            raise NotReady(
                f"serve {serve.name} is {state.state} after {seconds:g} s{_last_lines(serve)}",
                hint=f"it goes on loading; `serves logs {serve.name}`, `serves status`, or a longer --timeout",
            )
        if now - told >= _TELL_SECONDS:
            told = now
            say(f"{serve.name}: {state.state} for {duration(now - begun)}{_last_line(serve)}", (now - begun) / seconds)
        time.sleep(min(pause, max(0.0, begun + seconds - now)))
        pause = min(_PAUSE, pause * 1.5)


def _check_alive(serve: Serve, container: Container | None, restarts: int, ended: int) -> None:
    """Raises where it will not become healthy; `restarts` it had at first, and so many looks found it `ended`."""
    if container is None:
        raise StartFailed(
            f"serve {serve.name} was started, and there is no container {serve.container}",
            hint=f"name the service's container with `container_name: {serve.container}`, or correct the manifest",
        )
    has_ended = ended >= (_ENDED_LOOKS if container.restarts_itself else 1)
    # While it runs once more, Docker does not tell how it ended.
    is_between = container.status != "running" and container.restarts - restarts >= _RESTARTS
    if not has_ended and not is_between:
        return
    how = "ran out of memory" if container.out_of_memory else f"ended with exit code {container.exit_code}"
    again = "" if has_ended else ", each time that it was started again,"
    raise StartFailed(
        f"container {serve.container} {how}{again} after its start{_last_lines(serve)}",
        hint=f"`serves logs {serve.name} --tail 100` shows more",
    )


def _last_lines(serve: Serve) -> str:
    lines = _log(serve, _LAST_LINES)
    return "; the last that it said:\n" + "\n".join(f"  {line}" for line in lines) if lines else ""


def _last_line(serve: Serve) -> str:
    lines = _log(serve, 1)
    return f": {lines[-1][:120]}" if lines else ""


def _log(serve: Serve, lines: int) -> list[str]:
    output = ask(("logs", "--tail", f"{lines}", serve.container))
    # What it wrote to stderr comes apart from what it wrote to stdout; a crash is told on stderr.
    told = [*output.out.splitlines(), *output.err.splitlines()]
    return [printable(line.strip()) for line in told if line.strip()][-lines:]
