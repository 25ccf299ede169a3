"""Criterion's benches: run, and their estimates read."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from pathlib import Path

import msgspec

from harness.process import BenchError

REPOSITORY = Path(__file__).parents[2]


class Bench(msgspec.Struct, frozen=True):
    """One bench of a crate."""

    package: str
    name: str


BENCHES = (
    Bench("anvil-dialect", "stream"),
    Bench("anvil-verify", "calls"),
    Bench("anvil-verify", "diff"),
    Bench("anvil-verify", "code"),
    Bench("anvil-verify", "text"),
    Bench("anvil-relay", "gate"),
)


class Rate(msgspec.Struct, frozen=True):
    """How fast one case is: bytes by CPU time, the least of the samples, for neighbours only ever add to it."""

    case: str
    bytes: int
    mb_per_second: float
    # How much more the median sample took.
    spread: float

    @property
    def microseconds(self) -> float:
        """What all of its bytes take."""
        return self.bytes / self.mb_per_second


class Throughput(msgspec.Struct, frozen=True):
    """Bytes of one iteration."""

    size: int = msgspec.field(name="BytesDecimal")


class Case(msgspec.Struct, frozen=True):
    """What criterion says of a case (`benchmark.json`)."""

    full_id: str
    throughput: Throughput


class Sample(msgspec.Struct, frozen=True):
    """How many iterations took how many nanoseconds, by sample (`sample.json`)."""

    iters: list[float]
    times: list[float]


def run(bench: Bench) -> list[Rate]:
    """Run one bench; its cases in the order in which they were measured."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    began = time.time()
    command = ["cargo", "bench", "--quiet", "--package", bench.package, "--bench", bench.name]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise BenchError(f"{bench.name} failed:\n{ran.stdout[-1000:]}{ran.stderr[-2000:]}")
    fresh = [path for path in target.glob("criterion/**/new/sample.json") if path.stat().st_mtime >= began]
    if not fresh:
        raise BenchError(f"{bench.name} has left no samples in {target / 'criterion'}")
    return [rate(path) for path in sorted(fresh, key=lambda path: path.stat().st_mtime)]


def rate(path: Path) -> Rate:
    case = msgspec.json.decode((path.parent / "benchmark.json").read_bytes(), type=Case)
    sample = msgspec.json.decode(path.read_bytes(), type=Sample)
    each = sorted(time / iterations for time, iterations in zip(sample.times, sample.iters, strict=True))
    size, least = case.throughput.size, each[0]
    return Rate(case.full_id, size, size / least * 1e3, statistics.median(each) / least - 1)
