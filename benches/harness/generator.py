"""The two ends of every measurement: `bench-load upstream` and `bench-load load`, built from `benches/load`."""

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import Literal

import msgspec

from harness.dialect import PATHS, Dialect
from harness.process import BenchError, Child

LOAD_CRATE = Path(__file__).parents[1] / "load"
START_SECONDS = 10.0

Mode = Literal["stream", "whole"]


class Percentiles(msgspec.Struct, frozen=True):
    """Milliseconds; `None` where no request succeeded."""

    p50: float | None
    p99: float | None
    p90: float | None = None


class LoadReport(msgspec.Struct, frozen=True):
    """What `bench-load load` prints."""

    clients: int
    requests: int
    errors: int
    first_error: str | None
    cut: int
    reconnects: int
    seconds: float
    requests_per_second: float
    latency_ms: Percentiles
    first_byte_ms: Percentiles
    events: int
    events_per_second: float
    steady_events_per_second: float | None
    bytes: int


class Load(msgspec.Struct, frozen=True):
    """One run of the generator."""

    mode: Mode
    clients: int
    seconds: float
    # Fewer events than words in a streamed answer means that words were lost.
    words: int
    requests: int | None = None
    ramp_ms: int = 0
    dialect: Dialect = "chat"
    model: str = "chat"

    def command(self, binary: Path, base_url: str) -> list[str]:
        command = [str(binary), "load", "--url", f"{base_url}{PATHS[self.dialect]}", "--mode", self.mode]
        command += ["--dialect", self.dialect, "--model", self.model]
        command += ["--clients", str(self.clients), "--seconds", str(self.seconds), "--min-events", str(self.words)]
        command += ["--ramp-ms", str(self.ramp_ms)]
        return command if self.requests is None else [*command, "--requests", str(self.requests)]


def build() -> Path:
    """Build the binary (nothing to do when it is fresh) and return its path."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", LOAD_CRATE / "target"))
    command = ["cargo", "build", "--release", "--quiet", "--manifest-path", str(LOAD_CRATE / "Cargo.toml")]
    # Held to the lock file where the checkout has one.
    if (LOAD_CRATE / "Cargo.lock").exists():
        command.append("--locked")
    try:
        subprocess.run([*command, "--target-dir", str(target)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError(f"the load generator did not build: {error}") from error
    return target.resolve() / "release" / "bench-load"


def start_upstream(
    binary: Path, directory: Path, *, words: int, interval_ms: int = 0, events_per_write: int = 1
) -> tuple[Child, int]:
    """Start a scripted model server; returns it and its port."""
    command = [str(binary), "upstream", "--port", "0", "--words", str(words), "--interval-ms", str(interval_ms)]
    command += ["--events-per-write", str(events_per_write)]
    child = Child(command, directory, f"upstream-{interval_ms}ms", {})
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(child.stop)
        port = wait_for_port(child)
        on_failure.pop_all()
    return child, port


def wait_for_port(child: Child) -> int:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        child.check()
        _, said, address = child.log_tail().partition("listening on ")
        if said and address.endswith("\n"):
            return int(address.rpartition(":")[2])
        time.sleep(0.02)
    raise BenchError(f"the scripted upstream did not listen within {START_SECONDS:.0f} s")


def run_load(binary: Path, base_url: str, load: Load) -> LoadReport:
    # The generator bounds each request to 60 s, so this bound is never the one that speaks first.
    limit = load.seconds + 90
    ran = subprocess.run(load.command(binary, base_url), capture_output=True, timeout=limit, check=False)
    if ran.returncode != 0:
        raise BenchError(f"the load generator failed: {ran.stderr.decode(errors='replace')}")
    return msgspec.json.decode(ran.stdout, type=LoadReport)
