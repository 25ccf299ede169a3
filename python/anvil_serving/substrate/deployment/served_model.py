"""What is known of a model that is to be served: its size, its family, and how its weights are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file
from anvil_serving.substrate.models.card import ModelCard
from anvil_serving.substrate.models.reader import read_card
from anvil_serving.substrate.models.template import ThinkingDefault

from .family import Family, Thinking, family_of
from .memory import ModelSize
from .model_source import ModelSource

if TYPE_CHECKING:
    from pathlib import Path

    from anvil_serving.substrate.models.shape import ModelShape

__all__ = ["ServedModel", "read_model", "thinks_by_card"]

_CARD_CAP: Final = 8 * 1024 * 1024


class ServedModel(Struct, frozen=True, kw_only=True):
    """A model, as far as its files tell."""

    source: ModelSource
    family: Family | None
    card: ModelCard | None = None
    """None where its files are not on this machine."""

    @property
    def shape(self) -> ModelShape | None:
        """None where its files are not on this machine."""
        return self.card.shape if self.card else None

    @property
    def size(self) -> ModelSize | None:
        """What memory has to hold; None where that cannot be computed."""
        if self.card is None or self.card.shape.attention is None:
            return None
        return ModelSize(weights_bytes=self.card.sizes.weights_bytes, shape=self.card.shape)

    @property
    def scheme(self) -> str | None:
        """How the weights are stored, such as `fp8`; None: as they were trained, or not known."""
        return self.shape.quantisation.scheme if self.shape and self.shape.quantisation else None

    @property
    def is_mixture(self) -> bool:
        """Whether it has experts."""
        return bool(self.shape and self.shape.experts)

    @property
    def thinking(self) -> Thinking | None:
        """As the table of families has it; for other models, as their chat template shows it."""
        if self.family is not None or self.card is None or self.card.thinking is None:
            return self.family.thinking if self.family else None
        effort = self.card.thinking_switch == "reasoning_effort"
        return Thinking(
            default=self.card.thinking != "off",
            switch=self.card.thinking_switch,
            off=None if self.card.thinking_switch is None else "low" if effort else False,
            in_template=not effort,
        )


def read_model(source: ModelSource) -> ServedModel:
    """Reads what describes a model. Raises `StartupError` where its files are there and cannot be read."""
    card = None if source.found is None else read_card(source.found)
    if card is not None and card.problems:
        raise StartupError(f"{card.name} cannot be served: {card.problems[0]}", hint="download the model again")
    model_type = card.shape.model_type if card else None
    names = [source.name, *((source.repository or "").rpartition("/")[2:])]
    family = next((found for name in names if (found := family_of(model_type, name)) is not None), None)
    return ServedModel(source=source, family=family, card=card)


class _Card(Struct, frozen=True):
    thinking_default: bool | None = None
    """As 0.7.1 wrote it."""
    thinking: ThinkingDefault | None = None


def thinks_by_card(path: Path) -> bool | None:
    """Whether a card of `models sync` says that the model thinks by default; None where it does not, or is none."""
    try:
        card = msgspec.json.decode(read_file(path, cap=_CARD_CAP), type=_Card)
    except (NotRegular, FileTooLarge, OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if card.thinking is not None:
        return card.thinking != "off"
    return card.thinking_default
