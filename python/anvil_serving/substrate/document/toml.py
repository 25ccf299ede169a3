"""TOML, read by the standard library and changed by tomlkit, which keeps what it does not change."""

from __future__ import annotations

import contextlib
import re
import tomllib
from typing import TYPE_CHECKING, Any, cast

from .fault import BrokenDocument, CannotEdit
from .value import Item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .value import Place, Value

__all__ = ["drop", "put", "read", "render"]

_LINE = re.compile(r" \(at line (\d+), column \d+\)\Z")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def read(text: str) -> Value:
    """What the text says. Raises `BrokenDocument`."""
    try:
        return cast("Value", tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = _LINE.search(str(error))
        line = int(found[1]) if found is not None else text.count("\n") + 1
        raise BrokenDocument(_LINE.sub("", str(error)), line) from None
    except RecursionError:
        raise BrokenDocument("too many tables and lists within one another", 1) from None


def render(table: Mapping[str, Value], header: str = "") -> str:
    """A table and those within it, as a person would write them."""
    plain = [f"{_key(key)} = {_inline(value)}" for key, value in table.items() if not isinstance(value, dict)]
    lines = [f"[{header}]"] if header and plain else []
    parts = ["\n".join(lines + plain)] if plain else []
    parts += [
        render(value, f"{header}.{_key(key)}".removeprefix("."))
        for key, value in table.items()
        if isinstance(value, dict)
    ]
    return "\n\n".join(parts)


def put(text: str, place: Place, value: Value) -> str:
    """Sets a value, in its place if it is there."""
    import tomlkit  # noqa: PLC0415 - of an extra

    with _asking_tomlkit():
        document = tomlkit.parse(text if text.endswith("\n") or not text else text + "\n")
        plain = tomlkit.dumps(document)
        table: Any = document
        for depth, step in enumerate(place[:-1], 2):
            name = _name(step)
            if name not in table:
                if table is document and plain and not plain.endswith("\n\n"):
                    document.add(tomlkit.nl())
                # What holds tables alone needs no header of its own.
                is_inline = isinstance(table, tomlkit.items.InlineTable)
                table[name] = tomlkit.inline_table() if is_inline else tomlkit.table(is_super_table=depth < len(place))
            table = table[name]
        table[_name(place[-1])] = value
        return tomlkit.dumps(document)


def drop(text: str, place: Place) -> str:
    """Removes what is at a place, which is there."""
    import tomlkit  # noqa: PLC0415 - of an extra

    with _asking_tomlkit():
        document = tomlkit.parse(text)
        table: Any = document
        for step in place[:-1]:
            table = table[_name(step)]
        del table[_name(place[-1])]
        return tomlkit.dumps(document)


@contextlib.contextmanager
def _asking_tomlkit() -> Iterator[None]:
    """What tomlkit cannot do, or does not expect, is a change that cannot be made."""
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - of an extra

    try:
        yield
    except (TOMLKitError, AttributeError, IndexError, RecursionError) as error:
        raise CannotEdit(f"tomlkit: {error}") from None


def _name(step: str | Item) -> str:
    if isinstance(step, Item):
        raise TypeError("members of lists are not changed in TOML")
    return step


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _quoted(key)


def _inline(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, list):
        return f"[{', '.join(_inline(member) for member in value)}]"
    raise CannotEdit("TOML has no word for nothing")


def _quoted(text: str) -> str:
    r"""A basic string (TOML 1.0, "String"): JSON's, but for DEL, which has to be escaped as well."""
    import json  # noqa: PLC0415 - not for every reader

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
