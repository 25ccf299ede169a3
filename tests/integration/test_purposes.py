"""`/v1/embeddings`, `/v1/rerank` and `/v1/completions`: passed on as they are to the tier that declares them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import openai
import pytest
from tests.fakes import answers
from tests.fakes.steps import Fin, Pause
from tests.fakes.tier import Tier
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received

VECTORS = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.25, -1.5]}],
    "model": "bge",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
RANKING = (
    b'{"id":"r","results":[{"index":1,"relevance_score":0.91, "document":{"text":"b"}}],"usage":{"total_tokens":9}}'
)
PIECES = ["alpha ", "beta"]


def _completion(text: str, finish: str | None, kind: str = "text_completion") -> dict[str, Any]:
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}
    return {"id": "cmpl-1", "object": kind, "created": 1, "model": "base", "choices": [choice]}


def _script(received: Received) -> Iterable[Step]:
    if received.target == "/v1/embeddings":
        return [answers.whole(VECTORS)]
    if received.target == "/v1/rerank":
        return [answers.whole(RANKING)]
    assert received.target == "/v1/completions"
    if not received.is_streamed:
        return [answers.whole(_completion("alpha beta", "stop") | {"usage": {"prompt_tokens": 2, "total_tokens": 4}})]
    documents = [*(_completion(text, None) for text in PIECES), _completion("", "stop"), "[DONE]"]
    return [
        answers.stream_head(),
        *(answers.chunk(answers.event("chat", document)) for document in documents),
        answers.chunk(b""),
    ]


@pytest.fixture(scope="module")
def _tiers() -> Iterator[list[Tier]]:
    with Tier() as chat, Tier() as first, Tier() as second:
        yield [chat, first, second]


@pytest.fixture
def tiers(_tiers: list[Tier]) -> Iterator[list[Tier]]:
    for tier in _tiers:
        tier.plays(_script)
    yield _tiers
    for tier in _tiers:
        tier.reset()


@pytest.fixture(scope="module")
def router(_tiers: list[Tier]) -> Iterator[RouterProcess]:
    chat, first, second = _tiers
    purposes = ["embeddings", "rerank", "completions"]
    timeouts = {"connect": 1.0, "first_byte": 0.5, "idle": 0.5, "total": 5.0}
    configured = [
        tier_config("talker", chat.url),
        tier_config(
            "one", first.url, purposes=purposes, model="served-1", extra_body={"priority": 1}, timeouts=timeouts
        ),
        tier_config("two", second.url, purposes=[*purposes, "chat"], model="served-2"),
    ]
    with RouterProcess(configured, {"chat": ["talker"], "search": ["two", "one"]}) as process:
        yield process


@pytest.fixture(scope="module")
def sdk(router: RouterProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="any", max_retries=0) as sdk:
        yield sdk


def test_the_vendors_sdk_gets_embeddings(sdk: openai.OpenAI, tiers: list[Tier]) -> None:
    answer = sdk.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    assert answer.data[0].embedding == [0.25, -1.5]
    assert (answer.model, answer.usage.prompt_tokens) == ("text-embedding-3-small", 3)
    sent = tiers[1].requests[0].json
    assert sent == {"model": "served-1", "input": ["a", "b"], "encoding_format": "float", "priority": 1}


def test_the_vendors_sdk_gets_completions_whole_and_streamed(sdk: openai.OpenAI, tiers: list[Tier]) -> None:
    whole = sdk.completions.create(model="code", prompt="def", max_tokens=5)
    assert (whole.choices[0].text, whole.model) == ("alpha beta", "code")
    chunks = list(sdk.completions.create(model="code", prompt="def", suffix="end", stream=True))
    assert [chunk.choices[0].text for chunk in chunks] == [*PIECES, ""]
    assert {chunk.model for chunk in chunks} == {"code"}
    assert tiers[1].requests[1].json["suffix"] == "end"


def test_a_ranking_comes_back_byte_for_byte_and_says_who_made_it(router: RouterProcess, tiers: list[Tier]) -> None:
    asked = b'{"query": "q","documents":["a","b"] , "top_n":1}'
    with router.client() as client:
        answer = client.ask("POST", "/v1/rerank", asked)
    assert (answer.status, answer.body) == (200, RANKING)
    assert (answer.headers["x-anvil-tier"], answer.headers["x-anvil-intent"]) == ("one", "rerank")
    assert tiers[1].requests[0].json == json.loads(asked) | {"model": "served-1", "priority": 1}


@pytest.mark.parametrize(("model", "tier"), [("search", "two"), ("model:two", "two"), ("chat", "one"), ("x", "one")])
def test_the_model_chooses_among_those_who_declare_it(
    router: RouterProcess, tiers: list[Tier], model: str, tier: str
) -> None:
    with router.client() as client:
        answer = client.ask("POST", "/v1/embeddings", {"model": model, "input": "a"})
    assert answer.headers["x-anvil-tier"] == tier
    assert tiers[0].requests == []


def test_the_next_one_answers_where_one_fails(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[1].plays([answers.whole({"error": "loading"}, 503)])
    with router.client() as client:
        answer = client.ask("POST", "/v1/embeddings", {"model": "x", "input": "a"})
        assert (answer.headers["x-anvil-tier"], answer.headers["x-anvil-attempts"]) == ("two", "2")
        tiers[1].plays([answers.whole({"error": {"message": "under a status of success"}})])
        answer = client.ask("POST", "/v1/completions", {"model": "x", "prompt": "a", "stream": True})
        assert (answer.status, answer.headers["x-anvil-tier"]) == (200, "two")
        assert answer.body.endswith(b"data: [DONE]\n\n")


def test_a_request_that_is_wrong_is_told_in_the_tiers_words(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[1].plays([answers.whole({"error": {"message": "input is empty", "param": "input"}}, 400)])
    with router.client() as client:
        answer = client.ask("POST", "/v1/embeddings", {"model": "x", "input": ""})
    assert (answer.status, answer.json["error"]["message"], answer.json["error"]["param"]) == (
        400,
        "input is empty",
        "input",
    )
    assert tiers[2].requests == []


def test_a_stream_that_breaks_is_never_ended_cleanly(router: RouterProcess, tiers: list[Tier]) -> None:
    begun = answers.chunk(answers.event("chat", _completion("alpha ", None)))
    tiers[1].plays([answers.stream_head(), begun, Pause(0.1), Fin()])
    with router.client() as client:
        answer = client.ask("POST", "/v1/completions", {"model": "x", "prompt": "a", "stream": True})
    assert not answer.is_clean
    assert b'"error"' in answer.events[-1]


def test_a_whole_answer_is_waited_for_as_long_as_an_answer_is(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[1].plays([Pause(0.9), answers.whole(_completion("late", "stop"))])
    with router.client() as client:
        answer = client.ask("POST", "/v1/completions", {"model": "x", "prompt": "a"})
    assert (answer.headers["x-anvil-tier"], answer.json["choices"][0]["text"]) == ("one", "late")


def test_a_conversation_never_goes_to_a_tier_without_chat(router: RouterProcess, tiers: list[Tier]) -> None:
    body = {"model": "model:one", "messages": [{"role": "user", "content": "x"}]}
    with router.client() as client:
        answer = client.ask("POST", "/v1/chat/completions", body)
    assert answer.status == 503
    assert "its `purposes` do not list chat" in answer.json["error"]["message"]
    assert tiers[1].requests == []


@pytest.mark.parametrize("purpose", ["embeddings", "rerank", "completions"])
def test_a_router_without_such_a_tier_says_which_setting_makes_one(purpose: str) -> None:
    tiers = [tier_config("a", "http://127.0.0.1:9/v1")]
    with RouterProcess(tiers, {"chat": ["a"]}) as router, router.client() as client:
        answer = client.ask("POST", f"/v1/{purpose}", {"model": "x"})
        assert (answer.status, answer.json["error"]["code"]) == (404, "not_found")
        assert f'list "{purpose}" in the `purposes` of a tier' in answer.json["error"]["message"]
        assert client.ask("POST", f"/v1/{purpose}", b"[]").status == 400
        assert client.ask("GET", f"/v1/{purpose}").status == 405
