"""Files of evidence for `score`: what they may look like, and what they say.

Three kinds, told apart by what is in them:

    {"schema": "anvil-serving.evidence/v1", "evidence": [{"model", "work_class", "passed", "samples", "source"}, ...]}
    {"schema": "anvil-serving.router.profile_bootstrap/v1", "entries": [...]}     a measured profile, by tier
    [{"id": ..., "benchmarks": {"SWE-bench Verified": 68.0}}, ...]                published figures, in percent

The last one is what 0.7.1 kept of model cards; a figure may be text, and may be `{"value": ..., "src": ...}`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from anvil_serving.config import WORK_CLASSES
from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file
from anvil_serving.layout import printable

from .score import BENCHMARKS, Benchmark, Evidence

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MAX_FILE_BYTES", "read_evidence"]

MAX_FILE_BYTES: Final = 64 * 1024 * 1024

_SCHEMA: Final = "anvil-serving.evidence/v1"
_PROFILE: Final = "anvil-serving.router.profile_bootstrap/v1"
_Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]


class _Figure(Struct):
    model: str
    work_class: str
    passed: _Count
    samples: Annotated[int, Meta(ge=1, le=1_000_000_000)]
    source: str | None = None


class _Figures(Struct):
    evidence: list[_Figure]


class _Entry(Struct):
    tier_id: str
    work_class: str
    quality_score: Annotated[float, Meta(ge=0, le=1)]
    sample_n: _Count = 0
    last_measured: str | None = None


class _Profile(Struct):
    entries: list[_Entry]


class _Card(Struct):
    id: str
    benchmarks: dict[str, Any] = {}


class _Catalogue(Struct):
    candidates: list[_Card]


def read_evidence(path: Path) -> tuple[Evidence, ...]:
    """What a file says. Raises `StartupError` where it is none of the three kinds."""
    try:
        content = read_file(path, cap=MAX_FILE_BYTES)
        document = msgspec.json.decode(content)
        schema = document.get("schema") if isinstance(document, dict) else None
        if schema == _PROFILE:
            return _of_profile(msgspec.convert(document, _Profile), path)
        if schema == _SCHEMA:
            return _of_figures(msgspec.convert(document, _Figures), path)
        cards = document if isinstance(document, list) else msgspec.convert(document, _Catalogue).candidates
        return _of_cards(msgspec.convert(cards, list[_Card], from_attributes=True), path)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from None
    except (NotRegular, FileTooLarge, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _unusable(path, str(error)) from None


def _unusable(path: Path, reason: str) -> StartupError:
    return StartupError(
        f"{printable(str(path))} is no evidence: {printable(reason)}",
        hint="docs/commands.md shows the three kinds of file that --evidence takes",
    )


def _of_figures(figures: _Figures, path: Path) -> tuple[Evidence, ...]:
    found = []
    for figure in figures.evidence:
        if figure.passed > figure.samples:
            raise ValueError(f"{figure.model} passed {figure.passed} of {figure.samples}")
        _check_class(figure.work_class)
        found.append(
            Evidence(
                model=figure.model,
                work_class=figure.work_class,
                basis="quality",
                share=figure.passed / figure.samples,
                samples=figure.samples,
                source=f"{path.name}: {figure.source}" if figure.source else path.name,
            )
        )
    return tuple(found)


def _of_profile(profile: _Profile, path: Path) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            model=entry.tier_id,
            tier=entry.tier_id,
            work_class=entry.work_class,
            basis="quality",
            share=entry.quality_score,
            samples=entry.sample_n,
            source=path.name + (f", measured {entry.last_measured}" if entry.last_measured else ""),
        )
        for entry in profile.entries
        if entry.sample_n > 0 and entry.work_class in WORK_CLASSES
    )


def _of_cards(cards: list[_Card], path: Path) -> tuple[Evidence, ...]:
    known = {benchmark.name.lower(): benchmark for benchmark in BENCHMARKS}
    found = []
    for card in cards:
        for name, figure in card.benchmarks.items():
            benchmark = known.get(name.lower())
            value, source = _published(figure)
            if benchmark is not None and value is not None:
                found.append(_of_benchmark(card, benchmark, value, source or path.name))
    return tuple(found)


def _published(figure: Any) -> tuple[float | None, str | None]:
    """A figure in percent and its source. What is no number from 0 to 100 is a stray digit of a card, and no figure."""
    source = None
    if isinstance(figure, dict):
        source = figure.get("src") if isinstance(figure.get("src"), str) else None
        figure = figure.get("value")
    try:
        value = float(figure) if isinstance(figure, int | float | str) and not isinstance(figure, bool) else -1.0
    except (ValueError, OverflowError):
        return None, source
    return (value if 0.0 <= value <= 100.0 else None), source


def _of_benchmark(card: _Card, benchmark: Benchmark, value: float, source: str) -> Evidence:
    return Evidence(
        model=card.id,
        work_class=benchmark.work_class,
        basis="published",
        benchmark=benchmark.name,
        share=value / 100,
        samples=benchmark.samples,
        source=source,
    )


def _check_class(name: str) -> None:
    if name not in WORK_CLASSES:
        raise ValueError(f"{name} is no kind of work; there are {', '.join(WORK_CLASSES)}")
