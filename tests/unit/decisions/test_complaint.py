from __future__ import annotations

from typing import TYPE_CHECKING

from anvil_serving.decisions.complaint import EVERY_SECONDS, Complaints

if TYPE_CHECKING:
    import pytest


def test_each_subject_is_complained_of_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    complaints = Complaints(lambda: now)
    assert complaints.complain("vanished", "gone")
    assert complaints.complain("misplaced", "a folder")
    assert not complaints.complain("misplaced", "a folder")
    now = EVERY_SECONDS - 1
    assert not complaints.complain("vanished", "gone")
    now = EVERY_SECONDS
    assert complaints.complain("vanished", "gone")
    assert caplog.messages == ["gone", "a folder", "gone"]
