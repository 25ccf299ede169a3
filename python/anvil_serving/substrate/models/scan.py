"""Looks for models on this machine. Reads files and no network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from anvil_serving.layout import printable

from .card import ModelCard
from .files import list_files
from .folder import folder_models
from .front_matter import can_read_yaml
from .hub_cache import hub_models, is_hub_cache
from .ollama_store import ollama_models
from .reader import read_card

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .found import FoundModel
    from .roots import ModelRoot, Roots

__all__ = ["Scan", "scan"]


class Scan(Struct, frozen=True, kw_only=True):
    """What was found, and where it was looked for."""

    cards: tuple[ModelCard, ...]
    """By name; one model in two places is there twice."""
    looked: tuple[str, ...]
    """Folders that are there."""
    absent: tuple[str, ...]
    """Folders that could have been."""
    problems: tuple[str, ...]
    """What could not be looked at, in words."""


def scan(roots: Roots, progress: Callable[[str, float | None], None]) -> Scan:
    """The models in all these places. Never an error: what cannot be read is among the problems."""
    cards: dict[tuple[str, str], ModelCard] = {}
    problems: list[str] = []
    for root in roots.present:
        try:
            for found in _models(root, problems):
                progress(f"reading {printable(found.name)}", None)
                card = read_card(found)
                if _is_model(card):
                    cards.setdefault((card.name, card.path), card)
        except OSError as error:
            problems.append(f"{root.path} cannot be read: {error.strerror or error}")
    if cards and not can_read_yaml():
        problems.append("licences in README.md are not read: pip install 'anvil-serving[models]'")
    return Scan(
        cards=tuple(card for _, card in sorted(cards.items())),
        looked=tuple(printable(str(root.path)) for root in roots.present),
        absent=tuple(printable(str(root.path)) for root in roots.absent),
        problems=tuple(printable(problem) for problem in problems),
    )


def _is_model(card: ModelCard) -> bool:
    """Whether it is one at all: in a plain folder, `config.json` may be anything's."""
    described = card.shape.model_type or card.shape.architecture
    return card.format is not None or card.source != "folder" or described is not None


def _models(root: ModelRoot, problems: list[str]) -> Iterator[FoundModel]:
    if root.kind == "ollama":
        return ollama_models(root.path)
    if root.kind == "huggingface" or is_hub_cache(root.path):
        return hub_models(root.path)
    tree = list_files(root.path)
    problems += tree.problems
    return folder_models(root.path, root.kind, tree)
