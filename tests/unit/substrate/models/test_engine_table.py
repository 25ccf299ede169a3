from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anvil_serving.substrate.models.engine_table import engine_fits, engines
from anvil_serving.substrate.models.quantisation import Quantisation
from anvil_serving.substrate.models.shape import ModelShape

if TYPE_CHECKING:
    from anvil_serving.substrate.models.card import EngineFit

QWEN = ModelShape(architecture="Qwen3ForCausalLM")


def fit(engine: str, shape: ModelShape, form: object = "safetensors", *, whole: bool = True) -> EngineFit:
    (found,) = (each for each in engine_fits(shape, form, whole=whole) if each.engine == engine)  # type: ignore[arg-type]
    return found


def quantised(method: str, scheme: str, **more: object) -> ModelShape:
    return ModelShape(architecture="Qwen3ForCausalLM", quantisation=Quantisation(method, scheme, 4), **more)  # type: ignore[arg-type]


def test_every_row_has_its_source_and_says_something_of_every_format() -> None:
    forms = {"safetensors", "gguf", "pytorch", "onnx", "diffusers", "adapter"}
    for engine in engines():
        assert engine.source
        assert engine.version
        assert len(engine.architectures) > 100
        assert forms == {*engine.loads, *(forms & ({*engine.partly} | {*engine.refuses}))}
        assert all(caveat.source for caveat in engine.caveat)


@pytest.mark.parametrize(
    ("engine", "shape", "form", "loadable", "reason"),
    [
        ("vllm", QWEN, "safetensors", "yes", None),
        ("sglang", QWEN, "safetensors", "yes", None),
        ("llama.cpp", QWEN, "safetensors", "no", "convert_hf_to_gguf"),
        ("llama.cpp", ModelShape(architecture="qwen3"), "gguf", "yes", None),
        ("llama.cpp", ModelShape(architecture="newarch"), "gguf", "perhaps", "newarch is not among"),
        ("vllm", ModelShape(architecture="qwen3"), "gguf", "no", "vllm-gguf-plugin"),
        ("sglang", ModelShape(architecture="qwen3"), "gguf", "perhaps", "--load-format gguf"),
        ("vllm", quantised("awq", "int4"), "safetensors", "yes", None),
        ("vllm", quantised("bitsandbytes", "nf4"), "safetensors", "no", "vllm-bnb-plugin"),
        ("sglang", quantised("bitsandbytes", "nf4"), "safetensors", "yes", None),
        ("vllm", quantised("exl3", "exl3"), "safetensors", "perhaps", "no quantisation called exl3"),
        ("sglang", quantised("mlx", "int4"), "safetensors", "no", "Apple silicon"),
        ("vllm", ModelShape(architecture="MptForCausalLM"), "safetensors", "no", "until 0.28.0"),
        ("vllm", ModelShape(), "safetensors", "perhaps", "do not name"),
        ("vllm", QWEN, "adapter", "no", "--enable-lora"),
        ("vllm", QWEN, None, "no", "no weights"),
    ],
)
def test_what_an_engine_makes_of_a_model(
    engine: str, shape: ModelShape, form: str | None, loadable: str, reason: str | None
) -> None:
    found = fit(engine, shape, form)
    assert found.loadable == loadable
    assert (found.reason is None) if reason is None else reason in (found.reason or "")


def test_a_model_that_is_not_whole_is_loaded_by_none() -> None:
    assert fit("vllm", QWEN, whole=False).reason == "the model is not whole"


def test_what_goes_wrong_on_some_cards_is_said() -> None:
    assert fit("sglang", quantised("fp8", "fp8", experts=64)).caveats
    assert fit("vllm", quantised("modelopt", "nvfp4")).caveats
    assert not fit("sglang", quantised("fp8", "fp8")).caveats
    assert not fit("sglang", quantised("awq", "int4", experts=64)).caveats
