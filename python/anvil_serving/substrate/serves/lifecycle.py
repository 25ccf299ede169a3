"""Serves are made, started, stopped and removed, one after the other; each command that is run is named."""

from __future__ import annotations

import shlex
import time
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.docker.compose import call_of, calls_compose
from anvil_serving.substrate.docker.container import Container, containers_on_port, inspect_containers
from anvil_serving.substrate.docker.docker import DockerForbidden, DockerMissing, DockerNotRunning, order

from .probe import Probe, listener, probe
from .readiness import wait_until_ready
from .survey import RUNS, STOPPED, ServeState, State, state_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anvil_serving.config import Serve
    from anvil_serving.substrate.manifest import Manifest

    Say = Callable[[str, float | None], None]
    """Gets what is being done, and which share of it is done where that is known."""

__all__ = ["Action", "Outcome", "UpWishes", "bring_down", "bring_up", "remove"]

Action = Literal["nothing", "make", "start", "unpause", "recreate", "stop", "remove"]


class CannotBeMade(StartupError):
    """A container is not there, or not in a state to be started, and nothing says how to make it."""


class PortTaken(StartupError):
    """Somebody else listens where a serve should."""


class StillRuns(StartupError):
    """A container that runs is not removed unasked."""


class UpWishes(Struct, frozen=True, kw_only=True):
    """How serves are to be brought up."""

    recreate: bool = False
    """Containers are removed first, and made anew."""
    wait: bool = True
    """Until each is healthy, before the next one is started."""
    timeout: float | None = None
    """Seconds that each may take; None: what the manifest says."""


class Plan(Struct, frozen=True, kw_only=True):
    """What a serve needs."""

    action: Action
    commands: tuple[tuple[str, ...], ...] = ()


class Outcome(Struct, frozen=True, kw_only=True):
    """What became of a serve."""

    name: str
    container: str
    action: Action
    commands: tuple[str, ...] = ()
    """What was run, or would be, as a shell would be told."""
    state: State
    """After it; before it where nothing was run."""
    seconds: float | None = None
    """From the first command until it was healthy."""
    error: str | None = None
    hint: str | None = None


def bring_up(
    manifest: Manifest, serves: Sequence[Serve], wishes: UpWishes, say: Say, *, dry_run: bool
) -> tuple[Outcome, ...]:
    """Starts serves in this order, each once the one before it is healthy: loading fills the machine's own memory too.

    One that fails is reported and keeps no other from its start. Raises where Docker itself cannot be used.
    """

    def one(serve: Serve, container: Container | None, state: ServeState) -> Outcome:
        plan = _plan_up(manifest, serve, state, wishes)
        if dry_run:
            return _outcome(serve, plan, state.state)
        return _up(serve, plan, container, wishes, say)

    return tuple(_guarded(serve, one) for serve in serves)


def bring_down(serves: Sequence[Serve], say: Say, *, dry_run: bool) -> tuple[Outcome, ...]:
    """Stops serves, the last one first, and removes nothing. Raises where Docker itself cannot be used."""

    def one(serve: Serve, _container: Container | None, state: ServeState) -> Outcome:
        stops = state.state in RUNS
        plan = Plan(action="stop", commands=(("docker", "stop", serve.container),)) if stops else Plan(action="nothing")
        return _performed(serve, plan, state, say, dry_run=dry_run)

    return tuple(_guarded(serve, one) for serve in reversed(serves))


def remove(serves: Sequence[Serve], say: Say, *, force: bool, dry_run: bool) -> tuple[Outcome, ...]:
    """Removes containers that are stopped, with `force` also those that run; never a volume."""

    def one(serve: Serve, _container: Container | None, state: ServeState) -> Outcome:
        if state.state in RUNS and not force:
            raise StillRuns(
                f"container {serve.container} is {state.state}", hint="stop it with `serves down`, or pass --force"
            )
        command = ("docker", "rm", *(("-f",) if state.state in RUNS else ()), serve.container)
        is_there = state.state in RUNS | STOPPED
        plan = Plan(action="remove", commands=(command,)) if is_there else Plan(action="nothing")
        return _performed(serve, plan, state, say, dry_run=dry_run)

    return tuple(_guarded(serve, one) for serve in serves)


def _guarded(serve: Serve, one: Callable[[Serve, Container | None, ServeState], Outcome]) -> Outcome:
    """The outcome of a step for one serve, its failure included."""
    container, state = _look(serve)
    try:
        return one(serve, container, state)
    except (DockerMissing, DockerNotRunning, DockerForbidden):
        raise
    except StartupError as error:
        _, after = _look(serve)
        return Outcome(
            name=serve.name,
            container=serve.container,
            action="nothing",
            state=after.state,
            error=str(error),
            hint=error.hint,
        )


def _look(serve: Serve) -> tuple[Container | None, ServeState]:
    container = inspect_containers([serve.container]).get(serve.container)
    # What is paused takes a connection, and answers none.
    answers = container is None or container.status == "running"
    return container, state_of(serve, container, probe(serve) if answers else Probe())


def _plan_up(manifest: Manifest, serve: Serve, state: ServeState, wishes: UpWishes) -> Plan:
    call = call_of(manifest, serve) if serve.compose is not None else None
    make = call.up() if call is not None else manifest.up_command(serve)
    is_compose = make is not None and calls_compose(make)
    if wishes.recreate or state.state == "dead":
        return _plan_anew(serve, state, make)
    if state.state == "removing":
        raise CannotBeMade(f"container {serve.container} is being removed", hint="try again in a moment")
    if state.state == "paused":
        unpause = ("docker", "unpause", serve.container)
        # Compose starts no container that is paused.
        return Plan(action="unpause", commands=(unpause, make) if make is not None and is_compose else (unpause,))
    is_there = state.state in RUNS | STOPPED
    # Compose itself finds out whether the container is as its file says, and does nothing where it is.
    if make is not None and (is_compose or not is_there):
        return Plan(action="start" if is_there else "make", commands=(make,))
    if not is_there:
        raise _cannot_be_made(serve, "is not there")
    if state.state in RUNS:
        return Plan(action="nothing")
    return Plan(action="start", commands=(("docker", "start", serve.container),))


def _plan_anew(serve: Serve, state: ServeState, make: tuple[str, ...] | None) -> Plan:
    if make is None:
        raise _cannot_be_made(serve, "cannot be made anew")
    if state.state in RUNS | STOPPED:
        return Plan(action="recreate", commands=(("docker", "rm", "-f", serve.container), make))
    return Plan(action="make", commands=(make,))


def _cannot_be_made(serve: Serve, why: str) -> CannotBeMade:
    return CannotBeMade(
        f"container {serve.container} {why}: the manifest does not say how it is made",
        hint=f"give serve {serve.name} `compose` with its compose file, or `up` with a command",
    )


def _up(serve: Serve, plan: Plan, before: Container | None, wishes: UpWishes, say: Say) -> Outcome:
    if before is None or before.status not in ("running", "paused", "restarting"):
        _check_port(serve)
    begun = time.monotonic()
    for command in plan.commands:
        say(f"{serve.name}: {printable(shlex.join(command))}", None)
        order(command, lambda line: say(f"{serve.name}: {printable(line.strip())}", None) if line.strip() else None)
    seconds = serve.ready_timeout if wishes.timeout is None else wishes.timeout
    if wishes.wait:
        state = wait_until_ready(serve, seconds, say)
    else:
        _, state = _look(serve)
    after = inspect_containers([serve.container]).get(serve.container)
    if _is_same(before, after):
        # Compose was asked, and found nothing to do.
        return _outcome(serve, Plan(action="nothing", commands=plan.commands), state.state)
    remade = before is not None and after is not None and before.id != after.id
    plan = Plan(action="recreate", commands=plan.commands) if remade else plan
    outcome = _outcome(serve, plan, state.state)
    return msgspec.structs.replace(outcome, seconds=time.monotonic() - begun) if wishes.wait else outcome


def _is_same(before: Container | None, after: Container | None) -> bool:
    """Whether a container is the one that ran before, and was not started since."""
    if before is None or after is None:
        return False
    return (before.id, before.started_at, before.status) == (after.id, after.started_at, after.status)


def _check_port(serve: Serve) -> None:
    others = [name for name in containers_on_port(serve.port) if name != serve.container]
    owner = f"container {', '.join(others)}" if others else listener(serve)
    if owner is not None:
        raise PortTaken(
            f"port {serve.port} of {serve.host}, which serve {serve.name} needs, is taken by {owner}",
            hint=f"`docker stop {others[0]}` frees it"
            if others
            else "end that program, or give the serve another port",
        )


def _performed(serve: Serve, plan: Plan, state: ServeState, say: Say, *, dry_run: bool) -> Outcome:
    if dry_run or not plan.commands:
        return _outcome(serve, plan, state.state)
    for command in plan.commands:
        say(f"{serve.name}: {printable(shlex.join(command))}", None)
        order(command, lambda _line: None)
    _, after = _look(serve)
    return _outcome(serve, plan, after.state)


def _outcome(serve: Serve, plan: Plan, state: State) -> Outcome:
    return Outcome(
        name=serve.name,
        container=serve.container,
        action=plan.action,
        commands=tuple(shlex.join(command) for command in plan.commands),
        state=state,
    )
