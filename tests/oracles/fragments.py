"""Pieces of a text as an answer shows them: a function, a class, a body, some statements in a row, members without what they are in.

A piece is given as it stands, without its indentation, further in (as in a list), with its first line alone moved to the margin, or
with some of it left out.
"""

from __future__ import annotations

import ast
import json
import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

LONGEST = 80
"""Lines of the longest piece."""
MOST = 6
"""Pieces of one text."""

C_LIKE = r"//[^\n]*|/\*.*?\*/"
QUOTED = r'"(?:\\.|[^"\\\n])*"'
REGEX = r"(?<=[=(,:!&|?{};\[])[ \t]*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/[a-z]*"
OPAQUE = {
    "javascript": rf"{C_LIKE}|{QUOTED}|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`|{REGEX}",
    "rust": rf"""{C_LIKE}|b?r(#*)".*?"\1|"(?:\\.|[^"\\])*"|b?'(?:\\[^']+|[^'\\])'""",
    "go": rf"{C_LIKE}|{QUOTED}|`[^`]*`|'(?:\\[^']+|[^'\\\n])+'|'\\''",
    "java": rf'{C_LIKE}|""".*?"""|{QUOTED}|' + r"'(?:\\.|[^'\\\n])+'",
    "c": rf"{C_LIKE}|{QUOTED}|" + r"(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    "cpp": rf'{C_LIKE}|R"(\w*)\(.*?\)\1"|{QUOTED}|' + r"(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    "css": rf"/\*.*?\*/|{QUOTED}|'(?:\\.|[^'\\\n])*'",
}
INSIDE = "\1"
OPAQUE["typescript"] = OPAQUE["tsx"] = OPAQUE["javascript"]
HOLE = dict.fromkeys(OPAQUE, "// ...") | {"python": "# ... existing code ...", "css": "/* ... */"}


def fragments(language: str, text: str, chance: random.Random, accepts: Callable[[str], bool] | None) -> Iterator[str]:
    """Pieces of a text. `accepts` is the language's parser, for pieces of which only it can say that they are some."""
    pieces = [piece for piece in found(language, text, chance, accepts) if piece.strip()]
    for piece in chance.sample(pieces, min(len(pieces), MOST)):
        yield shaped(language, piece, chance)


def found(language: str, text: str, chance: random.Random, accepts: Callable[[str], bool] | None) -> Iterator[str]:
    if language == "python":
        yield from python_pieces(text, chance)
    elif language in OPAQUE:
        yield from braced_pieces(language, text, chance)
    elif language == "json":
        yield from json_pieces(text)
    elif language == "toml":
        if not re.search(r"'''|\"\"\"", text) and not re.search(r"=\s*\[\s*(?:#.*)?$", text, re.MULTILINE):
            yield from re.split(r"^(?=\[)", text, flags=re.MULTILINE)[1:]
    elif language in ("bash", "yaml") and accepts is not None:
        yield from (piece for piece in runs(text, chance) if accepts(textwrap.dedent(piece)))
    elif language == "html":
        yield from (piece for piece in runs(text, chance) if are_whole_tags(piece))


def are_whole_tags(piece: str) -> bool:
    return piece.count("<!--") == piece.count("-->") and piece.rfind(">") >= piece.rfind("<")


def shaped(language: str, piece: str, chance: random.Random) -> str:
    match chance.randrange(5):
        case 0:
            return textwrap.dedent(piece)
        case 1 if language != "html":
            return textwrap.indent(textwrap.dedent(piece), "   ")
        case 2 if language not in ("yaml", "toml"):
            return piece.lstrip()
        case 3 if language in HOLE:
            return with_hole(language, piece, chance)
    return piece


def with_hole(language: str, piece: str, chance: random.Random) -> str:
    """The piece with a comment in the place of a statement of one line in its middle."""
    lines = piece.splitlines(keepends=True)
    if language == "python" and re.search(r"\"\"\"|'''|\\\n|[(\[{]\s*\n", piece):
        return piece
    inner = [number for number in range(1, len(lines) - 1) if is_statement(language, lines, number)]
    if not inner:
        return piece
    number = chance.choice(inner)
    hole = lines[number][: depth(lines[number])] + HOLE[language] + "\n"
    return "".join([*lines[:number], hole, *lines[number + 1 :]])


def is_statement(language: str, lines: list[str], number: int) -> bool:
    """Whether the line is a whole statement, among others that are as far in."""
    before, line, after = lines[number - 1].rstrip(), lines[number].rstrip(), lines[number + 1].rstrip()
    if not before.strip() or not after.strip() or {depth(before), depth(after)} != {depth(line)}:
        return False
    if language == "python":
        return not any(re.search(r"[^\w\"')\]]$", end) for end in (before, line))
    return before.endswith(";") and line.endswith(";") and not GOES_ON.match(line.strip())


def depth(line: str) -> int:
    return len(line) - len(line.lstrip(" \t"))


def python_pieces(text: str, chance: random.Random) -> Iterator[str]:
    lines = text.splitlines(keepends=True)
    for node in ast.walk(ast.parse(text)):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if not isinstance(body, list) or not body or not isinstance(body[0], ast.stmt):
                continue
            starts = [first_line(statement) for statement in body]
            ends = [statement.end_lineno or 0 for statement in body]
            if any(end >= start for end, start in zip(ends, starts[1:], strict=False)) or starts[0] == first_line(node):
                continue
            first = chance.randrange(len(body))
            last = chance.randrange(first, len(body))
            if ends[last] - starts[first] < LONGEST:
                yield "".join(lines[starts[first] - 1 : ends[last]])


def first_line(node: ast.AST) -> int:
    decorators = getattr(node, "decorator_list", [])
    return min([getattr(node, "lineno", 0), *(decorator.lineno for decorator in decorators)])


def bare(language: str, text: str) -> str:
    """The text with blanks for its comments and `INSIDE` for what its strings hold, line by line as long."""

    def cover(found: re.Match[str]) -> str:
        whole = found.group()
        if whole.startswith(("//", "/*")):
            return re.sub(r"[^\n]", " ", whole)
        return whole[0] + re.sub(r"[^\n]", INSIDE, whole[1:-1]) + whole[-1]

    return re.sub(OPAQUE[language], cover, text, flags=re.DOTALL)


def braced_pieces(language: str, text: str, chance: random.Random) -> Iterator[str]:
    lines, plain = text.splitlines(keepends=True), bare(language, text).splitlines(keepends=True)
    if len(lines) != len(plain) or (levels := enclosing(plain)) is None:
        return
    for _ in range(4 * MOST):
        first = chance.randrange(len(lines))
        if not begins(language, plain, levels, first):
            continue
        last_line = min(first + LONGEST, len(lines))
        ends = [last for last in range(first, last_line) if is_end(language, plain, levels, first, last)]
        outer = next(
            (last for last in range(first, len(lines)) if least(plain, levels, last) < len(levels[first])), None
        )
        ends = [last for last in ends if outer is None or last < outer]
        if ends:
            last = chance.choice(ends)
            piece = "".join(lines[first : last + 1])
            is_whole = piece.count("/*") == piece.count("*/") and are_types_whole("".join(plain[first : last + 1]))
            if is_whole and not re.search(r"^\s*#\s*(?:if|el|endif|define)|\\\s*$", piece, re.MULTILINE):
                yield piece


def enclosing(plain: list[str]) -> list[tuple[str, ...]] | None:
    """Before each line, and after the last, the brackets that are open, each with the text of its line up to it."""
    levels: list[tuple[str, ...]] = [()]
    for line in plain:
        level = list(levels[-1])
        for at, sign in enumerate(line):
            if sign in "([{":
                level.append(line[: at + 1].strip())
            elif sign in ")]}" and (not level or {"(": ")", "[": "]", "{": "}"}[level.pop()[-1]] != sign):
                return None
        levels.append(tuple(level))
    return levels if not levels[-1] else None


def least(plain: list[str], levels: list[tuple[str, ...]], number: int) -> int:
    """The fewest brackets that are open anywhere on a line."""
    depth = lowest = len(levels[number])
    for sign in plain[number]:
        depth += (sign in "([{") - (sign in ")]}")
        lowest = min(lowest, depth)
    return lowest


MACRO = re.compile(r"!\s*\w*\s*[({\[]$|macro|^#|extern\s*\"|asm\b")
GOES_ON = re.compile(
    r"[.?:,;&|+=*/)}\]<>%^-]|(?:else|catch|finally|while|and|or|instanceof|in|where|throws|extends|implements|with)\b"
)


# Braces in which commas stand between the members; a comma elsewhere may be one of a list in angle brackets.
LISTS = re.compile(r"[=(:,\[]\s*\{$|\b(?:enum|struct)\b|\breturn \{$")
LISTS_OF_RUST = re.compile(r"\b(?:enum|match|struct|union)\b|[=(:,\[] ?[\w:]*[A-Z]\w* \{$")


NAME_OF_TYPE = re.compile(r"\w+;$")
"""What stands under the braces of a C type that has its name below."""
ENDS_PARAMETER = re.compile(r"^\s*(?:typename|class)\b")
BETWEEN = re.compile(r"[-=]>|<[-=]|>=| [<>]+ ")
"""What has the form of a bracket around types and is none."""


def begins(language: str, plain: list[str], levels: list[tuple[str, ...]], number: int) -> bool:
    """Whether something begins on the line: what is before it has ended, and it stands in braces or in nothing."""
    start = plain[number].strip()
    level = levels[number]
    if not start or start.startswith((INSIDE, "`")) or GOES_ON.match(start) or (level and not level[-1].endswith("{")):
        return False
    if any(MACRO.search(opener) for opener in level):
        return False
    before = next((line.rstrip() for line in reversed(plain[:number]) if line.strip()), "{")
    if language == "rust" and is_in_bounds(plain[:number]):
        return False
    if before.strip() == "}" and NAME_OF_TYPE.match(start):
        return False
    if before.endswith(","):
        return is_list(language, level)
    if language in ("go", "javascript", "typescript", "tsx") and len(level) == len(levels[number - 1]):
        return before.endswith((";", "{", "}")) or (language == "go" and before[-1:] not in "=+-*/&|(<>.,:")
    return before.endswith((";", "{", "}"))


def is_in_bounds(before: list[str]) -> bool:
    """Whether these lines end after a `where` and before what it says the bounds of."""
    for line in reversed(before):
        text = line.strip()
        if re.match(r"where\b", text):
            return not text.endswith(("{", ";"))
        if text.endswith(("{", "}", ";")):
            return False
    return False


def are_types_whole(piece: str) -> bool:
    """Whether as many brackets around types are closed as are opened."""
    signs = BETWEEN.sub("", piece)
    return signs.count("<") == signs.count(">")


def is_list(language: str, level: tuple[str, ...]) -> bool:
    """Whether commas stand between what is in the innermost bracket."""
    lists = LISTS_OF_RUST if language == "rust" else LISTS
    return bool(level) and lists.search(level[-1]) is not None


def is_end(language: str, plain: list[str], levels: list[tuple[str, ...]], first: int, last: int) -> bool:
    """Whether what began on the first line, or something after it, has ended with the last."""
    end = plain[last].rstrip()
    if end.endswith(",") and not is_list(language, levels[first]):
        return False
    following = next((line.strip() for line in plain[last + 1 :] if line.strip()), "}")
    if end.strip() == "}" and NAME_OF_TYPE.match(following):
        return False
    if end.endswith(",") and (
        following.startswith("{") or ENDS_PARAMETER.match(end) or is_in_bounds(plain[: last + 1])
    ):
        return False
    return (
        levels[last + 1] == levels[first]
        and end.endswith((";", "}", ","))
        and (following.startswith("}") or not GOES_ON.match(following))
    )


def json_pieces(text: str) -> Iterator[str]:
    members = json.loads(text)
    if isinstance(members, dict):
        listed = [f"{json.dumps(key)}: {json.dumps(value, indent=2)}" for key, value in members.items()]
        yield ",\n".join(listed[:5])
        yield ",\n".join(listed[:2]) + ","
        yield "{\n" + ",\n".join(listed[:2]) + ",\n...\n}"
        yield "{\n" + ",\n".join(listed[:2]) + ",\n// ...\n}"


def runs(text: str, chance: random.Random) -> Iterator[str]:
    """Lines in a row, from one that is no further in than those after it."""
    lines = text.splitlines(keepends=True)
    for _ in range(2 * MOST):
        first = chance.randrange(len(lines))
        indent = depth(lines[first])
        last = first
        while last + 1 < min(len(lines), first + LONGEST) and (
            not lines[last + 1].strip() or depth(lines[last + 1]) >= indent
        ):
            last += 1
        if lines[first].strip():
            yield "".join(lines[first : chance.randrange(first, last + 1) + 1])
