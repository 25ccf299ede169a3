"""What the head of a GGUF file says: its keys and values, and how many parameters its tensors have.

The format is the GGUF specification's, version 3 (ggml-org/ggml, docs/gguf.md). The reference library reads it as well
(`gguf` 0.19), but keeps an object for each of a vocabulary's 262,144 words: 30 s and 720 MB for a file of 250 MB. Here
words are skipped, which takes 0.2 s; that library is the tests' oracle.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from msgspec import Struct

from anvil_serving.errors import AnvilError
from anvil_serving.files import check_regular

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

__all__ = ["HEADER_CAP", "GgufHeader", "GgufUnreadable", "read_gguf_header"]

HEADER_CAP: Final = 64 * 1024 * 1024
"""Bytes of a file that are read. A vocabulary of 262,144 words with its merges takes 16 MB."""

KEYS_CAP: Final = 1_024
TENSORS_CAP: Final = 100_000
DIMENSIONS_CAP: Final = 8
TEXT_CAP: Final = 1024 * 1024
"""Bytes that are kept of a text; chat templates are the longest."""

KEPT_MEMBERS: Final = 2_048
"""An array of more members than this is skipped: its length is kept in its place."""

SKIPPED_TEXTS_CAP: Final = 2_000_000
"""Texts that are walked over, in all arrays together. Gemma's words and merges are 0.8 million."""

_PIECE: Final = 1024 * 1024

_NUMBERS: Final = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
"""The format of each type of number (`gguf_metadata_value_type`); 8 is a text, 9 an array."""

_TEXT: Final = 8
_ARRAY: Final = 9


class GgufUnreadable(AnvilError):
    """A file is no GGUF file, or not one that can be read."""

    fault = "operator"


class GgufHeader(Struct, frozen=True):
    """The head of one file."""

    values: dict[str, object]
    """By key, as the specification names them. Of a long array only its length is there."""
    tensors: int
    parameters: int
    """Numbers in all tensors of this file."""


def read_gguf_header(path: Path) -> GgufHeader:
    """Reads a file's head. Raises `GgufUnreadable`, `NotRegular` and `OSError`; never reads more than `HEADER_CAP`."""
    check_regular(path)
    with path.open("rb") as file:
        try:
            return _header(_Cursor(file))
        except UnicodeDecodeError:
            raise GgufUnreadable(f"{path} has a key that is no UTF-8") from None


class _Cursor:
    """A place in a file's head, and what was read of it."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self._bytes = bytearray()
        self._at = 0
        self._texts_left = SKIPPED_TEXTS_CAP

    def take(self, size: int) -> bytes:
        """The next `size` bytes; of many, the first `TEXT_CAP`."""
        self.skip(size)
        start = self._at - size
        return bytes(self._bytes[start : start + min(size, TEXT_CAP)])

    def number(self, form: str) -> int | float | bool:
        value: int | float | bool
        size = struct.calcsize(form)
        self._reach(self._at + size)
        (value,) = struct.unpack_from(form, self._bytes, self._at)
        self._at += size
        return value

    def whole(self, form: str = "<Q") -> int:
        return int(self.number(form))

    def skip(self, size: int) -> None:
        self._reach(self._at + size)
        self._at += size

    def skip_texts(self, count: int) -> None:
        self._texts_left -= count
        if self._texts_left < 0:
            raise GgufUnreadable(f"the file lists more than {SKIPPED_TEXTS_CAP} texts")
        at, content, unpack = self._at, self._bytes, struct.Struct("<Q").unpack_from
        for _ in range(count):
            if at + 8 > len(content):
                self._reach(at + 8)
            at += 8 + unpack(content, at)[0]
        self._reach(at)
        self._at = at

    def _reach(self, end: int) -> None:
        """Reads on until `end` is there."""
        if end > HEADER_CAP:
            raise GgufUnreadable(f"the file's head is longer than {HEADER_CAP} bytes")
        while len(self._bytes) < end:
            piece = self._file.read(max(_PIECE, end - len(self._bytes)))
            if not piece:
                raise GgufUnreadable("the file ends within its head")
            self._bytes += piece


def _header(cursor: _Cursor) -> GgufHeader:
    if cursor.take(4) != b"GGUF":
        raise GgufUnreadable("the file does not begin as a GGUF file does")
    version = cursor.whole("<I")
    if version not in {2, 3}:
        raise GgufUnreadable(f"the file is of version {version} or of big-endian order, which is not read")
    tensors, keys = cursor.whole(), cursor.whole()
    if tensors > TENSORS_CAP or keys > KEYS_CAP:
        raise GgufUnreadable(f"the file says that it has {tensors} tensors and {keys} keys")
    values: dict[str, object] = {}
    for _ in range(keys):
        key = _text(cursor)
        values[key] = _value(cursor, cursor.whole("<I"))
    return GgufHeader(values, tensors, sum(_tensor(cursor) for _ in range(tensors)))


def _tensor(cursor: _Cursor) -> int:
    """The numbers of a tensor; what else its entry says is passed over."""
    cursor.skip(cursor.whole())
    dimensions = cursor.whole("<I")
    if dimensions > DIMENSIONS_CAP:
        raise GgufUnreadable(f"a tensor has {dimensions} dimensions")
    size = 1
    for _ in range(dimensions):
        size *= cursor.whole()
    cursor.skip(4 + 8)  # its type, and where its numbers are
    return size


def _text(cursor: _Cursor) -> str:
    return cursor.take(cursor.whole()).decode()


def _value(cursor: _Cursor, kind: int) -> object:
    if kind in _NUMBERS:
        return cursor.number(_NUMBERS[kind])
    if kind == _TEXT:
        # Values are for people, and half a character at a cut is no reason to give up.
        return cursor.take(cursor.whole()).decode(errors="replace")
    if kind == _ARRAY:
        return _array(cursor)
    raise GgufUnreadable(f"a value is of type {kind}, which is not known")


def _array(cursor: _Cursor) -> list[object] | int:
    kind, count = cursor.whole("<I"), cursor.whole()
    if count <= KEPT_MEMBERS and (kind == _TEXT or kind in _NUMBERS):
        return [_value(cursor, kind) for _ in range(count)]
    if kind == _TEXT:
        cursor.skip_texts(count)
    elif kind in _NUMBERS:
        cursor.skip(count * struct.calcsize(_NUMBERS[kind]))
    else:
        # The specification lets arrays be nested, and no program writes one.
        raise GgufUnreadable(f"an array has members of type {kind}")
    return count
