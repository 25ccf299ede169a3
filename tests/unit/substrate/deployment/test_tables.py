"""The tables that `deploy` goes by: every row has a source, and names only what its engine knows."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.caveat import Caveat, caveats, caveats_for
from anvil_serving.substrate.deployment.family import Family, families, family_of
from anvil_serving.substrate.deployment.gpu_target import KnownCard, known_cards
from anvil_serving.substrate.deployment.image_reference import check_image, is_pinned
from anvil_serving.substrate.deployment.serving_engine import ENGINES, EngineName, engine_named
from anvil_serving.substrate.gpus import ARCHITECTURES

SOURCE = re.compile(r"https://|issue|PyPI|sglang 0\.5|digest|tag|nvidia-smi|specification|same build")


@pytest.mark.parametrize("row", [*families(), *caveats(), *known_cards()], ids=lambda row: row.name)
def test_every_row_says_where_it_is_from(row: Family | Caveat | KnownCard) -> None:
    assert SOURCE.search(row.source), row.source


@pytest.mark.parametrize("name", ENGINES)
def test_every_engine_and_image_says_where_it_is_from(name: EngineName) -> None:
    engine = engine_named(name)
    assert SOURCE.search(engine.source)
    for image in engine.images:
        assert SOURCE.search(image.source)
        assert is_pinned(image.reference)
        assert check_image(image.reference, unpinned=False) == image.reference


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
@pytest.mark.parametrize("name", ["vllm", "sglang"])
def test_a_family_names_what_its_engine_knows(family: Family, name: EngineName) -> None:
    engine, parsers = engine_named(name), family.parsers(name)
    assert parsers is not None
    assert SOURCE.search(parsers.source)
    assert parsers.tool_call_parser in (None, *engine.tool_call_parsers)
    assert parsers.reasoning_parser in (None, *engine.reasoning_parsers)
    assert {word for word in parsers.options if word.startswith("--")} <= set(engine.options)


@pytest.mark.parametrize("caveat", caveats(), ids=lambda caveat: caveat.name)
def test_a_caveat_names_what_there_is(caveat: Caveat) -> None:
    assert set(caveat.engines) <= set(ENGINES)
    for engine in caveat.engines:
        assert {word for word in caveat.options if word.startswith("--")} <= set(engine_named(engine).options)
    known = [*ARCHITECTURES, "5.2", "6.1"]
    for pattern in caveat.capabilities:
        assert any(fnmatchcase(capability, pattern) for capability in known) or pattern == "7.2"
    # What cannot work says what does.
    assert (caveat.remedy is not None) is caveat.refuse


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_a_switch_has_its_value(family: Family) -> None:
    if family.thinking is not None:
        assert (family.thinking.switch is None) is (family.thinking.off is None)


@pytest.mark.parametrize(
    ("model_type", "name", "family"),
    [
        ("qwen2", "Qwen2.5-7B-Instruct", "qwen2.5"),
        ("qwen2", "QwQ-32B", "qwq"),
        ("qwen2", "DeepSeek-R1-Distill-Qwen-32B", "deepseek-r1-distill"),
        ("qwen3", "Qwen3-8B", "qwen3"),
        ("qwen3_moe", "Qwen3-30B-A3B-Instruct-2507", "qwen3-instruct"),
        ("qwen3_moe", "Qwen3-30B-A3B-Thinking-2507-FP8", "qwen3-thinking"),
        ("qwen3_moe", "Qwen3-Coder-30B-A3B-Instruct-AWQ", "qwen3-coder"),
        ("qwen3_5_moe_text", "my finetune", "qwen3.5"),
        (None, "Qwen3.5-35B-A3B-AWQ", "qwen3.5"),
        ("gpt_oss", "gpt-oss-20b", "gpt-oss"),
        ("llama", "Llama-3.3-70B-Instruct", "llama-3"),
        ("llama", "somebody's model", None),
        ("glm4_moe", "GLM-4.5-Air", "glm-4.5"),
        ("glm4_moe", "GLM-4.7-FP8", "glm-4.7"),
        ("mistral3", "Devstral-Small-2-24B-Instruct-2512", "mistral"),
        ("mistral", "Magistral-Small-2509", "magistral"),
        # Somebody's own, whose template may be any.
        ("mistral", "zephyr-7b", None),
        ("mistral", "Hermes-2-Pro-Mistral-7B", "hermes"),
        ("deepseek_v3", "DeepSeek-V3.1", "deepseek-v3.1"),
        ("deepseek_v32", "DeepSeek-V3.2", "deepseek-v3.2"),
        ("gemma4_text", "gemma-4-31B-it", "gemma-4"),
        ("gemma3_text", "gemma-3-27b-it", "gemma-3"),
        # GGUF files name their architecture without underscores.
        ("qwen3moe", "Qwen3-Coder-30B-A3B-Instruct-Q4_K_M", "qwen3-coder"),
        ("gpt-oss", "gpt-oss-20b-mxfp4", "gpt-oss"),
    ],
)
def test_the_family_of_a_model(model_type: str | None, name: str, family: str | None) -> None:
    found = family_of(model_type, name)
    assert (found.name if found else None) == family


def test_the_field_notes_on_blackwell_are_in_the_table() -> None:
    hangs = caveats_for("sglang", "12.0", "fp8", mixture=True)
    assert any("hang" in caveat.says and "AWQ" in caveat.says for caveat in hangs)
    assert any(caveat.batch_tokens for caveat in caveats_for("vllm", "12.0", "nvfp4", mixture=True))
    assert caveats_for("vllm", "12.0", "int4", mixture=True) == ()
    assert caveats_for("vllm", None, "fp8", mixture=True) == ()


@pytest.mark.parametrize(
    ("engine", "driver", "tag"),
    [
        ("vllm", None, "v0.30.0"),
        ("vllm", "580.95.05", "v0.30.0"),
        ("vllm", "570.86.10", "v0.30.0-cu129"),
        ("llama.cpp", "535.54", "server-cuda-b11206"),
    ],
)
def test_the_image_is_one_that_the_driver_runs(engine: EngineName, driver: str | None, tag: str) -> None:
    image = engine_named(engine).image_for(driver, gpu=True)
    assert image is not None
    assert image.tag == tag


def test_no_image_runs_on_an_old_driver() -> None:
    assert engine_named("sglang").image_for("550.54", gpu=True) is None
    assert engine_named("llama.cpp").image_for(None, gpu=False).cuda is None  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["llamacpp", "llama-cpp", "LLAMA.CPP"])
def test_engines_have_the_names_that_people_write(name: str) -> None:
    assert engine_named(name).name == "llama.cpp"


def test_an_engine_that_there_is_not() -> None:
    with pytest.raises(StartupError, match="there is no engine 'tgi'"):
        engine_named("tgi")


@pytest.mark.parametrize(
    "reference",
    [
        "vllm/vllm-openai:latest",
        "vllm/vllm-openai",
        "vllm/vllm-openai:nightly-2026",
        "ghcr.io/ggml-org/llama.cpp:server-cuda",
    ],
)
def test_an_image_that_moves_is_refused_unless_it_is_wanted(reference: str) -> None:
    with pytest.raises(StartupError, match="another image tomorrow"):
        check_image(reference, unpinned=False)
    assert check_image(reference, unpinned=True) == reference


@pytest.mark.parametrize("reference", ["", "a b:1", "-v1", "x:1\n", "$(id):1", "x:1@sha256:12", "é:1", "a" * 600])
def test_what_is_no_image_is_refused(reference: str) -> None:
    with pytest.raises(StartupError, match="is no image"):
        check_image(reference, unpinned=True)
