"""`make bench-usage`: how fast a gigabyte of harnesses' logs is read. See `benches/README.md`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from harness.machine import Busy, Machine, machine
from harness.record import RESULTS, now
from harness.table import LOUD_CORES, aligned, number
from logs.writing import write

AIM_SECONDS, AIM_BYTES = 3.0, 1_000_000_000
"""What the design asks for, on two cores with the logs in memory."""


class Run(msgspec.Struct, frozen=True):
    """One run of the whole command."""

    seconds: float
    cpu_seconds: float
    peak_rss_mb: float
    answers: int


class Record(msgspec.Struct, frozen=True):
    """One run of `make bench-usage`."""

    measured_at: str
    machine: Machine
    elsewhere_cores: float
    bytes: int
    runs: list[Run]
    tenth: Run
    """A tenth of the logs: what memory does not depend on."""


def run(folder: Path) -> Run:
    """The command as a person starts it, in a process of its own."""
    command = [sys.executable, "-m", "anvil_serving", "usage", "--json", "--quiet", "--logs-dir", str(folder)]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        said = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - began
    assert process.returncode == 0
    answers = json.loads(said)["totals"]["assistant_calls"]
    return Run(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1_024, answers)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bytes", type=int, default=AIM_BYTES)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="anvil-bench-") as name:
        folder = Path(name)
        print(f"writing {asked.bytes / 1e6:,.0f} MB of logs", file=sys.stderr, flush=True)
        write(folder / "all", asked.bytes)
        write(folder / "tenth", asked.bytes // 10)
        facts, measured_at, busy = machine(), now(), Busy()
        run(folder / "all")  # the logs are in memory from here on
        runs = [run(folder / "all") for _ in range(asked.rounds)]
        elsewhere, tenth = busy.elsewhere_cores(), run(folder / "tenth")
    best = min(runs, key=lambda one: one.seconds)
    rows = [["", "seconds", "CPU seconds", "MB/s", "peak MB", "answers"]]
    for label, one, size in (("all", best, asked.bytes), ("a tenth", tenth, asked.bytes // 10)):
        rate = size / one.seconds / 1e6
        cells = (number(one.seconds, 2), number(one.cpu_seconds, 2), number(rate, 0), number(one.peak_rss_mb, 0))
        rows.append([label, *cells, number(one.answers, 0)])
    print(aligned(rows))
    limit = AIM_SECONDS * asked.bytes / AIM_BYTES
    print(f"aim: at most {limit:.1f} s: {'met' if best.seconds <= limit else 'NOT MET'}")
    loud = "  (not a quiet machine: run again)" if elsewhere > LOUD_CORES else ""
    print(f"others used {elsewhere:.2f} of a core{loud}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{measured_at:%Y-%m-%dT%H%M%SZ}-usage.json"
    record = Record(measured_at.isoformat(), facts, elsewhere, asked.bytes, runs, tenth)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record, enc_hook=str), indent=2) + b"\n")
    print(f"record: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
