"""Copies of a text with one thing broken by chance; most are no longer of their language, and its parser says which."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random

TOKEN = re.compile(r"\w+|[^\w\s]")
KEYWORD = re.compile(
    r"\b(?:def|class|in|import|for|if|else|fn|let|func|function|const|return|public|void|struct|then|do|while|match|switch)\b"
)
BRACKET = re.compile(r"[(){}\[\]]")
KINDS = (
    "bracket removed",
    "bracket doubled",
    "bracket added",
    "quote removed",
    "string not closed",
    "sign removed",
    "keyword removed",
    "cut short",
    "line removed",
    "line doubled",
    "tokens swapped",
)


class Mutant(NamedTuple):
    """A text, and what was done to it."""

    kind: str
    text: str


def mutate(text: str, chance: random.Random) -> Mutant | None:
    """The text with one thing broken; `None` where it does not have what was to be broken."""
    kind = chance.choice(KINDS)
    broken = apply(kind, text, chance)
    return Mutant(kind, broken) if broken is not None and broken.strip() and broken != text else None


def apply(kind: str, text: str, chance: random.Random) -> str | None:
    lines = text.splitlines(keepends=True)
    number = chance.randrange(len(lines))
    match kind:
        case "bracket removed":
            return replaced(text, BRACKET, "", chance)
        case "bracket doubled":
            return replaced(text, BRACKET, r"\g<0>\g<0>", chance)
        case "bracket added":
            line = lines[number].rstrip("\n") + chance.choice("(){}[]") + "\n"
            return "".join([*lines[:number], line, *lines[number + 1 :]])
        case "quote removed":
            return replaced(text, re.compile(r"[\"']"), "", chance)
        case "string not closed":
            return replaced(text, re.compile(r"(?<=\w)[\"'](?=[,;)\]}]?$)", re.MULTILINE), "", chance)
        case "sign removed":
            return replaced(text, re.compile(r"[:;,=]"), "", chance)
        case "keyword removed":
            return replaced(text, KEYWORD, "", chance)
        case "cut short":
            return text[: chance.randrange(len(text) // 10, len(text))]
        case "line removed":
            return "".join(lines[:number] + lines[number + 1 :])
        case "line doubled":
            return "".join([*lines[: number + 1], *lines[number:]])
        case "tokens swapped":
            return swapped(text, chance)
    raise ValueError(kind)


def replaced(text: str, pattern: re.Pattern[str], by: str, chance: random.Random) -> str | None:
    found = list(pattern.finditer(text))
    if not found:
        return None
    one = chance.choice(found)
    return text[: one.start()] + one.expand(by) + text[one.end() :]


def swapped(text: str, chance: random.Random) -> str | None:
    tokens = list(TOKEN.finditer(text))
    if len(tokens) < 2:
        return None
    at = chance.randrange(len(tokens) - 1)
    one, two = tokens[at], tokens[at + 1]
    return text[: one.start()] + two.group() + text[one.end() : two.start()] + one.group() + text[two.end() :]
