"""A prompt that is longer than a tier's window: another tier's turn, or the words that the caller's harness acts on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anthropic
import openai
import pytest
from tests.fakes import answers
from tests.fakes.client import request_body
from tests.fakes.steps import Fin
from tests.fakes.tier import Tier
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

LLAMA_CPP = {
    "error": {
        "code": 400,
        "message": "request (13392 tokens) exceeds the available context size (8192 tokens), try increasing it",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 13392,
        "n_ctx": 8192,
    }
}
VLLM = {
    "error": {
        "message": "This model's maximum context length is 8192 tokens. However, you requested 9591 tokens (7591 in "
        "the messages, 2000 in the completion). Please reduce the length of the messages or completion.",
        "type": "BadRequestError",
        "param": None,
        "code": 400,
    }
}
DIALECTS = list(PATHS)


@pytest.fixture(scope="module")
def _tiers() -> Iterator[list[Tier]]:
    with Tier() as small, Tier() as same, Tier() as large:
        yield [small, same, large]


@pytest.fixture
def tiers(_tiers: list[Tier]) -> Iterator[list[Tier]]:
    _tiers[0].plays([answers.whole(LLAMA_CPP, 400)])
    yield _tiers
    for tier in _tiers:
        tier.reset()


@pytest.fixture(scope="module")
def router(_tiers: list[Tier]) -> Iterator[RouterProcess]:
    small, same, large = _tiers
    configured = [
        tier_config("small", small.url, context_limit=8_192),
        tier_config("same", same.url, context_limit=8_192),
        tier_config("large", large.url, context_limit=131_072),
    ]
    presets = {"small": ["small", "same"], "growing": ["small", "same", "large"]}
    with RouterProcess(configured, presets) as process:
        yield process


def _ask(router: RouterProcess, dialect: str, model: str, **more: Any) -> Any:
    with router.client() as client:
        return client.ask("POST", PATHS[dialect], request_body(dialect, model, **more))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("stream", [False, True])
def test_a_larger_window_behind_it_answers(
    router: RouterProcess, tiers: list[Tier], dialect: str, stream: bool
) -> None:
    answer = _ask(router, dialect, "growing", stream=stream)
    assert (answer.status, answer.headers["x-anvil-tier"]) == (200, "large")
    # What would refuse it for the same reason is not asked.
    assert tiers[1].requests == []


@pytest.mark.parametrize("stream", [False, True])
def test_without_one_each_client_is_told_in_its_own_words(
    router: RouterProcess, tiers: list[Tier], stream: bool
) -> None:
    answer = _ask(router, "messages", "small", stream=stream)
    assert (answer.status, answer.json["error"]) == (
        400,
        {"type": "invalid_request_error", "message": "prompt is too long: 13392 tokens > 8192 maximum"},
    )
    answer = _ask(router, "chat", "small", stream=stream)
    assert answer.status == 400
    assert answer.json["error"] == {
        "message": "This model's maximum context length is 8192 tokens. However, your messages resulted in 13392 "
        "tokens. Please reduce the length of the messages.",
        "type": "invalid_request_error",
        "param": "messages",
        "code": "context_length_exceeded",
    }
    answer = _ask(router, "responses", "small", stream=stream)
    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["param"]) == (
        400,
        "context_length_exceeded",
        "input",
    )
    assert tiers[1].requests == []


def test_claude_code_is_told_of_a_cap_that_is_too_large(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[0].plays([answers.whole(VLLM, 400)])
    answer = _ask(router, "messages", "small", max_tokens=2_000)
    assert answer.json["error"]["message"] == (
        "input length and `max_tokens` exceed context limit: 7591 + 2000 > 8192, decrease input length or `max_tokens` "
        "and try again"
    )


def test_an_error_inside_a_stream_that_has_said_nothing_counts_too(router: RouterProcess, tiers: list[Tier]) -> None:
    """LM Studio answers 200 and says it there."""
    words = (
        "Trying to keep the first 15857 tokens when context the overflows. However, the model is loaded with context "
        "length of only 4096 tokens, which is not enough."
    )
    event = answers.chunk(answers.event("chat", {"error": {"message": words}}))
    tiers[0].plays([answers.stream_head(), event, answers.chunk(b""), Fin()])
    answer = _ask(router, "chat", "small", stream=True)
    assert (answer.status, answer.json["error"]["code"]) == (400, "context_length_exceeded")
    assert "4096 tokens. However, your messages resulted in 15857" in answer.json["error"]["message"]


def test_a_larger_tier_that_is_down_is_worth_another_try(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[2].plays([answers.whole({"error": "loading"}, 503)])
    answer = _ask(router, "chat", "growing")
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")


def test_the_vendors_sdks_read_it(router: RouterProcess, tiers: list[Tier]) -> None:
    base = f"http://127.0.0.1:{router.port}"
    with (
        anthropic.Anthropic(base_url=base, api_key="any", max_retries=0) as sdk,
        pytest.raises(anthropic.BadRequestError, match="prompt is too long: 13392 tokens > 8192 maximum"),
    ):
        sdk.messages.create(model="small", max_tokens=9, messages=[{"role": "user", "content": "x"}])
    with openai.OpenAI(base_url=f"{base}/v1", api_key="any", max_retries=0) as client:
        with pytest.raises(openai.BadRequestError) as raised:
            client.chat.completions.create(model="small", messages=[{"role": "user", "content": "x"}])
        assert raised.value.code == "context_length_exceeded"


def test_other_refusals_are_relayed_as_they_are(router: RouterProcess, tiers: list[Tier]) -> None:
    tiers[0].plays([answers.whole({"error": {"message": "temperature is too high", "param": "temperature"}}, 400)])
    answer = _ask(router, "chat", "growing")
    assert (answer.status, answer.json["error"]["message"]) == (400, "temperature is too high")
    assert tiers[2].requests == []
