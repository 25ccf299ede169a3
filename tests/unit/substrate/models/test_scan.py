from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.models import COMMIT, QWEN3, hub_repository, ollama_model, write_gguf, write_safetensors

from anvil_serving.substrate.models.card import ModelCard, Sampling, Stored
from anvil_serving.substrate.models.roots import find_roots
from anvil_serving.substrate.models.scan import Scan, scan

if TYPE_CHECKING:
    from pathlib import Path

README = """---
license: other
license_name: qwen-research
base_model:
- Qwen/Base
pipeline_tag: text-generation
---
# Qwen
"""
TEMPLATE = "{% if tools %}{% endif %}{% if enable_thinking is defined and enable_thinking is false %}{% endif %}"


def looked(home: Path, *folders: Path, **environment: str) -> Scan:
    return scan(find_roots({"HOME": str(home), **environment}, folders=folders), lambda _doing, _done: None)


def only(found: Scan) -> ModelCard:
    (card,) = found.cards
    return card


def weights(folder: Path, name: str = "model.safetensors") -> Path:
    return write_safetensors(folder / name, {"a": ("BF16", [1024, 100])})


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    return tmp_path / ".cache" / "huggingface" / "hub"


def test_a_repository_of_the_hub(tmp_path: Path, hub: Path) -> None:
    files = {
        "config.json": json.dumps(QWEN3),
        "generation_config.json": json.dumps({"temperature": 0.6, "top_p": 0.95, "top_k": 20, "do_sample": True}),
        "tokenizer_config.json": json.dumps({"chat_template": TEMPLATE, "model_max_length": 10**30}),
        "README.md": README,
        "model.safetensors": weights(tmp_path / "made"),
    }
    hub_repository(hub, "Qwen/Qwen3-0.6B", files)
    card = only(looked(tmp_path))
    assert (card.name, card.source, card.revision) == ("Qwen/Qwen3-0.6B", "huggingface", COMMIT)
    assert card.path.endswith(f"snapshots/{COMMIT}")
    assert (card.format, card.whole, card.problems) == ("safetensors", True, ())
    assert (card.shape.parameters, card.stored_as) == (102_400, (Stored("BF16", 102_400),))
    assert card.sizes.cache_bytes_per_token == 28 * 8 * 256 * 2
    assert (card.licence, card.base_model, card.task) == ("qwen-research", "Qwen/Base", "text-generation")
    assert (card.thinking, card.thinking_switch, card.tools) == ("on", "enable_thinking", True)
    assert card.sampling == Sampling(temperature=0.6, top_p=0.95, top_k=20)
    assert [(fit.engine, fit.loadable) for fit in card.engines] == [
        ("llama.cpp", "no"),
        ("vllm", "yes"),
        ("sglang", "yes"),
    ]
    assert msgspec.json.decode(msgspec.json.encode(card), type=ModelCard) == card


def test_linked_files_count_once(tmp_path: Path, hub: Path) -> None:
    made = weights(tmp_path / "made")
    size = made.stat().st_size
    repository = hub_repository(hub, "a/b", {"config.json": json.dumps(QWEN3), "model.safetensors": made})
    snapshot = repository / "snapshots" / COMMIT
    (snapshot / "copy.safetensors").symlink_to((snapshot / "model.safetensors").readlink())
    os.link((snapshot / "model.safetensors").resolve(), snapshot / "hard.safetensors")
    card = only(looked(tmp_path))
    assert card.sizes.size_bytes == size + len(json.dumps(QWEN3))
    assert card.sizes.weights_bytes == size
    assert card.shape.parameters == 102_400


def test_of_several_revisions_it_is_main(tmp_path: Path, hub: Path) -> None:
    old, new = "1" * 40, "2" * 40
    repository = hub_repository(
        hub, "a/b", {"config.json": "{}", "model.safetensors": weights(tmp_path / "1")}, commit=old, main=False
    )
    hub_repository(
        hub,
        "a/b",
        {"config.json": json.dumps(QWEN3), "model.safetensors": weights(tmp_path / "2")},
        commit=new,
    )
    card = only(looked(tmp_path))
    assert (card.revision, card.revisions) == (new, 2)
    assert card.disk_bytes > card.sizes.size_bytes
    for ref in (old, "../../..", "3" * 40, ""):
        (repository / "refs" / "main").write_text(ref)
        assert only(looked(tmp_path)).revision in {old, new}


@pytest.mark.parametrize("way", ["incomplete", "broken link", "index", "part", "empty", "head"])
def test_what_is_not_whole_says_so(tmp_path: Path, hub: Path, way: str) -> None:
    files: dict[str, str | bytes | Path] = {"config.json": json.dumps(QWEN3)}
    files["model-00001-of-00002.safetensors"] = weights(tmp_path / "1", "one")
    if way != "part":
        files["model-00002-of-00002.safetensors"] = weights(tmp_path / "2", "two")
    if way == "index":
        files["model.safetensors.index.json"] = json.dumps({"weight_map": {"a": "other.safetensors"}})
    if way == "head":
        files["model-00002-of-00002.safetensors"] = b"garbage"
    repository = hub_repository(hub, "a/b", {} if way == "empty" else files)
    if way in {"incomplete", "empty"}:
        (repository / "blobs" / f"{'e' * 64}.incomplete").write_bytes(bytes(1000))
    if way == "broken link":
        (repository / "snapshots" / COMMIT / "model-00002-of-00002.safetensors").resolve().unlink()
    card = only(looked(tmp_path))
    assert not card.whole
    assert len(card.problems) in {1, 2}
    assert all(fit.loadable == "no" for fit in card.engines)
    if way in {"incomplete", "empty"}:
        assert card.problems == ("half downloaded: 1 files, 1,000 bytes so far",)


def test_each_gguf_of_a_repository_is_a_model_and_its_parts_are_one(tmp_path: Path, hub: Path) -> None:
    made = tmp_path / "made"
    files: dict[str, str | bytes | Path] = {
        "Q4_K_M/Big-Q4_K_M-00001-of-00002.gguf": write_gguf(made / "1", general__name="first"),
        "Q4_K_M/Big-Q4_K_M-00002-of-00002.gguf": write_gguf(made / "2"),
        "Big-UD-Q8_K_XL.gguf": write_gguf(made / "3", file_type=7),
        "mmproj-F16.gguf": write_gguf(made / "4", "clip"),
        "config.json": json.dumps(QWEN3),
        "README.md": "---\nlicense: mit\n---\n",
    }
    repository = hub_repository(hub, "a/Big-GGUF", files)
    (repository / "blobs" / "x.incomplete").write_bytes(b"12")
    rest, first, second = looked(tmp_path).cards
    assert (rest.name, rest.format, rest.whole) == ("a/Big-GGUF", None, False)
    assert (first.name, first.shape.parameters, first.whole) == ("a/Big-GGUF:Q4_K_M", 128, True)
    assert first.path.endswith("Big-Q4_K_M-00001-of-00002.gguf")
    assert first.licence == "mit"
    assert second.name == "a/Big-GGUF:UD-Q8_K_XL"
    assert second.shape.quantisation is not None
    assert second.shape.quantisation.scheme == "Q8_0"
    assert [fit.loadable for fit in first.engines] == ["yes", "no", "perhaps"]


def test_plain_folders(tmp_path: Path) -> None:
    root = tmp_path / "srv"
    write_gguf(root / "loose-Q4_K_M.gguf")
    write_gguf(root / "publisher" / "repo" / "file-IQ4_XS.gguf", general__license="mit")
    write_gguf(root / "half" / "file-Q4_0-00002-of-00003.gguf")
    (root / "tuned" / "sub").mkdir(parents=True)
    (root / "tuned" / "config.json").write_text(json.dumps(QWEN3))
    weights(root / "tuned")
    (root / "tuned" / "sub" / "config.json").write_text("{}")
    (root / "notes").mkdir()
    (root / "notes" / "todo.txt").write_text("x")
    found = {card.name: card for card in looked(tmp_path, root).cards}
    assert set(found) == {"loose-Q4_K_M", "publisher/repo:IQ4_XS", "half:Q4_0", "tuned"}
    assert found["half:Q4_0"].problems == ("missing: 2 of 3 parts",)
    assert found["publisher/repo:IQ4_XS"].licence == "mit"
    assert found["tuned"].shape.architecture == "Qwen3ForCausalLM"
    assert only(looked(tmp_path, root / "tuned")).name == "tuned"


def test_a_configuration_of_something_else_is_no_model(tmp_path: Path) -> None:
    root = tmp_path / "srv"
    write_gguf(root / "sub" / "tiny-Q4_0.gguf")
    (root / "app").mkdir()
    for folder in (root, root / "app"):
        (folder / "config.json").write_text('{"port": 8080}')
    assert only(looked(tmp_path, root)).name == "sub:Q4_0"


def test_the_other_usual_places(tmp_path: Path) -> None:
    write_gguf(tmp_path / ".lmstudio" / "models" / "lmstudio-community" / "Tiny-GGUF" / "Tiny-Q4_K_M.gguf")
    write_gguf(tmp_path / ".cache" / "llama.cpp" / "ggml-org_tiny_Q8_0.gguf")
    (tmp_path / ".cache" / "llama.cpp" / "other.gguf.downloadInProgress").write_bytes(b"123")
    weight = write_gguf(tmp_path / "made.gguf")
    store = tmp_path / "ollama"
    ollama_model(
        store,
        "tiny",
        "1b",
        weight,
        template=b"{{ if .Tools }}{{ end }}",
        params=b'{"temperature": 0.7, "repeat_penalty": 1.1}',
    )
    (store / "manifests" / "registry.ollama.ai" / "library" / "tiny" / "broken").write_text("{")
    found = {card.name: card for card in looked(tmp_path, OLLAMA_MODELS=str(store)).cards}
    assert set(found) == {"lmstudio-community/Tiny-GGUF:Q4_K_M", "ggml-org_tiny_Q8_0", "tiny:1b"}
    tiny = found["tiny:1b"]
    assert (tiny.source, tiny.tools, tiny.whole) == ("ollama", True, True)
    assert tiny.sampling == Sampling(temperature=0.7, repetition_penalty=1.1)
    assert tiny.shape.layers == 28


def test_a_place_that_is_named_twice_is_looked_at_once(tmp_path: Path, hub: Path) -> None:
    hub_repository(hub, "a/b", {"config.json": json.dumps(QWEN3), "model.safetensors": weights(tmp_path / "made")})
    (tmp_path / "link").symlink_to(hub)
    found = looked(tmp_path, tmp_path / "link", hub, HF_HOME=str(hub.parent), HF_HUB_CACHE=str(hub))
    assert len(found.cards) == 1
    assert len(found.looked) == 1


def test_hostile_caches(tmp_path: Path, hub: Path) -> None:
    for number, odd in enumerate(("refs", "blobs", "snapshots", "")):
        place = hub / f"models--a--{number}" / odd
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(place)
    (hub / "models--a--file").write_text("x")
    (hub / "models--").mkdir()
    repository = hub_repository(hub, "a/b", {"config.json": json.dumps(QWEN3)})
    (repository / "refs" / "main").unlink()
    os.mkfifo(repository / "refs" / "main")
    (repository / "snapshots" / COMMIT).rename(repository / "snapshots" / os.fsdecode(b"\xff\x1b[2J"))
    found = looked(tmp_path)
    assert [card.name for card in found.cards] == ["a/b"]
    assert only(found).problems == ("no weights are there",)
    assert only(found).revision == "\\udcff\\x1b[2J"
    assert msgspec.json.encode(found)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(tmp_path: Path, hub: Path) -> None:
    closed = hub_repository(hub, "a/closed", {"config.json": json.dumps(QWEN3)})
    hub_repository(hub, "a/open", {"config.json": json.dumps(QWEN3)})
    closed.chmod(0)
    assert [card.name for card in looked(tmp_path).cards] == ["a/open"]
    closed.chmod(0o700)


def test_hostile_folders(tmp_path: Path) -> None:
    root = tmp_path / "srv"
    model = root / "model"
    model.mkdir(parents=True)
    (model / "circle").symlink_to(root)
    os.mkfifo(model / "model.safetensors")
    os.mkfifo(model / "config.json")
    (model / "README.md").symlink_to("/dev/zero")
    (root / "self").symlink_to(root / "self")
    (root / os.fsdecode(b"\xff\xfe\x1b[2J")).mkdir()
    write_gguf(root / os.fsdecode(b"\xff\xfe\x1b[2J") / "m-Q4_0.gguf")
    deep = root.joinpath(*["d"] * 40)
    deep.mkdir(parents=True)
    found = looked(tmp_path, root)
    assert [card.name for card in found.cards] == ["\\udcff\\udcfe\\x1b[2J:Q4_0"]
    assert msgspec.json.encode(found)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("config.json", b"\xff\xfe\x00"),
        ("config.json", b"[" * 200_000),
        ("config.json", b'{"num_hidden_layers": 1' + b"0" * 5000 + b"}"),
        ("config.json", b"x" * (4 * 1024 * 1024 + 1)),
        ("config.json", b'["a"]'),
        ("tokenizer_config.json", b'{"chat_template": 5}'),
        ("generation_config.json", b'{"temperature": NaN, "top_k": -1, "top_p": 1e999}'),
        ("model.safetensors.index.json", b'{"weight_map": [1]}'),
        ("README.md", b"---\n" + b"[" * 60_000 + b"\n---\n"),
        ("README.md", b"---\nlicense: [a, {b: c}]\nbase_model: {a: b}\n---\n"),
        (
            "README.md",
            b"---\n"
            + b"".join(b"k%d: &k%d {<<: [*k%d, *k%d]}\n" % (n, n, n - 1, n - 1) for n in range(1, 99))
            + b"\n---\n",
        ),
        ("hf_quant_config.json", b'{"quantization": {"quant_algo": "NVFP4\\u001b"}}'),
    ],
)
def test_hostile_files(tmp_path: Path, name: str, content: bytes) -> None:
    folder = tmp_path / "srv" / "model"
    weights(folder)
    (folder / "config.json").write_text(json.dumps(QWEN3))
    (folder / name).write_bytes(content)
    card = only(looked(tmp_path, folder.parent))
    assert card.shape.parameters == 102_400
    assert "\x1b" not in msgspec.json.encode(card).decode()


PIECES = [
    b"",
    b"null",
    b"[]",
    b"{}",
    b"-1",
    b"1e999",
    b'"',
    b"9" * 30,
    b"true",
    b"NaN",
    b"\x00" * 8,
    b"\xff" * 8,
    b"\xe2",
]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 7), st.integers(0, 3_000), st.integers(0, 12), st.sampled_from(PIECES)), max_size=6
    )
)
def test_no_damage_is_an_error(tmp_path: Path, damages: list[tuple[int, int, int, bytes]]) -> None:
    folder = tmp_path / "srv" / "model"
    whole = tmp_path / "whole"
    if not whole.exists():
        write_gguf(whole / "m-Q4_K_M.gguf", words=10)
        weights(whole)
        (whole / "config.json").write_text(
            json.dumps({**QWEN3, "quantization_config": {"quant_method": "awq", "bits": 4}})
        )
        (whole / "generation_config.json").write_text('{"temperature": 0.5, "top_k": 3}')
        (whole / "tokenizer_config.json").write_text(
            json.dumps({"chat_template": [{"name": "a", "template": TEMPLATE}]})
        )
        (whole / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model.safetensors"}}')
        (whole / "hf_quant_config.json").write_text('{"quantization": {"quant_algo": "FP8"}}')
        (whole / "README.md").write_text(README)
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in whole.iterdir())
    contents = {name: (whole / name).read_bytes()[:4_000] for name in names}
    for number, place, length, piece in damages:
        content = contents[names[number]]
        start = place % (len(content) + 1)
        contents[names[number]] = content[:start] + piece + content[start + length :]
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    found = looked(tmp_path, folder.parent)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Scan) == found


def test_nothing_is_there(tmp_path: Path) -> None:
    found = looked(tmp_path)
    assert found.cards == ()
    assert str(tmp_path / ".cache" / "huggingface" / "hub") in found.absent
