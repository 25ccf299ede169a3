"""Real code, its natural fragments and broken copies of it, and what the code check says of each.

    python -m tests.oracles.code_blocks [--files N] [--mutants N] [--seed N] [--languages a,b] [--misses N]

Prints how many of each kind were rejected. With `--misses`, also that many of those that were judged wrongly.
"""

from __future__ import annotations

import argparse
import random
import textwrap
from typing import TYPE_CHECKING

from tests.oracles.checker import Block, verdicts
from tests.oracles.fragments import fragments
from tests.oracles.material import LANGUAGES, Source, sources
from tests.oracles.mutations import mutate
from tests.oracles.parsers import MissingTool, Opinion, Parser, parser

if TYPE_CHECKING:
    from collections.abc import Iterator

SHORT = 4
"""Lines of the shortest broken copy, blank ones not counted."""


def real_files(language: str, count: int, chance: random.Random, parse: Parser | None) -> list[Source]:
    """Files that the language's parser does not refuse."""
    found = sources(language, count, chance)
    opinions = parse([source.text for source in found]) if parse else [Opinion.ACCEPTS] * len(found)
    return [source for source, opinion in zip(found, opinions, strict=True) if opinion is not Opinion.REFUSES]


def real_blocks(language: str, files: list[Source], chance: random.Random, parse: Parser | None) -> Iterator[Block]:
    """Each file whole, and pieces of it."""

    def accepts(text: str) -> bool:
        return parse is not None and parse([text]) == [Opinion.ACCEPTS]

    for source in files:
        yield Block(language, "file", source.name, source.text)
        for piece in fragments(language, source.text, chance, accepts):
            yield Block(language, "fragment", source.name, piece)


def broken_blocks(language: str, files: list[Source], count: int, chance: random.Random, parse: Parser) -> list[Block]:
    """At most `count` broken copies of the files, each one refused by the language's parser.

    None is shorter than `SHORT` lines: there the check asks for more than a grammar's word, for a few words may be a form of speech.
    """
    whole = [
        source
        for source, opinion in zip(files, parse([f.text for f in files]), strict=True)
        if opinion is Opinion.ACCEPTS and "/// <reference" not in source.text  # what TypeScript refuses in a comment
    ]
    blocks: list[Block] = []
    for _ in range(4):
        if len(blocks) >= count or not whole:
            break
        tried = [(source.name, mutate(source.text, chance)) for source in chance.choices(whole, k=count)]
        mutants = [
            Block(language, mutant.kind, name, mutant.text) for name, mutant in tried if mutant and is_long(mutant.text)
        ]
        opinions = parse([mutant.code for mutant in mutants])
        blocks += [mutant for mutant, opinion in zip(mutants, opinions, strict=True) if opinion is Opinion.REFUSES]
    return blocks[:count]


def is_long(text: str) -> bool:
    return sum(bool(line.strip()) for line in text.splitlines()) >= SHORT


def excerpt(block: Block, verdict: str) -> str:
    """The verdict and the block, as far as a person needs it."""
    lines = block.code.splitlines()
    shown = lines if len(lines) <= 40 else [*lines[:40], "…"]
    return f"{block.language}, {block.kind}, {block.name}: {verdict}\n" + textwrap.indent("\n".join(shown), "    ")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--files", type=int, default=40, help="files of each language")
    arguments.add_argument("--mutants", type=int, default=60, help="broken copies of each language")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--languages", default=",".join(LANGUAGES), help="only these, with commas between them")
    arguments.add_argument("--misses", type=int, default=0, help="print so many of what was judged wrongly")
    asked = arguments.parse_args()
    for language in asked.languages.split(","):
        chance = random.Random(f"{asked.seed} {language}")
        try:
            parse = parser(language)
        except MissingTool as missing:
            print(f"{language}: {missing}")
            parse = None
        files = real_files(language, asked.files, chance, parse)
        blocks = list(real_blocks(language, files, chance, parse))
        wrong = [pair for pair in zip(blocks, verdicts(blocks), strict=True) if pair[1] != "passed"]
        print(f"{language}: {len(files)} files, {len(blocks) - len(files)} fragments, {len(wrong)} of them rejected")
        if parse:
            broken = broken_blocks(language, files, asked.mutants, chance, parse)
            missed = [pair for pair in zip(broken, verdicts(broken), strict=True) if pair[1] == "passed"]
            print(f"{language}: {len(broken)} broken copies, {len(missed)} of them passed")
            wrong += missed
        for block, verdict in wrong[: asked.misses]:
            print(excerpt(block, verdict))


if __name__ == "__main__":
    main()
