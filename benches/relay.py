"""`make bench`: what relaying costs, the router beside its peers, in one run. See `benches/README.md`."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from harness import table
from harness.bench import Bench, Options, say
from harness.contender import NAMES, ROUTER_COMMAND, Name
from harness.cost import Plan
from harness.generator import build
from harness.machine import machine
from harness.process import BenchError
from harness.record import SCHEMA, Record, Results, command_line, now
from harness.streams import RAMP_SECONDS, StreamsPlan

MAX_SECONDS = 120.0
INTERRUPTED = 130


def contender_names(text: str) -> tuple[Name, ...]:
    """The names asked for, in the usual order; the direct way is the floor of every latency and always runs."""
    wanted = set(text.split(",")) | {"direct"}
    if unknown := wanted - set(NAMES):
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))} (known: {', '.join(NAMES)})")
    return tuple(name for name in NAMES if name in wanted)


def bounded_seconds(text: str) -> float:
    seconds = float(text)
    if not 0.5 <= seconds <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"0.5 to {MAX_SECONDS:g} seconds")
    return seconds


def positive(text: str) -> int:
    count = int(text)
    if not 1 <= count <= 10_000:
        raise argparse.ArgumentTypeError("1 to 10000")
    return count


def options() -> Options:
    parser = argparse.ArgumentParser(description="What relaying costs: the router beside its peers, in one run.")
    parser.add_argument("--seconds", type=bounded_seconds, default=5.0, help="length of each measurement (default 5)")
    parser.add_argument("--rounds", type=positive, default=3, help="interleaved rounds, of which medians (default 3)")
    parser.add_argument("--clients", type=positive, default=32, help="concurrent clients (default 32)")
    parser.add_argument("--words", type=positive, default=64, help="words, so events, an answer (default 64)")
    parser.add_argument("--events-per-write", type=positive, default=1, help="events the upstream joins (default 1)")
    parser.add_argument("--only", type=contender_names, default=NAMES, help=f"comma list of {', '.join(NAMES)}")
    parser.add_argument("--skip-streams", action="store_true", help="leave out the run of many paced streams")
    parser.add_argument("--skip-translation", action="store_true", help="leave out the router between two dialects")
    parser.add_argument("--streams", type=positive, default=1000, help="concurrent paced streams (default 1000)")
    parser.add_argument("--streams-seconds", type=bounded_seconds, default=10.0, help="how long they run (default 10)")
    parser.add_argument(
        "--router-command", default=ROUTER_COMMAND, help="{config}, {port}, {upstream_port} are filled in"
    )
    given = parser.parse_args()
    if given.streams_seconds <= 2 * RAMP_SECONDS:
        parser.error(f"--streams-seconds: more than {2 * RAMP_SECONDS:g}")
    return Options(
        plan=Plan(given.rounds, given.seconds, given.clients, given.words),
        has_translation=not given.skip_translation,
        streams=None if given.skip_streams else StreamsPlan(given.streams, given.streams_seconds),
        contenders=given.only,
        router_command=given.router_command,
        events_per_write=given.events_per_write,
    )


def show(results: Results) -> None:
    print(table.cost_table(results.costs))
    if results.translations:
        print("\n" + table.translation_table(results.translations))
    if results.streams:
        print("\n" + table.streams_table(results.streams))
    if results.decodes:
        print("\n" + table.decode_table(results.decodes))
    print("\n" + table.verdict_table(results.verdicts))
    print("\n" + table.noise(results.costs, results.streams, results.translations))
    for problem in results.problems:
        print(f"problem: {problem}")


def run(given: Options) -> int:
    facts, measured_at = machine(), now()
    binary = build()
    with tempfile.TemporaryDirectory(prefix="anvil-bench-") as directory:
        bench = Bench(given, binary, Path(directory))
        bench.measure_costs()
        if given.has_translation:
            bench.measure_translation()
        if given.streams:
            bench.measure_streams(given.streams)
        bench.measure_decodes()
        results = bench.results()
    show(results)
    record = Record(SCHEMA, measured_at, command_line(), facts, given.plan, given.streams, results)
    print(f"record: {record.write()}")
    return 1 if results.problems else 0


def interrupt(_signal: int, _frame: FrameType | None) -> None:
    # Once is enough: an impatient second one must not cut short the ending of the children.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    given = options()
    # Ended politely from outside is ended as by Ctrl-C: the children go first.
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    try:
        return run(given)
    except BenchError as error:
        say(f"bench: {error}")
        return 1
    except KeyboardInterrupt:
        say("bench: interrupted")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
