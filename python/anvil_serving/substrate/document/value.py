"""What a settings file says, whatever its syntax, and a place in it."""

from __future__ import annotations

from typing import TypeAlias, cast

import msgspec
from msgspec import UNSET, Struct, UnsetType

from .fault import CannotEdit

__all__ = [
    "Item",
    "Place",
    "Step",
    "Value",
    "canonical",
    "index_of",
    "lookup",
    "place_text",
    "with_value",
    "without",
]

Value: TypeAlias = "str | int | float | bool | list[Value] | dict[str, Value] | None"

_MAX_NODES = 200_000
"""Values of a file, each counted as often as it is referred to: a few aliases of YAML can mean billions."""


class Item(Struct, frozen=True):
    """The member of a list of tables that has this at this key."""

    key: str
    value: str


Step: TypeAlias = str | Item
Place: TypeAlias = tuple[Step, ...]


def place_text(place: Place) -> str:
    """A place for a person, such as `env.ANTHROPIC_BASE_URL` or `models[name=planning].apiBase`."""
    text = ""
    for step in place:
        text += f"[{step.key}={step.value}]" if isinstance(step, Item) else f".{step}"
    return text.removeprefix(".")


def index_of(members: list[Value], item: Item) -> int | None:
    """Which member of a list is meant; the first, where several are."""
    for index, member in enumerate(members):
        if isinstance(member, dict) and member.get(item.key) == item.value:
            return index
    return None


def lookup(tree: Value, place: Place) -> Value | UnsetType:
    """What is at a place; `UNSET`: nothing."""
    for step in place:
        if isinstance(step, Item):
            index = index_of(tree, step) if isinstance(tree, list) else None
            if index is None:
                return UNSET
            tree = cast("list[Value]", tree)[index]
        elif isinstance(tree, dict) and step in tree:
            tree = tree[step]
        else:
            return UNSET
    return tree


def with_value(tree: Value, place: Place, value: Value) -> Value:
    """A tree with this value at this place; what is missing on the way is made, a new member of a list is its first.

    Raises `CannotEdit` where something on the way is no table and no list.
    """
    if not place:
        return value
    step, rest = place[0], place[1:]
    if isinstance(step, Item):
        members = [] if tree is None else tree
        if not isinstance(members, list):
            raise CannotEdit("there is no list where one belongs")
        index = index_of(members, step)
        if index is None:
            return [with_value(None, rest, value), *members]
        return [*members[:index], with_value(members[index], rest, value), *members[index + 1 :]]
    table = {} if tree is None else tree
    if not isinstance(table, dict):
        raise CannotEdit(f"there is no table where {step} belongs")
    return {**table, step: with_value(table.get(step), rest, value)}


def without(tree: Value, place: Place) -> Value:
    """A tree without what is at this place, which is there."""
    step, rest = place[0], place[1:]
    if isinstance(step, Item):
        members = cast("list[Value]", tree)
        index = cast("int", index_of(members, step))
        kept = [without(members[index], rest)] if rest else []
        return [*members[:index], *kept, *members[index + 1 :]]
    table = cast("dict[str, Value]", tree)
    if rest:
        return {**table, step: without(table[step], rest)}
    return {key: value for key, value in table.items() if key != step}


def canonical(tree: Value) -> bytes:
    """The same bytes for the same meaning. Raises `CannotEdit` for what is too much, or nothing that JSON can say."""
    pending: list[Value] = [tree]
    count = 0
    while pending:
        value = pending.pop()
        count += 1
        if count > _MAX_NODES:
            raise CannotEdit(f"the file says more than {_MAX_NODES} things")
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    try:
        return msgspec.json.encode(tree, order="sorted")
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise CannotEdit(f"the file says something that JSON cannot: {error}") from None
