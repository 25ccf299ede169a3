"""`make bench-verify`: how fast answers are checked, beside Python's usual libraries. See `benches/README.md`."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import msgspec

from harness.machine import Busy, Machine, machine
from harness.process import BenchError
from harness.record import RESULTS, now
from harness.table import LOUD_CORES, aligned, number
from rates import criterion, peers

FLOORS = {
    "stream/chat, burst": 500.0,
    "stream/messages, burst": 500.0,
    "stream/responses, burst": 500.0,
    "edit/call, whole": 400.0,
    "edit/call, reads": 400.0,
    "todos/call, whole": 400.0,
    "diff/patch, whole": 500.0,
    "diff/block, whole": 500.0,
    "code/python": 20.0,
    "code/rust": 20.0,
    "code/javascript": 20.0,
    "code/typescript": 20.0,
    "code/tsx": 20.0,
    "code/bash": 20.0,
    "code/go": 20.0,
    "code/java": 20.0,
    "code/json": 20.0,
    "code/toml": 20.0,
    "code/yaml": 20.0,
    "code/html": 20.0,
    "code/css": 20.0,
    "code/c": 20.0,
    "code/c++": 20.0,
}
"""MB/s of CPU time that the design asks for. Printed as met or not; no exit code."""


GATE, UNCHECKED, OF_A_FORM = "gate/", "no check", "no check, of a form"


class Record(msgspec.Struct, frozen=True):
    """One run of `make bench-verify`."""

    measured_at: str
    machine: Machine
    elsewhere_cores: float
    rates: list[criterion.Rate]
    peers: list[peers.Rate]


def table(rates: list[criterion.Rate], beside: list[peers.Rate]) -> str:
    rows = [["", "MB/s", "spread", "floor", "", "peer", "MB/s", "times"]]
    for rate in rates:
        if rate.case.startswith(GATE):
            continue
        floor = FLOORS.get(rate.case)
        verdict = "" if floor is None else "met" if rate.mb_per_second >= floor else "NOT MET"
        own = [rate.case, number(rate.mb_per_second), f"{rate.spread:.0%}", number(floor, 0), verdict]
        found = [peer for peer in beside if peer.case == rate.case]
        for place, peer in enumerate(found):
            theirs = [peer.peer, number(peer.mb_per_second), number(rate.mb_per_second / peer.mb_per_second, 1)]
            rows.append([*(own if place == 0 else [""] * len(own)), *theirs])
        if not found:
            rows.append([*own, "", "", ""])
    return aligned(rows)


def gate_table(rates: list[criterion.Rate]) -> str:
    """What each check adds to an answer that is held and not checked."""
    rows = [["CPU of a streamed answer in the relay", "KB", "us", "added us", "spread us"]]
    by_name = {rate.case.removeprefix(GATE): rate for rate in rates if rate.case.startswith(GATE)}
    for name, rate in by_name.items():
        floor = by_name[OF_A_FORM if name in {"format", OF_A_FORM} else UNCHECKED].microseconds
        own = rate.microseconds
        figures = [number(rate.bytes / 1000), number(own), number(own - floor), number(own * rate.spread)]
        rows.append([name, *figures])
    return aligned(rows)


def measure() -> tuple[list[criterion.Rate], list[peers.Rate]]:
    """Each subject and then its peers: what the machine does meanwhile is the same for both."""
    rates: list[criterion.Rate] = []
    beside: list[peers.Rate] = []
    with tempfile.TemporaryDirectory(prefix="anvil-bench-") as directory:
        for bench in criterion.BENCHES:
            print(f"{bench.package}: {bench.name}", file=sys.stderr, flush=True)
            rates += criterion.run(bench)
            beside += peers.run(bench.name, Path(directory))
    return rates, beside


def main() -> int:
    started, busy, facts, measured_at = time.monotonic(), Busy(), machine(), now()
    try:
        rates, beside = measure()
    except BenchError as error:
        print(f"bench-verify: {error}", file=sys.stderr)
        return 1
    elsewhere = busy.elsewhere_cores()
    print(table(rates, beside))
    print("\n" + gate_table(rates))
    loud = "  (not a quiet machine: run again)" if elsewhere > LOUD_CORES else ""
    print(f"\n{time.monotonic() - started:.0f} s; others used {elsewhere:.2f} of a core{loud}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{measured_at:%Y-%m-%dT%H%M%SZ}-verify.json"
    record = Record(measured_at.isoformat(), facts, elsewhere, rates, beside)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record, enc_hook=str), indent=2) + b"\n")
    print(f"record: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
