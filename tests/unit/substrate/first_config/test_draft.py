from __future__ import annotations

import tomllib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import loads
from anvil_serving.errors import StartupError
from anvil_serving.profile import Profile
from anvil_serving.substrate.engine import Engine, EngineKind, EngineModel, Finding
from anvil_serving.substrate.engine_answers import parameters_of
from anvil_serving.substrate.first_config.draft import ASSUMED_CONTEXT, Draft, Machine, draft
from anvil_serving.substrate.first_config.first_config import SKELETON

NO_CARD = Machine(memory_bytes=32 << 30, has_gpu=False)
CARD = Machine(memory_bytes=24 << 30, has_gpu=True)


def model(name: str, **more: Any) -> EngineModel:
    usual = {"context_tokens": 131_072, "is_loaded": True, "parameters": parameters_of(name)}
    return EngineModel(name=name, **{**usual, **more})


def engine(kind: EngineKind, port: int, *models: EngineModel, **more: Any) -> Finding:
    url = f"http://127.0.0.1:{port}"
    return Finding(
        url=url, state="engine", seen=kind, engine=Engine(kind=kind, url=url, models=models, version="1.2", **more)
    )


def drafted(*findings: Finding, machine: Machine = NO_CARD, **more: Any) -> Draft:
    return draft(findings, machine, **{"port": 8000, "date": "2026-11-29", **more})


def tiers(found: Draft) -> dict[str, dict[str, Any]]:
    return {tier["id"]: tier for tier in tomllib.loads(found.text)["router"]["tiers"]}


def presets(found: Draft) -> dict[str, list[str]]:
    listed: dict[str, list[str]] = tomllib.loads(found.text)["router"]["presets"]
    return listed


def test_one_engine_answers_all() -> None:
    found = drafted(engine("llama.cpp", 8080, model("qwen3-8b"), places=2, dialects=("openai", "anthropic")))
    assert tiers(found)["qwen3-8b"] == {
        "id": "qwen3-8b",
        "base_url": "http://127.0.0.1:8080/v1",
        "model": "qwen3-8b",
        "context_limit": 131_072,
        "privacy": "local",
        "dialect": "openai",
        "dialects": ["openai", "anthropic"],
        "max_concurrency": 2,
        "timeouts": {"first_byte": 600},
    }
    assert set(map(tuple, presets(found).values())) == {("qwen3-8b",)}
    assert found.notes == ()


def test_the_smaller_model_is_asked_first_and_the_larger_one_is_the_heavy_one() -> None:
    found = drafted(
        engine("SGLang", 30000, model("Qwen3.5-35B-A3B-AWQ")),
        engine("vLLM", 30001, model("openai/gpt-oss-20b"), model("its-adapter")),
        machine=CARD,
    )
    assert presets(found)["chat"] == presets(found)["quick-edit"] == ["gpt-oss-20b", "qwen3.5-35b-a3b-awq"]
    assert presets(found)["planning"] == presets(found)["review"] == ["qwen3.5-35b-a3b-awq"]
    router = loads(found.text, name="x").router
    assert [router.role(tier) for tier in router.tiers] == ["fast", "heavy"]
    assert found.notes == ("vLLM has others too: its-adapter; copy a tier for each that you want",)


def test_a_large_model_with_a_small_window_is_not_the_heavy_one() -> None:
    found = drafted(
        engine("Ollama", 11434, model("qwen3:32b", context_tokens=4_096, trained_context_tokens=40_960)),
        engine("llama.cpp", 8080, model("qwen3-8b", context_tokens=65_536)),
    )
    assert presets(found)["review"] == ["qwen3-8b"]
    (note,) = found.notes
    assert "4,096 tokens, though made for 40,960" in note
    assert "OLLAMA_CONTEXT_LENGTH" in note


OLLAMA = engine(
    "Ollama",
    11434,
    EngineModel(name="qwen3:8b", is_loaded=False, takes_tools=True, size_bytes=5 << 30, parameters=8e9),
    EngineModel(name="gemma3:12b", is_loaded=False, takes_tools=False, size_bytes=8 << 30, parameters=12e9),
    EngineModel(name="llama3.3:70b", is_loaded=False, takes_tools=True, size_bytes=43 << 30, parameters=70e9),
    EngineModel(name="nomic", is_loaded=False, serves_chat=False, context_tokens=2_048),
    EngineModel(name="big:cloud", is_loaded=False, runs_elsewhere=True, parameters=1e12),
)


def test_of_what_could_be_loaded_the_largest_that_fits_and_takes_tools_is_taken() -> None:
    found = drafted(OLLAMA, machine=CARD)
    assert list(tiers(found)) == ["qwen3-8b", "nomic"]
    assert tiers(found)["nomic"]["purposes"] == ["embeddings"]
    assert all("nomic" not in listed for listed in presets(found).values())
    # What leaves the machine is never called local.
    assert "big:cloud" not in str(tiers(found))
    assert any("elsewhere: big:cloud" in note for note in found.notes)


@pytest.mark.parametrize(
    ("memory", "chosen"), [(None, "llama3.3:70b"), (80 << 30, "llama3.3:70b"), (1 << 30, "qwen3:8b")]
)
def test_what_fits_depends_on_the_machine(memory: int | None, chosen: str) -> None:
    found = drafted(OLLAMA, machine=Machine(memory_bytes=memory, has_gpu=True))
    assert found.tiers[0].model.name == chosen


def test_a_window_that_is_not_said_is_taken_to_be_small_unless_told() -> None:
    assert drafted(OLLAMA).tiers[0].context_limit == ASSUMED_CONTEXT
    told = drafted(OLLAMA, context_tokens=65_536)
    assert told.tiers[0].context_limit == 65_536
    assert not any("window" in note for note in told.notes)


def test_a_model_that_takes_no_tools_or_thinks_is_written_so() -> None:
    found = drafted(engine("SGLang", 30000, model("a-7b", takes_tools=False, can_switch_thinking=True)))
    tier = tiers(found)["a-7b"]
    assert tier["tool_support"] is False
    assert tier["extra_body_defaults"] == {"chat_template_kwargs": {"enable_thinking": False}}
    assert any("takes no tools" in note for note in found.notes)


@pytest.mark.parametrize(
    ("kind", "name", "defaults"),
    [
        ("SGLang", "Qwen3.5-35B-A3B-AWQ", {"chat_template_kwargs": {"enable_thinking": False}}),
        ("vLLM", "openai/gpt-oss-20b", {"reasoning_effort": "low"}),
        ("vLLM", "Qwen/Qwen3-Coder-30B-A3B-Instruct", None),
        ("Ollama", "qwen3:8b", None),
        ("vLLM", "heavy", None),
    ],
)
def test_families_that_think_by_default_are_told_not_to(kind: EngineKind, name: str, defaults: Any) -> None:
    (tier,) = tiers(drafted(engine(kind, 30000, model(name)))).values()
    assert tier.get("extra_body_defaults") == defaults


def test_tiers_have_names_of_their_own() -> None:
    found = drafted(
        engine("vLLM", 8000, model("chat")),
        engine("vLLM", 8001, model("/models/Chat")),
        engine("vLLM", 8002, model("日本")),
    )
    assert set(tiers(found)) == {"chat-8000", "chat-8001", "local"}


def test_no_local_tier_is_trusted_with_planning_which_the_file_says() -> None:
    found = drafted(engine("llama.cpp", 8080, model("qwen3-8b")))
    router = loads(found.text, name="x").router
    assert Profile.load(router)["qwen3-8b", "planning"].verdict == "deny"
    assert "answered 503" in found.text
    assert "answered 503" not in drafted(engine("llama.cpp", 8080, model("q")), mode="direct").text


def test_no_model_for_conversations() -> None:
    for finding in (engine("Ollama", 11434), engine("Ollama", 11434, EngineModel(name="nomic", serves_chat=False))):
        with pytest.raises(StartupError, match="answers conversations"):
            drafted(finding)


def test_the_skeleton_loads_without_a_warning() -> None:
    assert loads(SKELETON, name="x").warnings == ()


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=40) | st.sampled_from(
    ["chat", "planning", "a/b.gguf", "..", '"""', "x = 1", "]]", "\\", "#", "CON", "-", "model:a"]
)
MODELS = st.builds(
    EngineModel,
    name=NAMES,
    context_tokens=st.none() | st.integers(1, 1_000_000_000),
    trained_context_tokens=st.none() | st.integers(1, 1_000_000_000),
    parameters=st.none() | st.floats(1, 1e13),
    size_bytes=st.none() | st.integers(0, 2**60),
    is_loaded=st.none() | st.booleans(),
    serves_chat=st.booleans(),
    takes_tools=st.none() | st.booleans(),
    reads_images=st.none() | st.booleans(),
    can_switch_thinking=st.booleans(),
    runs_elsewhere=st.booleans(),
)
KINDS: list[EngineKind] = ["llama.cpp", "vLLM", "SGLang", "Ollama", "LM Studio"]


@given(
    kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=6),
    models=st.lists(MODELS, min_size=1, max_size=6),
    version=st.none() | st.text(),
    machine=st.sampled_from([NO_CARD, CARD, Machine(memory_bytes=None, has_gpu=False)]),
    mode=st.sampled_from(["gated", "direct"]),
)
def test_every_draft_loads_without_a_warning(
    kinds: list[EngineKind], models: list[EngineModel], version: str | None, machine: Machine, mode: Any
) -> None:
    findings = []
    for index, kind in enumerate(kinds):
        finding = engine(kind, 8000 + index, *models)
        assert finding.engine is not None
        findings.append(
            msgspec.structs.replace(finding, engine=msgspec.structs.replace(finding.engine, version=version))
        )
    try:
        found = drafted(*findings, machine=machine, mode=mode)
    except StartupError:
        assert not any(each.serves_chat and not each.runs_elsewhere for each in models)
        return
    config = loads(found.text, name="x")
    assert config.warnings == ()
    assert [tier.id for tier in config.router.tiers] == [tier.id for tier in found.tiers]
    assert {tier.model for tier in config.router.tiers} <= {each.name for each in models if not each.runs_elsewhere}
    assert all(line == "" or line.isprintable() for line in found.text.split("\n"))
