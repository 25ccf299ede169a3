from __future__ import annotations

import datetime
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving import decisions
from anvil_serving.config import Tier
from anvil_serving.decisions import Attempt, Price, PriceList, cost
from anvil_serving.decisions.price_sync import encode_table
from anvil_serving.decisions.prices import ListedPrice, PriceTable, current_table, synced_path

SHIPPED = Path(decisions.__file__).with_name("prices.json")
LIST = PriceList(
    "2026-11-20",
    "a test",
    {
        "claude-sonnet-4-5": Price(3.0, 15.0, 0.3, 3.75),
        "gpt-5": Price(1.25, 10.0, 0.125, 1.25),
        "gpt-5-2025-08-07": Price(1.0, 1.0, 1.0, 1.0),
    },
)


def tier(**members: Any) -> Tier:
    return Tier(**{"id": "t", "base_url": "https://a", "context_limit": 1, "privacy": "cloud"} | members)


def attempt(*counts: int | None) -> Attempt:
    names = ("input_tokens", "output_tokens", "cached_tokens", "cache_write_tokens")
    return Attempt("t", "m", "answered", **dict(zip(names, counts, strict=False)))


def test_the_shipped_table_is_small_sorted_and_written_by_us() -> None:
    content = SHIPPED.read_bytes()
    table = current_table({"XDG_DATA_HOME": "/nowhere"})
    assert len(content) < 60_000
    assert encode_table(table) == content
    assert list(table.models) == sorted(table.models)
    assert len(table.models) > 150
    assert "LiteLLM" in table.source


def test_every_shipped_price_is_found_and_is_one() -> None:
    shipped = PriceList.load({"XDG_DATA_HOME": "/nowhere"})
    for name, price in shipped.models.items():
        assert shipped.find(name) == price
        assert 0 < price.cached_input <= price.input <= price.output <= 1_000, name


@pytest.mark.parametrize(
    "name",
    [
        "claude-sonnet-4-5",
        "Claude-Sonnet-4-5",
        " claude-sonnet-4-5 ",
        "anthropic/claude-sonnet-4-5",
        "claude-sonnet-4-5-20250929",
        "anthropic/Claude-sonnet-4-5-2025-09-29",
    ],
)
def test_a_model_is_found_by_its_names(name: str) -> None:
    assert LIST.find(name) == Price(3.0, 15.0, 0.3, 3.75)


def test_the_exact_name_comes_first() -> None:
    assert LIST.find("openai/gpt-5-2025-08-07") == Price(1.0, 1.0, 1.0, 1.0)
    assert LIST.find("gpt-5-2025-08-08") == LIST.find("gpt-5") == Price(1.25, 10.0, 0.125, 1.25)


@pytest.mark.parametrize("name", [None, "", "gpt", "gpt-5-1", "gpt-5-", "unsloth/gpt-5", "/gpt-5", "gpt-5-20250929-x"])
def test_another_model_is_not_found(name: str | None) -> None:
    assert LIST.find(name) is None


@pytest.mark.parametrize(
    ("counts", "dollars"),
    [
        ((1_000_000, 0, 0, 0), 3.0),
        ((1_000_000, 0, None, None), 3.0),
        ((0, 1_000_000, 0, 0), 15.0),
        ((1_000_000, 0, 1_000_000, 0), 0.3),
        ((1_000_000, 0, 0, 1_000_000), 3.75),
        ((1_000_000, 100_000, 500_000, 200_000), 0.9 + 1.5 + 0.15 + 0.75),
        # No more is cached, or written, than there is of a prompt.
        ((100_000, 0, 500_000, 0), 0.03),
        ((100_000, 0, 60_000, 500_000), 0.018 + 0.15),
        ((0, 0, 10**9, 10**9), 0.0),
        # What nobody can have counted.
        ((10**9 + 1, 0, 0, 0), None),
        ((5, 2**63, 0, 0), None),
        ((5, 5, 10**9 + 1, 0), None),
        ((5, 5, 0, 10**9 + 1), None),
        ((-5, 5, 0, 0), None),
        ((None, 5), None),
        ((5, None), None),
        ((None, None), None),
    ],
)
def test_cost(counts: tuple[int | None, ...], dollars: float | None) -> None:
    found = cost(Price(3.0, 15.0, 0.3, 3.75), attempt(*counts))
    assert found == (None if dollars is None else pytest.approx(dollars))


def test_what_bills_nothing_costs_nothing_even_uncounted() -> None:
    assert cost(Price(0.0, 0.0, 0.0, 0.0), attempt(None, None)) == 0.0
    assert cost(Price(0.0, 0.0, 0.0, 0.0), attempt(2**63, 5)) == 0.0


@given(*[st.integers(0, 10**9)] * 4)
def test_no_count_of_what_was_cached_takes_a_cost_out_of_its_bounds(
    prompt: int, answer: int, cached: int, written: int
) -> None:
    found = cost(Price(3.0, 15.0, 0.3, 3.75), attempt(prompt, answer, cached, written))
    assert found is not None
    least, most = 0.3 * prompt + 15.0 * answer, 3.75 * prompt + 15.0 * answer
    assert least / 1e6 <= found * (1 + 1e-9)
    assert found <= most / 1e6 * (1 + 1e-9)


def test_what_is_not_listed_is_billed_as_input() -> None:
    assert ListedPrice(2.0, 8.0).resolved() == Price(2.0, 8.0, 2.0, 2.0)
    assert ListedPrice(2.0, 8.0, 0.5, 3.0).resolved() == Price(2.0, 8.0, 0.5, 3.0)


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"model": "gpt-5"}, Price(1.25, 10.0, 0.125, 1.25)),
        ({"model": "unknown"}, None),
        ({}, None),
        ({"privacy": "local"}, Price(0.0, 0.0, 0.0, 0.0)),
        ({"privacy": "local", "model": "gpt-5"}, Price(0.0, 0.0, 0.0, 0.0)),
        ({"privacy": "local", "cost_input_per_mtok": 0.5}, Price(0.5, 0.0, 0.5, 0.5)),
        ({"cost_input_per_mtok": 2.0}, None),
        ({"cost_input_per_mtok": 2.0, "cost_output_per_mtok": 4.0}, Price(2.0, 4.0, 2.0, 2.0)),
        ({"model": "gpt-5", "cost_input_per_mtok": 2.5}, Price(2.5, 10.0, 0.25, 2.5)),
        ({"model": "claude-sonnet-4-5", "cost_input_per_mtok": 6.0}, Price(6.0, 15.0, 0.6, 7.5)),
        ({"model": "gpt-5", "cost_output_per_mtok": 1.0}, Price(1.25, 1.0, 0.125, 1.25)),
        ({"model": "gpt-5", "cost_cached_input_per_mtok": 0.0}, Price(1.25, 10.0, 0.0, 1.25)),
        ({"model": "gpt-5", "cost_cache_write_per_mtok": 9.0}, Price(1.25, 10.0, 0.125, 9.0)),
        ({"model": "gpt-5", "cost_input_per_mtok": 0.0, "cost_output_per_mtok": 0.0}, Price(0.0, 0.0, 0.0, 0.0)),
    ],
)
def test_the_price_of_a_tier(members: dict[str, Any], expected: Price | None) -> None:
    found = LIST.for_tier(tier(**members))
    if expected is None or found is None:
        assert found is expected
        return
    members_of = ("input", "output", "cached_input", "cache_write")
    assert [getattr(found, name) for name in members_of] == pytest.approx(
        [getattr(expected, name) for name in members_of]
    )


def test_a_tier_without_a_model_has_the_price_of_the_one_it_serves() -> None:
    assert LIST.for_tier(tier(), model="gpt-5") == LIST.find("gpt-5")


def synced(folder: Path, content: bytes) -> dict[str, str]:
    environ = {"XDG_DATA_HOME": str(folder)}
    path = synced_path(environ)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return environ


@pytest.mark.parametrize(("date", "newer"), [("2020-01-01", False), ("2099-01-01", True)])
def test_the_newer_table_is_used(tmp_path: Path, date: str, newer: bool) -> None:
    table = PriceTable(datetime.date.fromisoformat(date), "synced", {"gpt-5": ListedPrice(7.0, 7.0)})
    found = PriceList.load(synced(tmp_path, encode_table(table)))
    assert (found.source == "synced") is newer
    assert (found.find("gpt-5") == Price(7.0, 7.0, 7.0, 7.0)) is newer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"date": "soon", "source": "", "models": {}}',
        b'{"date": "2099-01-01", "source": "", "models": {"a": {"input": -1, "output": 1}}}',
        b'{"date": "2099-01-01", "source": "", "models": {"a": {"input": 10001, "output": 1}}}',
        b'{"date": "2099-01-01", "source": "", "models": {"a": {"input": 1e999, "output": 1}}}',
        b'{"date": "2099-01-01", "source": "", "models": {"a": {"input": "1", "output": 1}}}',
        b" " * 2_000_000,
    ],
)
def test_a_broken_table_is_told_of_and_passed_over(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    found = PriceList.load(synced(tmp_path, content))
    assert found.date == json.loads(SHIPPED.read_bytes())["date"]
    assert "cannot be used" in caplog.text
    assert "prices sync" in caplog.text


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders")
def test_a_pipe_in_the_place_of_the_table_holds_nothing_up(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = synced_path({"XDG_DATA_HOME": str(tmp_path)})
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    PriceList.load({"XDG_DATA_HOME": str(tmp_path)})
    assert "is a pipe and no file" in caplog.text
