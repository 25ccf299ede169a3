from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.models import write_safetensors

from anvil_serving.substrate.models.safetensors_header import SafetensorsUnreadable, read_safetensors_header

if TYPE_CHECKING:
    from pathlib import Path


def test_parameters_and_what_they_are_stored_as(tmp_path: Path) -> None:
    path = write_safetensors(
        tmp_path / "m.safetensors", {"a": ("BF16", [1024, 100]), "b": ("F32", [10]), "c": ("F32", [])}
    )
    header = read_safetensors_header(path)
    assert header.parameters == 102_400 + 10 + 1
    assert header.dtypes == {"BF16": 102_400, "F32": 11}


@pytest.mark.parametrize(
    ("tensors", "bits"),
    [
        # AWQ and GPTQ: eight weights in an int32, with zeros and scales beside them.
        ({"q.qweight": ("I32", [128, 16]), "q.qzeros": ("I32", [1, 16]), "q.scales": ("F16", [1, 128])}, 4),
        (
            {
                "q.weight_packed": ("I32", [128, 16]),
                "q.weight_scale": ("BF16", [128, 1]),
                "q.weight_shape": ("I32", [2]),
            },
            4,
        ),
        # gpt-oss: two MXFP4 numbers in a byte.
        ({"m.gate_up_proj_blocks": ("U8", [128, 64]), "m.gate_up_proj_scales": ("U8", [128, 4])}, 4),
        # ModelOpt's NVFP4.
        ({"q.weight": ("U8", [128, 64]), "q.weight_scale": ("F8_E4M3", [128, 8]), "q.weight_scale_2": ("F32", [])}, 4),
        # MLX.
        ({"q.weight": ("U32", [128, 16]), "q.scales": ("F16", [128, 2]), "q.biases": ("F16", [128, 2])}, 4),
        ({"q.weight": ("F8_E4M3", [128, 128]), "q.weight_scale_inv": ("F32", [1, 1])}, 8),
    ],
)
def test_packed_weights_are_counted_as_what_they_stand_for(
    tmp_path: Path, tensors: dict[str, tuple[str, list[int]]], bits: int
) -> None:
    path = write_safetensors(tmp_path / "m.safetensors", tensors)
    assert read_safetensors_header(path, bits=bits).parameters == 128 * 128


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x01\x02",
        (2**63).to_bytes(8, "little") + b"{}",
        (100).to_bytes(8, "little") + b"{}",
        (9).to_bytes(8, "little") + b"not json!",
        (2).to_bytes(8, "little") + b"[]",
        (7).to_bytes(8, "little") + b'{"\xe2":1',
        (8).to_bytes(8, "little") + b'{"\xe2":1}',
        (20_000).to_bytes(8, "little") + b"[" * 20_000,
        (100_006).to_bytes(8, "little") + b'{"a":' + b"[" * 100_000 + b"}",
    ],
)
def test_what_is_no_head_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    with pytest.raises(SafetensorsUnreadable):
        read_safetensors_header(tmp_path / "m.safetensors")


@pytest.mark.parametrize("shape", [[2**62] * 8, [-1, 5], [10**30], ["a"], "abc", [[1]]])
def test_odd_shapes(tmp_path: Path, shape: object) -> None:
    head = json.dumps({"a": {"dtype": "F32", "shape": shape}}).encode()
    (tmp_path / "m.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    with contextlib.suppress(SafetensorsUnreadable):
        assert read_safetensors_header(tmp_path / "m.safetensors").parameters >= 0
