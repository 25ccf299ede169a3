"""What the gate costs: delay by window, time to rejection, CPU by check. See `benches/README.md`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import msgspec

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from gated import checks, rejections, windows
from harness.machine import Busy, Machine, machine
from harness.process import BenchError
from harness.record import RESULTS, now
from harness.table import LOUD_CORES, aligned, number

FIRST_BYTE_MS = 1.0
"""The aim: at most so much later than the tier's byte, in the 99th percentile, on an idle machine."""


class Record(msgspec.Struct, frozen=True):
    """One run."""

    measured_at: str
    machine: Machine
    elsewhere_cores: float
    costs: list[checks.Cost]
    delays: list[windows.Delay]
    rejections: list[rejections.Rejection]


def cost_table(costs: list[checks.Cost]) -> str:
    rows = [["CPU of an answer, by check", "answer", "KB", "us", "added us", "spread us"]]
    rows += [
        [one.name, one.answer, number(one.bytes / 1000), *map(number, (one.cpu_us, one.added_us, one.spread_us))]
        for one in costs
    ]
    return aligned(rows)


def delay_table(delays: list[windows.Delay]) -> str:
    rows = [["first byte, by window", "opened by event", "text until then", "p50 ms", "p99 ms", "aim"]]
    for one in delays:
        is_aimed = one.window in {"none", "block"}
        verdict = "" if not is_aimed else "met" if one.p99_ms <= FIRST_BYTE_MS else "NOT MET"
        opened = f"{one.events} of {one.of_events}"
        rows.append([one.window, opened, str(one.characters), number(one.p50_ms, 3), number(one.p99_ms, 3), verdict])
    return aligned(rows)


def rejection_table(found: list[rejections.Rejection]) -> str:
    rows = [["next tier asked", "proven by event", "p50 ms", "p99 ms", "spared", "at 30 tokens/s"]]
    rows += [
        [
            one.label,
            f"{one.events} of {one.of_events}",
            number(one.p50_ms, 2),
            number(one.p99_ms, 2),
            f"{1 - one.events / one.of_events:.0%}",
            number(one.spared_seconds, 1, " s"),
        ]
        for one in found
    ]
    return aligned(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description="What the gate costs.")
    parser.add_argument("--rounds", type=int, default=10, help="rounds of the CPU by check (default 10)")
    parser.add_argument("--answers", type=int, default=100, help="answers of each round (default 100)")
    parser.add_argument("--samples", type=int, default=500, help="first bytes of each window (default 500)")
    parser.add_argument("--rejections", type=int, default=100, help="rejections of each kind (default 100)")
    given = parser.parse_args()
    busy, facts, measured_at = Busy(), machine(), now()
    try:
        delays = windows.measure(given.samples)
        print(delay_table(delays), end="\n\n", flush=True)
        rejected = rejections.measure(given.rejections)
        print(rejection_table(rejected), end="\n\n", flush=True)
        costs = checks.measure(given.rounds, given.answers)
        print(cost_table(costs), end="\n\n", flush=True)
    except BenchError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    elsewhere = busy.elsewhere_cores()
    loud = "  (not a quiet machine: run again)" if elsewhere > LOUD_CORES else ""
    print(f"elsewhere: other processes used {elsewhere:.2f} of a core{loud}")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{measured_at:%Y-%m-%dT%H%M%SZ}-gate.json"
    record = Record(measured_at.isoformat(), facts, elsewhere, costs, delays, rejected)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(record, enc_hook=str), indent=2) + b"\n")
    print(f"record: {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
