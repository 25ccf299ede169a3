from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from tests.unit.decisions.records import is_sound, stored_ids

if TYPE_CHECKING:
    from pathlib import Path

WRITER = """
import sys, time
from pathlib import Path
from anvil_serving.decisions import DecisionLog
from tests.unit.decisions.records import decision
path, first, count = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
log = DecisionLog(path)
log.start()
for number in range(first, first + count):
    log.add(decision(number))
    print(number, time.monotonic(), flush=True)
    time.sleep(0.002)
log.close()
print("written", log.status().written, log.status().dropped, flush=True)
"""


def start(path: Path, first: int, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(first), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_killed_process_loses_no_more_than_its_last_batch(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    for round_ in range(3):
        child = start(path, round_ * 100_000, 100_000)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(1.5)
        killed = time.monotonic()
        child.send_signal(signal.SIGKILL)
        output, _ = child.communicate()
        added = dict(line.split() for line in output.splitlines()[:-1])
        stored = set(stored_ids(path))
        lost = [float(at) for number, at in added.items() if f"dec_{int(number):06}" not in stored]
        assert len(added) > 100
        # What was added within a pause (0.25 s) and the time that a batch takes on a busy machine.
        assert all(killed - at < 1.0 for at in lost), max(killed - at for at in lost)
        assert is_sound(path)


def test_two_processes_write_into_one_file(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    children = [start(path, first, 500) for first in (0, 1_000)]
    for child in children:
        output, errors = child.communicate(timeout=60)
        assert output.splitlines()[-1] == "written 500 0", errors
        assert errors == ""
    expected = [f"dec_{number:06}" for number in (*range(500), *range(1_000, 1_500))]
    assert stored_ids(path) == expected
    assert is_sound(path)


def test_a_reader_sees_what_a_killed_process_left_in_its_journal(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite3"
    child = start(path, 0, 100_000)
    assert child.stdout is not None
    child.stdout.readline()
    time.sleep(1.0)
    child.kill()
    child.communicate()
    assert path.with_name("decisions.sqlite3-wal").stat().st_size > 0
    assert stored_ids(path)[0] == "dec_000000"
