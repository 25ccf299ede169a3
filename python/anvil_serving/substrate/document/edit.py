"""Changes of a settings file, and the proof that nothing else has changed."""

from __future__ import annotations

import importlib
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, Protocol, cast

from msgspec import UNSET, Struct, UnsetType

from anvil_serving.errors import StartupError

from . import json5, toml, yaml
from .fault import BrokenDocument, CannotEdit
from .value import Place, Value, canonical, lookup, place_text, with_value, without

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["SYNTAXES", "Change", "SyntaxName", "changed", "read", "render"]

SyntaxName = Literal["json", "toml", "yaml"]
SYNTAXES: Final[Mapping[SyntaxName, str]] = MappingProxyType({"json": "JSON", "toml": "TOML", "yaml": "YAML"})


class Change(Struct, frozen=True):
    """A place, and what shall be there; `UNSET`: nothing."""

    place: Place
    value: Value | UnsetType


class _Syntax(Protocol):
    def render(self, value: Value) -> str: ...
    def read(self, text: str) -> Value: ...
    def put(self, text: str, place: Place, value: Value) -> str: ...
    def drop(self, text: str, place: Place) -> str: ...


def read(content: bytes, syntax: SyntaxName) -> Value:
    """What a file says. Raises `BrokenDocument`."""
    return _syntax(syntax).read(_Text.of(content).plain)


def changed(content: bytes, syntax: SyntaxName, changes: Iterable[Change]) -> bytes:
    """The file with these changes made, and with every other byte as it was.

    Read again, it says what it has said, but for the changes: else `CannotEdit`. Raises `BrokenDocument` where it is
    not of its syntax.
    """
    rules = _syntax(syntax)
    text = _Text.of(content)
    plain = text.plain
    expected = rules.read(plain)
    canonical(expected)
    for change in changes:
        before = lookup(expected, change.place)
        if before is UNSET and change.value is UNSET:
            continue
        try:
            if change.value is UNSET:
                expected = without(expected, change.place)
                plain = rules.drop(plain, change.place)
            elif before is UNSET or canonical(before) != canonical(change.value):
                expected = with_value(expected, change.place, change.value)
                plain = rules.put(plain, change.place, change.value)
            said = canonical(rules.read(plain))
        except CannotEdit as error:
            raise CannotEdit(f"{place_text(change.place)} cannot be set: {error}") from None
        except (BrokenDocument, ValueError, KeyError, TypeError) as error:
            raise CannotEdit(f"{place_text(change.place)} cannot be set without harm to the rest: {error}") from None
        if said != canonical(expected):
            raise CannotEdit(f"{place_text(change.place)} cannot be set without changing something else")
    return text.encoded(plain)


class _Text(Struct, frozen=True):
    r"""A file's text with its line ends as `\n`, and how the file writes them."""

    plain: str
    mark: bytes
    """The byte order mark, if it has one."""
    newline: str

    @classmethod
    def of(cls, content: bytes) -> _Text:
        mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
        try:
            text = content[len(mark) :].decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise BrokenDocument("this is no text in UTF-8", line) from None
        if "\0" in text:
            raise BrokenDocument("a text has no NUL", text.count("\n", 0, text.index("\0")) + 1)
        is_windows = text.count("\n") == text.count("\r\n") == text.count("\r") > 0
        return cls(text.replace("\r\n", "\n") if is_windows else text, mark, "\r\n" if is_windows else "\n")

    def encoded(self, plain: str) -> bytes:
        return self.mark + plain.replace("\n", self.newline).encode()


def render(value: Value, syntax: SyntaxName) -> str:
    """A value as a person would write it; needs no library."""
    return _RULES[syntax].render(value)


_RULES: Final[Mapping[SyntaxName, _Syntax]] = MappingProxyType(
    {"json": cast("_Syntax", json5), "toml": cast("_Syntax", toml), "yaml": cast("_Syntax", yaml)}
)
_LIBRARIES: Final[Mapping[SyntaxName, str]] = MappingProxyType({"toml": "tomlkit", "yaml": "yaml"})


def _syntax(name: SyntaxName) -> _Syntax:
    try:
        if name in _LIBRARIES:
            importlib.import_module(_LIBRARIES[name])
    except ImportError:
        raise StartupError(
            f"{SYNTAXES[name]} is changed with a library that is not installed",
            hint="pip install 'anvil-serving[harness]', or leave --write away and paste what is printed",
        ) from None
    return _RULES[name]
