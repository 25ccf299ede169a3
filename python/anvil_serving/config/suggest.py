"""What the writer of an unknown word may have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["listing", "suggestion"]


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """A "did you mean" for the known word nearest to `word`, if one is near."""
    import difflib  # noqa: PLC0415 - only a wrong file pays for it

    # Longer words are no slips of the pen, and the comparison is quadratic in their length.
    if len(word) > 64:
        return None
    near = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.7)
    return f"did you mean `{near[0]}`?" if near else None


def listing(words: Iterable[str]) -> str:
    """Words for a sentence: `a`, `b`, `c`."""
    return ", ".join(f"`{word}`" for word in words)
