from __future__ import annotations

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.gpu_target import cpu_target, find_target, memory_size
from anvil_serving.substrate.gpus import Gpu, Gpus

NONE = Gpus(gpus=(), absent_because="nvidia-smi is not installed")
HEAVY = Gpu(
    index=0,
    uuid="GPU-11111111-aaaa",
    name="NVIDIA RTX PRO 6000 Blackwell",
    memory_bytes=97_887 << 20,
    memory_used_bytes=1 << 30,
    compute_capability="12.0",
    driver="580.95.05",
)
FAST = Gpu(index=1, uuid="GPU-22222222-bbbb", name="RTX 5090", memory_bytes=32_607 << 20, memory_used_bytes=0)
TWO = Gpus(gpus=(HEAVY, FAST))


def test_the_first_card_unless_one_is_named() -> None:
    assert find_target(TWO, [], None, None).ids == (HEAVY.uuid,)
    for name in ("1", FAST.uuid):
        assert find_target(TWO, [name], None, None).ids == (FAST.uuid,)


def test_several_cards_are_as_large_as_the_smallest() -> None:
    target = find_target(TWO, ["0", "1"], None, None)
    assert (target.cards, target.memory_bytes, target.memory_used_bytes) == (2, FAST.memory_bytes, 1 << 30)
    assert (target.kind, target.compute_capability, target.driver) == ("uuid", "12.0", "580.95.05")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["7"], "there is no card 7"),
        (["GPU-33333333-cccc"], "there is no card GPU-3"),
        (["0", "0"], "named twice"),
        (["first"], "is no card"),
        (["$(x)"], "is no card"),
        ([str(number) for number in range(20)], "too many"),
    ],
)
def test_cards_that_there_are_not(wanted: list[str], message: str) -> None:
    with pytest.raises(StartupError, match=message.replace("$", r"\$")) as caught:
        find_target(TWO, wanted, None, None)
    assert caught.value.hint


def test_no_card_at_all_says_what_to_do() -> None:
    with pytest.raises(StartupError, match="there is no GPU on this machine: nvidia-smi") as caught:
        find_target(NONE, [], None, None)
    assert "--gpu-like" in str(caught.value.hint)


def test_cards_of_another_machine() -> None:
    like = find_target(NONE, [], "NVIDIA GeForce RTX 5090", None)
    assert (like.kind, like.memory_bytes, like.compute_capability) == ("variable", 32_607 << 20, "12.0")
    named = find_target(NONE, ["GPU-33333333-cccc"], "4090", 20 << 30)
    assert (named.kind, named.ids, named.memory_bytes, named.name) == (
        "uuid",
        ("GPU-33333333-cccc",),
        20 << 30,
        "RTX 4090",
    )
    # 0.7.1 fell back to the bare number.
    number = find_target(NONE, ["1"], None, None)
    assert (number.kind, number.ids, number.memory_bytes) == ("index", ("1",), None)
    # What is described is not looked for here.
    assert find_target(TWO, [], "H200", None).kind == "variable"


@pytest.mark.parametrize(
    ("text", "memory_mib"),
    [
        ("L4", 23_034),
        ("l40s", 46_068),
        ("H100", 81_559),
        ("NVIDIA H100 80GB HBM3", 81_559),
        ("NVIDIA A100-SXM4-40GB", 40_960),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", 97_887),
        ("pro 6000", 97_887),
        ("RTX 6000 Ada", 49_140),
    ],
)
def test_cards_as_people_and_drivers_call_them(text: str, memory_mib: int) -> None:
    assert find_target(NONE, [], text, None).memory_bytes == memory_mib << 20


# Other cards, whose names begin alike, and names of several.
@pytest.mark.parametrize(
    "text", ["L40", "RTX 5070", "A100", "RTX 6000", "RTX", "NVIDIA", "", "H100 NVL", "RTX 4090 Laptop"]
)
def test_a_card_that_is_like_no_other(text: str) -> None:
    with pytest.raises(StartupError, match="no card that is known"):
        find_target(NONE, [], text, None)


def test_a_card_that_is_not_known_names_those_that_are() -> None:
    with pytest.raises(StartupError, match="'Voodoo 2' is no card that is known here") as caught:
        find_target(NONE, [], "Voodoo 2", None)
    assert "RTX 5090" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24", 24 << 30),
        ("24GiB", 24 << 30),
        ("24 GB", 24 << 30),
        ("24576MiB", 24 << 30),
        ("1.5T", 3 << 39),
        ("80g", 80 << 30),
    ],
)
def test_sizes_as_people_write_them(text: str, size: int) -> None:
    assert memory_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-1", "many", "1e9", "24 potatoes", "nan", "9" * 30])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(StartupError, match="is no size of a memory"):
        memory_size(text)


def test_no_card_is_wanted() -> None:
    assert (cpu_target(5).kind, cpu_target(5).memory_bytes, cpu_target(None).memory_bytes) == ("cpu", 5, None)
