"""A client in its dialect, a tier in another: read by both vendors' own SDKs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "".join(answers.WORDS)
TOOL = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


@pytest.fixture(scope="module")
def _chat_only() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture(scope="module")
def _messages_only() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture
def chat_only(_chat_only: Tier) -> Iterator[Tier]:
    yield _chat_only
    _chat_only.reset()


@pytest.fixture
def messages_only(_messages_only: Tier) -> Iterator[Tier]:
    yield _messages_only
    _messages_only.reset()


@pytest.fixture(scope="module")
def router(_chat_only: Tier, _messages_only: Tier) -> Iterator[RouterProcess]:
    tiers = [
        tier_config("chat_only", _chat_only.url, dialects=["openai"]),
        tier_config("messages_only", _messages_only.url, dialects=["anthropic"]),
    ]
    with RouterProcess(tiers, {"chat": ["chat_only"], "review": ["messages_only"]}) as process:
        yield process


def _anthropic(router: RouterProcess) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=f"http://127.0.0.1:{router.port}", api_key="any", max_retries=0)


def _openai(router: RouterProcess) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="any", max_retries=0)


def _sent(tier: Tier) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(tier.requests[-1].body)
    return body


def test_the_anthropic_sdk_streams_from_a_tier_that_speaks_chat_completions(
    router: RouterProcess, chat_only: Tier
) -> None:
    with (
        _anthropic(router) as client,
        client.messages.stream(
            model="chat", max_tokens=50, system="be brief", messages=[{"role": "user", "content": "go"}]
        ) as stream,
    ):
        assert "".join(stream.text_stream) == TEXT
        message = stream.get_final_message()
    assert (message.stop_reason, message.model) == ("end_turn", "chat")
    assert chat_only.requests[-1].target == "/v1/chat/completions"
    sent = _sent(chat_only)
    assert [turn["role"] for turn in sent["messages"]] == ["system", "user"]
    assert sent["stream_options"] == {"include_usage": True}
    assert sent["model"] == "model-of-the-tier"
    assert not [name for name in chat_only.requests[-1].headers if name.startswith("anthropic-")]


def test_the_anthropic_sdk_gets_a_whole_answer_of_a_tier_that_speaks_chat_completions(
    router: RouterProcess, chat_only: Tier
) -> None:
    with _anthropic(router) as client:
        message = client.messages.create(
            model="chat",
            max_tokens=50,
            messages=[{"role": "user", "content": "go"}],
            tools=[{"name": "read", "description": "reads", "input_schema": TOOL}],
        )
    [block] = message.content
    assert block.type == "text"
    assert block.text == TEXT
    assert _sent(chat_only)["tools"][0]["function"]["name"] == "read"


def test_the_openai_sdk_streams_from_a_tier_that_speaks_messages(router: RouterProcess, messages_only: Tier) -> None:
    with _openai(router) as client:
        chunks = list(
            client.chat.completions.create(
                model="review",
                messages=[{"role": "system", "content": "be brief"}, {"role": "user", "content": "go"}],
                stream=True,
                stream_options={"include_usage": True},
            )
        )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert chunks[-1].usage is not None
    assert {chunk.model for chunk in chunks} == {"review"}
    assert messages_only.requests[-1].target == "/v1/messages"
    assert messages_only.requests[-1].headers["anthropic-version"] == "2023-06-01"
    assert _sent(messages_only)["max_tokens"] > 0


def test_the_openai_sdk_gets_a_whole_answer_of_a_tier_that_speaks_messages(
    router: RouterProcess, messages_only: Tier
) -> None:
    with _openai(router) as client:
        answer = client.chat.completions.create(model="review", messages=[{"role": "user", "content": "go"}])
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"


def test_what_cannot_be_carried_is_told(router: RouterProcess, chat_only: Tier) -> None:
    with router.client() as client:
        body = request_body("messages", "chat", context_management={"edits": []})
        answer = client.ask("POST", PATHS["messages"], body)
    assert answer.status == 200
    assert "context_management" in answer.headers["x-anvil-warning"]


def test_what_must_not_be_left_out_is_refused_before_the_tier_is_asked(
    router: RouterProcess, messages_only: Tier
) -> None:
    with router.client() as client:
        answer = client.ask("POST", PATHS["chat"], request_body("chat", "review", n=2))
    assert answer.status == 400
    assert answer.json["error"]["param"] == "n"
    assert messages_only.requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_a_translated_stream_that_breaks_ends_in_the_clients_error(
    router: RouterProcess, chat_only: Tier, stream: bool
) -> None:
    whole = b"".join(answers.stream("chat"))
    chat_only.plays([whole[: len(whole) // 2]])
    with router.client() as client:
        answer = client.ask("POST", PATHS["messages"], request_body("messages", "chat", stream=stream))
    if stream:
        assert not answer.is_clean
        assert b"message_stop" not in answer.body
        assert answer.body.rstrip().split(b"\n")[-2] == b"event: error"
    else:
        assert answer.status == 503


def test_a_conversation_that_would_lie_at_the_vendor_is_refused_in_the_sdks_words(
    router: RouterProcess, chat_only: Tier
) -> None:
    with router.client() as client:
        body = request_body("messages", "chat", thread={"type": "create"})
        answer = client.ask("POST", PATHS["messages"], body)
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
    assert answer.json["error"]["details"]["error_code"] == "thread_unsupported_request"
    assert chat_only.requests == []


def test_a_local_tier_is_sent_instructions_first_and_turns_that_alternate(
    router: RouterProcess, chat_only: Tier
) -> None:
    turns = [
        {"role": "user", "content": "go"},
        {"role": "system", "content": "agents may be started"},
        {"role": "assistant", "content": "on it"},
        {"role": "user", "content": "and?"},
    ]
    with router.client() as client:
        body = request_body("messages", "chat", system="be brief") | {"messages": turns}
        answer = client.ask("POST", PATHS["messages"], body)
    assert answer.status == 200
    assert "system_as_user" in answer.headers["x-anvil-warning"]
    sent = _sent(chat_only)["messages"]
    assert [turn["role"] for turn in sent] == ["system", "user", "assistant", "user"]
    assert "agents may be started" in json.dumps(sent[1])
