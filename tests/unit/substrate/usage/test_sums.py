from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.substrate.usage.lines import SAMPLES, answer, write

from anvil_serving.decisions.prices import Price, PriceList
from anvil_serving.substrate.usage.distribution import measured, quantile
from anvil_serving.substrate.usage.hours import at_once
from anvil_serving.substrate.usage.logs import logs_below
from anvil_serving.substrate.usage.reader import read_logs
from anvil_serving.substrate.usage.sums import NAME_CHARS, NAMES_CAP, add_up
from anvil_serving.substrate.usage.usage import Selection, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRICES = PriceList(
    "2026-11-20",
    "a test",
    {"claude-x": Price(1.0, 100.0, 0.1, 2.0), "claude-opus-4-8": Price(5.0, 25.0, 0.5, 6.25)},
)


@pytest.fixture(autouse=True)
def _zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def usage(folder: Path, **selection: Any) -> Usage:
    logs = logs_below(folder)
    return add_up(read_logs(logs), logs.folders, Selection(**selection), PRICES)


def test_the_samples_add_up() -> None:
    found = usage(SAMPLES)
    totals = found.totals
    assert totals.assistant_calls == 9 + 8
    assert totals.fresh_input_tokens == 999 + 8 * 400
    assert totals.output_tokens == 369 + sum(50 + n for n in range(1, 9))
    assert totals.cache_creation_hour_tokens == sum(1_500 + n for n in range(3, 20, 2))
    assert (
        totals.total_processed
        == totals.fresh_input_tokens + totals.cache_read_tokens + totals.cache_creation_tokens + totals.output_tokens
    )
    assert [(client.name, client.calls) for client in found.clients] == [("claude-code", 9), ("codex", 8)]
    assert found.tools == {"exec_command": 4, "Agent": 2, "Bash": 2, "Write": 2}
    assert found.agent_types == {"Explore": 1, "general-purpose": 1}
    assert (found.workflows.dispatches, found.workflows.agent_count_max) == (1, 2)
    assert found.roles.by_role["subagent"].n == 4
    assert (found.sessions.count, found.window.first_day) == (5, "2026-11-29")
    # The two sub-agents ran at the same time.
    assert found.concurrency.peak_parallel_requests.requests == 2
    assert found.distribution.think_seconds.n == 3


def test_cost_is_at_list_prices_and_an_hour_in_a_cache_is_dearer() -> None:
    found = usage(SAMPLES)
    [opus] = [model for model in found.models if model.name == "claude-opus-4-8"]
    # What Claude Code itself said that these cost, less its requests for titles, which it writes down nowhere.
    assert opus.cost_usd == pytest.approx(0.1060355 + 0.0215635 + 0.0216445)
    assert found.cost.usd == opus.cost_usd
    assert (found.cost.prices_date, found.cost.unpriced_calls) == ("2026-11-20", 10)
    assert "gpt-5.5" in found.cost.unpriced_models


def test_days_are_of_this_machines_zone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.jsonl", answer(1, at="2026-11-20T23:50:00Z"), answer(2, at="2026-11-21T00:10:00+00:00"))
    assert [day.day for day in usage(tmp_path).daily] == ["2026-11-20", "2026-11-21"]
    monkeypatch.setenv("TZ", "XST-5:45")
    time.tzset()
    found = usage(tmp_path)
    assert [day.day for day in found.daily] == ["2026-11-21"]
    assert found.concurrency.peak_calls_per_min.minute == "2026-11-21T05:35"


@pytest.mark.parametrize("at", [None, "yesterday", "", "1999-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "-1", 7, {}])
def test_a_time_that_cannot_be_is_no_day(tmp_path: Path, at: Any) -> None:
    write(tmp_path / "a.jsonl", answer(1, at=at))
    found = usage(tmp_path)
    assert (found.totals.assistant_calls, found.window.undated_calls, found.daily) == (1, 1, ())
    assert usage(tmp_path, since=0.0).totals.assistant_calls == 0


def test_only_what_is_selected_is_counted(tmp_path: Path) -> None:
    write(
        tmp_path / "a.jsonl",
        answer(1, at="2026-11-20T10:00:00Z"),
        answer(2, at="2026-11-21T10:00:00Z", folder="/home/someone/Other"),
    )
    midnight = time.mktime((2026, 11, 21, 0, 0, 0, 0, 0, 0))
    assert usage(tmp_path).totals.output_tokens == 3
    assert usage(tmp_path, until=midnight).totals.output_tokens == 1
    assert usage(tmp_path, since=midnight).totals.output_tokens == 2
    assert usage(tmp_path, since=midnight, until=midnight + 1).totals.output_tokens == 0
    assert usage(tmp_path, project="other").totals.output_tokens == 2


def test_how_much_fits_counts_prompt_and_answer(tmp_path: Path) -> None:
    # 1,120 tokens of prompt each.
    write(tmp_path / "a.jsonl", answer(8_192 - 1_120), answer(8_192 - 1_119))
    eight, sixteen, *_ = usage(tmp_path).coverage
    assert (eight.context_tokens, eight.calls, eight.share, sixteen.calls) == (8_192, 1, 0.5, 2)


def test_nothing_is_added_up_to_nothing(tmp_path: Path) -> None:
    found = usage(tmp_path)
    assert (found.totals.total_processed, found.cost.usd, found.daily, found.busiest_day) == (0, 0, (), None)


def test_names_without_end_are_told_up_to_a_number_and_a_length(tmp_path: Path) -> None:
    usages = {"input_tokens": 1, "output_tokens": 1}
    calls = [
        {"type": "tool_use", "id": f"t{number}", "name": f"{number} " + "x" * 300, "input": {}} for number in range(300)
    ]
    write(
        tmp_path / "a.jsonl",
        *(
            answer(number, folder=f"/{number}", message={"id": f"m{number}", "model": f"x{number}", "usage": usages})
            for number in range(300)
        ),
        answer(300, message={"id": "m", "model": "y" * 10_000, "content": calls, "usage": usages}),
    )
    found = usage(tmp_path)
    named = (found.models, found.projects, found.tools, found.model_mix.calls, found.cost.unpriced_models)
    assert [len(names) for names in named] == [NAMES_CAP] * 5
    assert max(len(name) for name in [*found.tools, *found.model_mix.calls]) <= NAME_CHARS
    assert (found.totals.assistant_calls, found.cost.unpriced_calls) == (301, 301)


@given(st.lists(st.integers(0, 10**9), min_size=2, max_size=50))
def test_quantiles_are_those_of_the_standard_library(values: list[int]) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")
    assert [quantile(sorted(values), percent) for percent in range(1, 100)] == pytest.approx(expected)
    assert measured(values).percentiles[0] == min(values)
    assert measured(values).percentiles[100] == max(values)


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), max_size=12))
def test_what_runs_at_once(lengths: list[tuple[int, int]]) -> None:
    running = [(began, began + length) for began, length in lengths if length]
    by_moment = [sum(began <= at < ended for began, ended in running) for at in range(60)]
    moment, most = at_once([began for began, _ in running], [ended for _, ended in running])
    assert most == max(by_moment)
    assert most == 0 or by_moment[moment] == most
