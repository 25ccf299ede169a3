"""What is decided about a service, and how its engine is started."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.fakes.models import write_gguf, write_safetensors

from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.deployment import Deployment, design, engine_for
from anvil_serving.substrate.deployment.engine_command import arguments
from anvil_serving.substrate.deployment.family import families
from anvil_serving.substrate.deployment.fit import DoesNotFit
from anvil_serving.substrate.deployment.gpu_target import GpuTarget, cpu_target
from anvil_serving.substrate.deployment.memory import GIBIBYTE
from anvil_serving.substrate.deployment.model_source import ModelSource, find_source
from anvil_serving.substrate.deployment.order import Order
from anvil_serving.substrate.deployment.served_model import ServedModel, read_model
from anvil_serving.substrate.deployment.serving_engine import ENGINES, EngineName

QWEN_35 = {
    "architectures": ["Qwen3_5MoeForConditionalGeneration"],
    "model_type": "qwen3_5_moe",
    "text_config": {
        "model_type": "qwen3_5_moe_text",
        "hidden_size": 2048,
        "num_hidden_layers": 40,
        "num_attention_heads": 16,
        "num_key_value_heads": 2,
        "head_dim": 256,
        "full_attention_interval": 4,
        "linear_num_key_heads": 16,
        "linear_num_value_heads": 32,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
        "linear_conv_kernel_dim": 4,
        "num_experts": 256,
        "max_position_embeddings": 262144,
        "vocab_size": 248320,
    },
    "quantization_config": {"quant_method": "awq", "bits": 4},
}
"""Qwen3.5-35B-A3B in AWQ, of the worked example."""

RTX_PRO = GpuTarget(
    kind="uuid",
    ids=("GPU-11111111-aaaa",),
    name="RTX PRO 6000 Blackwell",
    memory_bytes=97_887 << 20,
    compute_capability="12.0",
    driver="580.95.05",
)


Make = Callable[..., ServedModel]


@pytest.fixture
def model(tmp_path: Path) -> Make:
    """Writes a model and reads it: safetensors with a configuration, or a GGUF file; without one it is not here."""

    def make(
        config: dict[str, Any] | None = None, name: str = "Qwen3.5-35B-A3B-AWQ", gib: float = 22, *, gguf: bool = False
    ) -> ServedModel:
        folder = tmp_path / name.replace("'", "") / ("gguf" if gguf else "safetensors")
        if gguf:
            write_gguf(folder / f"{name}.gguf", "qwen35moe", qwen35moe__context_length=262_144)
            return read_model(find_source(str(folder), {}, elsewhere=False))
        if config is None:
            return read_model(ModelSource(name=name, format="safetensors", mount=Path("/models/it")))
        write_safetensors(folder / "model.safetensors", {"l.qweight": ("I32", [int(gib * GIBIBYTE) // 4])})
        (folder / "config.json").write_text(json.dumps(config))
        source = find_source(str(folder), {}, elsewhere=False)
        return read_model(msgspec.structs.replace(source, name=name))

    return make


def order(**members: Any) -> Order:
    return Order(**{"name": "heavy", "served_name": "qwen"} | members)


def of(deployment: Deployment, option: str) -> str | None:
    words = arguments(deployment)
    return words[words.index(option) + 1] if option in words else None


def test_the_worked_example(model: Make) -> None:
    found = design(order(engine="sglang"), model(QWEN_35), RTX_PRO)
    assert (found.context_tokens, found.running, found.host, found.warnings) == (131_072, 16, "127.0.0.1", ())
    assert (found.service, found.container) == ("heavy", "sglang-heavy")
    words = arguments(found)
    assert words[:4] == ("--model-path", "/weights", "--served-model-name", "qwen")
    assert of(found, "--tool-call-parser") == "qwen3_coder"
    assert of(found, "--reasoning-parser") == "qwen3"
    assert of(found, "--context-length") == "131072"
    # Loading without mmap takes as much RAM as the model is large, which kills WSL2.
    assert "--weight-loader-disable-mmap" not in words
    assert found.memory is not None
    # SGLang's share is of weights and cache: what it computes with is outside.
    share = (found.memory.weights_bytes + found.memory.cache_bytes) / found.memory.card_bytes
    assert float(of(found, "--mem-fraction-static") or 0) == pytest.approx(share, abs=0.001)


def test_the_same_on_vllm(model: Make) -> None:
    found = design(order(engine="vllm", no_thinking=True), model(QWEN_35), RTX_PRO)
    words = arguments(found)
    assert words[0] == "/weights"
    assert "--enable-auto-tool-choice" in words
    assert of(found, "--gpu-memory-utilization") == "0.9"
    assert of(found, "--default-chat-template-kwargs") == '{"enable_thinking": false}'
    assert of(found, "--tensor-parallel-size") is None


def test_llama_cpp_takes_one_cache_for_all(model: Make) -> None:
    found = design(order(sequences=2, no_thinking=True), model(QWEN_35, gguf=True), RTX_PRO)
    assert found.engine.name == "llama.cpp"
    assert of(found, "--model") == "/weights/Qwen3.5-35B-A3B-AWQ.gguf"
    assert of(found, "--ctx-size") == str(2 * 131_072)
    assert of(found, "--parallel") == "4"
    assert of(found, "--n-gpu-layers") == "all"
    assert of(found, "--reasoning") == "off"
    assert of(found, "--temp") == "0.7"
    assert found.tool_support


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
@pytest.mark.parametrize("engine", ENGINES)
def test_only_options_that_the_engine_has(engine: EngineName, family: Any, model: Make) -> None:
    it = model(QWEN_35, gguf=engine == "llama.cpp")
    it = msgspec.structs.replace(it, family=family)
    two = GpuTarget(kind="uuid", ids=("GPU-1111", "GPU-2222"), cards=2, memory_bytes=80 << 30, compute_capability="9.0")
    found = design(order(engine=engine, cache="8bit", no_thinking=True), it, two)
    assert {word for word in arguments(found) if word.startswith("--")} <= set(found.engine.options)


def test_the_engine_by_how_weights_are_stored(model: Make) -> None:
    nvfp4 = QWEN_35 | {"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}
    assert engine_for(model(QWEN_35)) == "sglang"
    assert engine_for(model(nvfp4)) == "vllm"
    assert engine_for(model(gguf=True)) == "llama.cpp"


def test_fp8_experts_on_blackwell_are_kept_from_hanging(model: Make) -> None:
    fp8 = QWEN_35 | {"quantization_config": {"quant_method": "fp8", "weight_block_size": [128, 128]}}
    for engine, option in (("sglang", "--moe-runner-backend"), ("vllm", "--moe-backend")):
        found = design(order(engine=engine), model(fp8, gib=35), RTX_PRO)
        assert of(found, option) == "triton"
        assert any("AWQ" in warning for warning in found.warnings)
    assert design(order(engine="vllm"), model(fp8, gib=35), RTX_PRO).environment["VLLM_DISABLED_KERNELS"]


def test_nvfp4_on_blackwell_reads_less_at_once(model: Make) -> None:
    nvfp4 = QWEN_35 | {"quantization_config": {"quant_method": "modelopt", "quant_algo": "NVFP4"}}
    assert of(design(order(engine="vllm"), model(nvfp4), RTX_PRO), "--max-num-batched-tokens") == "2048"


def test_a_cache_of_8_bits_is_of_a_kind_that_the_card_has(model: Make) -> None:
    ampere = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=80 << 30, compute_capability="8.0")
    for target, engine, kind in (
        (RTX_PRO, "sglang", "fp8_e4m3"),
        (ampere, "sglang", "fp8_e5m2"),
        (RTX_PRO, "vllm", "fp8"),
        (ampere, "vllm", "fp8_e5m2"),
    ):
        assert of(design(order(engine=engine, cache="8bit"), model(QWEN_35), target), "--kv-cache-dtype") == kind


def test_what_does_not_fit_is_refused_with_what_would(model: Make) -> None:
    small = GpuTarget(kind="uuid", ids=("GPU-1",), name="RTX 4090", memory_bytes=24_564 << 20, compute_capability="8.9")
    with pytest.raises(DoesNotFit, match=r"does not fit into the 24 GiB of RTX 4090: weights 35\.0 GiB") as caught:
        design(order(), model({"text_config": QWEN_35["text_config"]}, gib=35), small)
    assert "what would fit: " in str(caught.value.hint)
    assert {remedy.kind for remedy in caught.value.remedies} >= {"card", "weights"}
    assert not caught.value.plan.fits


def test_a_context_that_nobody_asked_for_is_cut_to_what_fits(model: Make) -> None:
    dense = {
        "model_type": "qwen3",
        "hidden_size": 5120,
        "num_hidden_layers": 64,
        "num_attention_heads": 64,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "max_position_embeddings": 131_072,
        "vocab_size": 151936,
    }
    card = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=32_607 << 20, compute_capability="12.0")
    found = design(order(engine="vllm"), model(dense, "Qwen3-32B-AWQ", gib=19), card)
    assert 20_000 < found.context_tokens < 40_000
    assert any(warning.startswith("the context is ") for warning in found.warnings)
    with pytest.raises(DoesNotFit, match="131,072 tokens"):
        design(order(engine="vllm", context_tokens=131_072), model(dense, "Qwen3-32B-AWQ", gib=19), card)


def test_prompts_are_read_in_smaller_pieces_where_that_makes_room(model: Make) -> None:
    card = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=32_607 << 20, compute_capability="8.9")
    usual = design(order(engine="sglang"), model(QWEN_35), card)
    tight = design(order(engine="sglang", context_tokens=131_072), model(QWEN_35), card)
    assert (usual.batch_tokens, tight.batch_tokens) == (4_096, 2_048)


@pytest.mark.parametrize("engine", ["sglang", "vllm"])
def test_the_card_that_is_offered_is_large_enough(model: Make, engine: str) -> None:
    small = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=16 << 30, compute_capability="8.9")
    asked = order(engine=engine, context_tokens=131_072)
    with pytest.raises(DoesNotFit) as caught:
        design(asked, model(QWEN_35), small)
    (offered,) = (remedy.demand for remedy in caught.value.remedies if remedy.kind == "card")
    card = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=offered.card_bytes, compute_capability="8.9")
    assert design(asked, model(QWEN_35), card).context_tokens == 131_072


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"context_tokens": 300_000}, "made for 262,144 tokens"),
        ({"context_tokens": 100}, "too short"),
        ({"host": "localhost"}, "is no address"),
        ({"host": "my.server"}, "is no address"),
        ({"name": "a\nb"}, "is no name of a serve"),
        ({"name": " "}, "is no name of a serve"),
        ({"served_name": "--trust-remote-code"}, "taken for an option"),
        ({"served_name": "x" * 201}, "is no name of a served model"),
        ({"image": "vllm/vllm-openai:latest"}, "another image tomorrow"),
        ({"engine": "llama.cpp"}, "reads GGUF files"),
    ],
)
def test_orders_that_are_refused(members: dict[str, Any], message: str, model: Make) -> None:
    with pytest.raises(StartupError, match=message) as caught:
        design(order(**members), model(QWEN_35), RTX_PRO)
    assert caught.value.hint


def test_gguf_is_for_llama_cpp(model: Make) -> None:
    with pytest.raises(StartupError, match="does not serve GGUF"):
        design(order(engine="vllm"), model(QWEN_35, gguf=True), RTX_PRO)
    with pytest.raises(StartupError, match="would be several names"):
        design(order(served_name="a,b"), model(QWEN_35, gguf=True), RTX_PRO)


def test_without_a_gpu(model: Make) -> None:
    found = design(order(), model(QWEN_35, gguf=True), cpu_target(128 << 30))
    assert found.image.endswith("server-b11206")
    assert of(found, "--n-gpu-layers") is None
    with pytest.raises(StartupError, match="SGLang needs a GPU"):
        design(order(), model(QWEN_35), cpu_target(128 << 30))


def test_too_little_ram(model: Make) -> None:
    it = model(QWEN_35, gguf=True)
    assert it.card is not None
    large = msgspec.structs.replace(
        it,
        card=msgspec.structs.replace(it.card, sizes=msgspec.structs.replace(it.card.sizes, weights_bytes=40 << 30)),
    )
    with pytest.raises(DoesNotFit, match="the 32 GiB of this machine") as caught:
        design(order(), large, cpu_target(32 << 30))
    assert "GiB of RAM" in str(caught.value.hint)


def test_a_model_of_no_known_family_is_told_not_to_think_by_its_template(tmp_path: Path) -> None:
    folder = tmp_path / "unknown"
    write_safetensors(folder / "model.safetensors", {"w": ("BF16", [1000])})
    (folder / "config.json").write_text(json.dumps({"model_type": "newest", "architectures": ["NewestForCausalLM"]}))
    template = "{% if enable_thinking is defined and enable_thinking is false %}<think></think>{% endif %}"
    (folder / "chat_template.jinja").write_text(template)
    it = read_model(find_source(str(folder), {}, elsewhere=False))
    assert it.family is None
    found = design(order(engine="vllm", no_thinking=True), it, RTX_PRO)
    assert of(found, "--default-chat-template-kwargs") == '{"enable_thinking": false}'
    assert any("no family that is known here" in warning for warning in found.warnings)
    assert any("may not load it" in warning for warning in found.warnings)


def test_what_a_file_says_of_its_sampling_is_left_to_llama_cpp(tmp_path: Path) -> None:
    write_gguf(tmp_path / "Qwen3-8B.gguf", general__sampling__temp=0.6)
    it = read_model(find_source(str(tmp_path / "Qwen3-8B.gguf"), {}, elsewhere=False))
    assert of(design(order(), it, RTX_PRO), "--temp") is None


def test_an_old_card_and_an_old_driver(model: Make) -> None:
    volta = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=32 << 30, compute_capability="7.0")
    with pytest.raises(StartupError, match=r"below 7\.5") as caught:
        design(order(engine="vllm"), model(QWEN_35), volta)
    assert "llama.cpp" in str(caught.value.hint)
    old = GpuTarget(kind="uuid", ids=("GPU-1",), memory_bytes=80 << 30, compute_capability="9.0", driver="470.1")
    with pytest.raises(StartupError, match=r"need NVIDIA driver 525, and this one is 470\.1"):
        design(order(engine="vllm"), model(QWEN_35), old)


def test_what_is_in_use_is_told(model: Make) -> None:
    busy = GpuTarget(
        kind="uuid", ids=("GPU-1",), memory_bytes=80 << 30, memory_used_bytes=20 << 30, compute_capability="9.0"
    )
    assert any(
        "20.0 GiB of the card are in use now" in warning
        for warning in design(order(engine="vllm"), model(QWEN_35), busy).warnings
    )


def test_other_machines_are_let_in_only_with_a_warning(model: Make) -> None:
    found = design(order(host="0.0.0.0", engine="vllm"), model(QWEN_35), RTX_PRO)
    assert any("asks for no key" in warning for warning in found.warnings)
    assert any("--api-key would cover only" in warning for warning in found.warnings)


def test_what_is_not_known_is_said(model: Make) -> None:
    unknown = GpuTarget(kind="index", ids=("1",))
    found = design(order(engine="vllm"), model(name="somebody's"), unknown)
    assert found.memory is None
    assert [word for warning in found.warnings for word in ("not known", "not reliable") if word in warning]
    assert any("no family that is known here" in warning for warning in found.warnings)
    assert not found.tool_support


def test_a_windows_drive_is_warned_of(model: Make) -> None:
    it = model(QWEN_35)
    source = msgspec.structs.replace(it.source, mount=Path("/mnt/c/m"))
    found = design(order(wsl=True, engine="vllm"), msgspec.structs.replace(it, source=source), RTX_PRO)
    assert any("Windows drive" in warning for warning in found.warnings)
    assert found.environment["VLLM_USE_V2_MODEL_RUNNER"] == "0"
    sglang = design(order(wsl=True, engine="sglang"), it, RTX_PRO)
    assert of(sglang, "--model-loader-extra-config") == '{"enable_multithread_load": false}'
    assert "--model-loader-extra-config" in sglang.engine.options


@pytest.mark.parametrize(
    ("name", "service"),
    [("Heavy", "heavy"), ("a/b c", "a-b-c"), ("日本", "model"), ("--", "model"), ("x" * 99, "x" * 60)],
)
def test_docker_gets_names_that_it_takes(name: str, service: str, model: Make) -> None:
    if name.startswith("-"):
        with pytest.raises(StartupError):
            design(order(name=name), model(QWEN_35), RTX_PRO)
        return
    assert design(order(name=name), model(QWEN_35), RTX_PRO).service == service
