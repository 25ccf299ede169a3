"""YAML, changed in its text at the places that PyYAML reports: a writer of YAML would set a person's file anew.

What is written is quoted as JSON is, which YAML 1.1 and 1.2 read alike.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from .fault import BrokenDocument, CannotEdit
from .value import Item, Place, Value

if TYPE_CHECKING:
    import yaml

__all__ = ["drop", "put", "read", "render"]


_WORDS = ("null", "true", "false")
"""Keys of more than three letters that would be no text."""


class _Entry(NamedTuple):
    """A key and its value, or a member of a list."""

    key: str
    start: int
    """Where the key begins; of a member of a list, where its value does."""
    end: int
    node: yaml.Node


def read(text: str) -> Value:
    """What the text says; the empty text says the empty table. Raises `BrokenDocument`."""
    import yaml  # noqa: PLC0415 - of an extra

    try:
        value = yaml.load(text, Loader=_loader())  # noqa: S506 - the safe one, in C where there is one
        _check_ends(value, set(), set())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BrokenDocument(error.problem or "this is not YAML", 1 if mark is None else mark.line + 1) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BrokenDocument(str(error).split("\n", 1)[0], 1) from None
    return {} if value is None else cast("Value", value)


def _check_ends(value: object, above: set[int], seen: set[int]) -> None:
    """Raises `BrokenDocument` where an alias leads back into what holds it: nobody comes to its end."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if id(value) in above:
        raise BrokenDocument("an alias leads in a circle", 1)
    if not members or id(value) in seen:
        return
    seen.add(id(value))
    for member in members:
        _check_ends(member, above | {id(value)}, seen)


def render(value: Value, indent: str = "") -> str:
    """A value in the block style; lists of plain values on one line."""
    if isinstance(value, dict) and value:
        return "\n".join(f"{indent}{_key(key)}:{_after(member, indent)}" for key, member in value.items())
    if isinstance(value, list) and any(isinstance(member, dict) for member in value):
        return "\n".join(f"{indent}- {render(member, indent + '  ').lstrip(' ')}" for member in value)
    return indent + json.dumps(value, ensure_ascii=False)


def put(text: str, place: Place, value: Value) -> str:
    """Sets a value, in its place if it is there; a new key comes last in its table, a new member first in its list."""
    root = _composed(text)
    if root is None:
        return f"{_lines(text)}{render(_nested(place, value))}\n"
    node, rest = _descend(text, root, place)
    if rest and not _is_empty(node):
        return _inserted(text, node, rest, value)
    start, end = node.start_mark.index, _end(text, node)
    if rest and start == end:  # a key without a value
        column = text[:start].rfind("\n") + 1
        indent = text[column:start][: len(text[column:start]) - len(text[column:start].lstrip())]
        at = _line_end(text, start)
        return _lines(text[:at]) + render(_nested(rest, value), indent + "  ") + "\n" + text[at:]
    written = json.dumps(_nested(rest, value), ensure_ascii=False)
    before = text[:start].rstrip(" \n")
    if (
        before.endswith(":") and place
    ):  # what begins below its key comes behind it: a plain value may not stand so far left
        return f"{before} {written}{text[end:]}"
    return text[:start] + (" " if start == end else "") + written + text[end:]


def drop(text: str, place: Place) -> str:
    """Removes what is at a place, which is there, and its lines."""
    import yaml  # noqa: PLC0415 - of an extra

    root = _composed(text)
    parent, _ = _descend(text, cast("yaml.Node", root), place[:-1])
    entry = cast("_Entry", _found(text, parent, place[-1]))
    if cast("yaml.CollectionNode", parent).flow_style:
        return _dropped_in_line(text, parent, entry)
    start = text.rfind("\n", 0, entry.start) + 1
    if isinstance(parent, yaml.MappingNode) and text[start : entry.start].strip():
        raise CannotEdit("what is to be removed shares its line")
    return text[:start] + text[_line_end(text, entry.end) :]


def _dropped_in_line(text: str, parent: yaml.Node, entry: _Entry) -> str:
    entries = _entries(text, parent)
    index = entries.index(entry)
    if index + 1 < len(entries):
        return text[: entry.start] + text[entries[index + 1].start :]
    return text[: entries[index - 1].end if index else entry.start] + text[entry.end :]


def _inserted(text: str, node: yaml.Node, rest: Place, value: Value) -> str:
    import yaml  # noqa: PLC0415 - of an extra

    written = _nested(rest[1:], value)
    if isinstance(node, yaml.SequenceNode) == isinstance(rest[0], str):
        raise CannotEdit(f"there is something else where {rest[0]} belongs")
    if cast("yaml.CollectionNode", node).flow_style:
        return _inserted_in_line(text, node, rest[0], written)
    indent = " " * node.start_mark.column
    if isinstance(rest[0], Item):
        start = _above_comments(text, text.rfind("\n", 0, node.start_mark.index) + 1)
        return text[:start] + render([written], indent) + "\n" + text[start:]
    at = _line_end(text, _end(text, node))
    return _lines(text[:at]) + render({rest[0]: written}, indent) + "\n" + text[at:]


def _inserted_in_line(text: str, node: yaml.Node, step: str | Item, value: Value) -> str:
    at = node.start_mark.index + 1
    member = json.dumps(value, ensure_ascii=False)
    if isinstance(step, str):
        member = f"{json.dumps(step, ensure_ascii=False)}: {member}"
    return text[:at] + member + ", " + text[at:]


def _after(value: Value, indent: str) -> str:
    is_list = isinstance(value, list) and any(isinstance(member, dict) for member in value)
    if is_list or (isinstance(value, dict) and value):
        return "\n" + render(value, indent + "  ")
    return " " + json.dumps(value, ensure_ascii=False)


def _key(key: str) -> str:
    plain = key.replace("-", "").replace("_", "")
    is_plain = plain.isascii() and plain.isalpha() and len(plain) > 3 and plain.lower() not in _WORDS
    return key if is_plain else json.dumps(key, ensure_ascii=False)


def _nested(place: Place, value: Value) -> Value:
    for step in reversed(place):
        value = [value] if isinstance(step, Item) else {step: value}
    return value


def _lines(text: str) -> str:
    return text if text.endswith("\n") or not text else text + "\n"


# ── places ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _loader() -> Any:
    import yaml  # noqa: PLC0415 - of an extra

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _composed(text: str) -> yaml.Node | None:
    import yaml  # noqa: PLC0415 - of an extra

    return yaml.compose(text, Loader=_loader())


def _descend(text: str, node: yaml.Node, place: Place) -> tuple[yaml.Node, Place]:
    """The node of the longest part of a place that is there, and the rest of the place."""
    for depth, step in enumerate(place):
        entry = _found(text, node, step)
        if entry is None:
            return node, place[depth:]
        node = entry.node
    return node, ()


def _found(text: str, node: yaml.Node, step: str | Item) -> _Entry | None:
    if isinstance(step, str):
        # Of a key that is there twice, the last one counts.
        return next((entry for entry in reversed(_entries(text, node)) if entry.key == step), None)
    for entry in _entries(text, node):
        name = _found(text, entry.node, step.key)
        if name is not None and name.node.value == step.value:
            return entry
    return None


def _entries(text: str, node: yaml.Node) -> list[_Entry]:
    """What is in a table or a list; in nothing else is anything."""
    import yaml  # noqa: PLC0415 - of an extra

    if isinstance(node, yaml.SequenceNode):
        return [_Entry("", member.start_mark.index, _end(text, member), member) for member in node.value]
    if isinstance(node, yaml.MappingNode):
        return [
            _Entry(key.value, key.start_mark.index, max(_end(text, key), _end(text, value)), value)
            for key, value in node.value
            if isinstance(key, yaml.ScalarNode)
        ]
    return []


def _end(text: str, node: yaml.Node) -> int:
    """Where a node's own text ends: PyYAML's end of a block is where the next thing begins, comments between."""
    import yaml  # noqa: PLC0415 - of an extra

    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return max(_end(text, part) for part in last) if isinstance(last, tuple) else _end(text, last)
    end = int(node.end_mark.index)
    is_block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
    return end - 1 if is_block and text[end - 1] == "\n" else end


def _is_empty(node: yaml.Node) -> bool:
    """Whether nothing is there: no value behind a key, or a table or list without members."""
    return node.value in ([], "") or (node.tag == "tag:yaml.org,2002:null")


def _above_comments(text: str, start: int) -> int:
    """Where the comments begin that stand right above this line: they are about what is in it."""
    while start:
        above = text.rfind("\n", 0, start - 1) + 1
        line = text[above:start].strip()
        if line and not line.startswith("#"):
            break
        start = above
    return start


def _line_end(text: str, at: int) -> int:
    """Where the line after this place begins; this place, if it begins one itself."""
    if at and text[at - 1] == "\n":
        return at
    end = text.find("\n", at)
    return len(text) if end < 0 else end + 1
