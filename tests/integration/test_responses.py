"""Responses, as the vendor's SDK asks for it, over tiers of every dialect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = "".join(answers.WORDS)
DIALECTS = {"chat": "openai", "messages": "anthropic", "responses": "responses"}


@pytest.fixture(scope="module")
def tiers() -> Iterator[dict[str, Tier]]:
    with Tier() as chat, Tier() as messages, Tier() as responses:
        yield {"chat": chat, "messages": messages, "responses": responses}


@pytest.fixture(scope="module")
def router(tiers: dict[str, Tier]) -> Iterator[RouterProcess]:
    configs = [tier_config(name, tier.url, dialects=[DIALECTS[name]]) for name, tier in tiers.items()]
    with RouterProcess(configs, {f"{name}-preset": [name] for name in tiers}) as process:
        yield process


@pytest.fixture
def client(router: RouterProcess, tiers: dict[str, Tier]) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="any", max_retries=0) as sdk:
        yield sdk
    for tier in tiers.values():
        tier.reset()


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_whole_answer(client: openai.OpenAI, tiers: dict[str, Tier], kind: str) -> None:
    response = client.responses.create(
        model=f"{kind}-preset", input="go", instructions="be brief", max_output_tokens=50
    )
    assert response.output_text == TEXT
    assert (response.status, response.model) == ("completed", f"{kind}-preset")
    assert response.usage is not None
    assert response.usage.total_tokens == 11 + len(answers.WORDS)
    [asked] = tiers[kind].requests
    assert asked.target == PATHS[kind]
    assert "be brief" in asked.body.decode()


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_streamed_answer(client: openai.OpenAI, kind: str) -> None:
    with client.responses.stream(model=f"{kind}-preset", input="go") as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        response = stream.get_final_response()
    assert deltas == list(answers.WORDS)
    assert response.output_text == TEXT
    assert response.model == f"{kind}-preset"


@pytest.mark.parametrize("kind", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_goes_on_from_its_last_response(
    client: openai.OpenAI, tiers: dict[str, Tier], kind: str, stream: bool
) -> None:
    def ask(**members: Any) -> Any:
        if not stream:
            return client.responses.create(model=f"{kind}-preset", **members)
        with client.responses.stream(model=f"{kind}-preset", **members) as events:
            return events.get_final_response()

    first = ask(input="first question")
    second = ask(input="second question", previous_response_id=first.id)
    ask(input=[{"type": "item_reference", "id": second.output[0].id}, {"role": "user", "content": "third question"}])
    _, asked_second, asked_third = [request.body.decode() for request in tiers[kind].requests]
    assert "first question" in asked_second
    assert TEXT in asked_second
    assert "second question" in asked_second
    assert "previous_response_id" not in asked_second
    assert TEXT in asked_third
    assert "item_reference" not in asked_third
    assert "first question" not in asked_third


def test_an_answer_that_was_not_to_be_stored_is_not(client: openai.OpenAI) -> None:
    first = client.responses.create(model="chat-preset", input="go", store=False)
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model="chat-preset", input="on", previous_response_id=first.id)
    assert refused.value.code == "previous_response_not_found"
    assert refused.value.param == "previous_response_id"
    assert "whole conversation" in refused.value.message


def test_a_tier_of_the_dialect_is_told_to_store_nothing(client: openai.OpenAI, tiers: dict[str, Tier]) -> None:
    client.responses.create(model="responses-preset", input="go")
    assert tiers["responses"].requests[0].json["store"] is False


def test_what_is_no_request_is_refused_with_its_place(router: RouterProcess) -> None:
    with router.client() as connection:
        answer = connection.ask("POST", PATHS["responses"], {"model": "chat-preset", "input": [{"type": 1}]})
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("kind", DIALECTS)
def test_a_stream_that_breaks_ends_in_a_failure_that_is_tried_again(
    router: RouterProcess, tiers: dict[str, Tier], kind: str
) -> None:
    whole = b"".join(answers.events(kind))
    tiers[kind].plays([answers.stream_head(), answers.chunk(whole[: len(whole) // 2])])
    with router.client() as connection:
        answer = connection.ask("POST", PATHS["responses"], request_body("responses", f"{kind}-preset", stream=True))
    tiers[kind].reset()
    assert not answer.is_clean
    event, data = answer.events[-1].split(b"\n")[:2]
    assert event == b"event: response.failed"
    failed = json.loads(data.removeprefix(b"data: "))
    created = json.loads(answer.events[0].split(b"data: ")[1])
    assert failed["response"]["id"] == created["response"]["id"]
    assert failed["response"]["error"]["code"] == "server_error"
