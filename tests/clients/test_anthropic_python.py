"""Anthropic's SDK for Python."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anthropic
import pytest
from anthropic import beta_tool
from pydantic import BaseModel
from tests.clients.workshop import CONTENT, FILE, TASK, Workshop
from tests.fakes.smith import CLOSING, OPENING, THOUGHT, WORD
from tests.fakes.turn import CACHED_TOKENS, INPUT_TOKENS, OUTPUT_TOKENS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anthropic.types import MessageParam
    from anthropic.types.beta import BetaMessage
    from tests.clients.forge import Forge


class _Made(BaseModel):
    name: str
    count: int


@pytest.fixture
def client(forge: Forge) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=forge.url, api_key="any", max_retries=0) as client:
        yield client


@pytest.mark.parametrize("mode", ["streamed", "whole"])
@pytest.mark.parametrize("threads", ["with-threads", "without-threads"])
def test_the_sdk_makes_a_file(
    forge: Forge, workshop: Workshop, client: anthropic.Anthropic, mode: str, threads: str
) -> None:
    @beta_tool
    def write_file(path: str, content: str) -> str:
        """Writes a file."""
        (workshop.folder / path).write_text(content, encoding="utf-8", newline="")
        return "written"

    runner = client.beta.messages.tool_runner(
        model="planning",
        max_tokens=2000,
        system="Be brief.",
        thinking={"type": "enabled", "budget_tokens": 1024},
        tools=[write_file],
        messages=[{"role": "user", "content": TASK}],
        stream=mode == "streamed",
        thread=False if threads == "without-threads" else anthropic.omit,
    )
    answers: list[BetaMessage] = [
        answer if isinstance(answer, anthropic.types.beta.BetaMessage) else answer.get_final_message()
        for answer in runner
    ]
    forge.assert_made(workshop.file)
    assert [answer.stop_reason for answer in answers] == ["tool_use", "end_turn"]
    [[thinking, text, tool_use], [_, closing]] = [[block.to_dict() for block in answer.content] for answer in answers]
    assert (thinking["thinking"], text["text"], closing["text"]) == (THOUGHT, OPENING, CLOSING)
    assert tool_use["input"] == {"path": FILE, "content": CONTENT}
    for answer in answers:
        usage = answer.usage
        assert (answer.model, usage.output_tokens) == ("planning", OUTPUT_TOKENS)
        assert (usage.input_tokens, usage.cache_read_input_tokens) == (INPUT_TOKENS - CACHED_TOKENS, CACHED_TOKENS)


@pytest.mark.parametrize("mode", ["streamed", "whole"])
def test_the_sdk_gets_an_answer_of_a_given_shape(client: anthropic.Anthropic, mode: str) -> None:
    messages: list[MessageParam] = [{"role": "user", "content": "what was made?"}]
    if mode == "whole":
        answer = client.messages.parse(model="planning", max_tokens=2000, messages=messages, output_format=_Made)
    else:
        with client.messages.stream(
            model="planning", max_tokens=2000, messages=messages, output_format=_Made
        ) as stream:
            answer = stream.get_final_message()
    assert answer.parsed_output == _Made(name=WORD, count=3)
