"""What reading the request of a long conversation costs: the decoder and its facts, on one core."""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import msgspec

from harness.dialect import Dialect
from harness.process import BenchError

WIRE = Path(__file__).parents[2] / "tests" / "wire"
BODY_BYTES = 400_000
REPEATS = 200
# Long enough that another thread gets a core meanwhile, on a machine that is not idle.
RELEASED_BODY_BYTES = 4_000_000
RELEASED_REPEATS = 20
# Well above such a reading: nobody is asked to let go of the interpreter during one.
SWITCH_SECONDS = 0.1
# Harnesses whose requests are on file, and the member that is their conversation.
CONVERSATIONS: dict[Dialect, tuple[str, str]] = {
    "messages": ("claude_code", "messages"),
    "responses": ("codex", "input"),
}


class Requests(Protocol):
    """`anvil_serving._core.Request`, as far as it is measured."""

    def decode(self, dialect: str, body: bytes) -> Any: ...


class Decode(msgspec.Struct, frozen=True):
    """One body, read many times."""

    dialect: Dialect
    harness: str
    body_bytes: int
    # Of the reading thread, median; what the machine does meanwhile is not in it.
    cpu_ms: float
    # Share of the readings of a longer body during which another Python thread got to run.
    released: float


def measure_decodes() -> list[Decode]:
    # Imported late: a bench of the peers alone needs no engine.
    try:
        from anvil_serving._core import Request  # noqa: PLC0415
    except ImportError as error:
        raise BenchError(f"decode: {error} (make build)") from error
    found = {dialect: WIRE / dialect / harness / "request.json" for dialect, (harness, _) in CONVERSATIONS.items()}
    return [measure_decode(Request, dialect, path.read_bytes()) for dialect, path in found.items() if path.exists()]


def measure_decode(requests: Requests, dialect: Dialect, request: bytes) -> Decode:
    harness, member = CONVERSATIONS[dialect]
    body = long_body(request, member, BODY_BYTES)
    times = []
    for _ in range(REPEATS):
        began = time.thread_time()
        _facts = requests.decode(dialect, body).facts
        times.append(time.thread_time() - began)
    longer, released = long_body(request, member, RELEASED_BODY_BYTES), 0
    with counting() as counts:
        for _ in range(RELEASED_REPEATS):
            before = counts[0]
            requests.decode(dialect, longer)
            released += counts[0] > before
    return Decode(dialect, harness, len(body), statistics.median(times) * 1e3, released / RELEASED_REPEATS)


def long_body(request: bytes, member: str, size: int) -> bytes:
    """The request with its conversation said again until it is long: many small parts, so a dear one of its size."""
    whole: dict[str, Any] = msgspec.json.decode(request)
    conversation = whole[member]
    once = len(msgspec.json.encode(conversation))
    others = len(msgspec.json.encode(whole)) - once
    whole[member] = conversation * -(-(size - others) // once)
    return msgspec.json.encode(whole)


@contextmanager
def counting() -> Iterator[list[int]]:
    """A thread that counts whenever the interpreter is free.

    Inside a C call nobody can be made to let go of it: a count that moved during one was made while the call had.
    """
    counts, stop = [0], threading.Event()

    def count() -> None:
        while not stop.is_set():
            counts[0] += 1

    thread, interval = threading.Thread(target=count, daemon=True), sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    thread.start()
    try:
        yield counts
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
