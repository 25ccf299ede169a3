"""JSON5 (spec.json5.org), of which JSON with and without comments is a part: read with places, and changed there.

What is written is plain JSON, so that a file stays what its program can read.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from .fault import BrokenDocument
from .value import Item, Place, Value

__all__ = ["drop", "put", "read", "render"]

_MAX_DEPTH: Final = 100
"""Tables and lists within one another: settings have five, and the stack has an end."""

_BLANK: Final = re.compile(r"(?:[\s\ufeff]+|//[^\n\r\u2028\u2029]*|/\*(?:[^*]|\*(?!/))*+\*/)*+")
_WORD: Final = re.compile(r"[^\W\d][\w$\u200c\u200d]*|\$[\w$\u200c\u200d]*")
_NUMBER: Final = re.compile(
    r"(?P<sign>[+-]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|(?P<word>Infinity|NaN)"
    r"|(?P<decimal>(?:0|[1-9]\d*)?(?:\.\d*)?(?:[eE][+-]?\d+)?))"
)
_DECIMAL: Final = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_PIECE: Final = re.compile(r'[^"\'\\\n\r]+')
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "0": "\0"}
_WORDS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None}
_LINE_ENDS: Final = "\n\r\u2028\u2029"


class _Member(NamedTuple):
    key: str
    start: int
    node: _Node


class _Node(NamedTuple):
    start: int
    end: int
    value: Value
    members: tuple[_Member, ...] = ()
    """Of an object."""


def read(text: str) -> Value:
    """What the text says; the empty text says the empty table. Raises `BrokenDocument`."""
    return _parsed(text).value if text.strip() else {}


def render(value: Value, indent: str | None = "  ") -> str:
    """A value as JSON; on one line without `indent`."""
    return json.dumps(value, ensure_ascii=False, indent=indent)


def put(text: str, place: Place, value: Value) -> str:
    """Sets a value, in its place if it is there, else as the last of its table."""
    if not text.strip():
        text = "{}\n"
    node, rest = _descend(_parsed(text), place)
    if rest and text[node.start] != "{":  # null, in place of a table
        value, rest = _nested(rest, value), ()
    if not rest:
        return text[: node.start] + _indented(text, node.start, value) + text[node.end :]
    return _appended(text, node, _name(rest[0]), _nested(rest[1:], value))


def drop(text: str, place: Place) -> str:
    """Removes a member of a table, which is there, with its comma, and its line where nothing else is on it."""
    table, _ = _descend(_parsed(text), place[:-1])
    names = [member.key for member in table.members]
    index = len(names) - 1 - names[::-1].index(_name(place[-1]))
    member = table.members[index]
    comma = _skip(text, member.node.end)
    if text[comma] == ",":
        if text[member.node.end : comma].strip():  # a comment, which stays
            text = text[:comma] + text[comma + 1 :]
            return _cut(text, member.start, member.node.end)
        return _cut(text, member.start, comma + 1)
    text = _cut(text, member.start, member.node.end)
    if index > 0:
        comma = _skip(text, table.members[index - 1].node.end)
        text = text[:comma] + text[comma + 1 :]
    return text


def _nested(place: Place, value: Value) -> Value:
    for step in reversed(place):
        value = {_name(step): value}
    return value


def _name(step: str | Item) -> str:
    if isinstance(step, Item):
        raise TypeError("members of lists are not changed in JSON")
    return step


def _descend(node: _Node, place: Place) -> tuple[_Node, Place]:
    """The node of the longest part of a place that is there, and the rest of the place."""
    for depth, step in enumerate(place):
        # Of a name that is there twice, the last one counts.
        found = [member.node for member in node.members if member.key == step]
        if not found:
            return node, place[depth:]
        node = found[-1]
    return node, ()


def _appended(text: str, table: _Node, key: str, value: Value) -> str:
    end = table.end - 1
    here = len(text[:end].rstrip(" \t\r\n"))
    first = table.members[0].start if table.members else None
    spread = first is None or "\n" in text[table.start : end]
    trailing = False
    if table.members:
        last = table.members[-1].node.end
        comma = _skip(text, last)
        trailing = text[comma] == ","
        if not trailing:
            text = text[:last] + "," + text[last:]
            here, end = here + 1, end + 1
    if not spread:
        return text[:here] + f" {render(key)}: {render(value, None)}" + "," * trailing + text[here:]
    outer = _indent_at(text, table.start)
    # As its siblings are, where the first of them begins its line.
    inner = _indent_at(text, first) if first is not None else outer + _unit(text)
    lines = render(value, _unit(text)).replace("\n", f"\n{inner}")
    written = f"\n{inner}{render(key)}: {lines}" + "," * trailing
    closing = "" if "\n" in text[here:end] else f"\n{outer}"
    return text[:here] + written + closing + text[here if closing == "" else end :]


def _indented(text: str, start: int, value: Value) -> str:
    if "\n" not in text.strip():
        return render(value, None)
    return render(value, _unit(text)).replace("\n", "\n" + _indent_at(text, start))


def _indent_at(text: str, start: int) -> str:
    line = text[text.rfind("\n", 0, start) + 1 : start]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """What the file indents by: what its first indented line begins with."""
    found = re.search(r"^([ \t]+)\S", text, re.MULTILINE)
    return found[1] if found is not None and len(found[1]) <= 8 else "  "


def _cut(text: str, start: int, end: int) -> str:
    """The text without a part of it; a line that is left blank by that goes as well."""
    left = len(text[:start].rstrip(" \t"))
    right = len(text) - len(text[end:].lstrip(" \t"))
    if (left == 0 or text[left - 1] == "\n") and text[right : right + 1] == "\n":
        return text[:left] + text[right + 1 :]
    return text[:left] + text[end:]


# ── reading ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _parsed(text: str) -> _Node:
    start = _skip(text, 0)
    node = _value(text, start, 0)
    if _skip(text, node.end) != len(text):
        raise _broken(text, _skip(text, node.end), "something follows the end")
    return node


def _broken(text: str, at: int, reason: str) -> BrokenDocument:
    return BrokenDocument(reason, text.count("\n", 0, at) + 1)


def _skip(text: str, at: int) -> int:
    match = _BLANK.match(text, at)
    return at if match is None else match.end()


def _value(text: str, at: int, depth: int) -> _Node:
    first = text[at : at + 1]
    if depth > _MAX_DEPTH:
        raise _broken(text, at, f"more than {_MAX_DEPTH} tables and lists within one another")
    if first == "{":
        return _object(text, at, depth)
    if first == "[":
        return _array(text, at, depth)
    if first in {'"', "'"}:
        end, string = _string(text, at)
        return _Node(at, end, string)
    word = _WORD.match(text, at)
    if word is not None and word[0] in _WORDS:
        return _Node(at, word.end(), _WORDS[word[0]])
    return _number(text, at)


def _object(text: str, start: int, depth: int) -> _Node:
    members: list[_Member] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] in {'"', "'"}:
            end, key = _string(text, at)
        elif (word := _WORD.match(text, at)) is not None:
            end, key = word.end(), word[0]
        else:
            raise _broken(text, at, "a name or } belongs here" if at < len(text) else "a } is missing")
        colon = _skip(text, end)
        if text[colon : colon + 1] != ":":
            raise _broken(text, colon, "a : belongs here")
        node = _value(text, _skip(text, colon + 1), depth + 1)
        members.append(_Member(key, at, node))
        at = _separated(text, node.end, "}")
    return _Node(start, at + 1, {member.key: member.node.value for member in members}, tuple(members))


def _array(text: str, start: int, depth: int) -> _Node:
    values: list[Value] = []
    at = _skip(text, start + 1)
    while text[at : at + 1] != "]":
        node = _value(text, at, depth + 1)
        values.append(node.value)
        at = _separated(text, node.end, "]")
    return _Node(start, at + 1, values)


def _separated(text: str, at: int, closing: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != closing:
        raise _broken(text, at, f"a comma or {closing} belongs here" if at < len(text) else f"a {closing} is missing")
    return at


def _string(text: str, start: int) -> tuple[int, str]:
    quote, at, parts = text[start], start + 1, []
    while True:
        piece = _PIECE.match(text, at)
        if piece is not None:
            parts.append(piece[0])
            at = piece.end()
        char = text[at : at + 1]
        if char == quote:
            # Two escapes may be the halves of one character.
            joined = "".join(parts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            return at + 1, joined
        if char == "\\":
            at, part = _escape(text, at)
            parts.append(part)
        elif char == "" or char in _LINE_ENDS:
            raise _broken(text, start, "a string does not end")
        else:
            parts.append(char)
            at += 1


def _escape(text: str, at: int) -> tuple[int, str]:
    char = text[at + 1 : at + 2]
    if char in {"x", "u"}:
        length = 2 if char == "x" else 4
        digits = text[at + 2 : at + 2 + length]
        if re.fullmatch(rf"[0-9a-fA-F]{{{length}}}", digits) is None:
            raise _broken(text, at, f"\\{char} wants {length} hexadecimal digits")
        return at + 2 + length, chr(int(digits, 16))
    if char == "":
        raise _broken(text, at, "a string does not end")
    if char in _LINE_ENDS:
        return at + (3 if text.startswith("\r\n", at + 1) else 2), ""
    return at + 2, _ESCAPES.get(char, char)


def _number(text: str, at: int) -> _Node:
    match = _NUMBER.match(text, at)
    if match is None or match.end() == at or not text[at : match.end()].strip("+-"):
        what = "a value belongs here" if at < len(text) else "the text ends where a value belongs"
        raise _broken(text, at, what)
    sign = -1 if match["sign"] == "-" else 1
    if match["hex"] is not None:
        return _Node(at, match.end(), sign * int(match["hex"], 16))
    if match["word"] is not None:
        return _Node(at, match.end(), sign * float("inf" if match["word"] == "Infinity" else "nan"))
    decimal = match["decimal"]
    if _DECIMAL.fullmatch(decimal) is None:
        raise _broken(text, at, "this is no number")
    whole = decimal.isdecimal() and len(decimal) < 300
    return _Node(at, match.end(), sign * (int(decimal) if whole else float(decimal)))
