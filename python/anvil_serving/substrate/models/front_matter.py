"""What the head of a model's `README.md` says in YAML: its licence, what it was made from, what it is for."""

from __future__ import annotations

import importlib
import importlib.util
from typing import Any, Final

from msgspec import Struct

from .document import Document, sequence_in, text_in

__all__ = ["FRONT_MATTER_CAP", "FrontMatter", "can_read_yaml", "front_matter_of", "read_front_matter"]

FRONT_MATTER_CAP: Final = 64 * 1024
"""Characters of a head; those with benchmark results in them are the longest."""


class FrontMatter(Struct, frozen=True, kw_only=True):
    """Members of the Hub's model card metadata (huggingface/hub-docs, modelcard.md)."""

    licence: str | None = None
    base_model: str | None = None
    task: str | None = None


def can_read_yaml() -> bool:
    """Whether PyYAML is there: it comes with the extra `models`."""
    return importlib.util.find_spec("yaml") is not None


def read_front_matter(readme: str) -> FrontMatter:
    """The head of a README; an empty one where there is none, or it cannot be read."""
    if not readme.startswith("---") or not can_read_yaml():
        return FrontMatter()
    head, end, _ = readme[3:FRONT_MATTER_CAP].partition("\n---")
    return front_matter_of(_parsed(head) if end else {})


def front_matter_of(document: Document) -> FrontMatter:
    """The members that matter of a parsed head."""
    licence = text_in(document, "license")
    if licence in {None, "other"}:
        licence = text_in(document, "license_name") or licence
    bases = [text for base in sequence_in(document, "base_model") or [] if (text := text_in({"base": base}, "base"))]
    return FrontMatter(
        licence=licence,
        base_model=text_in(document, "base_model") or ", ".join(bases[:4]) or None,
        task=text_in(document, "pipeline_tag"),
    )


def _parsed(head: str) -> Document:
    yaml: Any = importlib.import_module("yaml")  # an extra, and without types
    try:
        # Texts and nothing else: no merging of keys, which can be made to double without end, and "no" is no boolean.
        # libyaml where the package has it: twenty times as fast, and it bounds how deep things are nested.
        document = yaml.load(head, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}
