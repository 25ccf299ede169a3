"""A client that waits long for a stream is given signs of life, and the answer goes on where they ended."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Fin, Pause, Stall
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Answer

AFTER, EVERY, SILENCE = 0.2, 0.1, 0.55
TIMEOUTS = {"connect": 2.0, "first_byte": 3.0, "idle": 2.0, "total": 8.0}
TEXT = "".join(answers.WORDS)
DIALECTS = ("messages", "chat", "responses")


@pytest.fixture(scope="module")
def tiers() -> Iterator[dict[str, Tier]]:
    with Tier() as messages, Tier() as chat, Tier() as second:
        yield {"messages": messages, "chat": chat, "second": second}


@pytest.fixture(scope="module")
def router(tiers: dict[str, Tier]) -> Iterator[RouterProcess]:
    configs = [
        tier_config("messages", tiers["messages"].url, dialects=["anthropic"], timeouts=TIMEOUTS),
        tier_config("chat", tiers["chat"].url, dialects=["openai"], timeouts=TIMEOUTS),
        tier_config("second", tiers["second"].url, timeouts=TIMEOUTS),
    ]
    presets = {"messages-tier": ["messages"], "chat-tier": ["chat"], "backed": ["chat", "second"]}
    presets |= {f"backed-{kind}": [kind, "second"] for kind in ("messages", "chat")}
    window = {"heartbeat_after": AFTER, "heartbeat_every": EVERY}
    # What one test has a tier do is not to open a breaker for the next.
    settings = {"window": window, "fallback": {"breaker_failures": "off"}}
    with RouterProcess(configs, presets, router=settings) as process:
        yield process


@pytest.fixture(autouse=True)
def _forget(tiers: dict[str, Tier]) -> Iterator[None]:
    yield
    for tier in tiers.values():
        tier.reset()


def _slow(tier: Tier) -> None:
    """Answers well after a silence."""
    tier.plays(lambda received: [Pause(SILENCE), *answers.well(received)])


def _ask(router: RouterProcess, dialect: str, model: str) -> Answer:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, stream=True))


def _documents(answer: Answer) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in answer.body.split(b"\n") if line.startswith(b"data: {")]


def _types(answer: Answer) -> list[str]:
    return [document.get("type", "") for document in _documents(answer)]


@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_messages_pings_and_one_opening(router: RouterProcess, tiers: dict[str, Tier], kind: str) -> None:
    _slow(tiers[kind])
    answer = _ask(router, "messages", f"{kind}-tier")
    types = _types(answer)
    assert answer.is_clean
    assert types[0] == "message_start"
    assert types.count("message_start") == 1
    assert types.count("ping") >= 2
    assert types[-1] == "message_stop"
    assert "x-anvil-tier" not in answer.headers
    assert answer.headers["x-anvil-intent"] == f"{kind}-tier"


@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_the_anthropic_sdk_reads_what_follows_the_signs(
    router: RouterProcess, tiers: dict[str, Tier], kind: str
) -> None:
    _slow(tiers[kind])
    address = f"http://127.0.0.1:{router.port}"
    with (
        anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as client,
        client.messages.stream(
            model=f"{kind}-tier", max_tokens=50, messages=[{"role": "user", "content": "go"}]
        ) as stream,
    ):
        message = stream.get_final_message()
    assert [block.text for block in message.content if block.type == "text"] == [TEXT]
    if kind == "messages":  # the other tier does not say what its answer cost
        assert message.usage.output_tokens == len(answers.WORDS)


@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_chat_comments_and_then_the_tiers_own_stream(router: RouterProcess, tiers: dict[str, Tier], kind: str) -> None:
    _slow(tiers[kind])
    answer = _ask(router, "chat", f"{kind}-tier")
    assert answer.is_clean
    assert answer.body.startswith(b": ping\n\n: ping\n\n")
    assert answer.body.count(b'"role"') == 1
    assert answer.body.endswith(b"data: [DONE]\n\n")


@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_the_openai_sdk_reads_what_follows_the_signs(router: RouterProcess, tiers: dict[str, Tier], kind: str) -> None:
    _slow(tiers[kind])
    address = f"http://127.0.0.1:{router.port}/v1"
    with openai.OpenAI(base_url=address, api_key="any", max_retries=0) as client:
        chunks = client.chat.completions.create(
            model=f"{kind}-tier", messages=[{"role": "user", "content": "go"}], stream=True
        )
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
        with client.responses.stream(model=f"{kind}-tier", input="go") as stream:
            response = stream.get_final_response()
    assert response.output_text == TEXT


@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_responses_repeats_that_it_is_in_progress(router: RouterProcess, tiers: dict[str, Tier], kind: str) -> None:
    _slow(tiers[kind])
    answer = _ask(router, "responses", f"{kind}-tier")
    types = _types(answer)
    assert answer.is_clean
    assert types[0] == "response.created"
    assert types.count("response.created") == 1
    assert types.count("response.in_progress") >= 3
    assert types[-1] == "response.completed"
    documents = _documents(answer)
    assert [document["sequence_number"] for document in documents] == list(range(len(documents)))
    assert len({document["response"]["id"] for document in documents if "response" in document}) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_next_tier_answers_inside_a_stream_that_has_begun(
    router: RouterProcess, tiers: dict[str, Tier], dialect: str
) -> None:
    tiers["chat"].plays([Pause(SILENCE), answers.whole({"error": "no"}, 500)])
    answer = _ask(router, dialect, "backed")
    assert answer.is_clean
    assert answer.status == 200
    assert b"gamma" in answer.body
    assert len(tiers["second"].requests) == 1


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["messages", "chat"])
def test_an_attempt_that_begins_and_breaks_at_once_is_not_heard(
    router: RouterProcess, tiers: dict[str, Tier], dialect: str, kind: str
) -> None:
    """Its first bytes and its failure come together, so that the next tier can still answer."""
    begun = answers.stream_head() + answers.chunk(
        b"".join(answers.events(kind, ["unheard"])[:3]) + b"data: nothing\n\n"
    )
    tiers[kind].plays([Pause(SILENCE), begun, Fin()])
    tiers["second"].plays(lambda received: [Pause(2 * EVERY), *answers.well(received)])
    answer = _ask(router, dialect, f"backed-{kind}")
    assert answer.is_clean
    assert b"unheard" not in answer.body
    assert b"gamma" in answer.body
    types = _types(answer)
    assert types.count("message_start") + types.count("response.created") == (dialect != "chat")
    if dialect == "responses":
        documents = _documents(answer)
        assert [document["sequence_number"] for document in documents] == list(range(len(documents)))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("refusal", [500, 400])
def test_what_fails_after_the_first_sign_is_told_inside_the_stream(
    router: RouterProcess, tiers: dict[str, Tier], dialect: str, refusal: int
) -> None:
    body: dict[str, Any] = {"error": {"message": "a word of the tier", "type": "x"}}
    tiers["chat"].plays(lambda _: [Pause(SILENCE), answers.whole(body, refusal)])
    answer = _ask(router, dialect, "chat-tier")
    assert answer.status == 200
    assert not answer.is_clean
    assert answers.TERMINAL[dialect] not in answer.body
    last = answer.events[-1]
    assert {"messages": b"event: error", "chat": b'data: {"error"', "responses": b"event: response.failed"}[
        dialect
    ] in last
    assert (b"a word of the tier" in last) == (refusal == 400)


def test_a_client_that_leaves_while_it_is_given_signs_is_noticed(router: RouterProcess, tiers: dict[str, Tier]) -> None:
    tiers["chat"].plays([Stall()])
    with router.client() as client:
        body = json.dumps(request_body("messages", "chat-tier", stream=True)).encode()
        client.request("POST", PATHS["messages"], body)
        connection = tiers["chat"].wait_for_requests().connection
        assert client.read_head()[0] == 200
    assert connection.gone.wait(1.0)


def test_a_whole_answer_is_waited_for_in_silence(router: RouterProcess, tiers: dict[str, Tier]) -> None:
    tiers["chat"].plays(lambda _: [Pause(SILENCE), answers.whole({"error": "no"}, 500)])
    with router.client() as client:
        answer = client.ask("POST", PATHS["messages"], request_body("messages", "chat-tier"))
    assert answer.status == 503
