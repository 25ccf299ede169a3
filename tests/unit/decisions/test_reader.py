from __future__ import annotations

import base64
import os
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.decisions.records import NOON, decision, wait_for, written

from anvil_serving.decisions import (
    BadCursor,
    Decision,
    DecisionLog,
    DecisionReader,
    Filters,
    LogMissing,
    LogUnavailable,
    QuestionTooDear,
    reader,
    table,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a folder? with %20 & # marks" / "decisions.sqlite3"


def test_what_was_written_is_read(path: Path) -> None:
    decisions = [decision(number, dimensions={"privacy": "local"}) for number in range(1_201)]
    with DecisionReader(written(path, decisions)) as log:
        assert list(log.iterate()) == decisions
        assert log.get("dec_000007") == decisions[7]
        assert log.get("req_000008") == decisions[8]
        assert log.get("dec_999999") is None
        assert log.get("\udcff") is None


def test_the_newest_of_a_request_id_is_found(path: Path) -> None:
    decisions = [decision(number, request_id="req_same") for number in range(3)]
    with DecisionReader(written(path, decisions)) as log:
        assert log.get("req_same") == decisions[2]


def test_a_client_finds_its_own_alone(path: Path) -> None:
    ours = decision(1, client="ours", request_id="req_same")
    theirs = decision(2, client="theirs", request_id="req_same")
    nobodys = decision(3, request_id="req_same")
    with DecisionReader(written(path, [ours, theirs, nobodys])) as log:
        assert log.get("req_same") == nobodys
        assert log.get("req_same", "ours") == log.get("dec_000001", "ours") == ours
        assert log.get("req_same", "theirs") == theirs
        assert log.get("dec_000002", "ours") is log.get("dec_000003", "ours") is log.get("req_same", "") is None


def test_a_request_id_is_not_sought_in_all_that_a_client_asked(path: Path) -> None:
    with DecisionReader(written(path, [decision(1, client="ours")])) as log:
        statements: list[str] = []
        log._connection.set_trace_callback(statements.append)
        assert log.get("req_000001", "ours") == decision(1, client="ours")
        plans = [
            " ".join(row[3] for row in log._connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
            for statement in statements[:]
        ]
    assert ["decisions_by_client" in plan for plan in plans] == [False, False]
    assert "decisions_by_request" in plans[1]


def test_a_question_that_takes_too_long_is_ended(path: Path) -> None:
    decisions = [decision(number) for number in range(20_000)]
    with DecisionReader(written(path, decisions), 0.0) as log:
        with pytest.raises(QuestionTooDear, match=r"too dear: its answer takes longer than 0\.0 s") as caught:
            log.page(Filters(tier="nobody"))
        assert caught.value.hint == "narrow it by `since`, `session` or `client`"
        assert log.get("dec_000007") == decisions[7]
    with DecisionReader(path, 60.0) as log:
        assert log.page(Filters(tier="nobody")).decisions == ()


def test_a_lock_is_not_waited_for_longer_than_a_question_may_take(path: Path) -> None:
    connection = sqlite3.connect(written(path, [decision(1)]), isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("DELETE FROM decisions")
    began = time.monotonic()
    with pytest.raises(LogUnavailable, match="locked"), DecisionReader(path, 0.1) as log:
        log.page()
    assert time.monotonic() - began < 1.5
    connection.close()


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [5, 4, 3, 2, 1, 0]),
        (Filters(session="s"), [5, 0]),
        (Filters(client="laptop"), [1]),
        (Filters(work_class="review"), [2]),
        (Filters(tier="heavy"), [5, 3]),
        (Filters(result="exhausted"), [4]),
        (Filters(intent="chat"), [5]),
        (Filters(since=NOON + 2), [5, 4, 3, 2]),
        (Filters(until=NOON + 2), [1, 0]),
        (Filters(session="s", tier="heavy"), [5]),
        (Filters(session="s", since=NOON + 1, until=NOON + 5), []),
        (Filters(tier="x' OR 1=1 --"), []),
    ],
)
def test_filters(path: Path, filters: Filters, expected: list[int]) -> None:
    decisions = [
        decision(0, session="s"),
        decision(1, client="laptop"),
        decision(2, work_class="review"),
        decision(3, tier="heavy"),
        decision(4, result="exhausted", tier=None),
        decision(5, session="s", tier="heavy", intent="chat"),
    ]
    with DecisionReader(written(path, decisions)) as log:
        assert [found.id for found in log.page(filters).decisions] == [f"dec_{number:06}" for number in expected]
        assert [found.id for found in log.iterate(filters)] == [f"dec_{number:06}" for number in reversed(expected)]


@settings(deadline=None, max_examples=60)
@given(
    moments=st.lists(st.one_of(st.sampled_from([NOON, NOON + 1]), st.floats(0, 4e9)), max_size=40),
    limit=st.integers(1, 12),
    which=st.sampled_from([Filters(), Filters(tier="even"), Filters(session="s")]),
)
def test_pages_hold_each_decision_once_and_in_order(moments: list[float], limit: int, which: Filters) -> None:
    decisions = [
        decision(number, at=at, tier="even" if number % 2 == 0 else "odd", session="s" if number % 3 == 0 else None)
        for number, at in enumerate(moments)
    ]
    wanted = [
        each
        for each in decisions
        if (which.tier is None or each.tier == which.tier) and (which.session is None or each.session == "s")
    ]
    with tempfile.TemporaryDirectory() as folder, DecisionReader(written(Path(folder) / "log", decisions)) as log:
        found: list[Decision] = []
        cursor = None
        while True:
            page = log.page(which, limit=limit, cursor=cursor)
            assert len(page.decisions) <= limit
            found += page.decisions
            cursor = page.next
            if cursor is None:
                break
            assert len(page.decisions) == limit
        assert found == sorted(wanted, key=lambda each: (each.at, each.id), reverse=True)
        assert list(log.iterate(which)) == found[::-1]


def test_a_page_goes_on_where_it_ended_though_newer_decisions_came(path: Path) -> None:
    written(path, [decision(number) for number in range(10)])
    with DecisionReader(path) as log:
        first = log.page(limit=4)
        written(path, [decision(number) for number in range(10, 20)])
        second = log.page(limit=4, cursor=first.next)
    assert [found.id[-2:] for found in first.decisions] == ["09", "08", "07", "06"]
    assert [found.id[-2:] for found in second.decisions] == ["05", "04", "03", "02"]


def encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "%",
        "ä",
        "\udcff",
        "aGk=",
        encoded(b"[]"),
        encoded(b"[1]"),
        encoded(b'["1", "a"]'),
        encoded(b'[1e999, "a"]'),
        encoded(b'[null, "a"]'),
        encoded(b'[1.0, "\\ud800"]'),
        encoded(b'[1.0, "\xff"]'),
        encoded(b'{"at": 1, "id": "a"}'),
        encoded(b'[1.0, "' + b"a" * 1_000 + b'"]'),
        encoded(b"[" * 300),
        "A" * 1_000_000,
    ],
)
def test_a_cursor_that_no_page_gave_out_is_refused(path: Path, cursor: str) -> None:
    with DecisionReader(written(path, [decision(1)])) as log, pytest.raises(BadCursor):
        log.page(cursor=cursor)


@given(st.text(max_size=200) | st.binary(max_size=100).map(encoded))
@settings(deadline=None)
def test_any_cursor_is_a_place_or_is_refused(cursor: str) -> None:
    try:
        place = reader._decode_cursor(cursor)
    except BadCursor:
        return
    assert isinstance(place.at, float)


@pytest.mark.parametrize("limit", [-1, 0, 1_000_000_000])
def test_a_page_has_its_bounds(path: Path, limit: int) -> None:
    with DecisionReader(written(path, [decision(number) for number in range(1_005)])) as log:
        assert len(log.page(limit=limit).decisions) in {1, reader.PAGE_CAP}


def test_no_log_is_told_apart(path: Path) -> None:
    with pytest.raises(LogMissing, match="there is no decision log at"):
        DecisionReader(path)
    assert not path.parent.exists()


def test_an_empty_file_holds_no_decisions(path: Path) -> None:
    path.parent.mkdir()
    path.touch()
    with DecisionReader(path) as log:
        assert log.page().decisions == ()
        assert list(log.iterate()) == []
        assert log.get("dec_000001") is None


@pytest.mark.parametrize(
    ("content", "words"), [(b"nothing of the kind" * 50, "is damaged"), (None, "is the database of another program")]
)
def test_what_is_no_log_is_unavailable(path: Path, content: bytes | None, words: str) -> None:
    path.parent.mkdir()
    if content is None:
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE other (one)")
        connection.close()
    else:
        path.write_bytes(content)
    with pytest.raises(LogUnavailable, match=words) as caught:
        DecisionReader(path)
    assert caught.value.hint is not None


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_what_is_no_file_is_said_to_be_none(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, words in ((tmp_path, "is a folder and no file"), (tmp_path / "pipe", "is a pipe and no file")):
        with pytest.raises(LogUnavailable, match=words) as caught:
            DecisionReader(place)
        assert caught.value.hint == "move it away, or set [decisions] path to another place"


def test_damage_that_is_met_later_is_unavailable(path: Path) -> None:
    written(path, [decision(number) for number in range(500)])
    with path.open("r+b") as file:
        file.seek(table.PAGE_BYTES)
        file.write(b"\xa5" * (path.stat().st_size - table.PAGE_BYTES))
    with DecisionReader(path) as log, pytest.raises(LogUnavailable, match="damaged"):
        list(log.iterate())


def test_records_of_another_release(path: Path) -> None:
    written(path, [decision(number) for number in range(4)])
    record = msgspec.json.decode(msgspec.json.encode(decision(0)))
    connection = sqlite3.connect(path)
    for number, content in enumerate(
        [msgspec.json.encode(record | {"to_come": [1]}), msgspec.json.encode(record | {"result": "to come"}), b"\xff"]
    ):
        connection.execute("UPDATE decisions SET record = ? WHERE id = ?", (content, f"dec_{number:06}"))
    connection.commit()
    connection.close()
    with DecisionReader(path) as log:
        page = log.page(limit=3)
        assert ([found.id for found in page.decisions], page.unreadable) == (["dec_000003"], 2)
        assert log.page(limit=3, cursor=page.next).decisions == (decision(0),)
        assert [found.id for found in log.iterate()] == ["dec_000000", "dec_000003"]
        assert log.unreadable == 4


def test_reading_goes_on_while_a_router_writes(path: Path) -> None:
    log = DecisionLog(path)
    log.start()
    wait_for(lambda: path.exists() and path.stat().st_size > 0)
    try:
        with DecisionReader(path) as first:
            for number in range(2_000):
                log.add(decision(number))
                if number % 100 == 0:
                    assert len(first.page(limit=5).decisions) <= 5
            wait_for(lambda: len(list(first.iterate())) == 2_000)
    finally:
        log.close()


def test_reading_changes_nothing(path: Path) -> None:
    written(path, [decision(1)])
    before = path.read_bytes()
    with DecisionReader(path) as log, pytest.raises(sqlite3.OperationalError, match="readonly"):
        log._connection.execute("DELETE FROM decisions")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        (Filters(), "decisions_by_time"),
        (Filters(since=NOON), "decisions_by_time"),
        (Filters(tier="fast", result="answered"), "decisions_by_time"),
        (Filters(session="s", since=NOON), "decisions_by_session"),
        (Filters(client="ours"), "decisions_by_client"),
        (Filters(client="ours", tier="fast", since=NOON), "decisions_by_client"),
    ],
)
def test_no_page_sorts_the_whole_log(path: Path, filters: Filters, index: str) -> None:
    conditions, values = reader._conditions(filters)
    conditions.append("(at, id) < (?, ?)")
    connection = sqlite3.connect(written(path, [decision(1)]))
    query = f"SELECT record FROM decisions WHERE {' AND '.join(conditions)} ORDER BY at DESC, id DESC LIMIT 5"
    plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", [*values, NOON, "a"]))
    connection.close()
    assert index in plan
    assert "TEMP B-TREE" not in plan
