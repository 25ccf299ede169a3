"""The peers of `test_peers.py`: run, and their times read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from harness.process import BenchError

PEERS = Path(__file__).with_name("test_peers.py")
SUBJECTS = ("stream", "calls", "diff", "code")
"""The benches of criterion's that have peers, as their tests are named."""


class Rate(msgspec.Struct, frozen=True):
    """How fast a peer is at a case: bytes by CPU time, the least of the rounds."""

    case: str
    peer: str
    mb_per_second: float


class Info(msgspec.Struct, frozen=True):
    """What a benchmark says of itself."""

    case: str
    peer: str
    bytes: int


class Stats(msgspec.Struct, frozen=True):
    """Seconds of one round."""

    min: float


class Benchmark(msgspec.Struct, frozen=True):
    """One benchmark of pytest-benchmark's."""

    extra_info: Info
    stats: Stats


class Report(msgspec.Struct, frozen=True):
    """What pytest-benchmark writes."""

    benchmarks: list[Benchmark]


def run(subject: str, directory: Path) -> list[Rate]:
    """The peers at one of criterion's benches, if it has any."""
    if subject not in SUBJECTS:
        return []
    report = directory / f"{subject}.json"
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", f"--benchmark-json={report}", "-k", subject]
    # The clock of criterion's side: what others do meanwhile counts little.
    command += ["--benchmark-timer=time.thread_time", "--benchmark-disable-gc", "--benchmark-warmup=on"]
    ran = subprocess.run([*command, str(PEERS)], capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BenchError(f"the peers at {subject} failed:\n{ran.stdout[-2000:]}{ran.stderr[-1000:]}")
    benchmarks = msgspec.json.decode(report.read_bytes(), type=Report).benchmarks
    return [
        Rate(one.extra_info.case, one.extra_info.peer, one.extra_info.bytes / one.stats.min / 1e6) for one in benchmarks
    ]
