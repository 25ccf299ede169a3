from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.policies import tier

from anvil_serving import config
from anvil_serving.config import WORK_CLASSES
from anvil_serving.errors import ConfigError
from anvil_serving.profile import Cell, Profile
from anvil_serving.profile.cell import lower_bound

if TYPE_CHECKING:
    from pathlib import Path

SCHEMA = "anvil-serving.router.profile_bootstrap/v1"
DENIED = {
    "fast": {"multi-file-refactor", "planning", "long-context"},
    "heavy": {"planning"},
    "cloud": set[str](),
}
"""The verdicts of 0.7.1."""


def _settings(*tiers: config.Tier, path: object = None, **more: Any) -> config.Router:
    return config.Router(
        tiers=tiers or (tier("t", role="fast"),), profile_path=None if path is None else str(path), **more
    )


def _entry(work_class: str = "chat", tier_id: str = "t", **changes: Any) -> dict[str, Any]:
    values = {"tier_id": tier_id, "work_class": work_class, "decision": "deny", "quality_score": 0.5, "sample_n": 100}
    return values | changes


def _write(path: Path, *entries: Any, **more: Any) -> Path:
    path.write_text(json.dumps({"schema": SCHEMA, "entries": entries} | more))
    return path


# ── seeds ────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("role", ["fast", "heavy", "cloud"])
def test_every_role_has_a_seed_for_every_kind_of_work(role: Any) -> None:
    profile = Profile.load(_settings(tier("t", role=role)))
    cells = {work_class: profile["t", work_class] for work_class in WORK_CLASSES}
    assert {work_class for work_class, cell in cells.items() if cell.verdict == "deny"} == DENIED[role]
    for cell in cells.values():
        assert 0 < cell.lower < cell.quality < 1
        assert (cell.samples, cell.last_measured) == (0, None)
        assert role in cell.source
        assert "not measured" in cell.source


def test_a_denied_seed_is_not_better_than_one_that_is_allowed() -> None:
    """Or what a denial says would be luck."""
    seeds = [Profile.load(_settings(tier("t", role=role))) for role in ("fast", "heavy", "cloud")]
    for work_class in WORK_CLASSES:
        cells = [seed["t", work_class] for seed in seeds]
        allowed = [cell.quality for cell in cells if cell.verdict != "deny"]
        assert all(cell.quality < min(allowed) for cell in cells if cell.verdict == "deny")


def test_each_tier_has_the_seeds_of_its_own_role() -> None:
    tiers = (tier("a"), tier("b"), tier("c", privacy="cloud"))
    profile = Profile.load(_settings(*tiers, presets={"chat": ("a", "b")}))
    roles = [profile[tier_id, "chat"].source.split()[4] for tier_id in "abc"]
    assert roles == ["fast", "heavy", "cloud"]


# ── which role ───────────────────────────────────────────────────────────────────────────────────────────────────────


class TestRole:
    def _roles(self, *tiers: config.Tier, **presets: tuple[str, ...]) -> dict[str, str]:
        settings = config.Router(tiers=tiers, presets=presets)
        return {each.id: settings.role(each) for each in tiers}

    def test_what_the_file_says_comes_first(self) -> None:
        said = tier("a", role="heavy"), tier("b", role="fast"), tier("c", privacy="cloud", role="fast")
        assert self._roles(*said, chat=("a", "b")) == {"a": "heavy", "b": "fast", "c": "fast"}

    def test_a_cloud_tier_is_one(self) -> None:
        assert self._roles(tier("a", privacy="cloud"), chat=("a",)) == {"a": "cloud"}

    def test_a_local_tier_that_is_alone_is_heavy(self) -> None:
        vectors, cloud = tier("v", purposes=("embeddings",)), tier("c", privacy="cloud")
        assert self._roles(tier("a"), vectors, cloud)["a"] == "heavy"
        assert self._roles(tier("a"), tier("b")) == {"a": "fast", "b": "fast"}

    def test_the_last_local_tier_of_a_preset_of_several_is_heavy(self) -> None:
        tiers = tier("a"), tier("b"), tier("c", privacy="cloud")
        assert self._roles(*tiers, one=("a",), several=("a", "b", "c")) == {"a": "fast", "b": "heavy", "c": "cloud"}
        assert self._roles(*tiers, one=("b",), other=("a", "c")) == {"a": "fast", "b": "fast", "c": "cloud"}

    def test_what_serves_no_chat_does_not_count(self) -> None:
        tiers = tier("a"), tier("b"), tier("v", purposes=("embeddings",))
        assert self._roles(*tiers, several=("a", "b", "v")) == {"a": "fast", "b": "heavy", "v": "fast"}


# ── measured ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_measured_goes_over_the_seeds(tmp_path: Path) -> None:
    measured = _entry("chat", decision="deny", quality_score=0.5, sample_n=100, last_measured="2026-10-01")
    allowed = _entry("planning", decision="allow-with-verify", quality_score=0.99, sample_n=10_000)
    profile = Profile.load(_settings(path=_write(tmp_path / "p.json", measured, allowed)))
    cell = profile["t", "chat"]
    assert (cell.verdict, cell.quality, cell.samples, cell.last_measured) == ("deny", 0.5, 100, "2026-10-01")
    assert cell.source == "measured, 100 samples"
    # The seed of a fast tier at chat, 0.87, stands for twenty more.
    assert cell.lower == pytest.approx(lower_bound(0.5, 100, prior=0.87))
    assert profile["t", "planning"].verdict == "allow-with-verify"
    assert profile["t", "planning"].lower == pytest.approx(0.988, abs=0.002)
    # What it says nothing of stays as it is.
    assert profile["t", "review"] == Profile.load(_settings())["t", "review"]


def test_what_it_says_of_others_is_passed_over(tmp_path: Path) -> None:
    entries = [_entry(tier_id="gone"), _entry("painting"), {**_entry("planning"), "benchmark": "a later member"}]
    profile = Profile.load(_settings(path=_write(tmp_path / "p.json", *entries, generated_at="2026", more={"a": [1]})))
    assert profile["t", "chat"] == Profile.load(_settings())["t", "chat"]
    assert profile["t", "planning"].samples == 100


def test_an_entry_need_not_say_how_often_it_was_measured(tmp_path: Path) -> None:
    entry = _entry(quality_score=1.0)
    del entry["sample_n"]
    cell = Profile.load(_settings(path=_write(tmp_path / "p.json", entry)))["t", "chat"]
    assert (cell.verdict, cell.samples) == ("deny", 0)
    assert cell.lower == Profile.load(_settings())["t", "chat"].lower


def test_the_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    _write(tmp_path / "p.json", _entry())
    assert Profile.load(_settings(path="~/p.json"))["t", "chat"].samples == 100


def _fault(path: object) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        Profile.load(_settings(path=path))
    assert str(path)[:20] in str(raised.value)
    assert raised.value.hint
    assert len(str(raised.value)) < 400
    return raised.value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no",
        b"\xff\xfe\xfd",
        b"[]",
        b"{}",
        b'{"schema": "%s"}' % SCHEMA.encode(),
        b'{"schema": "%s", "entries": {}}' % SCHEMA.encode(),
        b'{"schema": "%s", "entries": [[]]}' % SCHEMA.encode(),
        b'{"schema": "%s", "entries": %s' % (SCHEMA.encode(), b"[" * 100_000),
    ],
)
def test_what_is_no_profile_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.json"
    path.write_bytes(data)
    error = _fault(path)
    assert "is not one" in str(error)
    assert "profile_path" in str(error.hint)


@pytest.mark.parametrize(
    "changes",
    [
        {"decision": "maybe"},
        {"decision": None},
        {"quality_score": 1.01},
        {"quality_score": -0.01},
        {"quality_score": "0.5"},
        {"sample_n": -1},
        {"sample_n": 1.5},
        {"tier_id": None},
        {"work_class": 7},
    ],
)
def test_an_entry_that_makes_no_sense_is_refused_and_none_of_the_file_is_taken(
    tmp_path: Path, changes: dict[str, Any]
) -> None:
    assert "entries[1]" in str(_fault(_write(tmp_path / "p.json", _entry(), _entry(**changes))))


def test_an_unknown_kind_of_profile_is_refused_by_its_schema(tmp_path: Path) -> None:
    path = tmp_path / "p.json"
    path.write_text(json.dumps({"schema": "something/v9", "entries": []}))
    error = _fault(path)
    assert "unknown kind" in str(error)
    assert SCHEMA in str(error.hint)


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    assert "No such file" in str(_fault(tmp_path / "missing.json"))
    assert "cannot be read" in str(_fault(tmp_path))
    assert "cannot be read" in str(_fault("~nobody-is-called-this/p.json"))
    assert "cannot be read" in str(_fault("a\0b"))


def test_a_file_over_the_limit_is_not_parsed(tmp_path: Path) -> None:
    path = _write(tmp_path / "p.json", _entry())
    limit = 8 * 1024 * 1024
    path.write_text(path.read_text() + " " * (limit - path.stat().st_size))
    assert Profile.load(_settings(path=path))["t", "chat"].samples == 100
    path.write_text(path.read_text() + " ")
    assert "larger than 8 MiB" in str(_fault(path))
    # What has no end is not read to it.
    assert "larger than 8 MiB" in str(_fault("/dev/zero"))


# ── the bound ────────────────────────────────────────────────────────────────────────────────────────────────────────

_shares = st.floats(0, 1)
_samples = st.integers(0, 10_000_000)


@given(_shares, _samples, _shares)
def test_a_bound_is_a_share(quality: float, samples: int, prior: float) -> None:
    bound = lower_bound(quality, samples, prior=prior)
    assert 0 <= bound <= max(quality, prior)


@given(_shares, _shares)
def test_without_samples_the_prior_speaks(quality: float, prior: float) -> None:
    assert lower_bound(quality, 0, prior=prior) == lower_bound(0.5, 0, prior=prior)


@given(_shares, _samples, _shares)
def test_more_of_the_same_makes_it_surer(share: float, samples: int, change: float) -> None:
    more = samples + 1 + int(change * 1_000)
    assert lower_bound(share, more, prior=share) >= lower_bound(share, samples, prior=share) - 1e-12


@given(_shares)
def test_enough_samples_outweigh_any_seed(quality: float) -> None:
    bounds = [lower_bound(quality, 1_000_000, prior=prior) for prior in (0.0, 1.0)]
    assert bounds == [pytest.approx(quality, abs=0.001)] * 2


def test_a_measured_afternoon_moves_a_seed() -> None:
    """Twenty observations are worth as much as the seed."""
    assert lower_bound(1.0, 20, prior=0.5) == pytest.approx(0.75 - (0.75 * 0.25 / 40) ** 0.5)
    assert lower_bound(0.45, 0, prior=0.45) == pytest.approx(0.45 - (0.45 * 0.55 / 20) ** 0.5)


def test_a_profile_knows_nothing_of_a_tier_that_it_was_not_made_for() -> None:
    with pytest.raises(KeyError):
        Profile({("t", "chat"): Cell("allow", 1.0, 1.0, 1, "here")})["other", "chat"]
