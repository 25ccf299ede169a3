from __future__ import annotations

import sqlite3
import stat
import threading
import time
from typing import TYPE_CHECKING

import pytest
from tests.unit.decisions.records import decision, is_sound, stored_ids, wait_for

from anvil_serving.decisions import DecisionLog, store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    log = DecisionLog(tmp_path / "state" / "decisions.sqlite3")
    yield log
    log.close()


def test_nothing_happens_before_the_start(log: DecisionLog) -> None:
    log.add(decision(1))
    assert not log.path.parent.exists()
    assert log.status().waiting == 1
    log.start()
    log.close()
    assert stored_ids(log.path) == ["dec_000001"]


def test_decisions_are_there_soon_after_without_a_close(log: DecisionLog) -> None:
    log.start()
    for number in range(3):
        log.add(decision(number))
    wait_for(lambda: log.status().written == 3, seconds=5)
    assert stored_ids(log.path) == ["dec_000000", "dec_000001", "dec_000002"]


def test_the_file_is_for_its_user_alone(log: DecisionLog) -> None:
    log.start()
    wait_for(log.path.with_name("decisions.sqlite3-wal").exists)
    wait_for(lambda: len(list(log.path.parent.iterdir())) == 3)
    assert stat.S_IMODE(log.path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in log.path.parent.iterdir()} == {0o600}


def test_a_close_writes_everything_that_waits(log: DecisionLog) -> None:
    log.start()
    for number in range(3_000):
        log.add(decision(number))
    log.close()
    assert len(stored_ids(log.path)) == 3_000
    assert log.status().waiting == 0
    assert is_sound(log.path)


def test_a_close_without_a_start_does_nothing(log: DecisionLog) -> None:
    log.close()
    assert not log.path.exists()


def test_it_is_started_once(log: DecisionLog) -> None:
    log.start()
    with pytest.raises(RuntimeError):
        log.start()


def test_what_the_queue_cannot_take_is_dropped_and_told(log: DecisionLog, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(store.QUEUE_CAP + 7):
        log.add(decision(number))
    assert (log.status().waiting, log.status().dropped) == (store.QUEUE_CAP, 7)
    log.start()
    log.close(timeout=30)
    assert len(stored_ids(log.path)) == store.QUEUE_CAP
    assert "7 decisions could not be logged" in caplog.text


def test_what_is_no_record_is_dropped_alone(log: DecisionLog) -> None:
    log.add(decision(1))
    log.add(decision(2, model="\ud800"))
    log.add(decision(3, at=float("nan")))
    log.add(decision(4, client="\udfff"))
    log.add(decision(5))
    log.start()
    log.close()
    assert stored_ids(log.path) == ["dec_000001", "dec_000005"]
    assert (log.status().written, log.status().dropped) == (2, 3)


def test_the_same_decision_twice_is_kept_once(log: DecisionLog) -> None:
    log.start()
    for _ in range(2):
        log.add(decision(1))
    log.close()
    assert stored_ids(log.path) == ["dec_000001"]


def test_a_second_log_goes_on_in_the_same_file(log: DecisionLog) -> None:
    for number in range(2):
        again = DecisionLog(log.path)
        again.start()
        again.add(decision(number))
        again.close()
    assert stored_ids(log.path) == ["dec_000000", "dec_000001"]


def test_adding_is_cheap_while_the_file_is_locked(log: DecisionLog) -> None:
    log.start()
    wait_for(log.path.exists)
    found = decision(1)
    began = time.perf_counter()
    for _ in range(10_000):
        log.add(found)
    # A tenth of a microsecond on an idle machine; a lock or a system call for each would take far longer.
    assert (time.perf_counter() - began) / 10_000 < 20e-6


def test_it_keeps_up_beside_a_thread_that_never_rests(log: DecisionLog) -> None:
    """With a statement for each record this takes 12 s: after every one the interpreter's lock comes back late."""
    resting = threading.Event()

    def toil() -> None:
        while not resting.is_set():
            sum(range(1_000))

    toiler = threading.Thread(target=toil)
    toiler.start()
    try:
        log.start()
        wait_for(log.path.exists)
        for number in range(2_000):
            log.add(decision(number))
        wait_for(lambda: log.status().written == 2_000, seconds=6)
    finally:
        resting.set()
        toiler.join()


def test_old_decisions_leave_and_the_file_shrinks(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    log = DecisionLog(path)
    log.start()
    now = time.time()
    for number in range(4_000):
        log.add(decision(number, at=now - 10 * 86_400 + number / 1_000))
    for number in range(4_000, 4_010):
        log.add(decision(number, at=now - 3_600))
    log.close()
    before = path.stat().st_size
    log = DecisionLog(path, keep_days=1)
    log.start()
    wait_for(lambda: len(stored_ids(path)) == 10)
    log.close()
    assert path.stat().st_size < before / 10
    assert is_sound(path)


def test_the_oldest_leave_where_the_file_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    log = DecisionLog(path)
    log.start()
    now = time.time()
    for number in range(4_000):
        log.add(decision(number, at=now + number / 1_000))
    log.close()
    assert path.stat().st_size > 2 * 1024 * 1024
    log = DecisionLog(path, keep_mib=1)
    log.start()
    wait_for(lambda: _bytes_in_use(path) <= 1024 * 1024)
    log.close()
    left = stored_ids(path)
    assert path.stat().st_size <= 1024 * 1024
    assert path.stat().st_size > 512 * 1024
    assert left == [f"dec_{number:06}" for number in range(4_000 - len(left), 4_000)]


def _bytes_in_use(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(
            connection.execute("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size").fetchone()[0]
        )
    finally:
        connection.close()
