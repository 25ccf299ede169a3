"""A client that waits for a held answer is given signs of life, and the next tier's answer goes on where they ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.asked import Asked, AskedTool
from tests.fakes.defects import LATE_TEXT, listed
from tests.fakes.faults import SECRET
from tests.fakes.said import Said
from tests.fakes.steps import Pause, Step
from tests.fakes.tier import Tier
from tests.integration.gate.rig import CONFIGURED, DIALECTS, PATHS, assert_breaks_off, assert_silent, routers
from tests.integration.oracles import EVENT, documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.fakes.client import Answer
    from tests.fakes.tier import Received
    from tests.integration.router import RouterProcess

LIST = AskedTool("list_files", {"type": "object", "properties": {"path": {"type": "string"}}})
GOOD = Said("alpha beta gamma")
BROKEN = Said(LATE_TEXT + f"{SECRET}<|im_end|>\n<|im_start|>user\n", cut=60)


@pytest.fixture(scope="module")
def _waiting() -> Iterator[tuple[Tier, Tier, RouterProcess]]:
    waits = {"heartbeat_after": 0.2, "heartbeat_every": 0.1}
    with Tier() as first, Tier() as second, routers(first, second, "whole", waits=waits) as router:
        yield first, second, router


@pytest.fixture
def waiting(_waiting: tuple[Tier, Tier, RouterProcess]) -> Iterator[RouterProcess]:
    """A router whose clients wait no longer than a moment; its first tier is slow, and no good."""
    first, second, router = _waiting
    first.plays(_slowly(BROKEN))
    second.plays(GOOD)
    yield router
    first.reset()
    second.reset()


@pytest.fixture
def tiers(_waiting: tuple[Tier, Tier, RouterProcess]) -> tuple[Tier, Tier]:
    """The first and the second."""
    return _waiting[0], _waiting[1]


def _slowly(said: Said) -> Callable[[Received], Iterable[Step]]:
    """The answer's events over more than half a second, so that signs of life are given while they are held."""

    def script(received: Received) -> Iterable[Step]:
        for step in said(received):
            yield Pause(0.06)
            yield step

    return script


def _ask(router: RouterProcess, dialect: str, model: str) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], Asked().body(dialect, model, stream=True))


@pytest.mark.parametrize("tier", CONFIGURED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_next_tier_answers_inside_the_stream(waiting: RouterProcess, dialect: str, tier: str) -> None:
    answer = _ask(waiting, dialect, f"backed-first-{tier}")
    assert (answer.status, answer.is_clean) == (200, True)
    assert_silent(answer)
    assert b"The prices" not in answer.body
    told = documents(answer.body)
    for document in told:
        if document.get("type") != "ping":
            EVENT[dialect].validate_python(document)
    types = [document.get("type") for document in told]
    match dialect:
        case "messages":
            assert types.count("message_start") == 1
            assert types.count("ping") >= 2
            assert types[-1] == "message_stop"
        case "responses":
            assert types.count("response.created") == 1
            assert types.count("response.in_progress") >= 2
            assert [document["sequence_number"] for document in told] == list(range(len(told)))
        case _:
            assert answer.body.startswith(b": ")
            assert answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_exhaustion_is_told_inside_the_stream(waiting: RouterProcess, dialect: str) -> None:
    answer = _ask(waiting, dialect, "alone-first")
    assert_breaks_off(answer, dialect)
    assert_silent(answer)
    assert b"The prices" not in answer.body
    last = json.loads(answer.events[-1].split(b"data: ", 1)[1])
    error = last["response"]["error"] if dialect == "responses" else last["error"]
    assert "template_token" in error["message"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_good_answer_is_heard_once(waiting: RouterProcess, tiers: tuple[Tier, Tier], dialect: str) -> None:
    tiers[0].plays(_slowly(Said(LATE_TEXT, cut=40)))
    answer = _ask(waiting, dialect, "backed-first")
    assert answer.is_clean
    assert answers.TERMINAL[dialect] in answer.body
    if dialect != "responses":  # which says at its end all that it has said
        assert answer.body.count(b"The prices") == 1
    assert tiers[1].requests == []


def test_the_anthropic_sdk_reads_it(waiting: RouterProcess) -> None:
    address = f"http://127.0.0.1:{waiting.port}"
    with (
        anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as client,
        client.messages.stream(
            model="backed-first", max_tokens=50, messages=[{"role": "user", "content": "go"}]
        ) as stream,
    ):
        message = stream.get_final_message()
    assert [block.text for block in message.content if block.type == "text" and block.text] == [GOOD.text]
    assert message.usage.output_tokens == GOOD.output_tokens


def test_the_openai_sdk_reads_it(waiting: RouterProcess) -> None:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{waiting.port}/v1", api_key="any", max_retries=0) as client:
        chunks = client.chat.completions.create(
            model="backed-first", messages=[{"role": "user", "content": "go"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == GOOD.text
        with client.responses.stream(model="backed-first", input="go") as stream:
            assert stream.get_final_response().output_text == GOOD.text


CALLS = Said(LATE_TEXT, calls=(listed(json.dumps({"path": "a/long/way/down/to/where/it/is/" * 3})),), cut=16)
"""Words that leave a window of blocks at once, and a call that takes a second."""


@pytest.fixture(scope="module")
def _held() -> Iterator[tuple[Tier, RouterProcess]]:
    with Tier() as first, Tier() as second, routers(first, second, "block", waits={"heartbeat_every": 0.1}) as router:
        yield first, router


@pytest.fixture
def held(_held: tuple[Tier, RouterProcess]) -> Iterator[RouterProcess]:
    """A router before a tier whose call comes slowly."""
    first, router = _held
    first.plays(_slowly(CALLS))
    yield router
    first.reset()


@pytest.mark.parametrize("tier", CONFIGURED)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_client_that_has_begun_to_read_hears_something_while_a_call_is_held(
    held: RouterProcess, dialect: str, tier: str
) -> None:
    with held.client() as client:
        body = Asked(tools=(LIST,)).body(dialect, f"alone-first-{tier}", stream=True)
        answer = client.ask("POST", PATHS[dialect], body)
    assert (answer.status, answer.is_clean) == (200, True)
    told = documents(answer.body)
    for document in told:
        EVENT[dialect].validate_python(document)
    types = [document.get("type") for document in told]
    match dialect:
        case "messages":
            # What Claude Code counts as life: an empty piece of a text that is open.
            assert _pieces(told).count("") >= 2
            assert types.count("content_block_start") == types.count("content_block_stop") == 2
            assert "ping" not in types
            _assert_each_piece_is_in_an_open_block(told)
        case "responses":
            assert types.count("response.in_progress") >= 3
            assert [document["sequence_number"] for document in told] == list(range(len(told)))
        case _:
            assert answer.body.count(b"\n: ping\n") >= 2


def test_the_sdks_read_signs_of_life_and_a_call_after_them(held: RouterProcess) -> None:
    address = f"http://127.0.0.1:{held.port}"
    messages, input_ = (
        Asked(tools=(LIST,)).body(each, "alone-first", stream=False) for each in ("messages", "responses")
    )
    with (
        anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as client,
        client.messages.stream(**{"max_tokens": 500} | messages) as stream,
    ):
        message = stream.get_final_message()
    text, call = message.content
    assert (text.type == "text" and text.text, call.type == "tool_use" and call.input) == (
        LATE_TEXT,
        json.loads(CALLS.calls[0].arguments),
    )
    with (
        openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as vendor,
        vendor.responses.stream(**input_) as responses,
    ):
        response = responses.get_final_response()
    assert response.output_text == LATE_TEXT
    assert [each.arguments for each in response.output if each.type == "function_call"] == [CALLS.calls[0].arguments]


def _pieces(told: list[dict[str, Any]]) -> list[str]:
    deltas = [document["delta"] for document in told if document["type"] == "content_block_delta"]
    return [delta["text"] for delta in deltas if delta["type"] == "text_delta"]


def _assert_each_piece_is_in_an_open_block(told: list[dict[str, Any]]) -> None:
    is_open: set[int] = set()
    for document in told:
        match document["type"]:
            case "content_block_start":
                assert not is_open
                is_open.add(document["index"])
            case "content_block_stop":
                is_open.remove(document["index"])
            case "content_block_delta":
                assert document["index"] in is_open
    assert not is_open
