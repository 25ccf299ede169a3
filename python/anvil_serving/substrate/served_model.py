"""What is known of a model that is to be served: its size, its family, and how its weights are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file
from anvil_serving.layout import printable

from .config_shape import shape_of_config
from .family import Family, family_of
from .memory import ModelSize
from .model_shape import ModelShape
from .model_source import ModelSource

if TYPE_CHECKING:
    from pathlib import Path


__all__ = ["ServedModel", "read_model", "thinks_by_card"]

_CONFIG_CAP: Final = 8 * 1024 * 1024


class ServedModel(Struct, frozen=True, kw_only=True):
    """A model, as far as its files tell."""

    source: ModelSource
    family: Family | None
    shape: ModelShape | None = None
    """None where the weights are not here."""

    @property
    def size(self) -> ModelSize | None:
        """What memory has to hold; None where that cannot be computed."""
        if self.shape is None or self.shape.attention is None or self.source.weights_bytes is None:
            return None
        shape = self.shape
        if shape.parameters is None:
            shape = msgspec.structs.replace(shape, parameters=_parameters(self.source.weights_bytes, shape))
        return ModelSize(weights_bytes=self.source.weights_bytes, shape=shape)

    @property
    def scheme(self) -> str | None:
        """How the weights are stored, such as `fp8`; None: as they were trained, or not known."""
        return self.shape.quantisation.scheme if self.shape and self.shape.quantisation else None

    @property
    def is_mixture(self) -> bool:
        """Whether it has experts."""
        return bool(self.shape and self.shape.experts)


def read_model(source: ModelSource) -> ServedModel:
    """Reads what describes a model. Raises `StartupError` where that is there and cannot be read."""
    shape = _shape(source)
    family = family_of(shape.model_type if shape else None, source.name)
    if family is None and source.repository is not None:
        family = family_of(shape.model_type if shape else None, source.repository.split("/")[-1])
    return ServedModel(source=source, family=family, shape=shape)


def _shape(source: ModelSource) -> ModelShape | None:
    if source.config is not None:
        return shape_of_config(_document(source.config))
    return None


def _document(path: Path) -> dict[str, object]:
    try:
        content = read_file(path, cap=_CONFIG_CAP)
        return msgspec.json.decode(content, type=dict[str, object])
    except (NotRegular, FileTooLarge) as error:
        raise StartupError(printable(f"{error}"), hint="download the model again") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise StartupError(
            printable(f"{path} does not describe a model: {error}"), hint="download the model again"
        ) from None
    except OSError as error:
        raise StartupError(
            printable(f"{path} cannot be read: {error.strerror or error}"), hint="check its permissions"
        ) from None


def _parameters(weights_bytes: int, shape: ModelShape) -> int:
    """About how many, by the bits of each: scales and what is left whole add half a bit to weights of few bits."""
    bits = shape.quantisation.bits if shape.quantisation else None
    return int(weights_bytes * 8 / (bits + 0.5 if bits is not None and bits < 16 else 16))


class _Card(Struct, frozen=True):
    thinking_default: bool | Literal["on", "always", "off"] | None = None
    """0.7.1 wrote whether it does."""


def thinks_by_card(path: Path) -> bool | None:
    """Whether a card of `models sync` says that the model thinks by default; None where it does not, or is none."""
    try:
        default = msgspec.json.decode(read_file(path, cap=_CONFIG_CAP), type=_Card).thinking_default
    except (NotRegular, FileTooLarge, OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    return default if default is None or isinstance(default, bool) else default != "off"
