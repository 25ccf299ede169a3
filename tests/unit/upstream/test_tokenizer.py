from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.fakes import answers, tokenizers
from tests.fakes.steps import Pause, Stall
from tests.fakes.tier import Tier

from anvil_serving import config
from anvil_serving._core import Request
from anvil_serving.upstream import Calibration, Switchboard, Tiers, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.fakes.steps import Step
    from tests.fakes.tier import Received, Script

BODY = {"model": "planning", "messages": [{"role": "user", "content": "Say something."}]}
TEMPLATED = len("<user>Say something.")
BOTH = ("openai", "anthropic")


def _body(number: int = 0, **more: Any) -> bytes:
    return json.dumps(BODY | {"system": str(number)} | more).encode()


def _count(server: Tier, *bodies: bytes, together: bool = False, **settings: Any) -> list[int]:
    """Counts each body's tokens with one tokenizer."""

    async def main() -> list[int]:
        switchboard = Switchboard()
        values = {"base_url": server.url, "context_limit": 1000, "privacy": "local", "model": "m"} | settings
        tiers = Tiers(config.Router(tiers=(config.Tier(id="a", **values),)), {})
        tokenizer = Tokenizer(switchboard, Calibration())

        async def count(body: bytes) -> int:
            request = Request.decode_prompt("messages", body)
            return await tokenizer.count(tiers["a"].replicas[0], request, body, [(b"anthropic-beta", b"x")])

        try:
            if together:
                return list(await asyncio.gather(*(count(body) for body in bodies)))
            return [await count(body) for body in bodies]
        finally:
            switchboard.close(0.0)

    return asyncio.run(main())


def _targets(server: Tier) -> list[str]:
    return [request.target for request in server.requests]


@pytest.mark.parametrize(
    ("script", "dialects", "counted", "asked"),
    [
        (tokenizers.anthropic, BOTH, 41, ["/v1/messages/count_tokens"]),
        (tokenizers.vllm, ("openai",), 42, ["/tokenize"]),
        (tokenizers.vllm, BOTH, 42, ["/v1/messages/count_tokens", "/tokenize"]),
        (tokenizers.llama_cpp, ("openai",), TEMPLATED, ["/tokenize", "/apply-template", "/tokenize"]),
    ],
)
def test_each_engine_is_asked_in_its_way(
    script: Script, dialects: tuple[str, ...], counted: int, asked: list[str]
) -> None:
    with Tier() as server:
        server.plays(script)
        assert _count(server, _body(), dialects=dialects) == [counted]
        assert _targets(server) == asked


@pytest.mark.parametrize("script", [tokenizers.sglang, tokenizers.none])
def test_a_tier_without_a_way_is_estimated_and_asked_no_more(script: Script) -> None:
    with Tier() as server:
        server.plays(script)
        first, second = _count(server, _body(1), _body(2))
        assert first == second == Request.decode_prompt("messages", _body()).facts.prompt_tokens
        assert _targets(server) == ["/tokenize", "/apply-template"]


def test_a_way_that_is_known_is_the_only_one_that_is_taken() -> None:
    with Tier() as server:
        server.plays(tokenizers.llama_cpp)
        _count(server, _body(1), _body(2), dialects=BOTH)
        assert _targets(server)[-2:] == ["/apply-template", "/tokenize"]
        assert len(_targets(server)) == 6


def test_what_makes_the_prompt_is_what_is_counted() -> None:
    tool = {"name": "read", "input_schema": {"type": "object"}}
    with Tier() as server:
        server.plays(tokenizers.vllm)
        _count(
            server, _body(system="Be brief.", tools=[tool], max_tokens=5), extra_body={"chat_template_kwargs": {"a": 1}}
        )
        asked = server.requests[0].json
    assert asked.pop("messages") == [{"role": "system", "content": "Be brief."}, *BODY["messages"]]
    assert [tool["function"]["name"] for tool in asked.pop("tools")] == ["read"]
    assert asked == {"model": "m", "chat_template_kwargs": {"a": 1}, "add_generation_prompt": True}


def test_the_vendor_is_told_what_the_caller_said_and_nothing_of_the_tiers_own() -> None:
    with Tier() as server:
        server.plays(tokenizers.anthropic)
        body = json.dumps(BODY | {"thinking": {"type": "adaptive"}, "anvil": {}}).encode()
        assert _count(server, body, privacy="cloud", dialect="anthropic", extra_body={"top_k": 1}) == [41]
        asked = server.requests[0]
    assert asked.json == BODY | {"model": "m", "thinking": {"type": "adaptive"}}
    assert asked.headers["anthropic-beta"] == "x"


def test_no_prompt_is_sent_about_in_a_cloud() -> None:
    with Tier() as server:
        server.plays(tokenizers.vllm)
        _count(server, _body(), privacy="cloud", dialects=BOTH)
        assert _targets(server) == ["/v1/messages/count_tokens"]


def test_equal_questions_are_asked_once_together_and_later() -> None:
    with Tier() as server:
        server.plays(lambda received: [Pause(0.05), *tokenizers.vllm(received)])
        assert _count(server, *[_body()] * 15, together=True) == [42] * 15
        assert len(server.requests) == 1
        assert _count(server, *[_body()] * 3) == [42] * 3
        assert len(server.requests) == 2


def test_many_different_questions_at_once_find_out_once() -> None:
    with Tier() as server:
        server.plays(tokenizers.vllm)
        assert _count(server, *(_body(n) for n in range(15)), together=True, dialects=BOTH) == [42] * 15
        assert _targets(server).count("/v1/messages/count_tokens") == 1


@pytest.mark.parametrize(
    "steps", [[answers.whole({"error": "busy"}, 503)], [answers.whole({"error": "key"}, 401)], [answers.head(200)[:9]]]
)
def test_a_tier_that_fails_is_estimated_and_left_alone_for_a_while(steps: Iterable[Step]) -> None:
    with Tier() as server:
        server.plays(steps)
        counted = _count(server, _body(1), _body(2), timeouts=config.Timeouts(first_byte=0.2))
        assert counted[0] == counted[1] > 0
        assert len(server.requests) == 1


def test_a_tier_that_hangs_holds_nobody_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("anvil_serving.upstream.tokenizer._ASKING_SECONDS", 0.2)
    with Tier() as server:
        server.plays([Stall()])
        assert all(count > 0 for count in _count(server, *(_body(n) for n in range(15)), together=True))
        assert len(server.requests) == 1


def test_another_engine_at_the_same_address_is_found_out() -> None:
    def script(received: Received) -> Iterable[Step]:
        return (tokenizers.vllm if len(server.requests) == 1 else tokenizers.llama_cpp)(received)

    with Tier() as server:
        server.plays(script)
        assert _count(server, _body(1), _body(2), _body(3))[::2] == [42, TEMPLATED]


def test_a_count_teaches_the_estimate() -> None:
    def script(received: Received) -> Iterable[Step]:
        return tokenizers.vllm(received) if len(server.requests) == 1 else [answers.whole({}, 503)]

    long = [{"role": "user", "content": "word " * 600}]
    with Tier() as server:
        server.plays(script)
        estimated = Request.decode_prompt("messages", _body(2, messages=long)).facts.prompt_tokens
        assert _count(server, _body(1, messages=long), _body(2, messages=long)) == [42, round(estimated * 0.2)]
