from __future__ import annotations

import concurrent.futures
import sqlite3
import stat
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anvil_serving.state import NOTHING, Amount, Balance, Fund, Limit, Need
from anvil_serving.state.budget_file import LEASE_SECONDS, SHOW_SECONDS, BudgetFile, UnusableFile, Vanished

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = 1_000_000.0
KIM = Fund("client", "kim", "day", 950_400, 1_036_800)
TEAM = Fund("named", "team", "month", 0, 2_678_400)
LIMITS = [Limit(KIM, "kim", tokens=1_000, nanos=50_000), Limit(TEAM, "team", tokens=1_500)]
NEED = Need(Amount(100, 1_000), Amount(500, 20_000))


def _opened(path: Path, worker: str = "w1") -> BudgetFile:
    file = BudgetFile(path, worker)
    file.check()
    return file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "budgets.sqlite3"


@pytest.fixture
def file(path: Path) -> Iterator[BudgetFile]:
    opened = _opened(path)
    with opened.transaction():
        opened.show(NOW)
    yield opened
    opened.close()


def test_an_untouched_fund_is_empty(file: BudgetFile) -> None:
    assert file.look([KIM, TEAM], NOW) == {KIM: Balance(), TEAM: Balance()}


def test_what_is_set_aside_is_held_in_every_fund_until_it_is_settled(file: BudgetFile) -> None:
    with file.transaction():
        assert file.set_aside("h1", LIMITS, NEED, NOW) is None
    held = Balance(held=NEED.total)
    assert file.look([KIM, TEAM], NOW) == {KIM: held, TEAM: held}
    with file.transaction():
        file.settle("h1", [KIM, TEAM], Amount(120, 1_500))
    spent = Balance(spent=Amount(120, 1_500))
    assert file.look([KIM, TEAM], NOW) == {KIM: spent, TEAM: spent}
    with file.transaction():
        file.set_aside("h2", LIMITS, NEED, NOW)
        file.settle("h2", [KIM, TEAM], Amount(80, 500))
    assert file.look([KIM], NOW) == {KIM: Balance(Amount(200, 2_000))}


def test_where_one_fund_has_too_little_nothing_is_set_aside_in_any(file: BudgetFile) -> None:
    with file.transaction():
        assert file.set_aside("h1", [LIMITS[1]], NEED, NOW) is None
        assert file.set_aside("h2", [LIMITS[1]], NEED, NOW) is None
        lacking = file.set_aside("h3", LIMITS, NEED, NOW)
    assert lacking is not None
    assert (lacking.limit.title, lacking.is_lasting) == ("team", False)
    assert file.look([KIM], NOW) == {KIM: Balance()}


def test_what_is_settled_without_use_leaves_no_trace(file: BudgetFile) -> None:
    with file.transaction():
        file.set_aside("h1", LIMITS, NEED, NOW)
        file.settle("h1", [KIM, TEAM], NOTHING)
    assert file.look([KIM, TEAM], NOW) == {KIM: Balance(), TEAM: Balance()}


def test_another_period_is_another_fund(file: BudgetFile) -> None:
    tomorrow = Fund("client", "kim", "day", KIM.ends, KIM.ends + 86_400)
    with file.transaction():
        file.set_aside("h1", LIMITS, NEED, NOW)
        file.settle("h1", [KIM, TEAM], Amount(1_000, 0))
        assert file.set_aside("h2", [LIMITS[0]], NEED, NOW) is not None
        assert file.set_aside("h3", [Limit(tomorrow, "kim", tokens=1_000)], NEED, KIM.ends + 1.0) is None


def test_a_hold_is_charged_to_the_period_in_which_it_was_made(file: BudgetFile) -> None:
    with file.transaction():
        file.set_aside("h1", LIMITS, NEED, KIM.ends - 1.0)
        file.settle("h1", [KIM], Amount(7))
    assert file.look([KIM], KIM.ends + 10.0) == {KIM: Balance(Amount(7))}


class TestAWorkerThatDies:
    def test_counts_in_full_while_it_may_live(self, file: BudgetFile) -> None:
        with file.transaction():
            file.set_aside("h1", LIMITS, NEED, NOW)
        assert file.look([KIM], NOW + LEASE_SECONDS - 0.1)[KIM].held == NEED.total

    def test_counts_as_what_its_attempts_have_probably_come_to_afterwards(self, file: BudgetFile) -> None:
        with file.transaction():
            file.set_aside("old", LIMITS, NEED, NOW - 100.0)
            file.set_aside("new", [LIMITS[1]], NEED, NOW + SHOW_SECONDS - 1.0)
        later = file.look([KIM, TEAM], NOW + LEASE_SECONDS)
        assert later[KIM] == Balance(NEED.after(100.0 + SHOW_SECONDS)) == Balance(NEED.total)
        assert later[TEAM] == Balance(NEED.total + NEED.after(1.0))
        assert NEED.after(1.0) == Amount(350, 11_000)

    def test_counts_no_answer_where_it_never_showed_itself(self, path: Path, file: BudgetFile) -> None:
        stranger = _opened(path, "w2")
        with stranger.transaction():
            stranger.set_aside("h1", LIMITS, NEED, NOW)
        stranger.close()
        assert file.look([KIM], NOW) == {KIM: Balance(NEED.prompt)}

    def test_lives_on_when_it_shows_itself(self, file: BudgetFile) -> None:
        with file.transaction():
            file.set_aside("h1", LIMITS, NEED, NOW)
            file.show(NOW + 50.0)
        assert file.look([KIM], NOW + LEASE_SECONDS + 49.0)[KIM].held == NEED.total

    def test_that_was_not_dead_after_all_is_charged_what_it_came_to(self, file: BudgetFile) -> None:
        with file.transaction():
            file.set_aside("h1", LIMITS, NEED, NOW)
        assert file.look([KIM], NOW + 1_000.0)[KIM].spent != NOTHING
        with file.transaction():
            file.settle("h1", [KIM, TEAM], Amount(42, 1))
        assert file.look([KIM], NOW + 1_000.0) == {KIM: Balance(Amount(42, 1))}

    def test_and_another_worker_does_not_let_it_live(self, path: Path, file: BudgetFile) -> None:
        with file.transaction():
            file.set_aside("h1", LIMITS, NEED, NOW)
        other = _opened(path, "w2")
        with other.transaction():
            other.show(NOW + 1_000.0)
        assert other.look([KIM], NOW + 1_000.0) == {KIM: Balance(NEED.after(SHOW_SECONDS))}
        other.close()


def test_what_is_long_over_is_removed_and_nothing_else(path: Path, file: BudgetFile) -> None:
    with file.transaction():
        file.set_aside("h1", LIMITS, NEED, NOW)
        file.set_aside("h2", LIMITS[1:], NEED, NOW)
        file.settle("h2", [TEAM], Amount(5))
        file.tidy(KIM.ends + 80_000.0)
    assert file.look([KIM], NOW)[KIM].held != NOTHING
    with file.transaction():
        file.tidy(KIM.ends + 90_000.0)
    assert file.look([KIM], NOW) == {KIM: Balance()}
    assert file.look([TEAM], NOW)[TEAM] == Balance(Amount(5), NEED.total)
    with sqlite3.connect(path) as reader:
        assert reader.execute("SELECT id FROM workers").fetchall() == [("w1",)], "it still holds something"
    with file.transaction():
        file.tidy(TEAM.ends + 90_000.0)
        file.tidy(TEAM.ends + 90_000.0)
    with sqlite3.connect(path) as reader:
        for table in ("spent", "held", "workers"):
            assert reader.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_transaction_that_fails_changes_nothing(file: BudgetFile) -> None:
    def fail() -> None:
        with file.transaction():
            file.set_aside("h1", LIMITS, NEED, NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert file.look([KIM], NOW) == {KIM: Balance()}
    with file.transaction():
        assert file.set_aside("h1", LIMITS, NEED, NOW) is None


def test_the_file_and_its_folder_are_this_users_alone(path: Path, file: BudgetFile) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_is_gone_is_noticed_and_begun_anew(path: Path, file: BudgetFile) -> None:
    with file.transaction():
        file.set_aside("h1", LIMITS, NEED, NOW)
    path.unlink()
    with pytest.raises(Vanished):
        file.check()
    file.check()
    assert file.look([KIM], NOW) == {KIM: Balance()}


def test_many_may_make_it_at_once(tmp_path: Path) -> None:
    """As the workers of a router do, whose first requests come together."""

    def use(path: Path, number: int) -> None:
        barrier.wait()
        file = _opened(path, f"w{number}")
        with file.transaction():
            file.set_aside(f"h{number}", [Limit(KIM, "kim", tokens=10_000)], NEED, NOW)
        file.close()

    barrier = threading.Barrier(8)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for round_ in range(15):
            path = tmp_path / str(round_) / "budgets.sqlite3"
            for each in [pool.submit(use, path, number) for number in range(8)]:
                each.result()
            file = _opened(path)
            assert file.look([KIM], NOW)[KIM].spent == Amount(8 * 100, 8 * 1_000), "none has shown itself"
            file.close()


def test_another_programs_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with pytest.raises(UnusableFile, match="another program"):
        _opened(path)
    assert path.read_bytes() == before


def test_a_newer_releases_file_is_left_alone(path: Path, file: BudgetFile) -> None:
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 2")
    with pytest.raises(UnusableFile, match="newer release"):
        _opened(path)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableFile, match="no regular file"):
        _opened(tmp_path)


# ── the promise ──────────────────────────────────────────────────────────────────────────────────────────────────────

_AMOUNTS = st.integers(min_value=0, max_value=400)
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("set_aside"), st.booleans(), _AMOUNTS, _AMOUNTS, st.floats(0.0, 30.0)),
        st.tuples(st.just("settle"), st.integers(0, 20), st.floats(0.0, 1.0)),
        st.tuples(st.just("die"), st.booleans(), st.floats(0.0, 90.0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(_STEPS)
def test_whatever_happens_no_more_is_granted_than_there_is(steps: list[tuple[object, ...]]) -> None:
    """As long as no attempt comes to more than was set aside for it."""
    with tempfile.TemporaryDirectory() as folder:
        path, now = Path(folder) / "budgets", NOW
        workers = {each: _opened(path, each) for each in ("w1", "w2")}
        held: list[tuple[str, str, Need]] = []
        charged = Amount()
        for number, step in enumerate(steps):
            if step[0] == "set_aside":
                worker = "w1" if step[1] else "w2"
                _, _, prompt, answer, seconds = step
                now += float(str(seconds))
                need = Need(Amount(int(str(prompt)), int(str(prompt)) * 7), Amount(int(str(answer)), 0))
                with workers[worker].transaction():
                    workers[worker].show(now)
                    if workers[worker].set_aside(str(number), LIMITS, need, now) is None:
                        held.append((worker, str(number), need))
            elif step[0] == "settle" and held:
                worker, hold, need = held.pop(int(str(step[1])) % len(held))
                total = need.total
                amount = Amount(int(total.tokens * float(str(step[2]))), int(total.nanos * float(str(step[2]))))
                with workers[worker].transaction():
                    workers[worker].settle(hold, [KIM, TEAM], amount)
                charged = charged + amount
            elif step[0] == "die":
                dead = "w1" if step[1] else "w2"
                held = [each for each in held if each[0] != dead]
                workers[dead].close()
                workers[dead] = _opened(path, f"{dead}-{number}")
                workers[dead[:2]] = workers[dead]
                now += float(str(step[2]))
            balances = workers["w1"].look([KIM, TEAM], now)
            for limit in LIMITS:
                balance = balances[limit.fund]
                used = balance.spent + balance.held
                assert used.tokens <= (limit.tokens or 0)
                assert limit.nanos is None or used.nanos <= limit.nanos
                assert balance.spent.tokens >= charged.tokens
        for worker in workers.values():
            worker.close()
