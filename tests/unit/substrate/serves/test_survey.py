from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from anvil_serving.config import Serve
from anvil_serving.substrate.docker.container import Container
from anvil_serving.substrate.serves.drift import Drift
from anvil_serving.substrate.serves.probe import Probe, url_of
from anvil_serving.substrate.serves.survey import ServeState, Survey, state_of

SERVE = Serve(name="heavy", container="c", port=30000, ready_timeout=60)
SILENT = Probe(silence="nothing listens there")
LOADING = Probe(health_status=503)
WELL = Probe(health_status=200, models=("q",))


def seen(answer: Probe, **container: Any) -> ServeState:
    described = {"id": "1", "name": "c", "status": "running", "started_at": time.time() - 5, **container}
    return state_of(SERVE, Container(**described), answer)


@pytest.mark.parametrize(
    ("answer", "container", "state"),
    [
        (WELL, {}, "running"),
        (WELL, {"health": "healthy"}, "running"),
        (WELL, {"health": "starting"}, "starting"),
        (WELL, {"health": "unhealthy"}, "unhealthy"),
        (LOADING, {}, "starting"),
        (SILENT, {"health": "healthy"}, "starting"),
        (SILENT, {"health": "healthy", "started_at": time.time() - 600}, "unhealthy"),
        (LOADING, {"started_at": time.time() - 600}, "unhealthy"),
        (LOADING, {"started_at": None}, "starting"),
        (SILENT, {"status": "created", "started_at": None}, "created"),
        (SILENT, {"status": "paused"}, "paused"),
        (SILENT, {"status": "restarting"}, "restarting"),
        (SILENT, {"status": "removing"}, "removing"),
        (SILENT, {"status": "exited"}, "exited"),
        (WELL, {"status": "exited"}, "exited"),
        (SILENT, {"status": "dead"}, "dead"),
        (SILENT, {"status": "of the future"}, "unknown"),
    ],
)
def test_states_of_a_container(answer: Probe, container: dict[str, Any], state: str) -> None:
    assert seen(answer, **container).state == state


def test_states_without_a_container() -> None:
    assert state_of(SERVE, None, SILENT).state == "absent"
    reachable = state_of(SERVE, None, LOADING)
    assert (reachable.state, reachable.health_status) == ("reachable", 503)


@pytest.mark.parametrize(
    ("answer", "container", "note"),
    [
        (SILENT, {"status": "exited", "out_of_memory": True}, "its memory was used up"),
        (SILENT, {"status": "created", "error": "no GPU\x1b[2J"}, r"Docker could not start it: no GPU\x1b[2J"),
        (
            WELL,
            {"health": "unhealthy", "health_said": "curl: not found"},
            "though /health answers 200, which said: curl",
        ),
        (SILENT, {"health": "unhealthy"}, "the health check of its image or compose file fails"),
        (LOADING, {"started_at": 1.0}, "http://127.0.0.1:30000/health: answers 503"),
        (SILENT, {"started_at": 1.0}, "http://127.0.0.1:30000/health: nothing listens there"),
        (WELL, {"status": "exited"}, "its port answers, but another program or container does"),
        (Probe(health_status=200, models_status=401), {}, "`auth_env`"),
    ],
)
def test_what_a_person_should_know_is_said(answer: Probe, container: dict[str, Any], note: str) -> None:
    (said,) = seen(answer, **container).notes
    assert note in said


def test_what_another_program_answers_is_not_its_own() -> None:
    assert seen(WELL, status="exited").models == ()


def test_figures_of_a_state() -> None:
    restarting = seen(SILENT, status="restarting", exit_code=3, restarts=4)
    assert (restarting.exit_code, restarting.restarts, restarting.running_seconds) == (3, 4, None)
    running = seen(WELL, exit_code=0)
    assert running.exit_code is None
    assert running.running_seconds == pytest.approx(5, abs=3)
    # A clock that was set back.
    assert seen(WELL, started_at=time.time() + 600).running_seconds == 0


def test_all_is_well_only_without_drift() -> None:
    well = seen(WELL)
    assert Survey(serves=()).is_well
    assert Survey(serves=(well,)).is_well
    drifted = msgspec.structs.replace(well, drift=(Drift(what="image", expected="a", found="b"),))
    assert not Survey(serves=(well, drifted)).is_well
    reachable = state_of(SERVE, None, WELL)
    assert not Survey(serves=(reachable,)).is_well
    assert Survey(serves=(reachable,), docker_error="no Docker").is_well


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:30000"),
        ("0.0.0.0", "http://127.0.0.1:30000"),
        ("::", "http://[::1]:30000"),
        ("10.0.0.7", "http://10.0.0.7:30000"),
    ],
)
def test_where_this_machine_reaches_it(host: str, url: str) -> None:
    assert url_of(msgspec.structs.replace(SERVE, host=host)) == url
