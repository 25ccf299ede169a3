"""What models take of cards, against sums made by hand; and that what is said to fit does."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.substrate.deployment.memory import (
    GIBIBYTE,
    Demand,
    ModelSize,
    batch_tokens_for,
    largest_context,
    plan,
    remedies,
    usual_share,
)
from anvil_serving.substrate.models.shape import AttentionLayers, ModelShape

# Llama 3.1 8B: 32 layers of 8 heads of 128 numbers, keys and values.
LLAMA = ModelShape(
    hidden_size=4096,
    vocabulary=128_256,
    parameters=8_030_261_248,
    attention=(AttentionLayers(kind="full", layers=32, kv_heads=8, key_dim=128, value_dim=128),),
)
DEEPSEEK = ModelShape(
    hidden_size=7168,
    vocabulary=129_280,
    attention=(AttentionLayers(kind="latent", layers=61, kv_heads=1, key_dim=576, value_dim=0),),
)


def demand(**members: object) -> Demand:
    usual = {"engine": "vllm", "card_bytes": 24 * GIBIBYTE, "context_tokens": 131_072, "share": 0.9}
    return msgspec.convert(usual | members, Demand)


def test_a_cache_by_hand() -> None:
    found = plan(ModelSize(weights_bytes=16 * GIBIBYTE, shape=LLAMA), demand(card_bytes=80 * GIBIBYTE))
    # 131,072 tokens x 32 layers x 8 heads x 256 numbers x 2 bytes
    assert found.needed_cache_bytes == 16 * GIBIBYTE
    assert found.usable_bytes == 72 * GIBIBYTE
    assert found.cache_bytes == found.usable_bytes - 16 * GIBIBYTE - found.overhead_bytes
    assert found.fits
    assert found.cache_tokens == found.cache_bytes // (2 * 65_536)


def test_a_cache_as_vllm_measured_it() -> None:
    # Qwen3-VL-8B-Instruct-FP8 on an RTX 5080, vLLM 0.23: "KV cache: 1.8 GiB (13,104 tokens)" (vllm-project/vllm#46625).
    shape = ModelShape(
        hidden_size=4096,
        vocabulary=151_936,
        attention=(AttentionLayers(kind="full", layers=36, kv_heads=8, key_dim=128, value_dim=128),),
    )
    found = plan(ModelSize(weights_bytes=0, shape=shape), demand(context_tokens=13_104))
    assert found.needed_cache_bytes / GIBIBYTE == pytest.approx(1.8, abs=0.001)


@pytest.mark.parametrize(
    ("engine", "cache", "expected"),
    [
        ("vllm", "8bit", 8 * GIBIBYTE),
        # ggml's q8_0: 34 bytes for 32 numbers.
        ("llama.cpp", "8bit", 8 * GIBIBYTE * 34 // 32),
        ("llama.cpp", "16bit", 16 * GIBIBYTE),
    ],
)
def test_a_cache_of_fewer_bits(engine: str, cache: str, expected: int) -> None:
    found = plan(ModelSize(weights_bytes=0, shape=LLAMA), demand(engine=engine, cache=cache))
    assert found.needed_cache_bytes == expected


def test_several_cards_share_heads_but_not_what_is_kept_for_all_heads() -> None:
    one, two = demand(), demand(cards=2)
    llama, deepseek = ModelSize(weights_bytes=GIBIBYTE, shape=LLAMA), ModelSize(weights_bytes=GIBIBYTE, shape=DEEPSEEK)
    assert plan(llama, two).needed_cache_bytes * 2 == plan(llama, one).needed_cache_bytes
    assert plan(deepseek, two).needed_cache_bytes == plan(deepseek, one).needed_cache_bytes
    # llama.cpp shares layers: 31 of 61 are on the first card.
    layers = plan(deepseek, demand(cards=2, engine="llama.cpp")).needed_cache_bytes
    assert layers * 61 == plan(deepseek, one).needed_cache_bytes * 31


def test_states_of_recurrent_layers_count_for_each_request() -> None:
    shape = msgspec.structs.replace(LLAMA, recurrent_layers=30, recurrent_bytes=64 * 1024 * 1024)
    plain, recurrent = (plan(ModelSize(weights_bytes=0, shape=shape), demand()) for shape in (LLAMA, shape))
    assert recurrent.overhead_bytes - plain.overhead_bytes == 16 * 64 * 1024 * 1024


def test_what_does_not_fit_is_told_with_what_would() -> None:
    size = ModelSize(weights_bytes=16 * GIBIBYTE, shape=LLAMA)
    asked = demand(sequences=2)
    assert not plan(size, asked).fits
    found = {remedy.kind: remedy.says for remedy in remedies(size, asked)}
    assert found["context"].startswith("a context of ")
    assert "cards" not in found, "two of them still lack a few GiB"
    assert found["card"].startswith("a card of ")
    assert "weights" not in found, "not even weights of 3 bits leave room for 32 GiB of cache"
    fewer = remedies(size, demand(card_bytes=40 * GIBIBYTE, sequences=2))
    assert "1 such conversation at once (--sequences 1)" in [remedy.says for remedy in fewer]


def test_weights_that_are_too_large_are_told_in_bits() -> None:
    size = ModelSize(weights_bytes=16 * GIBIBYTE, shape=LLAMA)
    found = {
        remedy.kind: remedy.says for remedy in remedies(size, demand(card_bytes=12 * GIBIBYTE, context_tokens=8_192))
    }
    assert found["weights"] == "weights in 4 bits (AWQ, GPTQ, NVFP4, Q4_K_M), about 4.5 GiB"
    assert "context" not in found
    assert found["cards"] == "2 such cards (--gpu 0,1)"


layers = st.builds(
    AttentionLayers,
    kind=st.sampled_from(["full", "latent"]),
    layers=st.integers(1, 120),
    kv_heads=st.integers(1, 64),
    key_dim=st.integers(1, 512),
    value_dim=st.integers(0, 512),
)
windowed = st.builds(
    AttentionLayers,
    kind=st.just("sliding"),
    layers=st.integers(1, 120),
    kv_heads=st.integers(1, 64),
    key_dim=st.integers(1, 512),
    value_dim=st.integers(1, 512),
    window_tokens=st.integers(1, 8_192),
)
shapes = st.builds(
    ModelShape,
    hidden_size=st.integers(1, 16_384) | st.none(),
    vocabulary=st.integers(1, 300_000) | st.none(),
    parameters=st.integers(1, 10**12) | st.none(),
    recurrent_bytes=st.integers(0, 1 << 30) | st.none(),
    attention=st.lists(layers | windowed, max_size=3).map(tuple),
)
sizes = st.builds(ModelSize, weights_bytes=st.integers(0, 10**12), shape=shapes)
demands = st.builds(
    Demand,
    engine=st.sampled_from(["vllm", "sglang", "llama.cpp"]),
    card_bytes=st.integers(1, 300 * GIBIBYTE),
    cards=st.integers(1, 8),
    context_tokens=st.integers(1, 1 << 21),
    sequences=st.integers(1, 64),
    running=st.integers(1, 64),
    cache=st.sampled_from(["16bit", "8bit"]),
    batch_tokens=st.integers(1, 16_384),
    share=st.floats(0.05, 1.0),
)


@given(size=sizes, asked=demands)
def test_whatever_is_offered_was_computed_to_fit(size: ModelSize, asked: Demand) -> None:
    found = plan(size, asked)
    if found.fits:
        assert found.missing_bytes == 0
        assert largest_context(size, asked) == asked.context_tokens
        return
    assert found.missing_bytes > 0
    offered = remedies(size, asked)
    assert offered
    for remedy in offered:
        other = msgspec.structs.replace(size, weights_bytes=remedy.weights_bytes)
        assert plan(other, remedy.demand).fits, remedy


@given(size=sizes, asked=demands)
def test_a_larger_card_holds_no_less(size: ModelSize, asked: Demand) -> None:
    larger = msgspec.structs.replace(asked, card_bytes=asked.card_bytes * 2)
    assert plan(size, larger).cache_tokens >= plan(size, asked).cache_tokens


def test_more_is_read_at_once_on_larger_cards() -> None:
    assert [batch_tokens_for(memory * GIBIBYTE, "sglang") for memory in (16, 24, 48, 80, 141)] == [
        2_048,
        4_096,
        4_096,
        8_192,
        8_192,
    ]


def test_a_machine_keeps_some_of_its_memory() -> None:
    assert usual_share("llama.cpp", "machine") < usual_share("llama.cpp", "card") < 1
    size = ModelSize(weights_bytes=40 * GIBIBYTE, shape=LLAMA)
    offered = remedies(size, demand(engine="llama.cpp", card_bytes=32 * GIBIBYTE, place="machine", share=0.75))
    says = [remedy.says for remedy in offered]
    assert any(said.endswith("GiB of RAM") for said in says)
    assert not any("--gpu" in said for said in says)


def test_a_share_that_is_too_small_is_told() -> None:
    size = ModelSize(weights_bytes=16 * GIBIBYTE, shape=LLAMA)
    offered = remedies(size, demand(context_tokens=8_192, share=0.5))
    assert offered[0].says == "the usual share of the card (--gpu-mem-util 0.9)"
