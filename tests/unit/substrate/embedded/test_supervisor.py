from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from anvil_serving.substrate.embedded.child import Child
from anvil_serving.substrate.embedded.supervisor import RestartPolicy, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from anvil_serving.errors import StartupError

FAKE = Path(__file__).with_name("fake_child.py")
QUICK = RestartPolicy(restarts=2, first_delay=0.05, stable_after=60.0)


def launch(log: Path, behaviour: str, cancel: threading.Event | None = None) -> Child:
    command = [sys.executable, str(FAKE), behaviour, "0", str(os.getpid())]
    return Child.launch("the fake", command, log=log, ready_seconds=30.0, cancel=cancel)


class Watched:
    """A supervised fake, and what was said about it."""

    def __init__(
        self,
        log: Path,
        first: str,
        then: list[str],
        *,
        policy: RestartPolicy = QUICK,
        is_healthy: Callable[[], bool] = lambda: True,
    ) -> None:
        self.events: list[str] = []
        self.failures: list[StartupError] = []
        self.failed = threading.Event()
        self._then = then
        self.supervisor = Supervisor(
            launch(log, first),
            relaunch=lambda cancel: launch(log, self._then.pop(0), cancel),
            is_healthy=is_healthy,
            policy=policy,
            on_event=self.events.append,
            on_failure=self._fail,
        )

    def _fail(self, failure: StartupError) -> None:
        self.failures.append(failure)
        self.failed.set()

    def __enter__(self) -> Watched:
        self.supervisor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.supervisor.stop(grace=1.0)
        assert self.supervisor.child.exit_code is not None

    def wait_for(self, event: str) -> None:
        deadline = time.monotonic() + 20.0
        while not any(event in said for said in self.events):
            assert time.monotonic() < deadline, self.events
            time.sleep(0.02)


def test_a_crashed_child_is_started_again(tmp_path: Path) -> None:
    with Watched(tmp_path / "log", "crashes", ["serves"]) as watched:
        first = watched.supervisor.child.pid
        watched.wait_for("serves again")
        assert watched.supervisor.child.pid != first
        assert watched.supervisor.child.exit_code is None
    assert "the fake ended with exit code 7; its last lines were:\nit crashed" in watched.events[0]
    assert "in 0.05 s (restart 1 of 2)" in watched.events[0]
    assert not watched.failures


def test_restarts_are_bounded_and_the_end_is_told_once(tmp_path: Path) -> None:
    with Watched(tmp_path / "log", "crashes", ["crashes", "dies"]) as watched:
        assert watched.failed.wait(20.0)
        assert watched.supervisor.failure is watched.failures[0]
    assert len(watched.failures) == 1
    assert "last words" in str(watched.failures[0])
    assert str(watched.failures[0]).endswith("it was started again 2 times and given up")


def test_the_count_begins_anew_after_a_stable_run(tmp_path: Path) -> None:
    policy = RestartPolicy(restarts=1, first_delay=0.01, stable_after=0.0)
    with Watched(tmp_path / "log", "crashes", ["crashes", "crashes", "serves"], policy=policy) as watched:
        while len(watched.events) < 6:
            time.sleep(0.02)
    assert not watched.failures


def test_a_hanging_child_is_killed_and_replaced(tmp_path: Path) -> None:
    policy = RestartPolicy(first_delay=0.05, probe_interval=0.1)
    replaced = threading.Event()
    with Watched(tmp_path / "log", "hangs", ["serves"], policy=policy, is_healthy=replaced.is_set) as watched:
        watched.wait_for("serves again")
        replaced.set()
    assert "does not answer" in watched.events[0]
    assert "was killed by SIGKILL" in watched.events[1]


def test_stop_does_not_wait_for_a_restart(tmp_path: Path) -> None:
    with Watched(tmp_path / "log", "crashes", ["is-late"]) as watched:
        watched.wait_for("restart 1")
        began = time.monotonic()
        watched.supervisor.stop(grace=1.0)
        assert time.monotonic() - began < 5.0
    assert not watched.failures


def test_delays_double_up_to_their_cap() -> None:
    policy = RestartPolicy(first_delay=0.5, max_delay=3.0)
    assert [policy.delay(restart) for restart in range(1, 6)] == [0.5, 1.0, 2.0, 3.0, 3.0]
