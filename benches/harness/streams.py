"""Many concurrent streams at a real model's pace: memory, cores and delivered events while all of them are open."""

import math
import subprocess
import time
from pathlib import Path

import msgspec

from harness.contender import Contender, Name
from harness.generator import Load, LoadReport
from harness.machine import Busy
from harness.process import BenchError, Memory, cpu_seconds, memory

# One event each 30 ms: 33 a second and stream.
INTERVAL_MS = 30
RAMP_SECONDS = 1.0


class StreamsPlan(msgspec.Struct, frozen=True):
    """`streams` clients, one answer each, all of them open from the end of the ramp until `seconds`."""

    streams: int
    seconds: float

    def words(self) -> int:
        return math.ceil(self.seconds * 1000 / INTERVAL_MS)

    def load(self) -> Load:
        ramp_ms = int(RAMP_SECONDS * 1000)
        return Load("stream", self.streams, self.seconds, self.words(), requests=self.streams, ramp_ms=ramp_ms)


class Streams(msgspec.Struct, frozen=True):
    """One contender with all streams open."""

    contender: Name
    memory_idle: Memory
    memory: Memory
    cores: float
    # Between the end of the ramp and the first stream's end; the upstream writes streams / 0.03 a second.
    events_per_second: float
    elsewhere_cores: float
    load: LoadReport


def measure_streams(binary: Path, contender: Contender, plan: StreamsPlan) -> Streams:
    child = contender.child
    if child is None:
        raise BenchError("the direct way has no process to measure")
    idle = memory(child.pid)
    command = plan.load().command(binary, contender.base_url)
    # The steady part, less a second at both ends when there is time for it.
    steady = plan.seconds - RAMP_SECONDS
    margin = min(1.0, steady / 4)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            time.sleep(RAMP_SECONDS + margin)
            busy, began, cpu = Busy(), time.monotonic(), cpu_seconds(child.pid)
            time.sleep(steady / 2 - margin)
            held = memory(child.pid)
            time.sleep(steady / 2 - margin)
            cores = (cpu_seconds(child.pid) - cpu) / (time.monotonic() - began)
            elsewhere = busy.elsewhere_cores()
            output, _ = process.communicate(timeout=90)
        except BaseException:
            process.kill()
            raise
    child.check()
    if process.returncode != 0:
        raise BenchError(f"the load generator ended with {process.returncode}")
    report = msgspec.json.decode(output, type=LoadReport)
    return Streams(contender.name, idle, held, cores, report.steady_events_per_second or 0.0, elsewhere, report)
