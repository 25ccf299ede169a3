"""The code check against each language's own parser, on the real files of this machine.

Real code and its natural fragments pass, every one; of broken copies of it, which the language's parser refuses, nearly all are caught.
A language is left out, and pytest says so, only where its compiler is missing or the machine has no file in it.
"""

from __future__ import annotations

import random
from functools import cache
from typing import NamedTuple

import pytest
from tests.oracles.checker import Block, verdicts
from tests.oracles.code_blocks import broken_blocks, excerpt, real_blocks, real_files
from tests.oracles.material import LANGUAGES, Source
from tests.oracles.parsers import WITHOUT, MissingTool, Parser, parser

FEWEST = 2_000
"""Real files, of all languages together."""
MUTANTS = 400
"""Broken copies of the files of each language."""
CAUGHT = 0.95
"""What share of all broken copies must be caught."""
SEED = 1


class Measure(NamedTuple):
    """How much of a language is looked at, and what share of its broken copies must be caught."""

    files: int
    caught: float


MEASURES = {
    "python": Measure(500, 0.94),
    "javascript": Measure(250, 0.95),
    "typescript": Measure(150, 0.95),
    "tsx": Measure(70, 0.95),
    "json": Measure(250, 0.95),
    "yaml": Measure(150, 0.94),
    "toml": Measure(200, 0.95),
    "rust": Measure(350, 0.93),
    "go": Measure(250, 0.93),
    "java": Measure(250, 0.93),
    # Only a compiler knows what macros make of C and C++.
    "c": Measure(250, 0.84),
    "cpp": Measure(80, 0.75),
    "bash": Measure(250, 0.95),
    "html": Measure(120, 0.0),
    "css": Measure(120, 0.0),
}


@cache
def parser_of(language: str) -> Parser | None:
    return parser(language)


@cache
def files_of(language: str) -> tuple[Source, ...]:
    files = real_files(language, MEASURES[language].files, random.Random(f"{SEED} {language}"), parser_of(language))
    return tuple(files)


def test_every_language_is_measured() -> None:
    assert set(MEASURES) == set(LANGUAGES)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_real_code_and_its_fragments_pass(language: str) -> None:
    try:
        files = list(files_of(language))
    except MissingTool as missing:
        pytest.skip(f"{language}: {missing}")
    if not files:
        pytest.skip(f"{language}: no file in it on this machine")
    blocks = list(real_blocks(language, files, random.Random(f"{SEED} {language}"), parser_of(language)))
    judged = zip(blocks, verdicts(blocks), strict=True)
    rejected = [excerpt(block, verdict) for block, verdict in judged if verdict != "passed"]
    assert not rejected, f"{len(rejected)} of {len(blocks)} blocks\n" + "\n".join(rejected[:5])


class Broken(NamedTuple):
    """Broken copies of the files of a language, and those of them that passed."""

    blocks: list[Block]
    missed: list[Block]


@cache
def broken(language: str) -> Broken:
    parse, files = parser_of(language), list(files_of(language))
    assert parse is not None
    blocks = broken_blocks(language, files, MUTANTS, random.Random(f"{SEED} {language}"), parse)
    judged = zip(blocks, verdicts(blocks), strict=True)
    return Broken(blocks, [block for block, verdict in judged if verdict == "passed"])


@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", [language for language in LANGUAGES if language not in WITHOUT])
def test_broken_copies_are_caught(language: str) -> None:
    try:
        blocks, missed = broken(language)
    except MissingTool as missing:
        pytest.skip(f"{language}: {missing}")
    if len(blocks) < MUTANTS // 5:
        pytest.skip(f"{language}: too few files on this machine to break")
    caught = 1 - len(missed) / len(blocks)
    print(f"{language}: {caught:.1%} of {len(blocks)} broken copies are caught")
    shown = "\n".join(excerpt(block, "passed") for block in missed[:5])
    assert caught >= MEASURES[language].caught, f"{len(missed)} of {len(blocks)} broken copies passed\n{shown}"


@pytest.mark.timeout(900)
def test_nearly_all_broken_copies_are_caught() -> None:
    blocks, missed = 0, 0
    for language in LANGUAGES:
        if language in WITHOUT:
            continue
        try:
            tried = broken(language)
        except MissingTool:
            continue
        blocks, missed = blocks + len(tried.blocks), missed + len(tried.missed)
    caught = 1 - missed / blocks
    print(f"{caught:.1%} of {blocks} broken copies are caught")
    assert caught >= CAUGHT, f"{missed} of {blocks} broken copies passed"


@pytest.mark.timeout(300)
def test_there_is_enough_real_code() -> None:
    count = 0
    for language in LANGUAGES:
        try:
            count += len(files_of(language))
        except MissingTool:
            continue
    assert count >= FEWEST
