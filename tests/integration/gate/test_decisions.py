"""What is kept of an attempt: its window, what was found, and when anything of it might be seen."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.asked import Asked
from tests.fakes.defects import DEFECTS, LATE_TEXT
from tests.fakes.faults import SECRET
from tests.fakes.said import Said
from tests.integration.gate.rig import DIALECTS, FORMS, Rig
from typer.testing import CliRunner

from anvil_serving.cli.app import app


@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("window", ["block", "whole"])
def test_a_rejected_attempt_and_the_one_that_answers(rig: Rig, window: str, dialect: str, streamed: bool) -> None:
    defect = DEFECTS["duplicate keys"]
    rig.plays(defect.said, defect.good)
    answer = rig.ask(window, dialect, "backed-first", defect.asked, stream=streamed)
    decision = rig.decision(window, answer)
    rejected, answered = decision.attempts
    assert (rejected.tier, rejected.outcome, rejected.window) == ("first", defect.label, window)
    assert rejected.defects == (defect.label,)
    assert rejected.checked
    if not streamed:
        assert rejected.output_tokens == answered.output_tokens is not None, "it is billed whether it leaves or not"
    assert answered.checked
    assert rejected.release_seconds is None
    assert (answered.tier, answered.outcome, answered.window, answered.defects) == ("second", "answered", window, ())
    assert answered.release_seconds is not None
    assert answered.first_byte_seconds is not None
    assert answered.total_seconds is not None
    assert answered.first_byte_seconds - 0.001 <= answered.release_seconds <= answered.total_seconds + 0.001
    assert (decision.result, decision.tier) == ("answered", "second")
    assert SECRET not in repr(decision)


def test_what_is_not_checked_says_so(rig: Rig) -> None:
    rig.plays(DEFECTS["token at the end"].said)
    [attempt] = rig.decision("none", rig.ask("none", "chat", "alone-first", Asked(), stream=True)).attempts
    assert (attempt.window, attempt.defects, attempt.outcome) == ("none", (), "answered")
    assert not attempt.checked


def test_blocks_are_released_before_the_end_and_a_whole_answer_at_it(rig: Rig) -> None:
    rig.plays(Said(LATE_TEXT * 2, cut=40, stops_after=25))
    seconds = {}
    for window in ("block", "whole"):
        [attempt] = rig.decision(window, rig.ask(window, "chat", "alone-first", Asked(), stream=True)).attempts
        assert attempt.release_seconds is not None
        assert attempt.total_seconds is not None
        seconds[window] = attempt.total_seconds - attempt.release_seconds
    assert seconds["block"] > 0.05
    assert seconds["whole"] < 0.05


def test_an_exchange_that_nobody_answered(rig: Rig) -> None:
    rig.plays(DEFECTS["empty"].said)
    decision = rig.decision("whole", rig.ask("whole", "messages", "alone-first", Asked(), stream=True))
    assert (decision.result, decision.tier) == ("exhausted", None)
    assert [attempt.outcome for attempt in decision.attempts] == ["empty"]


def test_what_the_checks_find_is_in_the_profile(rig: Rig) -> None:
    def structural(tier: str, work_class: str) -> dict[str, Any]:
        options = ["--config", str(router.config_path), "--log", str(router.decisions_path)]
        shown = CliRunner().invoke(
            app, ["profile", "show", *options, "--json", "--tier", tier, "--work-class", work_class]
        )
        [line] = json.loads(shown.stdout)
        found: dict[str, Any] = line["structural"]
        return found

    router, defect = rig.windows["whole"], DEFECTS["duplicate keys"]
    rig.plays(defect.said, defect.good)
    kind = rig.decision("whole", rig.ask("whole", "chat", "backed-first", defect.asked, stream=True)).work_class
    before = structural("first", kind), structural("second", kind)
    rig.decision("whole", rig.ask("whole", "chat", "backed-first", defect.asked, stream=True))
    first, second = structural("first", kind), structural("second", kind)
    assert (first["checked"], first["rejected"]) == (before[0]["checked"] + 1, before[0]["rejected"] + 1)
    assert first["defects"][defect.label] == before[0]["defects"][defect.label] + 1
    assert (second["checked"], second["passed"]) == (before[1]["checked"] + 1, before[1]["passed"] + 1)
