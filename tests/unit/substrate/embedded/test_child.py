from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.embedded.child import Child

FAKE = Path(__file__).with_name("fake_child.py")
PARENT = Path(__file__).with_name("fake_parent.py")


def launch(log: Path, behaviour: str, *, ready_seconds: float = 30.0, cancel: threading.Event | None = None) -> Child:
    command = [sys.executable, str(FAKE), behaviour, "0", str(os.getpid())]
    return Child.launch("the fake", command, log=log, ready_seconds=ready_seconds, cancel=cancel)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "state" / "log"


def is_running(pid: int) -> bool:
    """A zombie that nobody has waited for yet does not run."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_running(pid)


def test_is_ready_once_it_says_its_port(log: Path) -> None:
    child = launch(log, "serves")
    try:
        assert child.port > 0
        assert child.exit_code is None
    finally:
        child.stop()
    assert child.exit_code == -signal.SIGTERM
    child.stop()


def test_death_during_start_shows_the_end_of_the_log(log: Path) -> None:
    log.parent.mkdir()
    log.write_text("of an earlier run\n")
    with pytest.raises(StartupError) as caught:
        launch(log, "dies")
    assert "the fake ended with exit code 3" in str(caught.value)
    assert str(caught.value).endswith("its last lines were:\nfirst words\nlast words")
    assert caught.value.hint == f"its whole log is {log}"
    assert log.read_text() == "of an earlier run\nfirst words\nlast words\n"


@pytest.mark.parametrize(
    ("behaviour", "complaint"),
    [
        ("is-killed", "was killed by SIGKILL and said nothing"),
        ("is-late", "not ready within 0.5 seconds"),
        ("babbles", "did not say which port"),
    ],
)
def test_other_ways_not_to_start(log: Path, behaviour: str, complaint: str) -> None:
    with pytest.raises(StartupError, match=complaint):
        launch(log, behaviour, ready_seconds=0.5 if behaviour == "is-late" else 30.0)


def test_a_program_that_is_not_there(log: Path) -> None:
    with pytest.raises(StartupError, match="cannot be started: No such file"):
        Child.launch("the fake", ["/nonexistent/program"], log=log, ready_seconds=1.0)


def test_a_log_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match=r"cannot be started: .*/file"):
        launch(tmp_path / "file" / "log", "serves")


def test_the_wait_can_be_given_up(log: Path) -> None:
    cancel = threading.Event()
    threading.Timer(0.2, cancel.set).start()
    began = time.monotonic()
    with pytest.raises(StartupError, match="stopped before it was ready") as caught:
        launch(log, "is-late", cancel=cancel)
    assert time.monotonic() - began < 5
    assert caught.value.hint is None


def test_one_that_ignores_term_is_killed_after_the_grace(log: Path) -> None:
    child = launch(log, "ignores-term")
    child.stop(grace=0.3)
    assert child.exit_code == -signal.SIGKILL


def test_the_log_is_emptied_when_it_grows_too_long(log: Path) -> None:
    child = launch(log, "serves")
    try:
        child.log.write_bytes(b"x" * 1024)
        child.trim_log()
        assert child.log.stat().st_size == 1024
        os.truncate(child.log, 9 * 1024 * 1024)
        child.trim_log()
        assert child.log.stat().st_size == 0
        child.log.write_text("a new beginning")
        assert child.log_tail() == "a new beginning"
    finally:
        child.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a forked worker keeps the child's lifeline")
@pytest.mark.parametrize("parent", ["alone", "forks"])
def test_dies_with_its_parent(log: Path, parent: str) -> None:
    with subprocess.Popen([sys.executable, str(PARENT), parent, str(log)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        child_pid = int(process.stdout.readline())
        time.sleep(0.3)
        assert is_running(child_pid), "a forked worker's stop() ended it"
        process.kill()
        assert wait_until_gone(child_pid, 3.0)


def test_dies_at_the_end_of_its_input() -> None:
    with subprocess.Popen(
        [sys.executable, str(FAKE), "serves", "0", str(os.getpid())], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(3.0) == 0
