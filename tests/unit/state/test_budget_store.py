from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from anvil_serving.errors import BudgetsUnavailable
from anvil_serving.state import NOTHING, Amount, Balance, BudgetStore, Fund, Hold, Limit, Need, Shortfall
from anvil_serving.state.budget_file import LEASE_SECONDS, SHOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

KIM = Fund("client", "kim", "month", 0, 2**40)
TEAM = Fund("named", "team", "month", 0, 2**40)
LIMITS = (Limit(KIM, "kim", tokens=1_000), Limit(TEAM, "team", tokens=5_000))
NEED = Need(Amount(100), Amount(300))


class _Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@contextlib.asynccontextmanager
async def _store(path: Path, clock: Callable[[], float] = time.time) -> AsyncIterator[BudgetStore]:
    store = BudgetStore(path, clock=clock)
    store.start()
    try:
        yield store
    finally:
        store.close()


def _run(test: Callable[[], Awaitable[Any]]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(test(), 20.0)

    asyncio.run(bounded())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "budgets.sqlite3"


async def _settled(store: BudgetStore, fund: Fund = KIM) -> Balance:
    """How the fund stands once nothing is set aside."""
    while True:
        balance = (await store.look([fund]))[fund]
        if balance.held == NOTHING:
            return balance
        await asyncio.sleep(0.01)


def test_what_is_set_aside_is_seen_and_what_is_settled_is_charged(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as store:
            hold = await store.set_aside(LIMITS, NEED)
            assert isinstance(hold, Hold)
            assert await store.look([KIM, TEAM]) == {KIM: Balance(held=NEED.total), TEAM: Balance(held=NEED.total)}
            store.settle(hold, Amount(150, 3))
            assert await _settled(store) == Balance(Amount(150, 3))

    _run(test)


def test_no_more_is_granted_than_there_is_however_many_ask_at_once(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as store:
            answers = await asyncio.gather(*(store.set_aside(LIMITS, NEED) for _ in range(40)))
            assert sum(isinstance(each, Hold) for each in answers) == 2
            refused = [each for each in answers if isinstance(each, Shortfall)]
            assert {(each.limit.title, each.left, each.is_lasting) for each in refused} == {("kim", 200, False)}

    _run(test)


def test_two_workers_share_what_there_is(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as one, _store(path) as other:
            asked = [store.set_aside(LIMITS, NEED) for store in (one, other) * 10]
            answers = await asyncio.gather(*asked)
            assert sum(isinstance(each, Hold) for each in answers) == 2
            assert await one.look([KIM]) == await other.look([KIM]) == {KIM: Balance(held=Amount(800))}

    _run(test)


def test_what_was_used_is_there_after_a_restart(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as store:
            hold = await store.set_aside(LIMITS, NEED)
            assert isinstance(hold, Hold)
            store.settle(hold, Amount(150))
        async with _store(path) as store:
            assert await store.look([KIM]) == {KIM: Balance(Amount(150))}

    _run(test)


def test_who_is_gone_before_the_answer_comes_keeps_nothing(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as store:
            waiting = [asyncio.ensure_future(store.set_aside(LIMITS, NEED)) for _ in range(2)]
            await asyncio.sleep(0)
            for each in waiting:
                each.cancel()
            assert await _settled(store) == Balance()

    _run(test)


def test_a_worker_that_ends_charges_what_its_attempts_have_probably_come_to(path: Path) -> None:
    clock = _Clock()

    async def test() -> None:
        async with _store(path, clock) as store:
            assert isinstance(await store.set_aside(LIMITS, NEED), Hold)
            clock.now += 1.0
        async with _store(path, clock) as store:
            assert await store.look([KIM]) == {KIM: Balance(NEED.after(1.0))}

    _run(test)


def test_a_worker_that_holds_something_shows_that_it_lives(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anvil_serving.state.budget_store.SHOW_SECONDS", 0.02)
    clock = _Clock()

    async def test() -> None:
        async with _store(path, clock) as store:
            assert isinstance(await store.set_aside(LIMITS, NEED), Hold)
            clock.now += LEASE_SECONDS + 1.0
            deadline = time.monotonic() + 5.0
            while _seen(path) < clock.now:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.02)
            assert (await store.look([KIM]))[KIM].held == NEED.total

    _run(test)


def _remove(path: Path) -> None:
    path.unlink()


def _seen(path: Path) -> float:
    with contextlib.closing(sqlite3.connect(path)) as reader:
        found: float = reader.execute("SELECT max(seen) FROM workers").fetchone()[0]
        return found


class TestAFileThatCannotBeUsed:
    def test_refuses_at_once_and_is_told_of_once(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        folder = tmp_path / "folder"
        folder.mkdir()

        async def test() -> None:
            async with _store(folder) as store:
                for _ in range(3):
                    with pytest.raises(BudgetsUnavailable):
                        await store.look([KIM])
                    with pytest.raises(BudgetsUnavailable):
                        await store.set_aside(LIMITS, NEED)

        with caplog.at_level(logging.ERROR):
            _run(test)
        assert len(caplog.records) == 1
        assert "no regular file: set [router.budget] path" in caplog.text

    def test_that_is_damaged_is_left_as_it_is(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        path.write_bytes(b"this is not a database" * 1_000)

        async def test() -> None:
            async with _store(path) as store:
                with pytest.raises(BudgetsUnavailable):
                    await store.look([KIM])

        with caplog.at_level(logging.ERROR):
            _run(test)
        assert "file is not a database" in caplog.text
        assert path.read_bytes() == b"this is not a database" * 1_000

    def test_and_can_be_again_is_used_and_what_waited_is_charged(self, path: Path) -> None:
        async def test() -> None:
            async with _store(path) as store:
                hold = await store.set_aside(LIMITS, NEED)
                assert isinstance(hold, Hold)
                with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
                    other.execute("BEGIN EXCLUSIVE")
                    store.settle(hold, Amount(150))
                    with pytest.raises(BudgetsUnavailable):
                        await store.set_aside(LIMITS, NEED)
                    other.execute("ROLLBACK")
                assert await _settled(store) == Balance(Amount(150))

        _run(test)

    def test_that_is_removed_is_begun_anew(self, path: Path, caplog: pytest.LogCaptureFixture) -> None:
        async def test() -> None:
            async with _store(path) as store:
                hold = await store.set_aside(LIMITS, NEED)
                assert isinstance(hold, Hold)
                store.settle(hold, Amount(150))
                await _settled(store)
                _remove(path)
                assert await store.look([KIM]) == {KIM: Balance()}

        with caplog.at_level(logging.ERROR):
            _run(test)
        assert "was removed or replaced" in caplog.text
        assert path.exists()


def test_the_loop_goes_on_while_the_disk_is_waited_for(path: Path) -> None:
    async def test() -> None:
        async with _store(path) as store:
            await store.set_aside(LIMITS, NEED)
            with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")
                asked = asyncio.ensure_future(store.set_aside(LIMITS, NEED))
                longest, before = 0.0, time.monotonic()
                for _ in range(50):
                    await asyncio.sleep(0.001)
                    longest, before = max(longest, time.monotonic() - before), time.monotonic()
                assert not asked.done()
                other.execute("ROLLBACK")
            assert isinstance(await asked, Hold)
            assert longest < 0.5, "SQLite itself waits for 2 s"

    _run(test)


def test_before_its_start_and_after_its_end_it_refuses(path: Path) -> None:
    async def test() -> None:
        store = BudgetStore(path)
        with pytest.raises(BudgetsUnavailable):
            await store.look([KIM])
        store.start()
        await store.look([KIM])
        store.close()
        store.close()
        with pytest.raises(BudgetsUnavailable):
            await store.set_aside(LIMITS, NEED)

    _run(test)
    assert not [entry for entry in path.parent.iterdir() if "wal" in entry.name], "the file was closed"


# ── several processes ────────────────────────────────────────────────────────────────────────────────────────────────

SPENDER = """
import asyncio, random, sys
from pathlib import Path
from anvil_serving.state import Amount, BudgetStore, Fund, Hold, Limit, Need
async def main():
    store = BudgetStore(Path(sys.argv[1]))
    store.start()
    limits = [Limit(Fund("client", "kim", "month", 0, 2**40), "kim", tokens=100_000)]
    granted = 0
    async def spend():
        nonlocal granted
        for _ in range(25):
            hold = await store.set_aside(limits, Need(Amount(100), Amount(300)))
            if isinstance(hold, Hold):
                print("granted", flush=True)
                await asyncio.sleep(random.random() * 0.004)
                used = random.randint(100, 400)
                granted += used
                store.settle(hold, Amount(used))
    await asyncio.gather(*(spend() for _ in range(12)))
    store.close()
    print("used", granted, flush=True)
asyncio.run(main())
"""


def _spender(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SPENDER, str(path)], stdout=subprocess.PIPE, text=True)


def test_processes_that_ask_all_at_once_never_go_beyond_the_limit(path: Path) -> None:
    children = [_spender(path) for _ in range(2)]
    used = [int(child.communicate(timeout=60)[0].split()[-1]) for child in children]

    async def test() -> None:
        async with _store(path) as store:
            balance = (await store.look([KIM]))[KIM]
            assert balance == Balance(Amount(sum(used)))
            # 600 answers of 250 tokens each are more than there is, so the limit was reached.
            assert 100_000 - 400 * 24 <= balance.spent.tokens <= 100_000
            assert all(each > 10_000 for each in used), used

    _run(test)


HOLDER = """
import asyncio, sys, time
from pathlib import Path
from anvil_serving.state import Amount, BudgetStore, Fund, Limit, Need
async def main():
    store = BudgetStore(Path(sys.argv[1]))
    store.start()
    limits = [Limit(Fund("client", "kim", "month", 0, 2**40), "kim", tokens=100_000)]
    await store.set_aside(limits, Need(Amount(100), Amount(30_000)))
    print("held", flush=True)
    time.sleep(60)
asyncio.run(main())
"""


def test_what_a_killed_process_held_is_not_held_for_ever(path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    clock = _Clock()

    async def test() -> None:
        async with _store(path, clock) as store:
            clock.now = time.time()
            assert (await store.look([KIM]))[KIM] == Balance(held=Amount(30_100))
            clock.now += LEASE_SECONDS
            probably = Need(Amount(100), Amount(30_000)).after(SHOW_SECONDS)
            assert (await store.look([KIM]))[KIM] == Balance(probably)
            assert probably.tokens == 2_600

    _run(test)
