"""Several workers serve one port."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fakes.client import request_body
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from tests.fakes.tier import Tier


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _sockets(pid: int) -> int:
    return sum(
        str(entry.readlink()).startswith("socket:") for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()
    )


def test_two_workers_both_serve(first: Tier) -> None:
    with RouterProcess([tier_config("first", first.url)], {"alone": ["first"]}, workers=2) as router:
        workers = router.worker_pids
        assert len(workers) == 2
        before = {pid: _sockets(pid) for pid in workers}
        clients = [router.client() for _ in range(40)]
        try:
            for client in clients:
                assert client.ask("POST", PATHS["chat"], request_body("chat")).status == 200
            taken = [_sockets(pid) - before[pid] for pid in workers]
        finally:
            for client in clients:
                client.close()
    assert all(count > 0 for count in taken), f"connections taken by each worker: {taken}"


def test_a_worker_that_dies_is_replaced(first: Tier) -> None:
    with RouterProcess([tier_config("first", first.url)], {"alone": ["first"]}, workers=2) as router:
        victim, survivor = router.worker_pids
        os.kill(victim, signal.SIGKILL)
        deadline = time.monotonic() + 10.0
        while victim in router.worker_pids or len(router.worker_pids) < 2:
            assert time.monotonic() < deadline, "nobody took the dead worker's place"
            time.sleep(0.1)
        assert survivor in router.worker_pids
        for _ in range(20):
            with router.client() as client:
                assert client.ask("POST", PATHS["chat"], request_body("chat")).status == 200
