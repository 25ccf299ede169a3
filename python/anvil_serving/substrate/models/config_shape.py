"""A model's shape from a Hugging Face `config.json`.

The members and their defaults are those of Transformers' configuration classes (5.23.0,
`transformers/models/*/configuration_*.py`); where a rule is of another program, it is said there.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from .document import Document, number_in, section_in, sequence_in, text_in, whole_in
from .layer_kinds import LayerKind, layer_kinds
from .quantisation import quantisation_of_config
from .shape import MAX_LAYERS, AttentionKind, AttentionLayers, ModelShape, grouped

__all__ = ["shape_of_config"]

_NESTED: Final = ("text_config", "llm_config", "language_config")
"""Where models of several senses describe the one that speaks."""

_DEFAULTS: Final[dict[str, Document]] = {
    "gemma3_text": {
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 256,
        "max_position_embeddings": 131_072,
        "vocab_size": 262_208,
    },
    "llama": {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "max_position_embeddings": 2048,
        "vocab_size": 32_000,
    },
    "mistral": {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "max_position_embeddings": 131_072,
        "vocab_size": 32_000,
    },
}
"""What published models leave out: a nested configuration is written without the values that its class has anyway
(google/gemma-3-4b-it names no heads; llava-hf/llava-1.5-7b-hf no layers)."""

_GEMMA4_GLOBAL_HEAD_DIM: Final = 512
_STATE_VALUE_BYTES: Final = 4
"""States of linear attention and Mamba are float32 (`mamba_ssm_dtype`, `mamba_ssm_cache_dtype`)."""

_CONVOLUTION_VALUE_BYTES: Final = 2
"""What a short convolution remembers is kept in the model's own type; 16 bits are usual."""


def _language_config(document: Document) -> Document:
    """The part of a `config.json` that describes the language model; the whole where it is not nested."""
    inner = section_in(section_in(document, "thinker_config") or document, *_NESTED)  # Qwen's omni models nest twice
    return inner or document


def shape_of_config(document: Document) -> ModelShape:
    """The shape that a parsed `config.json` describes. Whatever is in it, this returns, and soon."""
    config = _language_config(document)
    model_type = text_in(config, "model_type") or text_in(document, "model_type")
    config = {**_DEFAULTS.get(model_type or "", {}), **config}
    names = sequence_in(document, "architectures") or sequence_in(config, "architectures") or [None]
    layers = _layers(config)
    kinds = None if layers is None else layer_kinds(config, model_type or "", layers)
    recurrent = 0 if kinds is None else kinds.count("recurrent")
    return ModelShape(
        architecture=text_in({"name": names[0]}, "name"),
        model_type=model_type,
        layers=layers,
        attention=None if kinds is None else _attention(config, model_type or "", kinds),
        recurrent_layers=recurrent,
        recurrent_bytes=_recurrent_bytes(config, recurrent),
        experts=_more_than_one(
            whole_in(config, "num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts")
        ),
        experts_per_token=whole_in(
            config, "num_experts_per_tok", "top_k_experts", "experts_per_token", "moe_k", "moe_topk"
        ),
        hidden_size=_hidden_size(config),
        vocabulary=whole_in(config, "vocab_size", "padded_vocab_size") or whole_in(document, "vocab_size"),
        context_tokens=_context_tokens(config, model_type or ""),
        quantisation=quantisation_of_config(document) or quantisation_of_config(config),
        dtype=text_in(document, "dtype", "torch_dtype") or text_in(config, "dtype", "torch_dtype"),
    )


def _layers(config: Document) -> int | None:
    layers = whole_in(config, "num_hidden_layers", "n_layer", "num_layers", "n_layers")
    if layers is None:
        # Nemotron-H writes the list or the pattern only.
        listed = sequence_in(config, "layers_block_type", "layer_types")
        layers = len(listed) if listed else len(text_in(config, "hybrid_override_pattern") or "")
    if text_in(config, "model_type") == "longcat_flash" and whole_in(config, "num_hidden_layers") is None:
        layers *= 2  # each attends twice, and Transformers counts both
    return layers if 0 < layers <= MAX_LAYERS else None


def _more_than_one(experts: int | None) -> int | None:
    return experts if experts is not None and experts > 1 else None


def _attention(config: Document, model_type: str, kinds: list[LayerKind]) -> tuple[AttentionLayers, ...] | None:
    latent, index_dim = _latent(config), whole_in(config, "index_head_dim")
    sizes: dict[LayerKind, AttentionLayers | None] = {
        "full": latent or _full(config, model_type),
        "sliding": _sliding(config),
        "chunked": _windowed(_heads(config), "chunked", whole_in(config, "attention_chunk_size")),
    }
    found: list[AttentionLayers | None] = []
    for number, kind in enumerate(kinds):
        if kind in sizes:
            found.append((_grouped_query(config, number) if kind == "full" else None) or sizes[kind])
        if kind == "full" and latent is not None and index_dim:
            # DeepSeek V3.2, GLM-5: the indexer keeps a small key of its own, one for all heads.
            found.append(AttentionLayers(kind="index", layers=1, kv_heads=1, key_dim=index_dim, value_dim=0))
    return None if None in found else grouped(layer for layer in found if layer is not None)


def _latent(config: Document) -> AttentionLayers | None:
    """Multi-head latent attention keeps one compressed vector and one rotated key a token, for all heads.

    DeepSeek-V2, arXiv 2405.04434, section 2.1.2 and table 1: (d_c + d_h^R) l values a token; DeepSeek-V3 has 512 + 64.
    """
    rank = whole_in(config, "kv_lora_rank")
    if not rank:
        return None
    dim = rank + (whole_in(config, "qk_rope_head_dim") or 0)
    return AttentionLayers(kind="latent", layers=1, kv_heads=1, key_dim=dim, value_dim=0)


def _heads(config: Document) -> AttentionLayers | None:
    """Grouped-query attention keeps a key and a value of each group of heads (arXiv 2305.13245, section 2.2)."""
    heads, hidden = whole_in(config, "num_attention_heads", "n_head", "n_heads"), _hidden_size(config)
    kv_heads, dim = _kv_heads(config), whole_in(config, "head_dim", "kv_channels", "attention_head_dim")
    if dim is None and hidden and heads:
        dim = hidden // heads
    value_dim = whole_in(config, "v_head_dim") or dim
    if not kv_heads or not dim or not value_dim:
        return None
    return AttentionLayers(kind="full", layers=1, kv_heads=kv_heads, key_dim=dim, value_dim=value_dim)


def _full(config: Document, model_type: str) -> AttentionLayers | None:
    heads = _heads(config)
    if heads is None or not model_type.startswith("gemma4"):
        return heads
    # Gemma 4: layers that see everything have longer heads, and fewer where keys are used as values as well.
    dim = whole_in(config, "global_head_dim") or _GEMMA4_GLOBAL_HEAD_DIM
    fewer = whole_in(config, "num_global_key_value_heads") if config.get("attention_k_eq_v") is True else None
    return replace(heads, kv_heads=fewer or heads.kv_heads, key_dim=dim, value_dim=dim)


def _sliding(config: Document) -> AttentionLayers | None:
    heads = _heads(config)
    if heads is not None:
        # MiMo-V2: layers with a window have heads of their own.
        heads = replace(
            heads,
            kv_heads=whole_in(config, "swa_num_key_value_heads") or heads.kv_heads,
            key_dim=whole_in(config, "swa_head_dim") or heads.key_dim,
            value_dim=whole_in(config, "swa_v_head_dim") or heads.value_dim,
        )
    return _windowed(
        heads, "sliding", whole_in(config, "sliding_window", "sliding_window_size", "attention_window_size")
    )


def _windowed(heads: AttentionLayers | None, kind: AttentionKind, tokens: int | None) -> AttentionLayers | None:
    return replace(heads, kind=kind, window_tokens=tokens) if heads is not None and tokens else heads


def _hidden_size(config: Document) -> int | None:
    return whole_in(config, "hidden_size", "n_embd", "d_model")


def _kv_heads(config: Document) -> int | None:
    heads = whole_in(config, "num_attention_heads", "n_head", "n_heads")
    if config.get("multi_query_attention") is True:  # ChatGLM
        return whole_in(config, "multi_query_group_num") or heads
    return whole_in(config, "num_key_value_heads", "num_kv_heads", "n_head_kv") or heads


def _grouped_query(config: Document, number: int) -> AttentionLayers | None:
    """Nemotron's pruned Llamas (DeciLM): each layer has its own number of heads, or attends to nothing."""
    blocks = sequence_in(config, "block_configs")
    heads, hidden = whole_in(config, "num_attention_heads"), _hidden_size(config)
    if blocks is None or number >= len(blocks) or not heads or not hidden:
        return None
    attention = section_in(section_in({"block": blocks[number]}, "block"), "attention")
    group = whole_in(attention, "n_heads_in_group")
    kv_heads = heads // group if group and attention.get("no_op") is not True else 0
    dim = whole_in(config, "head_dim") or hidden // heads
    return AttentionLayers(kind="full", layers=1, kv_heads=kv_heads, key_dim=dim, value_dim=dim)


def _context_tokens(config: Document, model_type: str) -> int | None:
    """As vLLM derives a model's longest context (`_get_and_verify_max_len` in vllm/config/model.py).

    YaRN stretches the length that it was trained at; `llama3`, `longrope` and Gemma have the stretched length as
    `max_position_embeddings` already; other scalings stretch that.
    """
    tokens = whole_in(
        config, "max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "model_max_length", "n_ctx"
    )
    scaling = section_in(config, "rope_scaling") or section_in(config, "rope_parameters")
    scaling = section_in(scaling, "full_attention") or scaling
    factor = number_in(scaling, "factor") or 1.0
    kind = text_in(scaling, "rope_type", "type") or "default"
    if not tokens or factor <= 1.0 or model_type.startswith("gemma3"):
        return tokens or None
    if kind == "yarn":
        return int((whole_in(scaling, "original_max_position_embeddings") or tokens) * factor)
    return int(tokens * factor) if kind in {"linear", "dynamic", "deepseek_yarn"} else tokens


def _recurrent_bytes(config: Document, layers: int) -> int | None:
    if layers == 0:
        return 0
    one = _delta_net_bytes(config)
    if one is None:
        one = _mamba2_bytes(config)
    return None if one is None else one * layers


def _delta_net_bytes(config: Document) -> int | None:
    """A gated delta net's state (Qwen3-Next, Qwen3.5): a matrix a value head, and what its convolution remembers."""
    key_heads, value_heads = whole_in(config, "linear_num_key_heads"), whole_in(config, "linear_num_value_heads")
    key_dim, value_dim = whole_in(config, "linear_key_head_dim"), whole_in(config, "linear_value_head_dim")
    if not key_heads or not value_heads or not key_dim or not value_dim:
        return None
    channels = 2 * key_heads * key_dim + value_heads * value_dim
    remembered = channels * max(0, (whole_in(config, "linear_conv_kernel_dim") or 4) - 1)
    return value_heads * key_dim * value_dim * _STATE_VALUE_BYTES + remembered * _CONVOLUTION_VALUE_BYTES


def _mamba2_bytes(config: Document) -> int | None:
    """A Mamba-2 layer's state (Nemotron-H, Granite 4, Bamba, Falcon-H1): a matrix a head, and its convolution's."""
    heads, dim = (
        whole_in(config, "mamba_num_heads", "mamba_n_heads"),
        whole_in(config, "mamba_head_dim", "mamba_d_head"),
    )
    state = whole_in(config, "ssm_state_size", "mamba_d_state")
    if not heads or not dim or not state:
        return None
    channels = heads * dim + 2 * (whole_in(config, "n_groups", "mamba_n_groups") or 1) * state
    remembered = channels * max(0, (whole_in(config, "conv_kernel", "mamba_d_conv") or 4) - 1)
    return heads * dim * state * _STATE_VALUE_BYTES + remembered * _CONVOLUTION_VALUE_BYTES
