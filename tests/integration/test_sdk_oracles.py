"""What translation makes, held to the vendors' own types; the answers read by their own stream helpers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.tier import Tier
from tests.integration.oracles import ANSWER, EVENT, WIRE, documents, unknown_members

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEYOND_THE_VENDOR = {
    "messages": {"temperature", "top_p"},  # its SDK has them no longer; models before, and engines, take them
    "chat": {"reasoning_content"},  # what engines call reasoning that is sent back to them
    "responses": set[str](),
}
QUESTION: Any = [{"role": "user", "content": "go"}]


def _golden(pattern: str) -> list[Any]:
    """The files of that name, each with the dialect that it was translated into."""
    files = sorted(WIRE.glob(f"*/*/{pattern}"))
    assert files
    return [
        pytest.param(file, file.name.split(".")[1], id=f"{file.relative_to(WIRE).parent}/{file.name}") for file in files
    ]


@pytest.fixture(scope="module")
def tier() -> Iterator[Tier]:
    with Tier() as scripted:
        yield scripted


@pytest.mark.parametrize(("file", "dialect"), _golden("request.*.json"))
def test_requests_are_of_the_vendors_types(file: Path, dialect: str) -> None:
    body = file.read_text(encoding="utf-8").split("\n")[0]  # the warnings follow
    if not body.startswith("untranslatable"):
        assert unknown_members(dialect, json.loads(body)) <= BEYOND_THE_VENDOR[dialect]


@pytest.mark.parametrize(("file", "dialect"), _golden("answer.*.json"))
def test_whole_answers_are_of_the_vendors_types(file: Path, dialect: str) -> None:
    ANSWER[dialect].model_validate_json(file.read_bytes(), strict=True)


@pytest.mark.parametrize(("file", "dialect"), _golden("stream.*.sse"))
def test_events_are_of_the_vendors_types(file: Path, dialect: str) -> None:
    for document in documents(file.read_bytes()):
        EVENT[dialect].validate_json(json.dumps(document), strict=True)


@pytest.mark.parametrize(("file", "dialect"), _golden("stream.*.sse"))
def test_the_vendors_stream_helpers_read_them_to_the_end(file: Path, dialect: str, tier: Tier) -> None:
    stream = file.read_bytes()
    tier.plays([answers.stream_head(), answers.chunk(stream), answers.chunk(b"")])
    told = documents(stream)
    if dialect == "messages":
        with (
            anthropic.Anthropic(base_url=tier.url.removesuffix("/v1"), api_key="any", max_retries=0) as client,
            client.messages.stream(model="m", max_tokens=9, messages=QUESTION) as events,
        ):
            message = events.get_final_message()
        assert message.stop_reason == told[-2]["delta"]["stop_reason"]
        assert message.usage.output_tokens == told[-2]["usage"]["output_tokens"]
        assert len(message.content) == sum(document["type"] == "content_block_start" for document in told)
        return
    with openai.OpenAI(base_url=tier.url, api_key="any", max_retries=0) as client:
        if dialect == "chat":
            reasons = [choice["finish_reason"] for document in told for choice in document["choices"]]
            reason = next(filter(None, reversed(reasons)))
            with client.chat.completions.stream(model="m", messages=QUESTION) as chunks:
                if reason == "content_filter":
                    with pytest.raises(openai.ContentFilterFinishReasonError):
                        chunks.get_final_completion()
                else:
                    assert chunks.get_final_completion().choices[0].finish_reason == reason
        elif told[-1]["type"] == "response.incomplete":
            # Its helper knows no other end than a completed response.
            kinds = [event.type for event in client.responses.create(model="m", input="go", stream=True)]
            assert kinds[-1] == "response.incomplete"
        else:
            with client.responses.stream(model="m", input="go") as response_events:
                response = response_events.get_final_response()
            assert [item.id for item in response.output] == [item["id"] for item in told[-1]["response"]["output"]]
