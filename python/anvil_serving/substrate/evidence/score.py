"""Which model suits which kind of work, as far as there is evidence. Pure.

Figures of different kinds are never compared: a share of good answers, a share of well-formed ones and a published
benchmark each have a ranking of their own. A rank says how many are surely better: those whose whole interval lies
above. What cannot be told apart shares a rank, and what has no number of samples has none.
"""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from anvil_serving.config import WORK_CLASSES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["BENCHMARKS", "Basis", "Benchmark", "Entry", "Evidence", "Interval", "Ranking", "rank", "wilson"]

Basis = Literal["quality", "structure", "published"]
BASES: Final[Mapping[Basis, str]] = MappingProxyType(
    {
        "quality": "share of good answers",
        "structure": "share of answers of a form that can be used; it does not say that they are good",
        "published": "a published benchmark of the model, not measured as it is served here",
    }
)

_Z: Final = 1.959963984540054
"""The normal distribution's two-sided 95 % point."""
_MANY: Final = 30
"""Samples; below that a figure is said to rest on few."""


class Benchmark(Struct, frozen=True):
    """A public benchmark, and what kind of work it is like."""

    name: str
    work_class: str
    samples: int | None
    """Its number of tasks; None where releases differ."""
    source: str


BENCHMARKS: Final = (
    Benchmark("SWE-bench Verified", "multi-file-refactor", 500, "swebench.com, Verified: 500 human-checked tasks"),
    Benchmark("LiveCodeBench", "bounded-edit", None, "livecodebench.github.io; tasks differ by release"),
    Benchmark("RULER@128K", "long-context", None, "arXiv 2404.06654; tasks differ by run"),
    Benchmark("Arena-Hard", "chat", 500, "arXiv 2406.11939: 500 prompts"),
    Benchmark("MT-Bench", "chat", 80, "arXiv 2306.05685: 80 questions"),
    Benchmark("AlpacaEval", "chat", 805, "arXiv 2404.04475: 805 instructions"),
)
"""None is known that is like planning or review; MMLU-Pro asks for knowledge, which is no kind of work here."""


class Evidence(Struct, frozen=True, kw_only=True):
    """One figure, and where it is from."""

    model: str
    """What is ranked: a model, or a tier where its model is not known."""
    work_class: str
    basis: Basis
    share: float
    """From 0 to 1."""
    samples: int | None
    source: str
    benchmark: str | None = None
    tier: str | None = None


class Interval(Struct, frozen=True):
    """Where a share lies with a confidence of 95 %."""

    low: float
    high: float


class Entry(Struct, frozen=True, kw_only=True):
    """One model in a ranking."""

    rank: int | None
    """1 and those that the best cannot be told from; None: there is no number of samples to tell by."""
    model: str
    tier: str | None
    share: float
    interval: Interval | None
    samples: int | None
    is_few: bool
    is_tied: bool
    sources: tuple[str, ...]


class Ranking(Struct, frozen=True, kw_only=True):
    """The models at one kind of work, by one kind of figure."""

    work_class: str
    basis: Basis | None
    """None: there is no evidence, and no ranking."""
    benchmark: str | None = None
    says: str
    """What the figures mean."""
    entries: tuple[Entry, ...] = ()


def wilson(share: float, samples: int) -> Interval:
    """Wilson's score interval of a share (JASA 22, 1927), which stays honest near 0 and 1 and for few samples."""
    if samples <= 0:
        return Interval(0.0, 1.0)
    square = _Z * _Z
    centre = (share + square / (2 * samples)) / (1 + square / samples)
    half = _Z * math.sqrt(share * (1 - share) / samples + square / (4 * samples * samples)) / (1 + square / samples)
    return Interval(max(0.0, centre - half), min(1.0, centre + half))


def rank(evidence: Iterable[Evidence], work_classes: Sequence[str] = WORK_CLASSES) -> tuple[Ranking, ...]:
    """A ranking for each kind of work and kind of figure; one without entries where there is no evidence."""
    groups: dict[tuple[str, Basis, str | None], list[Evidence]] = {}
    for each in evidence:
        groups.setdefault((each.work_class, each.basis, each.benchmark), []).append(each)
    rankings: list[Ranking] = []
    for work_class in work_classes:
        keys = [(basis, name) for of, basis, name in groups if of == work_class]
        keys.sort(key=lambda key: (list(BASES).index(key[0]), key[1] or ""))
        rankings += [
            Ranking(
                work_class=work_class,
                basis=basis,
                benchmark=name,
                says=BASES[basis],
                entries=_ranked(groups[work_class, basis, name]),
            )
            for basis, name in keys
        ]
        if not keys:
            rankings.append(Ranking(work_class=work_class, basis=None, says="no evidence: not ranked"))
    return tuple(rankings)


def _ranked(evidence: list[Evidence]) -> tuple[Entry, ...]:
    by_model: dict[tuple[str, str | None], list[Evidence]] = {}
    for each in evidence:
        by_model.setdefault((each.model, each.tier), []).append(each)
    entries = [_pooled(model, tier, found) for (model, tier), found in by_model.items()]
    placed = [_placed(entry, entries) for entry in entries]
    return tuple(sorted(placed, key=lambda entry: (entry.rank is None, entry.rank, -entry.share, entry.model)))


def _pooled(model: str, tier: str | None, found: list[Evidence]) -> Entry:
    """All figures of one model as one; what has no number of samples cannot be added to what has, and is left out."""
    # A benchmark that several cards report was run once; the first one speaks for all.
    found = found[:1] if found[0].basis == "published" else list(dict.fromkeys(found))
    counted = [each for each in found if each.samples]
    samples = sum(each.samples or 0 for each in counted)
    passed = sum(each.share * (each.samples or 0) for each in counted)
    share = min(1.0, passed / samples) if counted else found[0].share
    return Entry(
        rank=None,
        model=model,
        tier=tier,
        share=share,
        interval=wilson(share, samples) if counted else None,
        samples=samples or None,
        is_few=0 < samples < _MANY,
        is_tied=False,
        sources=tuple(dict.fromkeys(each.source for each in counted or found[:1])),
    )


def _placed(entry: Entry, entries: list[Entry]) -> Entry:
    interval = entry.interval
    if interval is None:
        return entry
    others = [other.interval for other in entries if other is not entry and other.interval is not None]
    better = sum(other.low > interval.high for other in others)
    tied = any(other.low <= interval.high and interval.low <= other.high for other in others)
    return msgspec.structs.replace(entry, rank=1 + better, is_tied=tied)
