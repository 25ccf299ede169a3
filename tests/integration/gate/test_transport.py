"""An answer that breaks while it is held has never been heard; one that breaks later never looks whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers
from tests.fakes.asked import Asked
from tests.fakes.defects import LATE_TEXT
from tests.fakes.faults import AFTER_RELEASE, BEFORE_RELEASE, BEFORE_RELEASE_STREAMED, SECRET, Fault
from tests.fakes.said import Said
from tests.fakes.steps import Fin, Pause, Reset, Stall, Step
from tests.integration.gate.rig import (
    DIALECTS,
    FORMS,
    WINDOWS,
    Rig,
    assert_breaks_off,
    assert_exhausted,
    assert_silent,
    plain,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.fakes.client import Answer

GOOD = Said("alpha beta gamma")
NOT_OF_RESPONSES = {"terminal event first", "terminal event without finish"}
"""Its last event holds all of the answer: after it nothing is missing."""
ENDINGS: dict[str, list[Step]] = {"fin": [Fin()], "reset": [Reset()], "stall": [Stall()]}


def _before() -> Iterator[Any]:
    for dialect in DIALECTS:
        for form, streamed in FORMS.items():
            for name, fault in {**BEFORE_RELEASE, **(BEFORE_RELEASE_STREAMED if streamed else {})}.items():
                if dialect != "responses" or name not in NOT_OF_RESPONSES:
                    yield pytest.param(dialect, streamed, fault, id=f"{dialect}-{form}-{name}".replace(" ", "_"))


def _within() -> Iterator[Any]:
    for dialect in DIALECTS:
        for name, fault in AFTER_RELEASE.items():
            if dialect != "responses" or name not in NOT_OF_RESPONSES:
                yield pytest.param(dialect, fault, id=f"{dialect}-{name}".replace(" ", "_"))


def _ask(rig: Rig, window: str, dialect: str, *, streamed: bool) -> tuple[Answer, Answer, Answer]:
    models = ["alone-hasty", "backed-hasty", "behind"]
    alone, backed, behind = rig.ask_all(window, dialect, models, Asked(), stream=streamed)
    return alone, backed, behind


def _assert_never_heard(alone: Answer, backed: Answer, behind: Answer, dialect: str) -> None:
    assert_exhausted(alone, dialect, "hasty")
    assert (backed.status, backed.is_clean) == (200, True)
    assert (backed.headers["x-anvil-tier"], backed.headers["x-anvil-attempts"]) == ("second", "2")
    assert_silent(backed)
    assert plain(backed.body) == plain(behind.body)


@pytest.mark.parametrize(("dialect", "streamed", "fault"), list(_before()))
@pytest.mark.parametrize("window", WINDOWS)
def test_a_tier_that_breaks_before_it_says_anything(
    rig: Rig, window: str, dialect: str, streamed: bool, fault: Fault
) -> None:
    rig.plays(lambda _: fault(dialect, streamed), GOOD)
    _assert_never_heard(*_ask(rig, window, dialect, streamed=streamed), dialect)


@pytest.mark.parametrize(("dialect", "fault"), list(_within()))
@pytest.mark.parametrize("window", WINDOWS)
def test_a_stream_that_breaks_after_its_first_words(rig: Rig, window: str, dialect: str, fault: Fault) -> None:
    rig.plays(lambda _: fault(dialect, True), GOOD)
    alone, backed, behind = _ask(rig, window, dialect, streamed=True)
    if window != "none":
        _assert_never_heard(alone, backed, behind, dialect)
        return
    for answer in (alone, backed):
        assert_breaks_off(answer, dialect)
        assert SECRET.encode() in answer.body
        assert b"10.1.2.3" not in answer.body
    assert len(rig.second.requests) == 1


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("window", ["block", "whole"])
def test_a_stream_that_breaks_in_the_middle_of_a_block(rig: Rig, window: str, dialect: str, ending: str) -> None:
    """The words before the block have left a window of blocks; the block itself has not."""

    def script(_: object) -> Iterable[Step]:
        events = Said(LATE_TEXT + f"```python\ntotal = '{SECRET}'\n" * 3, cut=30).events(dialect)
        yield answers.stream_head()
        yield from (answers.chunk(event) for event in events[:-8])
        yield Pause(0.05)
        yield from ENDINGS[ending]

    rig.plays(script, GOOD)
    alone, backed, behind = _ask(rig, window, dialect, streamed=True)
    if window == "whole":
        _assert_never_heard(alone, backed, behind, dialect)
        return
    for answer in (alone, backed):
        assert_breaks_off(answer, dialect)
        assert_silent(answer)
        assert b"The prices are added up" in answer.body
