from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.edge.decisions import DecisionQuery
from anvil_serving.errors import Malformed
from anvil_serving.router import Filters


def _query(**asked: str) -> DecisionQuery:
    return DecisionQuery.from_query(urlencode(asked).encode())


def test_without_a_word_the_newest_fifty_are_meant() -> None:
    assert DecisionQuery.from_query(b"") == DecisionQuery(Filters(), 50, None)


def test_every_filter_reaches_its_field() -> None:
    names = {name: f"the {name}" for name in ("session", "client", "work_class", "tier", "result", "intent")}
    query = _query(**names, since="1790000000.5", until="1790000100", limit="7", after="a-cursor")
    assert query == DecisionQuery(Filters(**names, since=1_790_000_000.5, until=1_790_000_100.0), 7, "a-cursor")


def test_what_is_escaped_is_read_and_of_two_the_last_is_meant() -> None:
    assert DecisionQuery.from_query(b"session=prefix%3A0011+x").filters.session == "prefix:0011 x"
    assert DecisionQuery.from_query(quote("tier=höher", safe="=").encode()).filters.tier == "höher"
    assert DecisionQuery.from_query(b"tier=a&tier=b").filters.tier == "b"


@pytest.mark.parametrize("name", ["sesion", "Session", "session_id", "cursor", "offset", "client[]", "x" * 1_000])
def test_an_unknown_filter_is_refused_because_it_would_show_everything(name: str) -> None:
    with pytest.raises(Malformed) as raised:
        _query(**{name: "1"})
    assert raised.value.param == name[:40]
    assert "session" in str(raised.value)
    assert len(str(raised.value)) < 250


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "1.5", "ten", "\u0661", "9" * 30, " 1", "+1"])
def test_a_limit_is_a_number_from_1_to_1000(limit: str) -> None:
    with pytest.raises(Malformed) as raised:
        _query(limit=limit)
    assert raised.value.param == "limit"


@pytest.mark.parametrize(("limit", "meant"), [("1", 1), ("1000", 1_000), ("0050", 50)])
def test_the_ends_of_that_are_meant_too(limit: str, meant: int) -> None:
    assert _query(limit=limit).limit == meant


@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize(
    "said", ["yesterday", "2026-01-01", "-1", "nan", "inf", "1e9", "1.2.3", ".", "²", "\u0661", "1_000", "9" * 21]
)
def test_a_time_is_seconds_since_the_epoch(name: str, said: str) -> None:
    with pytest.raises(Malformed) as raised:
        _query(**{name: said})
    assert raised.value.param == name


@given(st.binary(max_size=60))
def test_no_query_is_an_accident(query: bytes) -> None:
    try:
        read = DecisionQuery.from_query(query)
    except Malformed:
        return
    assert 1 <= read.limit <= 1_000


@given(
    st.dictionaries(st.sampled_from(["session", "limit", "since", "after", "odd"]), st.text(max_size=12), max_size=3)
)
def test_nor_is_one_that_is_well_formed(asked: dict[str, str]) -> None:
    try:
        read = _query(**asked)
    except Malformed:
        return
    assert 1 <= read.limit <= 1_000
    assert read.filters.since is None or read.filters.since >= 0
