"""A broken tier is the caller's problem only when no other tier can answer, and never looks like a whole answer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers, faults
from tests.fakes.client import request_body
from tests.fakes.faults import AFTER_RELEASE, BEFORE_RELEASE, BEFORE_RELEASE_STREAMED, REFUSALS, SECRET
from tests.fakes.steps import Fin, Pause, Stall
from tests.integration.router import PATHS, RouterProcess, free_port, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer
    from tests.fakes.tier import Tier

DIALECTS = ("messages", "chat")
FORMS = {"whole": False, "streamed": True}

LABELS = {
    "closes at once": "closed",
    "resets at once": "reset",
    "stalls at once": ("total_timeout", "first_byte_timeout"),
    "head then fin": "closed",
    "head then reset": "reset",
    "head then stall": ("total_timeout", "first_byte_timeout"),
    "half then fin": "closed",
    "half then reset": "reset",
    "half then stall": ("total_timeout", "first_byte_timeout"),
    "half then clean end": ("malformed_answer", "no_answer"),
    "length too long": "closed",
    "bad chunk size": "not_http",
    "half a head": "closed",
    "garbage": "not_http",
    "head drips": ("total_timeout", "first_byte_timeout"),
    "html": ("malformed_answer", "wrong_content_type"),
    "not json": ("malformed_answer", "wrong_content_type"),
    "empty object": ("malformed_answer", "wrong_content_type"),
    "empty body": ("malformed_answer", "no_answer"),
    "error with 200": "tier_error",
    "redirect": "status 307",
    "compressed": "encoded",
    "429 with retry-after": "status 429",
    "429 for a day": "status 429",
    "503 in html": "status 503",
    "error event first": "tier_error",
    "whole answer to a stream": "wrong_content_type",
    "terminal event first": "no_answer",
    "event is not json": "malformed_event",
    "event is no object": "malformed_event",
    "only comments": "no_answer",
}
"""What each fault is told as, whole and streamed where that differs; a status is told by its number."""


def _cases() -> Iterator[Any]:
    for dialect in DIALECTS:
        for form, streamed in FORMS.items():
            for name, fault in {**BEFORE_RELEASE, **(BEFORE_RELEASE_STREAMED if streamed else {})}.items():
                label = LABELS.get(name, name)
                told = label if isinstance(label, str) else label[streamed]
                id_ = f"{dialect}-{form}-{name}".replace(" ", "_")
                yield pytest.param(dialect, streamed, fault, told, id=id_)


def _ask(router: RouterProcess, dialect: str, model: str, *, stream: bool) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, stream=stream))


def _error(answer: Answer, dialect: str) -> dict[str, Any]:
    """The error of an answer in the vendor's envelope, having checked the envelope."""
    assert answer.headers["content-type"] == "application/json"
    document = answer.json
    if dialect == "messages":
        assert document["type"] == "error"
        assert set(document) == {"type", "error", "request_id"}
        assert document["request_id"] == answer.headers["x-request-id"]
    else:
        assert set(document) == {"error"}
        assert set(document["error"]) == {"message", "type", "param", "code"}
    error = document["error"]
    assert isinstance(error, dict)
    return error


@pytest.mark.parametrize(("dialect", "streamed", "fault", "told"), list(_cases()))
def test_a_broken_tier_alone_is_503_and_says_what_was_wrong(
    router: RouterProcess, first: Tier, dialect: str, streamed: bool, fault: faults.Fault, told: str
) -> None:
    first.plays(lambda _: fault(dialect, streamed))
    answer = _ask(router, dialect, "alone", stream=streamed)
    assert answer.status == 503
    assert answer.is_clean
    assert 1 <= int(answer.headers["retry-after"]) <= 30
    assert f"(first: {told})" in _error(answer, dialect)["message"]
    assert SECRET.encode() not in answer.body
    assert str(first.port).encode() not in answer.body


@pytest.mark.parametrize(
    ("dialect", "streamed", "fault"), [pytest.param(*case.values[:3], id=case.id) for case in _cases()]
)
def test_a_healthy_tier_behind_a_broken_one_answers_alone(
    router: RouterProcess, first: Tier, second: Tier, dialect: str, streamed: bool, fault: faults.Fault
) -> None:
    first.plays(lambda _: fault(dialect, streamed))
    answer = _ask(router, dialect, "backed", stream=streamed)
    assert answer.status == 200
    assert answer.is_clean
    assert answer.headers["x-anvil-attempts"] == "2"
    assert answer.headers["x-anvil-tier"] == "second"
    assert SECRET.encode() not in answer.body
    for word in answers.WORDS:
        assert answer.body.count(word.strip().encode()) == 1
    if streamed:
        assert answer.body.count(answers.TERMINAL[dialect]) == (2 if dialect == "messages" else 1)
    assert len(second.requests) == 1


@pytest.mark.parametrize("status", list(REFUSALS))
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_callers_fault_is_relayed_with_its_words_and_asked_of_no_other_tier(
    router: RouterProcess, first: Tier, second: Tier, dialect: str, streamed: bool, status: int
) -> None:
    first.plays(lambda _: REFUSALS[status](dialect, streamed))
    answer = _ask(router, dialect, "backed", stream=streamed)
    assert answer.status == status
    assert _error(answer, dialect)["message"] == f"the tier's words for {status}"
    assert "retry-after" not in answer.headers
    assert second.requests == []


@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_tier_that_nobody_runs_is_503(dialect: str, streamed: bool) -> None:
    with RouterProcess([tier_config("gone", f"http://127.0.0.1:{free_port()}/v1")], {"chat": ["gone"]}) as router:
        answer = _ask(router, dialect, "chat", stream=streamed)
    assert answer.status == 503
    assert "gone: refused" in _error(answer, dialect)["message"]
    assert 1 <= int(answer.headers["retry-after"]) <= 30


@pytest.mark.parametrize(("asked", "given"), [("7", 7), ("86400", 30)])
def test_a_tiers_own_retry_after_is_passed_on_up_to_half_a_minute(
    router: RouterProcess, first: Tier, asked: str, given: int
) -> None:
    error = answers.error("chat", "slow down")
    first.plays([answers.whole(error, 429, ("retry-after", asked))])
    assert int(_ask(router, "chat", "alone", stream=False).headers["retry-after"]) == given


# ── after release ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("fault", list(AFTER_RELEASE.values()), ids=[name.replace(" ", "_") for name in AFTER_RELEASE])
@pytest.mark.parametrize("model", ["alone", "backed"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_stream_that_breaks_ends_in_an_error_event_and_an_abort(
    router: RouterProcess, first: Tier, second: Tier, dialect: str, model: str, fault: faults.Fault
) -> None:
    first.plays(lambda _: fault(dialect, True))
    answer = _ask(router, dialect, model, stream=True)
    assert answer.status == 200
    assert answer.ending == "aborted"
    assert SECRET.encode() in answer.body, "the words that came before the fault"
    assert answers.TERMINAL[dialect] not in answer.body
    assert answer.body.endswith(b"\n\n"), "the last event is whole"
    last = answer.events[-1]
    if dialect == "messages":
        assert last.startswith(b"event: error\n")
    error = json.loads(last.split(b"data: ", 1)[1])
    assert error["error"]["message"]
    assert b"10.1.2.3" not in answer.body, "a tier's own words may name its address"
    assert second.requests == []
    assert router.is_healthy()


@pytest.mark.parametrize("fault", list(AFTER_RELEASE.values()), ids=[name.replace(" ", "_") for name in AFTER_RELEASE])
def test_the_anthropic_sdk_raises_on_a_stream_that_breaks(
    router: RouterProcess, first: Tier, fault: faults.Fault
) -> None:
    first.plays(lambda _: fault("messages", True))
    with anthropic.Anthropic(base_url=f"http://127.0.0.1:{router.port}", api_key="none", max_retries=0) as sdk:
        messages: list[Any] = [{"role": "user", "content": "say something"}]
        with sdk.messages.stream(model="alone", max_tokens=100, messages=messages) as stream:
            words = iter(stream.text_stream)
            assert SECRET in next(words)
            with pytest.raises(anthropic.APIError, match="Please try again"):
                list(words)


@pytest.mark.parametrize("fault", list(AFTER_RELEASE.values()), ids=[name.replace(" ", "_") for name in AFTER_RELEASE])
def test_the_openai_sdk_raises_on_a_stream_that_breaks(router: RouterProcess, first: Tier, fault: faults.Fault) -> None:
    first.plays(lambda _: fault("chat", True))
    with openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="none", max_retries=0) as sdk:
        messages: list[Any] = [{"role": "user", "content": "say something"}]
        with sdk.chat.completions.create(model="alone", messages=messages, stream=True) as stream:
            pieces = iter(stream)
            assert next(pieces).choices[0].delta.role == "assistant"
            assert SECRET in str(next(pieces).choices[0].delta.content)
            with pytest.raises(openai.APIError, match="Please try again"):
                list(pieces)


def test_streams_that_break_leave_no_descriptor_open(router: RouterProcess, first: Tier) -> None:
    [worker] = router.worker_pids
    fault = AFTER_RELEASE["reset"]
    first.plays(lambda _: fault("chat", True))
    counts = []
    for _ in range(12):
        assert _ask(router, "chat", "alone", stream=True).ending == "aborted"
        counts.append(len(list(Path(f"/proc/{worker}/fd").iterdir())))
    assert max(counts) <= counts[0] + 4, counts


# ── odd, and good ────────────────────────────────────────────────────────────────────────────────────────────────────


def _close_delimited(dialect: str, streamed: bool) -> list[Any]:
    kind = "text/event-stream" if streamed else "application/json"
    good = answers.events(dialect) if streamed else [json.dumps(answers.document(dialect)).encode()]
    return [answers.head(200, ("content-type", kind)), *good, Fin()]


def _drip(dialect: str, streamed: bool) -> Iterator[Any]:
    good = b"".join(answers.well_saying(*answers.WORDS)(_Asked(dialect, streamed)))  # type: ignore[arg-type]
    for start in range(0, len(good), 40):
        yield good[start : start + 40]
        yield Pause(0.01)


class _Asked:
    def __init__(self, dialect: str, streamed: bool) -> None:
        self.dialect = dialect
        self.is_streamed = streamed
        self.json: dict[str, Any] = {}


def _never_closes(dialect: str, streamed: bool) -> list[Any]:
    if streamed:
        return [*answers.stream(dialect)[:-1], Stall()]
    return [answers.whole(answers.document(dialect)), Stall()]


def _never_says_the_last(dialect: str, streamed: bool) -> list[Any]:
    """All choices have finished; the vendor's last event is missing."""
    if not streamed:
        return [answers.whole(answers.document(dialect))]
    return [answers.stream_head(), *(answers.chunk(data) for data in answers.events(dialect)[:-1]), answers.chunk(b"")]


def _cut_after_the_last(dialect: str, streamed: bool) -> list[Any]:
    return [*answers.stream(dialect)[:-1], Fin()] if streamed else [answers.whole(answers.document(dialect)), Fin()]


def _carriage_returns(dialect: str, streamed: bool) -> list[Any]:
    if not streamed:
        return [answers.whole(answers.document(dialect))]
    body = b"".join(answers.events(dialect)).replace(b"\n", b"\r\n")
    return [answers.stream_head(), answers.chunk(b": hello\r\n\r\n" + body), answers.chunk(b"")]


ODD = [_close_delimited, _drip, _never_closes, _never_says_the_last, _cut_after_the_last, _carriage_returns]


@pytest.mark.parametrize("odd", ODD, ids=[odd.__name__.strip("_") for odd in ODD])
@pytest.mark.parametrize("streamed", list(FORMS.values()), ids=list(FORMS))
@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_odd_but_whole_answer_is_passed_on_whole(
    router: RouterProcess, first: Tier, dialect: str, streamed: bool, odd: Any
) -> None:
    first.plays(lambda _: odd(dialect, streamed))
    answer = _ask(router, dialect, "alone", stream=streamed)
    assert answer.status == 200
    assert answer.is_clean
    for word in answers.WORDS:
        assert answer.body.count(word.strip().encode()) == 1
    if streamed:
        assert answer.body.rstrip().endswith(b"[DONE]" if dialect == "chat" else b'{"type":"message_stop"}')


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_tier_that_only_shows_signs_of_life_is_left(router: RouterProcess, first: Tier, dialect: str) -> None:
    """Comments are no answer; they hold off the deadlines for silence, and the total one ends them."""

    def comments(_: object) -> Iterator[Any]:
        yield answers.stream_head()
        while True:
            yield answers.chunk(b": still loading\n\n")
            yield Pause(0.05)

    first.plays(comments)
    assert _ask(router, dialect, "backed", stream=True).headers["x-anvil-tier"] == "second"
