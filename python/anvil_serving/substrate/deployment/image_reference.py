"""Which image: one that was looked at, or one that a person names and that does not move under them."""

from __future__ import annotations

import re
from typing import Final

from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

__all__ = ["check_image", "is_pinned"]

_REFERENCE: Final = re.compile(
    r"(?P<name>[a-z0-9](?:[a-z0-9._/-]|:\d+/)*)(?::(?P<tag>\w[\w.-]{0,127}))?(?:@sha256:(?P<digest>[0-9a-f]{64}))?",
    re.ASCII | re.IGNORECASE,
)
"""distribution/reference: `domain:port/path:tag@digest`; sha256 alone is used."""

_MOVING: Final = ("latest", "nightly")


def check_image(reference: str, *, unpinned: bool) -> str:
    """The reference, which must name an image; one that moves only where `unpinned`. Raises `StartupError`."""
    if len(reference) > 500 or _REFERENCE.fullmatch(reference) is None:
        raise StartupError(
            f"{printable(reference[:80])!r} is no image", hint="write it as repository:tag or repository:tag@sha256:..."
        )
    if not unpinned and not is_pinned(reference):
        raise StartupError(
            f"{reference} is another image tomorrow",
            hint="name a version (repository:v1.2.3) or a digest (@sha256:...), or pass --force",
        )
    return reference


def is_pinned(reference: str) -> bool:
    """Whether it has a digest, or a tag that looks like a version: one without a digit is moved with each release."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        return False
    tag = match["tag"] or ""
    return match["digest"] is not None or (
        any(char.isdigit() for char in tag) and not any(word in tag.lower() for word in _MOVING)
    )
