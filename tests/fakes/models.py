"""Models as they lie on disks: Hugging Face caches, safetensors and GGUF files, Ollama's store. All small, all real."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["COMMIT", "QWEN3", "hub_repository", "ollama_model", "qwen3_8b", "write_gguf", "write_safetensors"]

COMMIT = "b968826d9c46dd6066d109eabc6255188de91218"

QWEN3 = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 1024,
    "num_hidden_layers": 28,
    "num_attention_heads": 16,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40960,
    "vocab_size": 151936,
    "torch_dtype": "bfloat16",
}
"""Of Qwen/Qwen3-0.6B's config.json."""

_QWEN3_8B = {
    "architectures": ["Qwen3ForCausalLM"],
    "model_type": "qwen3",
    "hidden_size": 4096,
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "max_position_embeddings": 40960,
    "vocab_size": 151936,
}

_WIDTHS = {"BF16": 2, "F16": 2, "F32": 4, "I32": 4, "U32": 4, "U8": 1, "F8_E4M3": 1}


def write_safetensors(path: Path, tensors: Mapping[str, tuple[str, list[int]]]) -> Path:
    """A file with these tensors, whose numbers are a hole (huggingface/safetensors, README.md, "Format")."""
    entries: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, (dtype, shape) in tensors.items():
        size = _WIDTHS[dtype]
        for side in shape:
            size *= side
        entries[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(entries).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(len(head).to_bytes(8, "little") + head)
        file.truncate(8 + len(head) + end)
    return path


def write_gguf(path: Path, arch: str = "qwen3", *, words: int = 0, **keys: Any) -> Path:
    """A file as llama.cpp's own library writes it: header, vocabulary, and one tensor of 64 numbers."""
    import gguf  # noqa: PLC0415 - half a second
    import numpy  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, arch)
    writer.add_block_count(28)
    writer.add_context_length(40960)
    writer.add_embedding_length(1024)
    writer.add_head_count(16)
    writer.add_head_count_kv(8)
    writer.add_key_length(128)
    writer.add_value_length(128)
    writer.add_file_type(keys.pop("file_type", 15))
    for name, value in keys.items():
        key = name.replace("__", ".")
        if isinstance(value, list):
            writer.add_array(key, value)
        elif isinstance(value, float):
            writer.add_float32(key, value)
        else:
            (writer.add_uint32 if isinstance(value, int) else writer.add_string)(key, value)
    if words:
        writer.add_token_list([f"word{number}" for number in range(words)])
        writer.add_token_scores([0.5] * words)
    writer.add_tensor("blk.0.attn_q.weight", numpy.zeros((8, 8), dtype=numpy.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def qwen3_8b(models: Path) -> Path:
    """The folder `Qwen3-8B` below another, with 8.2e9 parameters of two bytes; their file is a hole."""
    folder = models / "Qwen3-8B"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(_QWEN3_8B))
    write_safetensors(folder / "model.safetensors", {"model.weight": ("BF16", [8_200_000_000])})
    return folder


def hub_repository(
    cache: Path, name: str, files: Mapping[str, bytes | str | Path], *, commit: str = COMMIT, main: bool = True
) -> Path:
    """A repository in a cache as huggingface_hub lays it out; of a file its content, or one that becomes the blob."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    (repository / "blobs").mkdir(exist_ok=True)
    if main:
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / "main").write_text(commit)
    for file, content in files.items():
        link = snapshot / file
        link.parent.mkdir(parents=True, exist_ok=True)
        if hasattr(content, "rename"):
            blob = repository / "blobs" / hashlib.sha256(str(content).encode()).hexdigest()
            content.rename(blob)
        else:
            data = content.encode() if isinstance(content, str) else content
            blob = repository / "blobs" / hashlib.sha256(data).hexdigest()
            blob.write_bytes(data)
        link.symlink_to(os.path.relpath(blob, link.parent))
    return repository


def ollama_model(store: Path, name: str, tag: str, weights: Path, **layers: bytes) -> None:
    """A model in Ollama's store, with the media types of ollama/server/images.go."""
    (store / "blobs").mkdir(parents=True, exist_ok=True)
    parts = {"model": weights.read_bytes(), **layers}
    entries = []
    for kind, content in parts.items():
        digest = hashlib.sha256(content).hexdigest()
        (store / "blobs" / f"sha256-{digest}").write_bytes(content)
        media = f"application/vnd.ollama.image.{kind}"
        entries.append({"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)})
    manifest = store / "manifests" / "registry.ollama.ai" / "library" / name / tag
    manifest.parent.mkdir(parents=True, exist_ok=True)
    manifest.write_text(json.dumps({"schemaVersion": 2, "layers": entries}))
