"""The structural ledger: how often the checked answers of a model pass their checks. Pure.

It says nothing of whether an answer was good, only whether it had a form that can be used: the two never mix. It is not
kept by itself. Every decision has what it needs, so that there is one record of what happened and no second one to
differ from it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["StructuralLedger", "Structure"]

_REPAIRED = "repaired:"


class Structure(msgspec.Struct):
    """The checked answers of one model of a tier at one kind of work."""

    checked: int = 0
    passed: int = 0
    """Without any defect."""
    repaired: int = 0
    """With defects that were all mended. They reached the caller, and count as defects all the same."""
    defects: Counter[str] = msgspec.field(default_factory=Counter)
    """Answers by the label of what was wrong with them, `repaired:` before it where it was mended."""

    @property
    def rejected(self) -> int:
        """With defects that could not be mended."""
        return self.checked - self.passed - self.repaired

    @property
    def most_frequent(self) -> str | None:
        """The label of the defect that most answers had."""
        return min(self.defects, key=lambda label: (-self.defects[label], label)) if self.defects else None


class StructuralLedger:
    """What the checks have found, by tier, model and kind of work."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str | None, str], Structure] = {}
        """(the tier's id, its model, the work class)"""

    def add(self, tier: str, model: str | None, work_class: str, *, outcome: str, defects: Iterable[str]) -> None:
        """Counts an answer that was checked; one that broke for another reason than its content is no evidence."""
        labels = set(defects)
        if outcome != "answered" and not labels:
            return
        cell = self.cells.setdefault((tier, model, work_class), Structure())
        cell.checked += 1
        cell.passed += not labels
        cell.repaired += bool(labels) and all(label.startswith(_REPAIRED) for label in labels)
        cell.defects.update(labels)
