"""How the serves of a manifest are: what Docker says of their containers, and what their ports answer."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable
from anvil_serving.substrate.docker.compose import ComposeCall, ComposeService, call_of, describe, would_recreate
from anvil_serving.substrate.docker.container import Container, containers_on_port, image_ids, inspect_containers
from anvil_serving.substrate.gpus import list_gpus

from .drift import Drift, Wanted, drift_of
from .probe import Probe, probe, url_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anvil_serving.config import Serve
    from anvil_serving.substrate.manifest import Manifest

__all__ = ["RUNS", "STOPPED", "ServeState", "State", "Survey", "state_of", "survey"]

State = Literal[
    "running",
    "starting",
    "unhealthy",
    "paused",
    "restarting",
    "created",
    "exited",
    "dead",
    "removing",
    "absent",
    "reachable",
    "unknown",
]
"""`running`: its container runs, and is healthy. `starting`: it runs, and may yet become so. `reachable`: its port
answers, and no container that Docker knows is its own. `unknown`: Docker cannot be asked, and its port is silent."""

RUNS: Final[frozenset[State]] = frozenset({"running", "starting", "unhealthy", "paused", "restarting"})
"""A container holds memory of its card, and its port."""
STOPPED: Final[frozenset[State]] = frozenset({"created", "exited", "dead"})
"""A container is there, and holds nothing but disk."""

_AT_ONCE: Final = 8


class ServeState(Struct, frozen=True, kw_only=True):
    """How one serve is."""

    name: str
    container: str
    state: State
    url: str
    health_status: int | None
    """HTTP status of its health path; None where nobody answered."""
    models: tuple[str, ...] = ()
    """What it says that it serves."""
    image: str | None = None
    exit_code: int | None = None
    restarts: int = 0
    running_seconds: float | None = None
    drift: tuple[Drift, ...] = ()
    notes: tuple[str, ...] = ()
    """What else a person should know, each a sentence."""


class Survey(Struct, frozen=True, kw_only=True):
    """How all of them are."""

    serves: tuple[ServeState, ...]
    docker_error: str | None = None
    """Why Docker could not be asked; then only the ports were."""
    docker_hint: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether every serve runs as its manifest says; where Docker cannot be asked, whether every one answers."""
        well = {"running"} if self.docker_error is None else {"running", "reachable"}
        return all(serve.state in well and not serve.drift for serve in self.serves)


def survey(manifest: Manifest, serves: Sequence[Serve]) -> Survey:
    """Looks at these serves, their drift included. Without Docker, at their ports alone; raises nothing of that."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        probes = list(pool.map(probe, serves))
    try:
        containers = inspect_containers([serve.container for serve in serves])
    except StartupError as error:
        found = tuple(
            _without_container(serve, answer, "unknown") for serve, answer in zip(serves, probes, strict=True)
        )
        return Survey(serves=found, docker_error=str(error), docker_hint=error.hint)
    expectations, notes = _expectations(manifest, serves)
    states = []
    for serve, answer in zip(serves, probes, strict=True):
        container = containers.get(serve.container)
        state = state_of(serve, container, answer)
        if container is not None:
            drift = drift_of(serve, container, answer, expectations[serve.name])
            state = msgspec.structs.replace(state, drift=_confirmed(drift, call_of(manifest, serve), container))
        elif state.state == "reachable" and (others := containers_on_port(serve.port)):
            note = f"port {serve.port} is container {', '.join(others)}'s"
            state = msgspec.structs.replace(state, state="absent", models=(), health_status=None, notes=(note,))
        states.append(msgspec.structs.replace(state, notes=(*state.notes, *notes.get(serve.name, ()))))
    return Survey(serves=tuple(states))


def state_of(serve: Serve, container: Container | None, answer: Probe) -> ServeState:
    """How a serve is, without its drift."""
    if container is None:
        notes = ("the port answers, but no container of this name does",) if answer.is_reachable else ()
        return msgspec.structs.replace(_without_container(serve, answer, "absent"), notes=notes)
    runs = container.status == "running"
    since = max(0.0, time.time() - container.started_at) if runs and container.started_at is not None else None
    state = _running(serve, container, answer, since) if runs else _known(container.status)
    return ServeState(
        name=serve.name,
        container=serve.container,
        state=state,
        url=url_of(serve),
        health_status=answer.health_status,
        models=answer.models if runs else (),
        image=container.image or None,
        exit_code=container.exit_code if state in ("exited", "dead", "restarting") else None,
        restarts=container.restarts,
        running_seconds=since,
        notes=tuple(_notes(serve, container, answer, state)),
    )


def _without_container(serve: Serve, answer: Probe, otherwise: State) -> ServeState:
    """What the port alone says; `otherwise` where nobody answers there."""
    return ServeState(
        name=serve.name,
        container=serve.container,
        state="reachable" if answer.is_reachable else otherwise,
        url=url_of(serve),
        health_status=answer.health_status,
        models=answer.models,
    )


def _known(status: str) -> State:
    words: tuple[State, ...] = ("created", "paused", "restarting", "removing", "exited", "dead")
    return next((word for word in words if word == status), "unknown")


def _running(serve: Serve, container: Container, answer: Probe, since: float | None) -> State:
    if container.health == "unhealthy":
        return "unhealthy"
    if container.health != "starting" and answer.is_healthy:
        return "running"
    # Without a start that is known, it may have started just now.
    return "starting" if since is None or since < serve.ready_timeout else "unhealthy"


def _notes(serve: Serve, container: Container, answer: Probe, state: State) -> list[str]:
    notes = []
    if container.out_of_memory:
        notes.append("the kernel ended it because its memory was used up")
    if container.error and state in STOPPED:
        notes.append(f"Docker could not start it: {printable(container.error)}")
    if state == "unhealthy" and container.health == "unhealthy":
        said = f", which said: {printable(container.health_said)}" if container.health_said else ""
        also = f", though {serve.health} answers {answer.health_status}" if answer.is_healthy else ""
        notes.append(f"the health check of its image or compose file fails{also}{said}")
    elif state == "unhealthy":
        said = f"answers {answer.health_status}" if answer.health_status else answer.silence or "does not answer"
        notes.append(f"{url_of(serve)}{serve.health}: {said}")
    if answer.models_status in (401, 403):
        notes.append("it wants a key before it says which model it serves; name its variable with `auth_env`")
    if state in STOPPED | {"restarting"} and answer.is_reachable:
        notes.append("its port answers, but another program or container does")
    return notes


def _confirmed(drift: tuple[Drift, ...], call: ComposeCall | None, container: Container) -> tuple[Drift, ...]:
    """The drift without what only looks like one to compose."""
    only_by_hash = call is not None and [one.what for one in drift] == ["compose"]
    return () if only_by_hash and call is not None and not would_recreate(call, container.name) else drift


def _expectations(manifest: Manifest, serves: Sequence[Serve]) -> tuple[dict[str, Wanted], dict[str, tuple[str, ...]]]:
    """What each container is held to, by the serve's name, and what could not be found out about that."""
    services: dict[str, ComposeService | None] = {}
    notes: dict[str, tuple[str, ...]] = {}
    for serve in serves:
        call = call_of(manifest, serve)
        try:
            services[serve.name] = describe(call) if call is not None else None
        except StartupError as error:
            services[serve.name] = None
            notes[serve.name] = (f"it is not held to its compose file: {error}",)
    found = [(serve, services[serve.name] or ComposeService()) for serve in serves]
    images = image_ids(serve.image or service.image or "" for serve, service in found)
    is_pinned = any(serve.gpus or service.gpus for serve, service in found)
    uuids = {f"{gpu.index}": gpu.uuid for gpu in list_gpus().gpus} if is_pinned else {}
    wanted = {name: Wanted(service=service, images=images, uuids=uuids) for name, service in services.items()}
    return wanted, notes
