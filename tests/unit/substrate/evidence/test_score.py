from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import WORK_CLASSES
from anvil_serving.errors import StartupError
from anvil_serving.substrate.evidence.files import read_evidence
from anvil_serving.substrate.evidence.score import Evidence, rank, wilson

if TYPE_CHECKING:
    from pathlib import Path


def _evidence(model: str, passed: int, samples: int | None, **more: Any) -> Evidence:
    share = passed / (samples or 100)
    given = {"work_class": "chat", "basis": "quality", "source": "a test"} | more
    return Evidence(model=model, share=share, samples=samples, **given)


def test_wilsons_interval_is_his() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, and 0 of 20.
    for passed, samples, low, high in ((81, 263, 0.2553, 0.3662), (0, 20, 0.0, 0.1611)):
        interval = wilson(passed / samples, samples)
        assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_an_interval_holds_its_share(samples: int, share: float) -> None:
    interval = wilson(share, samples)
    assert 0 <= interval.low <= share + 1e-12
    assert share - 1e-12 <= interval.high <= 1
    assert wilson(share, samples * 4).high - wilson(share, samples * 4).low < interval.high - interval.low


def test_a_rank_says_how_many_are_surely_better() -> None:
    found = [_evidence("best", 95, 100), _evidence("close", 9, 10), _evidence("worse", 100, 1000)]
    [chat] = rank(found, ("chat",))
    by_model = {entry.model: entry for entry in chat.entries}
    assert [entry.model for entry in chat.entries] == ["best", "close", "worse"]
    assert [(entry.rank, entry.is_tied) for entry in chat.entries] == [(1, True), (1, True), (3, False)]
    assert by_model["close"].is_few
    assert not by_model["best"].is_few


def test_evidence_of_one_model_is_added_up_and_each_source_named() -> None:
    found = [_evidence("m", 10, 10, source="one"), _evidence("m", 0, 30, source="two")]
    [chat] = rank([*found, found[0]], ("chat",))
    [entry] = chat.entries
    assert (entry.share, entry.samples, entry.sources) == (0.25, 40, ("one", "two"))


def test_kinds_of_figures_are_never_compared() -> None:
    found = [
        _evidence("m", 90, 100),
        _evidence("n", 99, 100, basis="structure"),
        _evidence("o", 99, None, basis="published", benchmark="LiveCodeBench"),
        _evidence("p", 10, 500, basis="published", benchmark="MT-Bench"),
    ]
    rankings = rank(found, ("chat",))
    assert [[entry.model for entry in ranking.entries] for ranking in rankings] == [["m"], ["n"], ["o"], ["p"]]
    [published] = rankings[2].entries
    assert (published.rank, published.interval, published.samples) == (None, None, None)


def test_without_evidence_nothing_is_ranked() -> None:
    rankings = rank([])
    assert [ranking.work_class for ranking in rankings] == list(WORK_CLASSES)
    assert all(ranking.basis is None and not ranking.entries for ranking in rankings)


def _read(tmp_path: Path, document: Any) -> tuple[Evidence, ...]:
    file = tmp_path / "evidence.json"
    file.write_text(json.dumps(document))
    return read_evidence(file)


def test_results_by_model_are_read(tmp_path: Path) -> None:
    rows = [{"model": "m", "work_class": "review", "passed": 3, "samples": 4, "source": "suite 1"}]
    [figure] = _read(tmp_path, {"schema": "anvil-serving.evidence/v1", "evidence": rows})
    assert (figure.model, figure.work_class, figure.share, figure.samples) == ("m", "review", 0.75, 4)
    assert figure.source == "evidence.json: suite 1"


def test_a_measured_profile_is_read_and_a_seed_in_it_is_not(tmp_path: Path) -> None:
    entry = {"tier_id": "fast", "work_class": "chat", "decision": "allow", "quality_score": 0.8}
    entries = [{**entry, "sample_n": 50, "last_measured": "2026-11-01"}, {**entry, "work_class": "review"}]
    [figure] = _read(tmp_path, {"schema": "anvil-serving.router.profile_bootstrap/v1", "entries": entries})
    assert (figure.tier, figure.samples, figure.source) == ("fast", 50, "evidence.json, measured 2026-11-01")


@pytest.mark.parametrize("is_wrapped", [False, True])
def test_cards_as_0_7_1_kept_them_are_read(tmp_path: Path, is_wrapped: bool) -> None:
    cards = [
        {"id": "one", "benchmarks": {"SWE-Bench Verified": "61.0", "Unknown": 1}},
        {"id": "two", "benchmarks": {"LiveCodeBench": {"value": 70, "src": "its card"}, "MT-Bench": "N/A"}},
        {"id": "three", "benchmarks": {"SWE-bench Verified": "500", "Arena-Hard": True}},
        {"id": "four", "benchmarks": {"SWE-bench Verified": "nan"}},
        {"id": "five"},
    ]
    found = _read(tmp_path, {"candidates": cards} if is_wrapped else cards)
    assert [(each.model, each.benchmark, each.share, each.samples) for each in found] == [
        ("one", "SWE-bench Verified", 0.61, 500),
        ("two", "LiveCodeBench", 0.7, None),
    ]
    assert [each.source for each in found] == ["evidence.json", "its card"]
    assert not any(math.isnan(each.share) for each in found)


@pytest.mark.parametrize(
    "document",
    [
        {
            "schema": "anvil-serving.evidence/v1",
            "evidence": [{"model": "m", "work_class": "x", "passed": 1, "samples": 1}],
        },
        {
            "schema": "anvil-serving.evidence/v1",
            "evidence": [{"model": "m", "work_class": "chat", "passed": 2, "samples": 1}],
        },
        {"schema": "anvil-serving.evidence/v1", "evidence": [{"model": "m"}]},
        {"schema": "other"},
        3,
        [3],
    ],
)
def test_what_is_no_evidence_is_refused(tmp_path: Path, document: Any) -> None:
    with pytest.raises(StartupError, match="is no evidence"):
        _read(tmp_path, document)


@pytest.mark.parametrize("content", [b"", b"\xff\0", b"[" * 100_000, b'{"schema": {}}'])
def test_bad_files_are_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "evidence.json"
    file.write_bytes(content)
    for path in (file, tmp_path, tmp_path / "missing"):
        with pytest.raises(StartupError, match="is no evidence"):
            read_evidence(path)
