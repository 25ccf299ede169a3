"""OpenAI's SDK for Python."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from pydantic import BaseModel
from tests.clients.workshop import TASK, Workshop
from tests.fakes.smith import CLOSING, OPENING, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openai.types.chat import ChatCompletion, ChatCompletionMessageParam, ChatCompletionToolParam
    from tests.clients.forge import Forge

_TOOL: ChatCompletionToolParam = {
    "type": "function",
    "function": {
        "name": "write_file",
        "description": "Writes a file.",
        "parameters": {
            "type": "object",
            "properties": {"path": {"type": "string"}, "content": {"type": "string"}},
            "required": ["path", "content"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}


class _Made(BaseModel):
    name: str
    count: int


@pytest.fixture
def client(forge: Forge) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{forge.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def _stream(client: openai.OpenAI, messages: list[ChatCompletionMessageParam]) -> ChatCompletion:
    with client.chat.completions.stream(
        model="planning", messages=messages, tools=[_TOOL], stream_options={"include_usage": True}
    ) as stream:
        return stream.until_done().get_final_completion()


def _create(client: openai.OpenAI, messages: list[ChatCompletionMessageParam]) -> ChatCompletion:
    return client.chat.completions.create(model="planning", messages=messages, tools=[_TOOL])


@pytest.mark.parametrize("ask", [_stream, _create], ids=["streamed", "whole"])
def test_the_sdk_makes_a_file(forge: Forge, workshop: Workshop, client: openai.OpenAI, ask: Any) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": TASK}]
    first: ChatCompletion = ask(client, messages)
    message = first.choices[0].message
    assert (first.choices[0].finish_reason, message.content) == ("tool_calls", OPENING)
    assert message.tool_calls is not None
    [call] = message.tool_calls
    assert call.type == "function"
    arguments = json.loads(call.function.arguments)
    (workshop.folder / arguments["path"]).write_text(arguments["content"], encoding="utf-8", newline="")
    messages += [message.to_dict(), {"role": "tool", "tool_call_id": call.id, "content": "written"}]  # type: ignore[list-item]
    second: ChatCompletion = ask(client, messages)
    assert (second.choices[0].finish_reason, second.choices[0].message.content) == ("stop", CLOSING)
    forge.assert_made(workshop.file)
    for answer in (first, second):
        assert answer.model == "planning"
        assert answer.usage is not None
        assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
        assert answer.usage.prompt_tokens_details is not None
        assert answer.usage.prompt_tokens_details.cached_tokens == CACHED_TOKENS


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_gets_an_answer_of_a_given_shape(client: openai.OpenAI, mode: str) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": "what was made?"}]
    if mode == "whole":
        answer = client.chat.completions.parse(model="planning", messages=messages, response_format=_Made)
    else:
        with client.chat.completions.stream(model="planning", messages=messages, response_format=_Made) as stream:
            answer = stream.until_done().get_final_completion()
    assert answer.choices[0].message.parsed == _Made(name=WORD, count=3)
