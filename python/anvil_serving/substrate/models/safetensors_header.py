"""What the head of a safetensors file says: its tensors' types and sizes.

The format: eight bytes with the length of a JSON object, little-endian, and the object, whose members are tensors with
`dtype` and `shape` (huggingface/safetensors, README.md, "Format").
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from anvil_serving.errors import AnvilError
from anvil_serving.files import check_regular
from anvil_serving.layout import printable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["HEADER_CAP", "SafetensorsHeader", "SafetensorsUnreadable", "read_safetensors_header"]

HEADER_CAP: Final = 32 * 1024 * 1024
"""Bytes of a head. The format's own limit is 100 MB; of published models none has over 10 MB."""

DIMENSIONS_CAP: Final = 8

_PACKED: Final = re.compile(r"(?:\.qweight|\.weight_packed|_blocks|\.qweight_type)$")
"""Numbers packed into larger ones: AWQ's and GPTQ's, compressed-tensors', gpt-oss' MXFP4."""

_BESIDE: Final = re.compile(
    r"(?:scales?|biases|scale_inv|_scale_2|zeros?|zero_point|g_idx|weight_shape|absmax|quant_map|input_scale)$"
)
"""What goes with quantised weights, and is no parameter."""

_BITS: Final = {"U8": 8, "I8": 8, "I32": 32, "U32": 32, "I64": 64}


class SafetensorsUnreadable(AnvilError):
    """A file is no safetensors file, or not one that can be read."""

    fault = "operator"


class SafetensorsHeader(Struct, frozen=True):
    """What one file holds."""

    parameters: int
    """Weights. Packed ones are counted as what they stand for where `bits` was known; scales are none."""
    dtypes: dict[str, int]
    """Stored numbers by type, such as `BF16`."""


def read_safetensors_header(path: Path, *, bits: int | None = None) -> SafetensorsHeader:
    """Reads a file's head; `bits` is how many bits a quantised weight has.

    Raises `SafetensorsUnreadable`, `NotRegular` and `OSError`.
    """
    check_regular(path)
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > HEADER_CAP:
            raise SafetensorsUnreadable(f"{path} does not begin as a safetensors file does")
        content = file.read(length)
    if len(content) < length:
        raise SafetensorsUnreadable(f"{path} ends within its head")
    try:
        tensors = msgspec.json.decode(content, type=dict[str, _Tensor])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise SafetensorsUnreadable(f"{path} has a head that is not of its kind") from None
    tensors.pop("__metadata__", None)
    return _counted(tensors, bits)


class _Tensor(Struct):
    """What is read of a tensor; of the object that describes the file, nothing is."""

    dtype: str = ""
    shape: list[int] = []


def _counted(tensors: Mapping[str, _Tensor], bits: int | None) -> SafetensorsHeader:
    parameters, dtypes = 0, dict[str, int]()
    for name, tensor in tensors.items():
        dtype, size = tensor.dtype[:16], math.prod(max(0, side) for side in tensor.shape[:DIMENSIONS_CAP])
        dtypes[dtype] = dtypes.get(dtype, 0) + size
        # Where a plain name holds whole numbers: NVFP4 of ModelOpt (bytes), MLX (32 bits).
        plain = name.endswith(".weight") and dtype in {"U8", "U32"} and bits is not None and bits < 8
        if bits and dtype in _BITS and (plain or _PACKED.search(name)):
            parameters += size * _BITS[dtype] // bits
        elif not _BESIDE.search(name):
            parameters += size
    return SafetensorsHeader(parameters, {printable(dtype): numbers for dtype, numbers in dtypes.items()})
