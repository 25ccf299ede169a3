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
    from openai.types.responses import FunctionToolParam, ParsedResponse, ResponseInputParam
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


# ── Responses ────────────────────────────────────────────────────────────────────────────────────────────────────────

_FUNCTION: FunctionToolParam = {
    "type": "function",
    "name": "write_file",
    "description": "Writes a file.",
    "parameters": _TOOL["function"]["parameters"],
    "strict": True,
}


def _respond(client: openai.OpenAI, items: ResponseInputParam, *, is_streamed: bool) -> ParsedResponse[None]:
    if not is_streamed:
        return client.responses.parse(model="planning", input=items, tools=[_FUNCTION])
    with client.responses.stream(model="planning", input=items, tools=[_FUNCTION]) as stream:
        return stream.get_final_response()


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_makes_a_file_with_responses(
    forge: Forge, workshop: Workshop, client: openai.OpenAI, mode: str
) -> None:
    items: ResponseInputParam = [{"role": "user", "content": TASK}]
    first = _respond(client, items, is_streamed=mode == "streamed")
    [call] = [item for item in first.output if item.type == "function_call"]
    arguments = json.loads(call.arguments)
    (workshop.folder / arguments["path"]).write_text(arguments["content"], encoding="utf-8", newline="")
    items += [item.to_dict() for item in first.output]  # type: ignore[misc]
    items.append({"type": "function_call_output", "call_id": call.call_id, "output": "written"})
    second = _respond(client, items, is_streamed=mode == "streamed")
    forge.assert_made(workshop.file)
    assert (first.output_text, second.output_text) == (OPENING, CLOSING)
    for answer in (first, second):
        assert (answer.model, answer.status) == ("planning", "completed")
        assert answer.usage is not None
        assert (answer.usage.input_tokens, answer.usage.output_tokens) == (INPUT_TOKENS, OUTPUT_TOKENS)
        assert answer.usage.input_tokens_details.cached_tokens == CACHED_TOKENS


def test_the_sdk_resumes_a_response(forge: Forge, workshop: Workshop, client: openai.OpenAI) -> None:
    first = client.responses.create(model="planning", input=TASK, tools=[_FUNCTION])
    [call] = [item for item in first.output if item.type == "function_call"]
    arguments = json.loads(call.arguments)
    (workshop.folder / arguments["path"]).write_text(arguments["content"], encoding="utf-8", newline="")
    result: ResponseInputParam = [{"type": "function_call_output", "call_id": call.call_id, "output": "written"}]
    second = client.responses.create(model="planning", previous_response_id=first.id, input=result, tools=[_FUNCTION])
    forge.assert_made(workshop.file)
    assert second.output_text == CLOSING


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_gets_a_response_of_a_given_shape(client: openai.OpenAI, mode: str) -> None:
    if mode == "whole":
        answer = client.responses.parse(model="planning", input="what was made?", text_format=_Made)
    else:
        with client.responses.stream(model="planning", input="what was made?", text_format=_Made) as stream:
            answer = stream.get_final_response()
    assert answer.output_parsed == _Made(name=WORD, count=3)
