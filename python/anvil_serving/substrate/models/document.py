"""Values of a document that somebody else wrote (`config.json`, a GGUF header): of the right type, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from anvil_serving.layout import printable

__all__ = [
    "LARGEST",
    "LIST_CAP",
    "TEXT_CAP",
    "Document",
    "number_in",
    "section_in",
    "sequence_in",
    "text_in",
    "whole_in",
]

Document = Mapping[str, object]
"""A JSON object, or a header's keys and values."""

LARGEST: Final = 10**15
"""No size of a model is larger; what is, is taken for nonsense and for nothing."""

TEXT_CAP: Final = 200
"""Characters that are kept of a name."""

LIST_CAP: Final = 4_096
"""Members that are read of a list."""


def whole_in(document: Document, *names: str) -> int | None:
    """The first of these members that is a whole number from 0 to `LARGEST`."""
    for name in names:
        value = document.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return value
    return None


def number_in(document: Document, *names: str) -> float | None:
    """The first of these members that is a finite number of at least 0."""
    for name in names:
        value = document.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST:
            return float(value)
    return None


def text_in(document: Document, *names: str) -> str | None:
    """The first of these members that is a text and not empty: printable, and cut to `TEXT_CAP` characters."""
    for name in names:
        value = document.get(name)
        if isinstance(value, str) and value.strip():
            return printable(value.strip()[:TEXT_CAP])
    return None


def sequence_in(document: Document, *names: str) -> list[object] | None:
    """The first of these members that is a list with something in it."""
    for name in names:
        value = document.get(name)
        if isinstance(value, list) and value:
            return value[:LIST_CAP]
    return None


def section_in(document: Document, *names: str) -> Document:
    """The first of these members that is an object; an empty one where there is none."""
    for name in names:
        value = document.get(name)
        if isinstance(value, Mapping):
            return value
    return {}
