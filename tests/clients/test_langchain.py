"""LangChain's chat models for both vendors."""

from __future__ import annotations

from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import pytest
from langchain_anthropic import ChatAnthropic
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel, SecretStr
from tests.clients.workshop import TASK, Workshop
from tests.fakes.smith import CLOSING, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Callable

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage
    from langchain_core.runnables import Runnable
    from tests.clients.forge import Forge


class _Made(BaseModel):
    name: str
    count: int


def _openai(forge: Forge) -> BaseChatModel:
    return ChatOpenAI(
        model="planning", base_url=f"{forge.url}/v1", api_key=SecretStr("any"), max_retries=0, stream_usage=True
    )


def _responses(forge: Forge) -> BaseChatModel:
    return ChatOpenAI(
        model="planning", base_url=f"{forge.url}/v1", api_key=SecretStr("any"), max_retries=0, use_responses_api=True
    )


def _anthropic(forge: Forge) -> BaseChatModel:
    return ChatAnthropic(
        model_name="planning",
        base_url=forge.url,
        api_key=SecretStr("any"),
        max_retries=0,
        max_tokens_to_sample=2000,
        timeout=None,
        stop=None,
    )


def _stream(model: Runnable[list[BaseMessage], AIMessage], messages: list[BaseMessage]) -> AIMessage:
    message = reduce(add, model.stream(messages))
    assert isinstance(message, AIMessage)
    return message


def _invoke(model: Runnable[list[BaseMessage], AIMessage], messages: list[BaseMessage]) -> AIMessage:
    return model.invoke(messages)


_EVERY_MODEL = pytest.mark.parametrize(
    "vendor", [_openai, _responses, _anthropic], ids=["openai", "openai-responses", "anthropic"]
)


@_EVERY_MODEL
@pytest.mark.parametrize("ask", [_stream, _invoke], ids=["streamed", "whole"])
def test_langchain_makes_a_file(
    forge: Forge,
    workshop: Workshop,
    ask: Callable[[Runnable[list[BaseMessage], AIMessage], list[BaseMessage]], AIMessage],
    vendor: Callable[[Forge], BaseChatModel],
) -> None:
    @tool
    def write_file(path: str, content: str) -> str:
        """Writes a file."""
        (workshop.folder / path).write_text(content, encoding="utf-8", newline="")
        return "written"

    model = vendor(forge).bind_tools([write_file])
    messages: list[BaseMessage] = [HumanMessage(TASK)]
    first = ask(model, messages)
    [call] = first.tool_calls
    result = write_file.invoke(call)
    assert isinstance(result, ToolMessage)
    second = ask(model, [*messages, first, result])
    forge.assert_made(workshop.file)
    assert second.text == CLOSING
    for answer in (first, second):
        usage = answer.usage_metadata
        assert usage is not None
        assert (usage["input_tokens"], usage["output_tokens"]) == (INPUT_TOKENS, OUTPUT_TOKENS)
        assert usage["input_token_details"]["cache_read"] == CACHED_TOKENS


@_EVERY_MODEL
def test_langchain_gets_an_answer_of_a_given_shape(forge: Forge, vendor: Callable[[Forge], BaseChatModel]) -> None:
    answer = vendor(forge).with_structured_output(_Made).invoke("what was made?")
    assert answer == _Made(name=WORD, count=3)
