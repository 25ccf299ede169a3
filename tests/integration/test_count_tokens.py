"""`/v1/messages/count_tokens`: one number, from the tier that would answer, and never a wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers, tokenizers
from tests.fakes.client import request_body
from tests.fakes.steps import Pause, Stall
from tests.fakes.tier import Tier
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.tier import Script

COUNT = "/v1/messages/count_tokens"
PROMPT: dict[str, Any] = {"model": "chat", "messages": [{"role": "user", "content": "word " * 300}]}


@pytest.fixture
def tier() -> Iterator[Tier]:
    with Tier() as tier:
        yield tier


@pytest.fixture
def router(tier: Tier) -> Iterator[RouterProcess]:
    tiers = [
        tier_config("local", tier.url),
        tier_config("cloud", tier.url, privacy="cloud", auth_env="KEY"),
    ]
    presets = {"chat": ["cloud", "local"], "paid": ["cloud"]}
    with RouterProcess(tiers, presets, environment={"KEY": "sk-cloud"}) as process:
        yield process


def _count(router: RouterProcess, body: dict[str, Any] = PROMPT, path: str = COUNT) -> int:
    with router.client() as client:
        answer = client.ask("POST", path, body)
    assert answer.status == 200, answer.body
    assert answer.json.keys() == {"input_tokens"}
    count: int = answer.json["input_tokens"]
    return count


@pytest.mark.parametrize("path", [COUNT, f"{COUNT}?beta=true"])
def test_the_first_tier_of_the_plan_counts(router: RouterProcess, tier: Tier, path: str) -> None:
    tier.plays(tokenizers.anthropic)
    assert _count(router, path=path) == 41
    assert tier.requests[0].json == PROMPT | {"model": "model-of-the-tier"}
    assert "authorization" not in tier.requests[0].headers


def test_the_vendors_sdk_reads_the_count(router: RouterProcess, tier: Tier) -> None:
    tier.plays(tokenizers.vllm)
    tool: anthropic.types.ToolParam = {"name": "read", "input_schema": {"type": "object"}}
    with anthropic.Anthropic(base_url=f"http://127.0.0.1:{router.port}", api_key="any", max_retries=0) as sdk:
        counted = sdk.messages.count_tokens(model="chat", messages=PROMPT["messages"], system="Brief.", tools=[tool])
        beta = sdk.beta.messages.count_tokens(model="chat", messages=PROMPT["messages"], betas=["effort-2025-11-24"])
    assert (counted.input_tokens, beta.input_tokens) == (42, 42)


def test_what_answers_report_teaches_the_estimate(router: RouterProcess, tier: Tier) -> None:
    def script(received: Any) -> Any:
        if received.target != "/v1/messages":
            return tokenizers.none(received)
        document = answers.document("messages") | {"usage": {"input_tokens": 300, "output_tokens": 3}}
        return [answers.whole(document)]

    tier.plays(script)
    assert _count(router) > 400
    with router.client() as client:
        assert client.ask("POST", "/v1/messages", PROMPT | {"max_tokens": 9}).status == 200
    assert _count(router) == 300


def test_without_a_tier_there_is_an_estimate(router: RouterProcess, tier: Tier) -> None:
    assert _count(router, PROMPT | {"model": "paid"}) > 0
    assert tier.requests == []


def test_a_burst_of_one_prompt_is_one_question(router: RouterProcess, tier: Tier) -> None:
    tier.plays(lambda received: [Pause(0.2), *tokenizers.anthropic(received)])
    with ThreadPoolExecutor(15) as pool:
        assert list(pool.map(lambda _: _count(router), range(15))) == [41] * 15
    assert len(tier.requests) == 1


def test_a_tier_that_hangs_does_not_hang_the_caller(router: RouterProcess, tier: Tier) -> None:
    tier.plays([Stall()])
    assert _count(router) > 0


@pytest.mark.parametrize("count", [-5, 0, 10**30, 1.5, "41"])
def test_what_is_no_count_is_not_passed_on(router: RouterProcess, tier: Tier, count: object) -> None:
    tier.plays([answers.whole({"input_tokens": count, "count": count, "prompt": "", "tokens": []})])
    assert 400 < _count(router) < 4_000


def test_what_is_no_prompt_is_refused(router: RouterProcess) -> None:
    with router.client() as client:
        answer = client.ask("POST", COUNT, {"model": "chat"})
        assert (answer.status, answer.json["type"], answer.json["error"]["type"]) == (
            400,
            "error",
            "invalid_request_error",
        )
        assert "messages" in answer.json["error"]["message"]
        wrong_method = client.ask("GET", COUNT)
        assert (wrong_method.status, wrong_method.headers["allow"]) == (405, "POST, OPTIONS")
        # For an answer the cap is still asked for.
        assert client.ask("POST", "/v1/messages", PROMPT).status == 400


def test_a_credential_is_asked_for() -> None:
    server = {"auth_env": "TOKEN"}
    tiers = [tier_config("local", "http://127.0.0.1:9/v1")]
    with (
        RouterProcess(tiers, {"chat": ["local"]}, server=server, environment={"TOKEN": "secret-token"}) as router,
        router.client() as client,
    ):
        assert client.ask("POST", COUNT, request_body("messages")).status == 401
        assert client.ask("POST", COUNT, request_body("messages"), {"x-api-key": "secret-token"}).status == 200


@pytest.mark.parametrize(
    ("engine", "count", "target"),
    [(tokenizers.anthropic, 41, "/v1/messages/count_tokens"), (tokenizers.vllm, 42, "/tokenize")],
)
def test_the_other_vendors_sdk_counts_the_input_of_a_response(
    router: RouterProcess, tier: Tier, engine: Script, count: int, target: str
) -> None:
    tier.plays(engine)
    with openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="any", max_retries=0) as sdk:
        counted = sdk.responses.input_tokens.count(model="chat", input="word " * 300, instructions="be brief")
    assert counted.object == "response.input_tokens"
    assert counted.input_tokens == count
    [asked] = [request for request in tier.requests if request.target == target]
    assert b"be brief" in asked.body
