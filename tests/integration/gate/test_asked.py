"""The caller's own word on the checks goes before the profile's, and every answer says whether it was checked."""

from __future__ import annotations

import pytest
from tests.fakes.asked import Asked
from tests.fakes.defects import DEFECTS, LATE_TEXT
from tests.fakes.said import Said
from tests.integration.gate.rig import DIALECTS, FORMS, Rig, assert_exhausted, plain, said_in

BROKEN = DEFECTS["token at the end"]
REFUSAL = DEFECTS["refusal"]


def _asking(verify: str) -> dict[str, str]:
    return {"x-anvil-verify": verify}


@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("window", ["none", "block", "whole"])
def test_off_checks_nothing(rig: Rig, window: str, dialect: str, streamed: bool) -> None:
    rig.plays(BROKEN.said)
    answer = rig.ask(window, dialect, "alone-first", Asked(), stream=streamed, headers=_asking("off"))
    assert answer.status == 200
    assert answer.headers["x-anvil-verified"] == "skipped"
    assert plain(answer.body) == said_in(BROKEN.said, dialect, streamed=streamed)


@pytest.mark.parametrize("verify", ["structural", "strict"])
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_structural_and_strict_check_where_nothing_would_be(
    rig: Rig, dialect: str, streamed: bool, verify: str
) -> None:
    rig.plays(BROKEN.said)
    answer = rig.ask("none", dialect, "alone-first", Asked(), stream=streamed, headers=_asking(verify))
    assert_exhausted(answer, dialect, "first", {BROKEN.label})


@pytest.mark.parametrize(("verify", "is_judged"), [("structural", False), ("strict", True)])
@pytest.mark.parametrize("window", ["none", "block", "whole"])
def test_only_strict_judges_what_is_no_proof(rig: Rig, window: str, verify: str, is_judged: bool) -> None:
    rig.plays(REFUSAL.said)
    answer = rig.ask(window, "chat", "alone-first", Asked(), stream=True, headers=_asking(verify))
    if is_judged:
        assert_exhausted(answer, "chat", "first", {"refusal"})
    else:
        assert answer.status == 200


def test_the_body_asks_as_the_header_does(rig: Rig) -> None:
    rig.plays(BROKEN.said)
    answer = rig.ask("none", "chat", "alone-first", Asked(), stream=False, anvil={"verify": "strict"})
    assert_exhausted(answer, "chat", "first", {BROKEN.label})
    assert "anvil" not in rig.first.requests[0].json


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    ("window", "streamed", "verified"),
    [
        ("none", False, "skipped"),
        ("none", True, "skipped"),
        ("block", False, "passed"),
        ("block", True, "streaming"),
        ("whole", False, "passed"),
        ("whole", True, "passed"),
    ],
)
def test_an_answer_says_whether_it_was_checked(
    rig: Rig, dialect: str, window: str, streamed: bool, verified: str
) -> None:
    rig.plays(Said(LATE_TEXT, cut=40))
    answer = rig.ask(window, dialect, "alone-first", Asked(), stream=streamed)
    # What has come in one piece with its end has been checked whole.
    assert answer.headers["x-anvil-verified"] in {verified, "passed" if verified == "streaming" else verified}


def test_no_answer_warns_that_the_checks_are_not_acted_on(rig: Rig) -> None:
    answer = rig.ask("block", "chat", "alone-first", Asked(), stream=False, headers=_asking("strict"))
    assert "verify" not in answer.headers.get("x-anvil-warning", "")
