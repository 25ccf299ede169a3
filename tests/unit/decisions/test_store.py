from __future__ import annotations

import sqlite3
import stat
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from tests.unit.decisions.records import LOCAL, decision, is_sound, stored_ids, wait_for, written

from anvil_serving.decisions import Candidate, DecisionLog, Feature, store, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
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
    for number in range(2_000):
        log.add(decision(number))
    log.close()
    assert len(stored_ids(log.path)) == 2_000
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


CALL = "x" * 127 + "\U0001f600"
"""The longest id of a call, of the widest characters: one of them makes Python keep all in four bytes."""


@pytest.mark.parametrize("calls", [0, 7, 8, 15, 32, 64])
def test_what_waits_takes_no_more_than_64_mib(log: DecisionLog, calls: int) -> None:
    found = decision(
        1,
        tool_calls=tuple(f"{CALL[7:]}{number:07}" for number in range(calls)),
        failed_tool_calls=tuple(f"{number:07}{CALL[7:]}" for number in range(calls)),
        features=tuple(Feature(f"feature.{number}", number / 7) for number in range(40)),
        candidates=tuple(Candidate(f"tier-{number}", number, f"{number}" * 40, "deny", 0.5) for number in range(16)),
        attempts=tuple(
            msgspec.structs.replace(
                LOCAL, tier=f"tier-{number}", total_seconds=number / 7, queue_seconds=number / 9, input_tokens=number
            )
            for number in range(300, 316)
        ),
    )
    while log.status().dropped == 0:
        log.add(found)
    assert log.status().waiting * _bytes_in_memory(found, set()) <= 64 * 1024 * 1024
    assert log.status().waiting >= 200


def _bytes_in_memory(value: Any, seen: set[int]) -> int:
    if id(value) in seen:
        return 0
    seen.add(id(value))
    within: Iterable[Any] = ()
    if isinstance(value, msgspec.Struct):
        within = (getattr(value, name) for name in value.__struct_fields__)
    elif isinstance(value, dict):
        within = (*value, *value.values())
    elif isinstance(value, tuple):
        within = value
    return sys.getsizeof(value) + sum(_bytes_in_memory(each, seen) for each in within)


def test_the_queue_is_free_again_once_it_is_written(log: DecisionLog) -> None:
    heavy = tuple(f"call_{number}" for number in range(64))
    log.start()
    for round_ in range(1, 4):
        for number in range(400):
            log.add(decision(round_ * 1_000 + number, tool_calls=heavy))
        wait_for(lambda round_=round_: log.status().written == round_ * 400)
    assert log.status().dropped == 0


def test_a_record_that_is_too_large_is_dropped_and_told(log: DecisionLog, caplog: pytest.LogCaptureFixture) -> None:
    log.add(decision(1))
    log.add(decision(2, warnings=("x" * table.RECORD_CAP,)))
    log.add(decision(3))
    log.start()
    wait_for(lambda: log.status().written == 2)
    wait_for(lambda: "larger than 65536 bytes" in caplog.text)
    log.close()
    assert stored_ids(log.path) == ["dec_000001", "dec_000003"]
    assert log.status().dropped == 1


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
    now = time.time()
    old = [decision(number, at=now - 10 * 86_400 + number / 1_000) for number in range(4_000)]
    written(path, old + [decision(number, at=now - 3_600) for number in range(4_000, 4_010)])
    before = path.stat().st_size
    log = DecisionLog(path, keep_days=1)
    log.start()
    wait_for(lambda: len(stored_ids(path)) == 10)
    log.close()
    assert path.stat().st_size < before / 10
    assert is_sound(path)


def test_the_oldest_leave_where_the_file_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    now = time.time()
    written(path, [decision(number, at=now + number / 1_000) for number in range(4_000)])
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
