"""What is wrong when part of an answer has left: what is held of it stays, and nothing looks whole that is not."""

from __future__ import annotations

import pytest
from tests.fakes import answers
from tests.fakes.asked import Asked, AskedTool
from tests.fakes.defects import LATE, LATE_TEXT, Defective, listed
from tests.fakes.said import Said
from tests.fakes.steps import Pause, Stall
from tests.integration.gate.rig import (
    DIALECTS,
    FORMS,
    PATHS,
    Rig,
    assert_breaks_off,
    assert_exhausted,
    assert_silent,
    plain,
    said_in,
)

BEGINNING = b"The prices are added up"
LIST = AskedTool("list_files", {"type": "object", "properties": {"path": {"type": "string"}}})


@pytest.mark.parametrize("defect", list(LATE.values()), ids=[name.replace(" ", "_") for name in LATE])
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("window", ["block", "whole"])
def test_a_late_defect(rig: Rig, window: str, dialect: str, streamed: bool, defect: Defective) -> None:
    rig.plays(defect.said, defect.good)
    models = ["alone-first", "backed-first", "behind"]
    alone, backed, behind = rig.ask_all(window, dialect, models, defect.asked, stream=streamed)
    match defect.fate(window, dialect, dialect, streamed=streamed):
        case "rejected":
            assert_exhausted(alone, dialect, "first", defect.labels(dialect, streamed=streamed))
            assert (backed.status, backed.headers["x-anvil-tier"]) == (200, "second")
            assert_silent(backed)
            assert plain(backed.body) == plain(behind.body)
        case "broken":
            for answer in (alone, backed):
                assert_silent(answer)
                # What comes in one read with its defect has not left: then another tier may answer.
                if answer.status == 200 and answer.headers["x-anvil-tier"] == "first":
                    assert_breaks_off(answer, dialect)
            [attempt] = rig.decision(window, alone).attempts
            assert attempt.defects == (defect.label,)
        case "noted":
            for answer in (alone, backed):
                assert answer.is_clean
                assert plain(answer.body) == said_in(defect.said, dialect, streamed=streamed)
            [attempt] = rig.decision(window, alone).attempts
            assert attempt.defects == (defect.label,)
        case fate:
            raise AssertionError(fate)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_who_asks_again_after_an_answer_broke_off_is_answered_by_another(rig: Rig, dialect: str) -> None:
    defect = LATE["unknown tool"]
    events = [answers.chunk(event) for event in defect.said.events(dialect)]
    # Long enough that the words have left before the call comes, however busy the machine is.
    rig.plays([answers.stream_head(), *events[:10], Pause(1.0), *events[10:], Stall()], defect.good)
    body = defect.asked.body(dialect, "backed-first", stream=True)
    with rig.windows["block"].client() as one, rig.windows["block"].client() as other:
        broken = one.ask("POST", PATHS[dialect], body)
        again = other.ask("POST", PATHS[dialect], body)
    assert broken.headers["x-anvil-tier"] == "first"
    assert_breaks_off(broken, dialect)
    assert (again.status, again.headers["x-anvil-tier"]) == (200, "second")
    assert again.is_clean
    reasons = {each.tier: each.reason for each in rig.decision("block", again).candidates}
    assert "broke off" in reasons["first"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_words_leave_a_window_of_blocks_while_the_tier_still_speaks(rig: Rig, dialect: str) -> None:
    """And a call that is not whole does not leave it."""
    said = Said(LATE_TEXT, calls=(listed('{"path": "/somewhere"}'),), cut=40)
    events = said.events(dialect)
    begins = next(number for number, event in enumerate(events) if b"/som" in event) + 1
    rig.plays([answers.stream_head(), *map(answers.chunk, events[:begins]), Stall()])
    body = Asked(tools=(LIST,)).body(dialect, "alone-first", stream=True)
    with rig.windows["block"].client(timeout=3) as client:
        client.request("POST", PATHS[dialect], answers.encode(body))
        status, headers = client.read_head()
        seen = client.read_until(b"looked at again")
    assert status == 200
    assert headers["x-anvil-tier"] == "first"
    assert BEGINNING in seen
    assert b"list_files" not in seen


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_leaves_a_whole_window_while_the_tier_still_speaks(rig: Rig, dialect: str) -> None:
    said = Said(LATE_TEXT * 4, cut=40)
    rig.plays([answers.stream_head(), *map(answers.chunk, said.events(dialect)[:-6]), Stall()])
    with rig.windows["whole"].client(timeout=0.5) as client:
        client.request("POST", PATHS[dialect], answers.encode(Asked().body(dialect, "alone-first", stream=True)))
        with pytest.raises(TimeoutError):
            client.read_head()
