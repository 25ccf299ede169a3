"""A client that does not read is not read for: the tier is slowed down, and nothing piles up in the router."""

from __future__ import annotations

import json
import time
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes import answers
from tests.fakes.client import request_body
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from tests.fakes.tier import Tier

FLOOD_BYTES = 56 * 1024 * 1024


def _resident_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no resident size")


def test_a_client_that_does_not_read_stops_its_tier(first: Tier) -> None:
    events = answers.events("chat", ["word " * 10] * 500)
    piece = answers.chunk(b"".join(events[1:-2]))
    pieces = FLOOD_BYTES // len(piece)
    ending = [*(answers.chunk(event) for event in events[-2:]), answers.chunk(b"")]
    first.plays(lambda _: [answers.stream_head(), answers.chunk(events[0]), *repeat(piece, pieces), *ending])
    timeouts = {"connect": 5.0, "first_byte": 5.0, "idle": 5.0, "total": 100.0}
    with (
        RouterProcess([tier_config("first", first.url, timeouts=timeouts)], {"alone": ["first"]}) as router,
        router.client(receive_buffer=4096) as client,
    ):
        [worker] = router.worker_pids
        assert router.is_healthy()
        before = _resident_bytes(worker)
        client.request("POST", PATHS["chat"], json.dumps(request_body("chat", stream=True)).encode())
        connection = first.wait_for_requests().connection
        sent = -1
        while connection.sent != sent:
            sent = connection.sent
            time.sleep(0.3)
        grown = _resident_bytes(worker) - before
        print(f"the tier could send {sent / 1e6:.1f} MB; the router grew by {grown / 1e6:.1f} MB")
        # What the kernel buffers at the four ends of two connections is most of it.
        assert sent < FLOOD_BYTES / 2
        assert grown < 8 * 1024 * 1024
        assert router.is_healthy(), "a stuck client holds nobody else up"
        # Once it reads, it gets everything.
        answer = client.read_answer()
        assert answer.is_clean
        assert answer.body.count(b'"word ') == 500 * pieces
        assert _resident_bytes(worker) - before < 16 * 1024 * 1024


def test_what_a_header_says_is_not_kept_at_length(first: Tier) -> None:
    tiers = [tier_config("first", first.url, dialects=["openai"])]
    with RouterProcess(tiers, {"alone": ["first"]}) as router, router.client() as client:
        [worker] = router.worker_pids
        before = _resident_bytes(worker)
        for number in range(20):
            member = {f"{number:02}" + "n" * 4_000_000: 1}
            answer = client.ask("POST", PATHS["responses"], request_body("responses", **member))
            assert len(answer.headers["x-anvil-warning"]) == 1_024
        assert _resident_bytes(worker) - before < 48 * 1024 * 1024
