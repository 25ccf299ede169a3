"""How a model's weights are stored in fewer bits."""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from .document import Document, section_in, text_in, whole_in

__all__ = ["Quantisation", "quantisation_of_config", "quantisation_of_file_type"]


class Quantisation(Struct, frozen=True):
    """What stores the weights, and in how many bits each."""

    method: str
    """What must read it: `awq`, `gptq`, `fp8`, `mxfp4`, `compressed-tensors`, `modelopt`, `gguf`, ..."""
    scheme: str
    """What the numbers are: `int4`, `int8`, `fp8`, `nvfp4`, `mxfp4`, ...; of a GGUF file its type, such as `Q4_K_M`."""
    bits: int | None = None
    """Bits of most weights; None where the document does not say."""


_FLOATS: Final = {8: "fp8", 4: "fp4"}

_SCHEMES: Final = {
    "fp8": ("fp8", 8),
    "fbgemm_fp8": ("fp8", 8),
    "mxfp4": ("mxfp4", 4),
    "mxfp8": ("mxfp8", 8),
    "nvfp4": ("nvfp4", 4),
}
"""Methods and algorithms that say all by their name."""

_INTEGERS: Final = frozenset(
    {"awq", "gptq", "gptq_marlin", "awq_marlin", "auto-round", "intel/auto-round", "hqq", "aqlm", "mlx"}
)


def quantisation_of_config(document: Document) -> Quantisation | None:
    """What a `config.json` says of it; None where the weights are stored as they were trained.

    The members are those of Transformers' quantisation configurations (`transformers/utils/quantization_config.py`) and
    of compressed-tensors' `QuantizationConfig` (`config_groups`, `weights.num_bits`, `weights.type`); ModelOpt writes
    `quant_algo`, there or in a `hf_quant_config.json` (`quantization.quant_algo`).
    """
    config = section_in(document, "quantization_config", "compression_config")
    if not config:
        return None
    method = (text_in(config, "quant_method", "quantization_method") or "").lower()
    algorithm = (text_in(config, "quant_algo") or "").lower()
    if not method:
        # MLX writes its `quantization` under both names, and no method.
        method = "modelopt" if algorithm else "mlx" if section_in(document, "quantization") else "unknown"
    if method.startswith("modelopt") or algorithm:
        scheme, bits = _SCHEMES.get(algorithm, (algorithm or "unknown", None))
    elif method == "compressed-tensors":
        scheme, bits = _of_groups(config)
    elif method == "bitsandbytes":
        bits = 4 if config.get("load_in_4bit") is True or config.get("_load_in_4bit") is True else 8
        scheme = f"int{bits}" if bits == 8 else text_in(config, "bnb_4bit_quant_type") or "int4"
    elif method in _SCHEMES:
        scheme, bits = _SCHEMES[method]
    else:
        bits = whole_in(config, "bits", "w_bit", "weight_bits", "nbits")
        scheme = f"int{bits}" if bits is not None and method in _INTEGERS else method
    return Quantisation(method, scheme, bits)


def _of_groups(config: Document) -> tuple[str, int | None]:
    """The first group's weights. compressed-tensors' NVFP4 and MXFP4 differ in `group_size` (16, 32) and `format`."""
    form = (text_in(config, "format") or "").lower()
    groups = section_in(config, "config_groups")
    for name in list(groups)[:64]:
        weights = section_in(section_in(groups, name), "weights")
        bits = whole_in(weights, "num_bits")
        if bits is None:
            continue
        if text_in(weights, "type") != "float":
            return f"int{bits}", bits
        if bits == 4:
            return ("mxfp4" if "mxfp4" in form or whole_in(weights, "group_size") == 32 else "nvfp4"), bits
        return _FLOATS.get(bits, f"fp{bits}"), bits
    return form or "unknown", None


_FILE_TYPES: Final = {
    0: ("F32", 32),
    1: ("F16", 16),
    2: ("Q4_0", 4),
    3: ("Q4_1", 4),
    7: ("Q8_0", 8),
    8: ("Q5_0", 5),
    9: ("Q5_1", 5),
    10: ("Q2_K", 2),
    11: ("Q3_K_S", 3),
    12: ("Q3_K_M", 3),
    13: ("Q3_K_L", 3),
    14: ("Q4_K_S", 4),
    15: ("Q4_K_M", 4),
    16: ("Q5_K_S", 5),
    17: ("Q5_K_M", 5),
    18: ("Q6_K", 6),
    19: ("IQ2_XXS", 2),
    20: ("IQ2_XS", 2),
    21: ("Q2_K_S", 2),
    22: ("IQ3_XS", 3),
    23: ("IQ3_XXS", 3),
    24: ("IQ1_S", 1),
    25: ("IQ4_NL", 4),
    26: ("IQ3_S", 3),
    27: ("IQ3_M", 3),
    28: ("IQ2_S", 2),
    29: ("IQ2_M", 2),
    30: ("IQ4_XS", 4),
    31: ("IQ1_M", 1),
    32: ("BF16", 16),
    36: ("TQ1_0", 1),
    37: ("TQ2_0", 2),
    38: ("MXFP4_MOE", 4),
    39: ("NVFP4", 4),
    40: ("Q1_0", 1),
}
"""`general.file_type` of a GGUF file: llama.cpp's `enum llama_ftype` (include/llama.h), gguf 0.19's `LlamaFileType`."""


def quantisation_of_file_type(document: Document) -> Quantisation | None:
    """What a GGUF header says of it; None where it says nothing that is known. Full precision is a scheme, too."""
    kind = whole_in(document, "general.file_type")
    if kind is None or kind not in _FILE_TYPES:
        return None
    return Quantisation("gguf", *_FILE_TYPES[kind])
