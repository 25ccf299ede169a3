from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from tests.unit.decisions.records import decision, is_sound, stored_ids, wait_for

from anvil_serving.decisions import DecisionLog, DecisionReader, LogUnavailable, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def started(path: Path) -> Iterator[DecisionLog]:
    log = DecisionLog(path)
    log.start()
    try:
        yield log
    finally:
        log.close()


def filled(path: Path, numbers: range) -> None:
    with started(path) as log:
        for number in numbers:
            log.add(decision(number))


def fault_kind(log: DecisionLog) -> str | None:
    fault = log.status().fault
    return None if fault is None else fault.kind


def test_a_lock_is_waited_for_and_told_only_if_it_lasts(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(1))
    other = sqlite3.connect(path, isolation_level=None)
    with started(path) as log:
        wait_for(lambda: log.status().fault is None)
        other.execute("BEGIN EXCLUSIVE")
        log.add(decision(1))
        wait_for(lambda: fault_kind(log) == "locked")
        assert caplog.text == ""
        wait_for(lambda: "is locked by another program; end that program" in caplog.text)
        assert log.status().waiting == 1
        other.execute("COMMIT")
        wait_for(lambda: log.status().written == 1)
        wait_for(lambda: fault_kind(log) is None)
    other.close()
    assert "decisions are logged to" in caplog.text
    assert len(caplog.records) == 2
    assert stored_ids(path) == ["dec_000000", "dec_000001"]
    assert not list(tmp_path.glob("*.corrupt*"))


def test_a_close_does_not_wait_for_a_lock_without_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    log = DecisionLog(path)
    log.start()
    log.add(decision(1))
    began = time.monotonic()
    log.close(timeout=0.3)
    assert time.monotonic() - began < 1.5
    wait_for(lambda: "1 decisions could not be logged" in caplog.text)
    other.close()


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5_000])
def test_what_is_no_database_is_moved_aside(tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    path.write_bytes(content)
    filled(path, range(3))
    assert len(stored_ids(path)) == 3
    (aside,) = tmp_path.glob("decisions.sqlite3.corrupt-*")
    assert aside.read_bytes() == content
    assert f"it is now {aside.name}, and a new decision log is begun" in caplog.text


def test_a_file_with_damaged_pages_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(2_000))
    with path.open("r+b") as file:
        file.seek(table.PAGE_BYTES)
        file.write(b"\xa5" * (path.stat().st_size - table.PAGE_BYTES))
    with started(path) as log:
        for number in range(2_000, 2_100):
            log.add(decision(number))
        wait_for(lambda: log.status().written == 100)
    assert len(list(tmp_path.glob("decisions.sqlite3.corrupt-*"))) == 1
    assert len(stored_ids(path)) == 100
    assert is_sound(path)


def test_a_file_that_is_damaged_while_it_is_open_is_moved_aside(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(2_000))
    with started(path) as log, started(path) as neighbour:
        wait_for(lambda: log.path.with_name("decisions.sqlite3-shm").exists())
        for number, each in enumerate((log, neighbour)):
            each.add(decision(2_000 + number))
            wait_for(lambda each=each: each.status().written == 1)
        with path.open("r+b") as file:
            file.write(b"\xa5" * path.stat().st_size)
        # The neighbour's cache still holds what the file was; both must come to terms with it.
        for number in range(3_000, 6_000):
            log.add(decision(number))
            neighbour.add(decision(number + 10_000))
        wait_for(lambda: log.status().waiting == neighbour.status().waiting == 0)
    # Either SQLite has noticed, or it has written every page anew from its journal.
    assert is_sound(path)


def test_a_newer_file_is_left_alone_and_logging_is_off(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(2))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA user_version = {table.SCHEMA_VERSION + 1}")
    connection.close()
    with started(path) as log:
        wait_for(lambda: fault_kind(log) == "refused")
        for number in range(10):
            log.add(decision(number + 10))
        wait_for(lambda: log.status().dropped == 10)
    assert caplog.text.count("was written by a newer release of anvil-serving; update this one") == 1
    with pytest.raises(LogUnavailable, match="newer release"):
        DecisionReader(path)


def test_the_database_of_another_program_is_left_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "history.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE urls (url TEXT)")
    connection.close()
    before = path.read_bytes()
    with started(path) as log:
        wait_for(lambda: fault_kind(log) == "refused")
    assert path.read_bytes() == before
    assert "is the database of another program; set [decisions] path" in caplog.text


@pytest.mark.parametrize("place", ["folder", "device", "below a file"])
def test_a_log_that_cannot_be_used_does_not_hold_up_the_end(
    tmp_path: Path, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "decisions.sqlite3"
    if place == "folder":
        path.mkdir()
    elif place == "device":
        path.symlink_to("/dev/full")
    else:
        path.write_text("a file")
        path = path / "decisions.sqlite3"
    log = DecisionLog(path)
    log.start()
    log.add(decision(1))
    wait_for(lambda: fault_kind(log) == "misplaced")
    log.add(decision(2))
    began = time.monotonic()
    log.close()
    assert time.monotonic() - began < 1.5
    assert caplog.messages[-1] == f"the router ends, and 2 decisions could not be logged to {path}"


def test_the_end_tries_once_more(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    path.mkdir()
    with started(path) as log:
        log.add(decision(1))
        wait_for(lambda: log._failures >= 3)
        # The next regular try is seconds away.
        path.rmdir()
    assert stored_ids(path) == ["dec_000001"]


def test_what_the_end_loses_is_told_before_the_close_returns(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    filled(path, range(1))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    log = DecisionLog(path)
    log.add(decision(1))
    log.start()
    log.close(timeout=0.2)
    assert [message.split(":")[0] for message in caplog.messages] == [
        f"the router ends, and 1 decisions could not be logged to {path}"
    ]
    assert "locked by another program; end that program" in caplog.text
    other.close()


def test_what_was_dropped_within_a_minute_of_a_complaint_is_told_at_the_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with started(tmp_path / "decisions.sqlite3") as log:
        log.add(decision(1, model="\ud800"))
        wait_for(lambda: "1 decisions could not be logged" in caplog.text)
        log.add(decision(2, model="\ud800"))
        log.add(decision(3, model="\ud800"))
        wait_for(lambda: log.status().dropped == 3)
    assert caplog.messages[-1].startswith("the router ends, and 2 decisions could not be logged")


def test_a_folder_that_takes_the_place_of_an_open_log_is_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "decisions.sqlite3"
    with started(path) as log:
        log.add(decision(1))
        wait_for(lambda: log.status().written == 1)
        for file in tmp_path.iterdir():
            file.unlink()
        path.mkdir()
        log.add(decision(2))
        wait_for(lambda: fault_kind(log) == "misplaced")
        wait_for(lambda: f"{path} is a folder and no file; move it away" in caplog.text)
    assert "was removed or replaced" in caplog.text
    assert "look at the disk" not in caplog.text


def test_a_device_in_the_place_of_the_file_is_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    path.symlink_to("/dev/full")
    with started(path) as log:
        log.add(decision(1))
        wait_for(lambda: f"{path} is a device and no file; move it away" in caplog.text)


def test_a_folder_in_the_place_of_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "decisions.sqlite3"
    path.mkdir()
    with started(path) as log:
        log.add(decision(1))
        wait_for(lambda: fault_kind(log) == "misplaced")
        path.rmdir()
        wait_for(lambda: log.status().written == 1)
    assert "is a folder and no file" in caplog.text
    assert stored_ids(path) == ["dec_000001"]


def test_a_file_in_the_place_of_the_folder(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("a file")
    with started(tmp_path / "state" / "decisions.sqlite3") as log:
        log.add(decision(1))
        wait_for(lambda: fault_kind(log) == "misplaced")
        assert log.status().waiting == 1
    assert "a file lies where a folder should (File exists); move that file away" in caplog.text


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_deleted_underneath_is_begun_anew(tmp_path: Path, what: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "state" / "decisions.sqlite3"
    with started(path) as log, started(path) as neighbour:
        log.add(decision(1))
        wait_for(lambda: log.status().written == 1)
        wait_for(lambda: neighbour.status().fault is None)
        if what == "file":
            path.unlink()
        else:
            shutil.rmtree(path.parent)
        for number in range(2, 20):
            (log if number % 2 else neighbour).add(decision(number))
        wait_for(lambda: log.status().waiting == neighbour.status().waiting == 0)
        wait_for(path.exists)
    # What was written in the quarter of a second before anybody noticed went with the old file.
    assert set(stored_ids(path)) <= {f"dec_{number:06}" for number in range(2, 20)}
    assert is_sound(path)
    assert "was removed or replaced; a new one will be begun" in caplog.text


def test_what_is_written_after_a_deletion_stays(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    with started(path) as log:
        wait_for(path.exists)
        time.sleep(0.3)
        path.unlink()
        time.sleep(0.6)
        log.add(decision(1))
        wait_for(lambda: log.status().written == 1)
    assert stored_ids(path) == ["dec_000001"]


FULL_DISK = """
import resource, sys, time
from pathlib import Path
from anvil_serving.decisions import DecisionLog
from tests.unit.decisions.records import decision, wait_for
path = Path(sys.argv[1])
log = DecisionLog(path)
log.start()
wait_for(lambda: path.exists() and path.stat().st_size > 0)
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
for number in range(2_000):
    log.add(decision(number))
wait_for(lambda: log.status().fault is not None)
print(log.status().fault.kind, flush=True)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
wait_for(lambda: log.status().waiting == 0)
log.close()
print(log.status().written, flush=True)
"""


def run_child(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits of file sizes")
def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    child = run_child(FULL_DISK, str(tmp_path / "decisions.sqlite3"))
    assert child.stdout.split() == ["failing", "2000"], child.stderr
    assert "cannot be written (disk I/O error); look at the disk" in child.stderr
    assert len(stored_ids(tmp_path / "decisions.sqlite3")) == 2_000


def test_a_full_disk(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("only root may mount a small disk")
    try:
        path = disk / "decisions.sqlite3"
        ballast = disk / "ballast"
        with started(path) as log:
            wait_for(lambda: path.exists() and log.status().fault is None)
            log.add(decision(0))
            wait_for(lambda: log.status().written == 1)
            ballast.write_bytes(b"")
            subprocess.run(["dd", "if=/dev/zero", f"of={ballast}", "bs=4096"], capture_output=True, check=False)
            for number in range(1, 100):
                log.add(decision(number))
            wait_for(lambda: fault_kind(log) == "full")
            ballast.unlink()
            wait_for(lambda: log.status().written == 100)
        assert "is full; free some space" in caplog.text
        assert len(stored_ids(path)) == 100
        assert is_sound(path)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


READ_ONLY = """
import os, sys
from pathlib import Path
from anvil_serving.decisions import DecisionLog, DecisionReader
from tests.unit.decisions.records import decision, wait_for
path = Path(sys.argv[1])
if os.getuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
log = DecisionLog(path)
log.start()
log.add(decision(1))
wait_for(lambda: log.status().fault is not None)
print(log.status().fault.kind)
log.close(timeout=0.1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no modes of folders")
@pytest.mark.parametrize("there", [True, False], ids=["file", "folder"])
def test_what_may_not_be_written(tmp_path: Path, there: bool) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "decisions.sqlite3"
    if there:
        filled(path, range(1))
        path.chmod(0o444)
    folder.chmod(0o555)
    closed = [parent for parent in tmp_path.parents if parent.stat().st_uid == os.getuid() and parent != parent.parent]
    for parent in (tmp_path, *closed):
        parent.chmod(parent.stat().st_mode | 0o011)
    child = run_child(READ_ONLY, str(path))
    folder.chmod(0o755)
    assert child.stdout.split() == ["forbidden"], child.stderr
    assert "may not be written (Permission denied); give this user the right" in child.stderr
    assert not there or stored_ids(path) == ["dec_000000"]
