"""Shapes and caches against values computed by hand from published configurations."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.substrate.models.config_shape import shape_of_config
from anvil_serving.substrate.models.gguf_shape import shape_of_gguf
from anvil_serving.substrate.models.quantisation import Quantisation
from anvil_serving.substrate.models.shape import AttentionLayers, ModelShape, ShapeUnknown

# The members that matter of each model's own config.json.
LLAMA_31_8B = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "rope_scaling": {"factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}
DEEPSEEK_V3 = {
    "architectures": ["DeepseekV3ForCausalLM"],
    "model_type": "deepseek_v3",
    "hidden_size": 7168,
    "kv_lora_rank": 512,
    "qk_rope_head_dim": 64,
    "qk_nope_head_dim": 128,
    "v_head_dim": 128,
    "num_hidden_layers": 61,
    "num_attention_heads": 128,
    "num_key_value_heads": 128,
    "n_routed_experts": 256,
    "num_experts_per_tok": 8,
    "max_position_embeddings": 163840,
    "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096},
    "quantization_config": {"quant_method": "fp8", "fmt": "e4m3", "weight_block_size": [128, 128]},
}
QWEN3_NEXT_80B = {
    "model_type": "qwen3_next",
    "full_attention_interval": 4,
    "head_dim": 256,
    "hidden_size": 2048,
    "num_hidden_layers": 48,
    "num_attention_heads": 16,
    "num_key_value_heads": 2,
    "linear_conv_kernel_dim": 4,
    "linear_key_head_dim": 128,
    "linear_num_key_heads": 16,
    "linear_num_value_heads": 32,
    "linear_value_head_dim": 128,
    "num_experts": 512,
    "num_experts_per_tok": 10,
    "max_position_embeddings": 262144,
}
GPT_OSS_20B = {
    "architectures": ["GptOssForCausalLM"],
    "model_type": "gpt_oss",
    "head_dim": 64,
    "hidden_size": 2880,
    "layer_types": ["sliding_attention", "full_attention"] * 12,
    "num_hidden_layers": 24,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "num_local_experts": 32,
    "num_experts_per_tok": 4,
    "sliding_window": 128,
    "max_position_embeddings": 131072,
    "rope_scaling": {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096},
    "quantization_config": {"quant_method": "mxfp4", "modules_to_not_convert": []},
}
GEMMA_3_4B = {
    "architectures": ["Gemma3ForConditionalGeneration"],
    "model_type": "gemma3",
    "text_config": {
        "hidden_size": 2560,
        "model_type": "gemma3_text",
        "num_hidden_layers": 34,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
        "sliding_window": 1024,
    },
    "torch_dtype": "bfloat16",
}
LLAMA_4_SCOUT: dict[str, Any] = {
    "architectures": ["Llama4ForConditionalGeneration"],
    "model_type": "llama4",
    "text_config": {
        "attention_chunk_size": 8192,
        "head_dim": 128,
        "hidden_size": 5120,
        "max_position_embeddings": 10485760,
        "model_type": "llama4_text",
        "no_rope_layers": [],
        "num_attention_heads": 40,
        "num_hidden_layers": 48,
        "num_key_value_heads": 8,
        "num_local_experts": 16,
        "rope_scaling": {"factor": 16.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    },
}


def dense(layers: int, kv_heads: int, head_dim: int, **more: object) -> dict[str, Any]:
    return {
        "num_hidden_layers": layers,
        "num_attention_heads": 32,
        "num_key_value_heads": kv_heads,
        "head_dim": head_dim,
        "hidden_size": 4096,
        "max_position_embeddings": 32768,
        **more,
    }


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        pytest.param(LLAMA_31_8B, 131_072, id="Llama-3.1-8B: 32 x 8 x (128 + 128) x 2"),
        pytest.param(DEEPSEEK_V3, 70_272, id="DeepSeek-V3: 61 x 576 x 2"),
        pytest.param(QWEN3_NEXT_80B, 24_576, id="Qwen3-Next: 12 of 48 x 2 x (256 + 256) x 2"),
        pytest.param(dense(48, 4, 128, model_type="qwen3_moe"), 98_304, id="Qwen3-30B-A3B: 48 x 4 x 256 x 2"),
        pytest.param(
            dense(28, 4, 128, model_type="qwen2", use_sliding_window=False, sliding_window=131072),
            57_344,
            id="Qwen2.5-7B: its window is turned off",
        ),
        pytest.param(dense(40, 2, 128, model_type="glm4"), 40_960, id="GLM-4-9B-0414: 40 x 2 x 256 x 2"),
        pytest.param(
            dense(46, 8, 128, model_type="glm4_moe", num_nextn_predict_layers=1),
            188_416,
            id="GLM-4.5-Air: 46 x 8 x 256 x 2",
        ),
        pytest.param(dense(40, 8, 128, model_type="mistral"), 163_840, id="Devstral-Small: 40 x 8 x 256 x 2"),
        pytest.param(
            {
                "model_type": "chatglm",
                "num_layers": 40,
                "num_attention_heads": 32,
                "multi_query_attention": True,
                "multi_query_group_num": 2,
                "kv_channels": 128,
            },
            40_960,
            id="glm-4-9b: other names",
        ),
        pytest.param(
            {"model_type": "longcat_flash", "num_layers": 28, "kv_lora_rank": 512, "qk_rope_head_dim": 64},
            64_512,
            id="LongCat-Flash: 28 x 2 x 576 x 2",
        ),
        pytest.param(
            {"model_type": "llava", "text_config": {"model_type": "llama"}}, 524_288, id="defaults: 32 x 32 x 256"
        ),
    ],
)
def test_bytes_of_one_token(config: dict[str, Any], expected: int) -> None:
    assert shape_of_config(config).kv_cache_bytes(1, 1, 2.0) == expected


@pytest.mark.parametrize(
    ("config", "full", "windowed", "window", "values"),
    [
        pytest.param(GPT_OSS_20B, 12, 12, 128, 1024, id="gpt-oss-20b"),
        pytest.param({**GPT_OSS_20B, "layer_types": None}, 12, 12, 128, 1024, id="gpt-oss by default"),
        pytest.param(GEMMA_3_4B, 5, 29, 1024, 2048, id="Gemma-3-4B"),
        pytest.param(dense(42, 8, 256, model_type="gemma2", sliding_window=4096), 21, 21, 4096, 4096, id="Gemma-2-9B"),
        pytest.param(LLAMA_4_SCOUT, 12, 36, 8192, 2048, id="Llama-4-Scout"),
        pytest.param(dense(32, 8, 128, model_type="mistral", sliding_window=4096), 0, 32, 4096, 2048, id="Mistral 0.1"),
        pytest.param(
            dense(32, 8, 128, model_type="exaone4", sliding_window=4096, sliding_window_pattern="LLLG"),
            8,
            24,
            4096,
            2048,
            id="EXAONE 4",
        ),
        pytest.param(
            dense(28, 8, 128, model_type="qwen3", use_sliding_window=True, sliding_window=512, max_window_layers=20),
            20,
            8,
            512,
            2048,
            id="Qwen3 with windows",
        ),
    ],
)
def test_windows_bound_what_their_layers_keep(
    config: dict[str, Any], full: int, windowed: int, window: int, values: int
) -> None:
    shape = shape_of_config(config)
    assert shape.sliding_window == window
    long = 100_000
    assert shape.kv_cache_bytes(long, 3, 1.0) == 3 * values * (full * long + windowed * window)
    assert shape.kv_cache_bytes(window, 1, 2.0) == 2 * values * (full + windowed) * window


def test_layers_with_other_heads_are_counted_as_what_they_are() -> None:
    gemma4 = dense(12, 8, 256, model_type="gemma4_text", sliding_window=1024, num_kv_shared_layers=6)
    assert shape_of_config(gemma4 | {"global_head_dim": 512}).attention == (
        AttentionLayers(kind="sliding", layers=5, kv_heads=8, key_dim=256, value_dim=256, window_tokens=1024),
        AttentionLayers(kind="full", layers=1, kv_heads=8, key_dim=512, value_dim=512),
    )
    mimo = dense(4, 4, 192, hybrid_layer_pattern=[0, 1, 1, 0], sliding_window=128, v_head_dim=128)
    assert shape_of_config(mimo | {"swa_num_key_value_heads": 8}).attention == (
        AttentionLayers(kind="full", layers=2, kv_heads=4, key_dim=192, value_dim=128),
        AttentionLayers(kind="sliding", layers=2, kv_heads=8, key_dim=192, value_dim=128, window_tokens=128),
    )
    pruned = {
        "model_type": "nemotron-nas",
        "num_hidden_layers": 3,
        "num_attention_heads": 64,
        "hidden_size": 8192,
        "block_configs": [
            {"attention": {"n_heads_in_group": 8, "no_op": False}},
            {"attention": {"n_heads_in_group": None, "no_op": True}},
            {"attention": {"n_heads_in_group": 16, "no_op": False}},
        ],
    }
    assert shape_of_config(pruned).kv_cache_bytes(1, 1, 1.0) == (8 + 4) * 256


@pytest.mark.parametrize(
    ("config", "attending", "recurrent"),
    [
        (QWEN3_NEXT_80B, 12, 36),
        (dense(8, 2, 128, model_type="qwen3_5_text"), 2, 6),
        (dense(8, 2, 128, layer_types=["linear_attention", "full_attention"] * 4), 4, 4),
        ({**dense(0, 8, 128), "num_hidden_layers": None, "hybrid_override_pattern": "M-M*ME"}, 1, 3),
        (dense(16, 8, 128, attn_layer_period=8, attn_layer_offset=4), 2, 14),
        (dense(8, 8, 128, attn_layer_indices=[2, 5]), 2, 6),
        (dense(8, 8, 128, attn_type_list=[0, 0, 0, 1, 0, 0, 0, 1]), 2, 6),
        (dense(8, 8, 128, linear_attn_config={"full_attn_layers": [4, 8]}), 2, 6),
        (dense(8, 8, 128, model_type="mamba2"), 0, 8),
    ],
)
def test_recurrent_layers_keep_no_tokens(config: dict[str, Any], attending: int, recurrent: int) -> None:
    shape = shape_of_config(config)
    assert shape.attention is not None
    assert sum(group.layers for group in shape.attention) == attending
    assert shape.recurrent_layers == recurrent


def test_the_states_of_recurrent_layers_are_measured() -> None:
    # 36 layers: 32 heads of 128 x 128 float32, and 3 steps of 2 x 16 x 128 + 32 x 128 channels in 16 bits.
    assert shape_of_config(QWEN3_NEXT_80B).recurrent_bytes == 36 * (32 * 128 * 128 * 4 + 3 * 8192 * 2)
    assert shape_of_config(LLAMA_31_8B).recurrent_bytes == 0
    assert shape_of_config(dense(8, 8, 128, model_type="mamba2")).recurrent_bytes is None


def test_a_sparse_layers_keys_for_choosing_are_kept_as_well() -> None:
    shape = shape_of_config({**DEEPSEEK_V3, "model_type": "deepseek_v32", "index_head_dim": 128})
    assert shape.kv_cache_bytes(1, 1, 1.0) == 61 * (576 + 128)


@pytest.mark.parametrize(
    ("config", "tokens"),
    [
        (LLAMA_31_8B, 131_072),
        (DEEPSEEK_V3, 163_840),
        (GPT_OSS_20B, 131_072),
        (GEMMA_3_4B, 131_072),
        (LLAMA_4_SCOUT, 10_485_760),
        (
            dense(1, 1, 1, rope_scaling={"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}),
            131_072,
        ),
        (dense(1, 1, 1, rope_parameters={"rope_type": "yarn", "factor": 4.0}), 131_072),
        (dense(1, 1, 1, rope_parameters={"full_attention": {"rope_type": "linear", "factor": 2.0}}), 65_536),
        (dense(1, 1, 1, rope_scaling={"type": "longrope", "factor": 32.0}), 32_768),
        (dense(1, 1, 1, rope_scaling=None), 32_768),
        ({}, None),
    ],
)
def test_the_longest_conversation(config: dict[str, Any], tokens: int | None) -> None:
    assert shape_of_config(config).context_tokens == tokens


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ({"quant_method": "awq", "bits": 4}, Quantisation("awq", "int4", 4)),
        ({"quant_method": "gptq", "bits": 8}, Quantisation("gptq", "int8", 8)),
        ({"quant_method": "fp8"}, Quantisation("fp8", "fp8", 8)),
        ({"quant_method": "mxfp4"}, Quantisation("mxfp4", "mxfp4", 4)),
        ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, Quantisation("modelopt", "nvfp4", 4)),
        ({"quant_algo": "FP8"}, Quantisation("modelopt", "fp8", 8)),
        (
            {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
            Quantisation("bitsandbytes", "nf4", 4),
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 8, "type": "float"}}},
            },
            Quantisation("compressed-tensors", "fp8", 8),
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "nvfp4-pack-quantized",
                "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "float", "group_size": 16}}},
            },
            Quantisation("compressed-tensors", "nvfp4", 4),
        ),
        (
            {
                "quant_method": "compressed-tensors",
                "config_groups": {"group_0": {"weights": {"num_bits": 4, "type": "int"}}},
            },
            Quantisation("compressed-tensors", "int4", 4),
        ),
        ({"quant_method": "newer"}, Quantisation("newer", "newer", None)),
        ({"group_size": 64, "bits": 4}, Quantisation("unknown", "unknown", 4)),
        (None, None),
    ],
)
def test_how_weights_are_stored(section: dict[str, Any] | None, expected: Quantisation | None) -> None:
    assert shape_of_config({"quantization_config": section}).quantisation == expected


def test_what_mlx_packed_is_known_by_its_second_name() -> None:
    packed = {"group_size": 64, "bits": 4}
    shape = shape_of_config({"quantization": packed, "quantization_config": packed})
    assert shape.quantisation == Quantisation("mlx", "int4", 4)


def test_what_else_a_configuration_says() -> None:
    shape = shape_of_config(DEEPSEEK_V3 | {"vocab_size": 129280, "torch_dtype": "bfloat16"})
    assert (shape.architecture, shape.model_type) == ("DeepseekV3ForCausalLM", "deepseek_v3")
    assert (shape.experts, shape.experts_per_token) == (256, 8)
    assert (shape.hidden_size, shape.vocabulary, shape.dtype) == (7168, 129280, "bfloat16")
    assert (shape.kv_heads, shape.head_dim, shape.sliding_window) == (1, 576, None)


def test_a_kind_of_layer_that_is_not_known_is_not_guessed() -> None:
    shape = shape_of_config(dense(2, 8, 128, layer_types=["full_attention", "compressed_sparse_attention"]))
    assert shape.attention is None
    with pytest.raises(ShapeUnknown):
        shape.kv_cache_bytes(1, 1, 2.0)


# Header keys of a llama.cpp conversion of each.
def header(arch: str, **keys: object) -> dict[str, object]:
    named = {f"{arch}.{name.replace('__', '.')}": value for name, value in keys.items()}
    return {"general.architecture": arch, **named}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            header(
                "llama", block_count=32, embedding_length=4096, attention__head_count=32, attention__head_count_kv=8
            ),
            32 * 8 * 256 * 1000,
            id="Llama-3.1-8B",
        ),
        pytest.param(
            header(
                "gemma3",
                block_count=34,
                attention__head_count=8,
                attention__head_count_kv=4,
                attention__key_length=256,
                attention__value_length=256,
                attention__sliding_window=512,
            ),
            2048 * (5 * 1000 + 29 * 512),
            id="Gemma 3, by llama.cpp's pattern",
        ),
        pytest.param(
            header(
                "gpt-oss",
                block_count=24,
                attention__head_count=64,
                attention__head_count_kv=8,
                attention__key_length=64,
                attention__value_length=64,
                attention__sliding_window=128,
            ),
            1024 * (12 * 1000 + 12 * 128),
            id="gpt-oss-20b",
        ),
        pytest.param(
            header(
                "deepseek2",
                block_count=61,
                attention__head_count=128,
                attention__head_count_kv=1,
                attention__key_length=576,
                attention__value_length=512,
                attention__key_length_mla=192,
                attention__value_length_mla=128,
            ),
            61 * 576 * 1000,
            id="DeepSeek-V3, compressed",
        ),
        pytest.param(
            header(
                "qwen35moe",
                block_count=41,
                nextn_predict_layers=1,
                attention__head_count=16,
                attention__head_count_kv=2,
                attention__key_length=256,
                attention__value_length=256,
                full_attention_interval=4,
                ssm__state_size=128,
                ssm__inner_size=4096,
            ),
            10 * 2 * 512 * 1000,
            id="Qwen3.5-35B-A3B",
        ),
        pytest.param(
            header(
                "granitehybrid",
                block_count=4,
                embedding_length=1536,
                attention__head_count=12,
                attention__head_count_kv=[0, 4, 0, 0],
                ssm__state_size=128,
                ssm__inner_size=3072,
            ),
            4 * 256 * 1000,
            id="Granite 4: heads by layer",
        ),
        pytest.param(
            header(
                "gemma4",
                block_count=6,
                attention__head_count=8,
                attention__head_count_kv=[4, 4, 2, 4, 4, 2],
                attention__key_length=512,
                attention__value_length=512,
                attention__key_length_swa=256,
                attention__value_length_swa=256,
                attention__sliding_window=100,
                attention__sliding_window_pattern=[True, True, False, True, True, False],
                attention__shared_kv_layers=3,
            ),
            2 * 4 * 512 * 100 + 2 * 1024 * 1000,
            id="Gemma 4: all at once",
        ),
    ],
)
def test_what_a_headers_model_keeps_of_a_thousand_tokens(document: dict[str, object], expected: int) -> None:
    assert shape_of_gguf(document).kv_cache_bytes(1000, 1, 1.0) == expected


def test_what_else_a_header_says() -> None:
    shape = shape_of_gguf(
        header(
            "qwen3moe",
            block_count=48,
            context_length=40960,
            embedding_length=2048,
            expert_count=128,
            expert_used_count=8,
        )
        | {"general.file_type": 15, "tokenizer.ggml.tokens": ["a", "b"], "general.parameter_count": 30_500_000_000}
    )
    assert (shape.architecture, shape.layers, shape.context_tokens) == ("qwen3moe", 48, 40_960)
    assert (shape.experts, shape.experts_per_token) == (128, 8)
    assert shape.quantisation == Quantisation("gguf", "Q4_K_M", 4)
    assert (shape.vocabulary, shape.parameters) == (2, 30_500_000_000)


ODD = st.sampled_from(
    [
        *(None, True, False, -1, 0, 1, 2, 3, 8, 10**30, 0.5, float("nan"), float("inf")),
        *("", "x", "MM*", "LLLG", "mistral", "llama4", "gemma4_text", "yarn"),
        *([], [0], [1, 0, 1], [None, "a", 1.5, {}], ["full_attention", "mamba"], ["sliding_attention"] * 5000),
        *({}, {"attention": None}, {"full_attn_layers": [1]}, {"rope_type": "yarn", "factor": float("inf")}),
    ]
)
CONFIG_KEYS = [
    *sorted({*DEEPSEEK_V3, *QWEN3_NEXT_80B, *GPT_OSS_20B, *LLAMA_4_SCOUT["text_config"]}),
    *("text_config", "block_configs", "hybrid_override_pattern", "attn_layer_period", "attn_layer_offset"),
    *("num_kv_shared_layers", "sliding_window_pattern", "linear_attn_config", "hybrid_layer_pattern"),
]
HEADER_KEYS = [
    *("general.file_type", "x.block_count", "x.embedding_length", "x.ssm.state_size"),
    *("x.attention.head_count", "x.attention.head_count_kv", "x.attention.key_length", "x.attention.value_length"),
    *("x.attention.sliding_window", "x.attention.sliding_window_pattern", "x.attention.shared_kv_layers"),
    *("x.nextn_predict_layers", "x.full_attention_interval"),
]


@given(st.dictionaries(st.sampled_from(CONFIG_KEYS), ODD))
def test_no_configuration_is_too_odd(config: dict[str, Any]) -> None:
    _check(shape_of_config(config))


@given(st.dictionaries(st.sampled_from(HEADER_KEYS), ODD))
def test_no_header_is_too_odd(document: dict[str, Any]) -> None:
    _check(shape_of_gguf(document | {"general.architecture": "x"}))


def _check(shape: ModelShape) -> None:
    if shape.attention is not None:
        assert shape.layers is not None
        assert sum(group.layers for group in shape.attention if group.kind != "index") <= shape.layers
        assert shape.kv_cache_bytes(2000, 2, 2.0) >= shape.kv_cache_bytes(1000, 2, 2.0) >= 0
