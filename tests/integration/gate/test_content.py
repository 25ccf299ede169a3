"""The matrix: nothing of an answer that is proven to be wrong leaves, and the next tier answers instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes.defects import DEFECTS, Defective
from tests.integration.gate.rig import (
    CONFIGURED,
    DIALECTS,
    FORMS,
    WINDOWS,
    Rig,
    assert_exhausted,
    assert_silent,
    plain,
    said_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

MAIN = (
    "empty",
    "reasoning only",
    "cut short of the cap",
    "token at the end",
    "call as text",
    "refusal",
    "prompt dropped",
    "unknown tool",
    "half arguments",
    "duplicate keys",
    "required argument missing",
    "text instead of a required call",
    "several calls where one may be made",
    "old text missing",
    "patch of no form",
    "patch of lines that are not there",
    "broken python",
    "json of another shape",
)
"""What is also tried where the tier speaks another dialect than the client."""


def _of(name: str) -> Any:
    return pytest.param(DEFECTS[name], id=name.replace(" ", "_"))


def _translated() -> Iterator[Any]:
    for client in DIALECTS:
        for tier in CONFIGURED:
            if client != tier:
                yield pytest.param(client, tier, id=f"{client}-from-{tier}")


def _answered_alone_by_second(answer: Answer, behind: Answer) -> None:
    assert answer.status == 200, answer.body
    assert answer.is_clean
    assert answer.headers["x-anvil-tier"] == "second"
    assert answer.headers["x-anvil-attempts"] == "2"
    assert_silent(answer)
    assert behind.status == 200, behind.body
    assert plain(answer.body) == plain(behind.body), "as if the first had never been asked"


@pytest.mark.parametrize("defect", [_of(name) for name in DEFECTS])
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("window", WINDOWS)
def test_a_wrong_answer(rig: Rig, window: str, dialect: str, streamed: bool, defect: Defective) -> None:
    rig.plays(defect.said, defect.good)
    models = ["alone-first", "backed-first", "behind"]
    alone, backed, behind = rig.ask_all(window, dialect, models, defect.asked, stream=streamed)
    match defect.fate(window, dialect, dialect, streamed=streamed):
        case "rejected":
            assert_exhausted(alone, dialect, "first", defect.labels(dialect, streamed=streamed))
            _answered_alone_by_second(backed, behind)
            assert len(rig.second.requests) == 2
        case "passed":
            for answer in (alone, backed):
                assert answer.is_clean
                assert answer.headers["x-anvil-tier"] == "first"
                assert answer.headers["x-anvil-attempts"] == "1"
                assert plain(answer.body) == said_in(defect.said, dialect, streamed=streamed)
        case _:
            for answer in (alone, backed):
                # What comes in one read with its defect has not left: then another tier may answer.
                if answer.status == 200 and answer.headers["x-anvil-tier"] == "first":
                    assert answer.ending == "aborted"


@pytest.mark.parametrize("name", MAIN, ids=[name.replace(" ", "_") for name in MAIN])
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize(("client", "tier"), list(_translated()))
def test_a_wrong_answer_in_another_dialect(rig: Rig, client: str, tier: str, streamed: bool, name: str) -> None:
    defect = DEFECTS[name]
    rig.plays(defect.said, defect.good)
    models = [f"alone-first-{tier}", f"backed-first-{tier}", "behind"]
    for window in ("block", "whole"):
        alone, backed, behind = rig.ask_all(window, client, models, defect.asked, stream=streamed)
        fate = defect.fate(window, tier, client, streamed=streamed)
        if fate != "rejected":
            for answer in (alone, backed):
                assert answer.headers["x-anvil-tier"] == f"first-{tier}"
                assert answer.is_clean == (fate == "passed")
            continue
        assert_exhausted(alone, client, f"first-{tier}", defect.labels(tier, streamed=streamed))
        _answered_alone_by_second(backed, behind)
