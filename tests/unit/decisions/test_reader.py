from __future__ import annotations

import base64
import sqlite3
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.decisions.records import NOON, decision, wait_for

from anvil_serving.decisions import (
    BadCursor,
    Decision,
    DecisionLog,
    DecisionReader,
    Filters,
    LogMissing,
    LogUnavailable,
    reader,
    table,
)


def written(path: Path, decisions: list[Decision]) -> Path:
    connection = table.connect(path)
    try:
        table.insert(connection, [table.row(each) for each in decisions])
    finally:
        connection.close()
    return path


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
