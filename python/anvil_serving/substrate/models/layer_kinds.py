"""Which of a model's layers keep something of every token, and of how many of them.

A configuration says it in one of a dozen ways. The members and defaults are those of Transformers' configuration
classes (5.23.0) unless another source is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from .document import Document, section_in, sequence_in, text_in, whole_in

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["LayerKind", "layer_kinds"]

LayerKind = Literal["full", "sliding", "chunked", "recurrent", "none"]
"""Attends to all; to a window; to its chunk; keeps a state of fixed size; keeps nothing, or uses what another keeps."""

_NAMES: Final[dict[str, LayerKind]] = {
    "full_attention": "full",
    "attention": "full",
    "indexed_attention": "full",
    "deepseek_sparse_attention": "full",
    "minimax_m3_sparse": "full",
    "hybrid": "full",
    "sliding_attention": "sliding",
    "hybrid_sliding": "sliding",
    "chunked_attention": "chunked",
    "linear_attention": "recurrent",
    "recurrent": "recurrent",
    "mamba": "recurrent",
    "mamba2": "recurrent",
    "conv": "recurrent",
    "moe": "none",
    "mlp": "none",
}
"""Members of `layer_types`, `layers_block_type` and `block_types`. Others keep what this version does not know."""

_INTERVALS: Final = {"qwen3_next": 4, "qwen3_5": 4, "qwen3_5_text": 4, "qwen3_5_moe": 4, "qwen3_5_moe_text": 4}
"""Every how many layers one attends, where `full_attention_interval` is absent; the others are recurrent."""

_PATTERNS: Final = {
    "gemma2": 2,
    "gemma3_text": 6,
    "gemma3n_text": 5,
    "gemma4_text": 6,
    "gemma4_unified_text": 6,
    "gpt_oss": 2,
    "cohere2": 4,
    "exaone4": 4,
}
"""Every how many layers one sees everything, where `sliding_window_pattern` is absent; the others see a window."""

_ALL_SLIDING: Final = frozenset({"mistral", "mixtral", "ministral", "phi3", "starcoder2"})
"""With a `sliding_window`, all layers of these have it (Mistral 7B, arXiv 2310.06825, section 2)."""

_ALL_RECURRENT: Final = frozenset({"mamba", "mamba2", "falcon_mamba", "rwkv"})

_HYBRID: Final[dict[str, LayerKind]] = {"*": "full", "M": "recurrent", "-": "none", "E": "none"}
"""Letters of Nemotron-H's `hybrid_override_pattern`."""


def layer_kinds(config: Document, model_type: str, layers: int) -> list[LayerKind] | None:
    """The kind of each of a model's `layers`; None where a kind is none that is known."""
    everything: list[LayerKind] = ["full"] * layers
    ways = (_listed, _letters, _attending, _patterned)
    kinds = next((found for way in ways if (found := way(config, model_type, layers)) is not None), everything)
    if len(kinds) != layers:
        return None
    # Gemma 3n and 4: the last layers use what earlier ones keep.
    shared = min(whole_in(config, "num_kv_shared_layers") or 0, layers)
    return [kind if number < layers - shared else "none" for number, kind in enumerate(kinds)]


def _listed(config: Document, _model_type: str, layers: int) -> list[LayerKind] | None:
    if "compress_ratios" in config:  # DeepSeek V4 keeps compressed tokens, which is not known here
        return []
    names = sequence_in(config, "layer_types", "layers_block_type", "block_types")
    if names is None:
        return None
    # A list may go on with layers that predict further tokens; RecurrentGemma's is one period.
    cycle = (names[number % len(names)] for number in range(layers))
    kinds = [_NAMES.get(name) if isinstance(name, str) else None for name in cycle]
    return [kind for kind in kinds if kind is not None]


def _letters(config: Document, _model_type: str, layers: int) -> list[LayerKind] | None:
    letters = text_in(config, "hybrid_override_pattern")
    return None if letters is None else [_HYBRID[letter] for letter in letters[:layers] if letter in _HYBRID]


def _attending(config: Document, model_type: str, layers: int) -> list[LayerKind] | None:
    """Hybrids: some layers attend, the others are recurrent."""
    if model_type in _ALL_RECURRENT:
        return ["recurrent"] * layers
    attends = _attends(config, model_type)
    return None if attends is None else ["full" if attends(number) else "recurrent" for number in range(layers)]


def _attends(config: Document, model_type: str) -> Callable[[int], bool] | None:
    kinds = sequence_in(config, "attn_type_list")  # MiniMax-Text-01's own configuration: 1 attends, 0 is linear
    if kinds is not None:
        return lambda number: number >= len(kinds) or kinds[number] != 0
    counted = sequence_in(section_in(config, "linear_attn_config"), "full_attn_layers")  # Kimi Linear counts from 1
    if counted is not None:
        return lambda number: number + 1 in counted
    indices = sequence_in(config, "attn_layer_indices")  # Bamba
    if indices is not None:
        return lambda number: number in indices
    period, offset = whole_in(config, "attn_layer_period"), whole_in(config, "attn_layer_offset")  # Jamba
    if period and offset is not None:
        return lambda number: number % period == offset
    interval = whole_in(config, "full_attention_interval") or _INTERVALS.get(model_type)
    return None if not interval else lambda number: (number + 1) % interval == 0


def _patterned(config: Document, model_type: str, layers: int) -> list[LayerKind] | None:
    """Some layers see everything, the others a window or their chunk."""
    if whole_in(config, "attention_chunk_size") and model_type.startswith("llama4"):
        rotated = sequence_in(config, "no_rope_layers") or []
        interval = whole_in(config, "no_rope_layer_interval") or 4
        chunked = [bool(rotated[n]) if n < len(rotated) else (n + 1) % interval != 0 for n in range(layers)]
        return ["chunked" if chunk else "full" for chunk in chunked]
    windows = _windows(config, model_type, layers)
    return None if windows is None else ["sliding" if windows(number) else "full" for number in range(layers)]


def _windows(config: Document, model_type: str, layers: int) -> Callable[[int], bool] | None:
    marks = sequence_in(config, "hybrid_layer_pattern")  # MiMo-V2: 1 is a window
    if marks is not None:
        return lambda number: number < len(marks) and marks[number] == 1
    if not whole_in(config, "sliding_window") or config.get("use_sliding_window") is False:
        return None
    letters = text_in(config, "sliding_window_pattern")  # EXAONE 4: "LLLG", local and global
    if letters is not None:
        return lambda number: letters[number % len(letters)] == "L"
    pattern = whole_in(config, "sliding_window_pattern", "_sliding_window_pattern") or _PATTERNS.get(model_type)
    if pattern:
        return lambda number: (number + 1) % pattern != 0
    if config.get("use_sliding_window") is True:  # Qwen2 and 3
        first = whole_in(config, "max_window_layers") or 0
        return lambda number: number >= min(first, layers)
    return (lambda _number: True) if model_type in _ALL_SLIDING else None
