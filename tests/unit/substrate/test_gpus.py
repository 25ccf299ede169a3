from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.programs import NVIDIA_SMI, put_on_path

from anvil_serving.substrate.gpus import GpuProcess, list_gpus

if TYPE_CHECKING:
    from pathlib import Path

TWO_CARDS = """\
0, GPU-11111111-2222-3333-4444-555555555555, NVIDIA RTX PRO 6000 Blackwell, 97887, 1024, 12.0, 580.95.05, 7, 41
1, GPU-66666666-7777-8888-9999-000000000000, NVIDIA GeForce RTX 5090, 32607, 2, 12.0, 580.95.05, 0, 33
"""


def test_no_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = list_gpus()
    assert found.gpus == ()
    assert found.absent_because is not None
    assert "nvidia-smi is not installed" in found.absent_because


def test_two_cards_and_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apps = "GPU-11111111-2222-3333-4444-555555555555, 4242, /opt/sglang/python3, 900\n"
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=TWO_CARDS, apps=apps))
    found = list_gpus()
    assert found.absent_because is None
    first, second = found.gpus
    assert (first.index, first.memory_bytes, first.memory_free_bytes) == (0, 97887 << 20, 96863 << 20)
    assert (first.compute_capability, first.architecture, first.driver) == ("12.0", "blackwell", "580.95.05")
    assert first.processes == (GpuProcess(pid=4242, name="/opt/sglang/python3", memory_bytes=900 << 20),)
    assert second.processes == ()


def test_what_a_driver_cannot_tell_is_not_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = "0, GPU-a, NVIDIA Thor, 125772, [N/A], [N/A], [N/A], [Not Supported], [N/A]\nbroken line\n"
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=card, apps=""))
    (gpu,) = list_gpus().gpus
    assert (gpu.memory_used_bytes, gpu.compute_capability, gpu.driver) == (0, None, None)
    assert (gpu.utilisation_percent, gpu.temperature_celsius) == (None, None)


def test_a_driver_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", "#!/bin/sh\necho 'Driver/library version mismatch' >&2\nexit 18\n")
    found = list_gpus()
    assert found.absent_because == "nvidia-smi failed: Driver/library version mismatch"


@pytest.mark.parametrize(
    "row",
    [
        "0, GPU-a, a\rb\x00\x1b[31m, 1, 1, 12.0, 5, 1, 1",
        '0, GPU-a, "NVIDIA, 1, 1, 12.0, 5, 1, 1',
        f"{'9' * 5000}, GPU-a, NVIDIA, 1, 1, 12.0, 5, 1, 1",
        f"0, GPU-a, NVIDIA, {'9' * 30}, 1, 12.0, 5, 1, 1",
        f"0, GPU-a, {'x' * 200_000}",
    ],
)
def test_an_odd_row_hides_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: str) -> None:
    put_on_path(tmp_path, monkeypatch, "nvidia-smi", NVIDIA_SMI.format(cards=f"{row}\n{TWO_CARDS}", apps=""))
    assert [gpu.name for gpu in list_gpus().gpus][-2:] == ["NVIDIA RTX PRO 6000 Blackwell", "NVIDIA GeForce RTX 5090"]
    assert all(gpu.memory_bytes < 2**63 for gpu in list_gpus().gpus)
