r"""On which line of a TOML file a key stands.

`tomllib` says nothing about places, so this scanner walks the text a second time. It runs only over text that `tomllib`
has accepted, and only once there is a problem to report: it needs to find keys, not to judge them.

The grammar is TOML 1.0 (toml.io/en/v1.0.0), sections "Keys", "String", "Array", "Inline Table" and "Array of Tables".
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_left
from contextlib import suppress

from msgspec import Struct

from .problems import Path

__all__ = ["Lines", "locate"]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t\r]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
# At least one character, so that every step of the scanner moves on.
_SCALAR = re.compile(r"[^,\]}#\n]+")
# A multi-line string may end in up to two quotes of its own before the closing three ("String", last example).
_STRINGS = (
    ('"""', re.compile(r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}', re.DOTALL)),
    ("'''", re.compile(r"'''(?:[^']|'(?!''))*+'{3,5}", re.DOTALL)),
    ('"', re.compile(r'"(?:[^"\\]|\\.)*+"')),
    ("'", re.compile(r"'[^']*+'")),
)


class Lines(Struct, frozen=True):
    """The lines of a document's keys, tables and array elements, counted from 1."""

    marks: dict[Path, int]

    def of(self, path: Path) -> int:
        """The line of a value's key; of its nearest parent where the value itself is not in the text."""
        while path and path not in self.marks:
            path = path[:-1]
        return self.marks.get(path, 1)


def locate(text: str) -> Lines:
    """Find the line of everything in `text`, which must be valid TOML."""
    scanner = _Scanner(text)
    # Nesting deeper than the stack, or a newer TOML: what was found so far still gives the nearest parent.
    with suppress(RecursionError, ValueError):
        scanner.document()
    return Lines(scanner.marks)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.marks: dict[Path, int] = {}
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._lengths: dict[Path, int] = {}
        """How many elements each array of tables has so far."""

    def document(self) -> None:
        table: Path = ()
        self._skip(_BLANK)
        while self.at < len(self.text):
            if self._next() == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _header(self) -> Path:
        """`[table]` or `[[array of tables]]`; returns the path that the following keys belong to."""
        line = self._line()
        brackets = 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        keys = self._keys()
        self.at += brackets
        path: Path = ()
        for key in keys[:-1]:
            path = (*path, key)
            self.marks.setdefault(path, line)
            # A header reaches through an array of tables to its latest element.
            if path in self._lengths:
                path = (*path, self._lengths[path] - 1)
        path = (*path, keys[-1])
        if brackets == 2:
            self.marks.setdefault(path, line)
            index = self._lengths.get(path, 0)
            self._lengths[path] = index + 1
            path = (*path, index)
        self.marks[path] = line
        return path

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = table
        for key in self._keys():
            path = (*path, key)
            self.marks.setdefault(path, line)
        self.at += 1  # the equals sign
        self._skip(_SPACE)
        self._value(path)

    def _keys(self) -> list[str]:
        keys = []
        while True:
            self._skip(_SPACE)
            keys.append(self._key())
            self._skip(_SPACE)
            if self._next() != ".":
                return keys
            self.at += 1

    def _key(self) -> str:
        start = self.at
        if self._next() in ('"', "'"):
            self._string()
            # Only quoted keys hold escapes, and tomllib knows them all.
            return str(tomllib.loads(f"key = {self.text[start : self.at]}")["key"])
        self._skip(_BARE_KEY)
        return self.text[start : self.at]

    def _value(self, path: Path) -> None:
        first = self._next()
        if first in ('"', "'"):
            self._string()
        elif first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_SCALAR)

    def _array(self, path: Path) -> None:
        self.at += 1
        index = 0
        self._skip(_BLANK)
        while self._next() not in ("]", ""):
            self.marks[(*path, index)] = self._line()
            self._value((*path, index))
            index += 1
            self._separator()
        self.at += 1

    def _inline_table(self, path: Path) -> None:
        self.at += 1
        self._skip(_BLANK)
        while self._next() not in ("}", ""):
            self._pair(path)
            self._separator()
        self.at += 1

    def _separator(self) -> None:
        self._skip(_BLANK)
        if self._next() == ",":
            self.at += 1
        self._skip(_BLANK)

    def _string(self) -> None:
        for quotes, pattern in _STRINGS:
            if self.text.startswith(quotes, self.at):
                # An empty string starts with two quotes and is no multi-line one, so three are tried first.
                self._skip(pattern)
                return

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise ValueError(f"not TOML at offset {self.at}")
        self.at = match.end()

    def _next(self) -> str:
        """The character at hand; empty at the end of the text."""
        return self.text[self.at : self.at + 1]

    def _line(self) -> int:
        return bisect_left(self._newlines, self.at) + 1
