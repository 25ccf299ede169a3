"""A model's shape from the keys and values of a GGUF header.

The keys are those of the GGUF specification (ggml-org/ggml, docs/gguf.md) and of gguf 0.19's `constants.py`; what they
mean for the cache is llama.cpp's doing (src/llama-hparams.cpp, src/models/*.cpp).
"""

from __future__ import annotations

from typing import Final

from .document import Document, sequence_in, text_in, whole_in
from .quantisation import quantisation_of_file_type
from .shape import MAX_LAYERS, AttentionKind, AttentionLayers, ModelShape, grouped

__all__ = ["shape_of_gguf"]

_PATTERNS: Final = {
    "gemma2": 2,
    "gemma3": 6,
    "gemma3n": 5,
    "gpt-oss": 2,
    "cohere2": 4,
    "exaone4": 4,
    "llama4": 4,
}
"""Every how many layers one sees everything, where the header has no pattern: llama.cpp's `set_swa_pattern` of each.

Others with a window and no pattern are taken to see everything: llama.cpp does so for Mistral and Qwen."""

_LLAMA4_CHUNK: Final = 8_192

_INTERVALS: Final = {"qwen3next": 4, "qwen35": 4, "qwen35moe": 4}
"""Every how many layers one attends, where `full_attention_interval` is absent."""

_RECURRENT_VALUE_BYTES: Final = 4
"""llama.cpp keeps states in float32 unless told otherwise."""


def shape_of_gguf(document: Document) -> ModelShape:
    """The shape that a header describes. Whatever is in it, this returns, and soon."""
    arch = text_in(document, "general.architecture") or ""
    layers = _layers(document, arch)
    attention = None if layers is None else _attention(document, arch, layers)
    recurrent = 0 if layers is None else sum(_recurrent(document, arch, number) for number in range(layers))
    return ModelShape(
        architecture=arch or None,
        model_type=arch or None,
        layers=layers,
        attention=attention,
        recurrent_layers=recurrent,
        recurrent_bytes=_state_bytes(document, arch, recurrent),
        experts=whole_in(document, f"{arch}.expert_count") or None,
        experts_per_token=whole_in(document, f"{arch}.expert_used_count") or None,
        hidden_size=whole_in(document, f"{arch}.embedding_length"),
        vocabulary=whole_in(document, f"{arch}.vocab_size") or _length(document, "tokenizer.ggml.tokens"),
        # llama.cpp takes it as it is; a scaling of positions (`rope.scaling`) is for who asks for more.
        context_tokens=whole_in(document, f"{arch}.context_length") or None,
        quantisation=quantisation_of_file_type(document),
        parameters=whole_in(document, "general.parameter_count"),
    )


def _layers(document: Document, arch: str) -> int | None:
    # Layers that predict further tokens are among the blocks, and are not used for an answer.
    blocks = whole_in(document, f"{arch}.block_count") or 0
    layers = blocks - (whole_in(document, f"{arch}.nextn_predict_layers") or 0)
    return layers if 0 < layers <= MAX_LAYERS else None


def _attention(document: Document, arch: str, layers: int) -> tuple[AttentionLayers, ...] | None:
    # Gemma 3n and 4: the last layers use what earlier ones keep.
    keeping = layers - (whole_in(document, f"{arch}.attention.shared_kv_layers") or 0)
    found = [
        _layer(document, arch, number) for number in range(max(0, keeping)) if not _recurrent(document, arch, number)
    ]
    return None if any(layer is None for layer in found) else grouped(layer for layer in found if layer is not None)


def _layer(document: Document, arch: str, number: int) -> AttentionLayers | None:
    windowed = _is_windowed(document, arch, number)
    suffix = "_swa" if windowed else ""
    heads = _of_layer(document, f"{arch}.attention.head_count", number)
    kv_heads = _of_layer(document, f"{arch}.attention.head_count_kv", number)
    kv_heads = heads if kv_heads is None else kv_heads
    if kv_heads == 0:
        return AttentionLayers(kind="full", layers=1, kv_heads=0, key_dim=0, value_dim=0)
    width = whole_in(document, f"{arch}.embedding_length")
    dim = width // heads if width and heads else None
    key = whole_in(document, f"{arch}.attention.key_length{suffix}", f"{arch}.attention.key_length") or dim
    value = whole_in(document, f"{arch}.attention.value_length{suffix}", f"{arch}.attention.value_length") or dim
    if kv_heads is None or not key or not value:
        return None
    if whole_in(document, f"{arch}.attention.key_length_mla") and whole_in(
        document, f"{arch}.attention.value_length_mla"
    ):
        # Both lengths say that keys are compressed ones, from which values are made: llama.cpp keeps no values then.
        return AttentionLayers(kind="latent", layers=1, kv_heads=kv_heads, key_dim=key, value_dim=0)
    if not windowed:
        return AttentionLayers(kind="full", layers=1, kv_heads=kv_heads, key_dim=key, value_dim=value)
    kind: AttentionKind = "chunked" if arch == "llama4" else "sliding"
    return AttentionLayers(
        kind=kind, layers=1, kv_heads=kv_heads, key_dim=key, value_dim=value, window_tokens=_window(document, arch)
    )


def _window(document: Document, arch: str) -> int | None:
    tokens = whole_in(document, f"{arch}.attention.sliding_window")
    # llama.cpp takes 8,192 for Llama 4 whatever the key says, but for a 0.
    return _LLAMA4_CHUNK if arch == "llama4" and tokens != 0 else tokens or None


def _is_windowed(document: Document, arch: str, number: int) -> bool:
    if _window(document, arch) is None:
        return False
    name = f"{arch}.attention.sliding_window_pattern"
    marks = sequence_in(document, name)
    if marks is not None:
        return number < len(marks) and bool(marks[number])
    pattern = whole_in(document, name) or _PATTERNS.get(arch)
    return pattern is not None and pattern > 0 and number % pattern < pattern - 1


def _recurrent(document: Document, arch: str, number: int) -> bool:
    """Whether a layer keeps a state instead; hybrids without these keys have no heads in such layers."""
    marks = sequence_in(document, f"{arch}.attention.recurrent_layers")
    if marks is not None:
        return number < len(marks) and bool(marks[number])
    interval = whole_in(document, f"{arch}.full_attention_interval") or _INTERVALS.get(arch)
    if interval:
        return (number + 1) % interval != 0
    return bool(whole_in(document, f"{arch}.ssm.state_size")) and not _of_layer(
        document, f"{arch}.attention.head_count_kv", number
    )


def _of_layer(document: Document, name: str, number: int) -> int | None:
    """A value that is one for all layers, or one for each."""
    each = sequence_in(document, name)
    if each is None:
        return whole_in(document, name)
    return whole_in({"value": each[number]}, "value") if number < len(each) else None


def _length(document: Document, name: str) -> int | None:
    """How long a list is; a reader may give the length in place of a long one."""
    value = document.get(name)
    return len(value) if isinstance(value, list) else whole_in(document, name)


def _state_bytes(document: Document, arch: str, layers: int) -> int | None:
    """llama.cpp's `n_embd_r` and `n_embd_s`: what a convolution remembers, and the state itself."""
    if layers == 0:
        return 0
    inner, state = whole_in(document, f"{arch}.ssm.inner_size"), whole_in(document, f"{arch}.ssm.state_size")
    if not inner or not state:
        return None
    kernel, groups = (
        whole_in(document, f"{arch}.ssm.conv_kernel") or 0,
        whole_in(document, f"{arch}.ssm.group_count") or 0,
    )
    values = max(0, kernel - 1) * (inner + 2 * groups * state) + state * inner
    return values * layers * _RECURRENT_VALUE_BYTES
