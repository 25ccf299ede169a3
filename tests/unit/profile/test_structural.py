from __future__ import annotations

import pytest

from anvil_serving.profile import StructuralLedger, Structure

CELL = ("fast", "qwen", "chat")


def _ledger(*answers: tuple[str, tuple[str, ...]]) -> StructuralLedger:
    ledger = StructuralLedger()
    for outcome, defects in answers:
        ledger.add(*CELL, outcome=outcome, defects=defects)
    return ledger


@pytest.mark.parametrize(
    ("outcome", "defects", "expected"),
    [
        ("answered", (), (1, 0, 0)),
        ("answered", ("repaired:malformed_arguments",), (0, 1, 0)),
        # Proven when all of it had left.
        ("answered", ("cut_short",), (0, 0, 1)),
        ("answered", ("cut_short", "repaired:malformed_arguments"), (0, 0, 1)),
        ("empty", ("empty",), (0, 0, 1)),
        ("broken_code", ("broken_code", "repaired:schema_mismatch"), (0, 0, 1)),
    ],
)
def test_an_answer_has_passed_or_was_repaired_or_rejected(
    outcome: str, defects: tuple[str, ...], expected: tuple[int, int, int]
) -> None:
    cell = _ledger((outcome, defects)).cells[CELL]
    assert (cell.passed, cell.repaired, cell.rejected) == expected
    assert cell.checked == 1
    assert cell.defects == dict.fromkeys(defects, 1)


def test_what_broke_for_another_reason_is_no_evidence() -> None:
    assert _ledger(("stream_cut", ()), ("idle_timeout", ())).cells == {}


def test_several_repairs_of_one_kind_are_one_answer() -> None:
    cell = _ledger(("answered", ("repaired:malformed_arguments", "repaired:malformed_arguments"))).cells[CELL]
    assert (cell.repaired, cell.defects) == (1, {"repaired:malformed_arguments": 1})


def test_models_and_kinds_of_work_have_cells_of_their_own() -> None:
    ledger = StructuralLedger()
    for model in ("a", "b", None):
        for work_class in ("chat", "review"):
            ledger.add("fast", model, work_class, outcome="answered", defects=())
    assert len(ledger.cells) == 6
    assert {cell.checked for cell in ledger.cells.values()} == {1}


def test_the_most_frequent_defect_is_named_and_of_two_the_first_by_its_name() -> None:
    cell = _ledger(("empty", ("empty",)), ("broken_code", ("broken_code",)), ("empty", ("empty",))).cells[CELL]
    assert cell.most_frequent == "empty"
    assert _ledger(("empty", ("empty",)), ("blank", ("blank",))).cells[CELL].most_frequent == "blank"
    assert Structure().most_frequent is None
