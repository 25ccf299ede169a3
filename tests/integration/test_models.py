"""`/v1/models` and `/v1/models/{id}`, read by both vendors' own SDKs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anthropic
import openai
import pytest
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

ODD = "qwen/qwen3:32b é"
"""A tier's id may hold what a path does not."""


@pytest.fixture(scope="module")
def router() -> Iterator[RouterProcess]:
    tiers = [
        tier_config("fast", "http://127.0.0.1:9/v1", context_limit=8_192, max_output_tokens=4_096),
        tier_config(ODD, "http://127.0.0.1:9/v1"),
    ]
    with RouterProcess(tiers, {"planning": ["fast"], "chat": [ODD]}) as process:
        yield process


@pytest.fixture(scope="module")
def openai_sdk(router: RouterProcess) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"http://127.0.0.1:{router.port}/v1", api_key="any", max_retries=0) as sdk:
        yield sdk


@pytest.fixture(scope="module")
def anthropic_sdk(router: RouterProcess) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=f"http://127.0.0.1:{router.port}", api_key="any", max_retries=0) as sdk:
        yield sdk


IDS = ["planning", "chat", "fast", ODD, "claude-planning", "claude-chat"]


def test_openais_sdk_lists_and_retrieves(openai_sdk: openai.OpenAI) -> None:
    assert [model.id for model in openai_sdk.models.list()] == IDS
    for id_ in IDS:
        assert openai_sdk.models.retrieve(id_).id == id_
    extra = openai_sdk.models.retrieve("claude-planning").to_dict()
    assert (extra["context_window"], extra["max_model_len"], extra["max_output_tokens"]) == (8_192, 8_192, 4_096)
    with pytest.raises(openai.NotFoundError) as raised:
        openai_sdk.models.retrieve("nothing")
    assert (raised.value.type, raised.value.param, raised.value.code) == ("invalid_request_error", "model", "not_found")


def test_anthropics_sdk_lists_page_by_page_and_retrieves(anthropic_sdk: anthropic.Anthropic) -> None:
    for limit in (1, 2, 1000):
        assert [model.id for model in anthropic_sdk.models.list(limit=limit)] == IDS
    assert [model.id for model in anthropic_sdk.models.list(limit=2, before_id="fast")] == ["planning", "chat"]
    for id_ in IDS:
        model = anthropic_sdk.models.retrieve(id_)
        assert (model.id, model.type, model.lifecycle) == (id_, "model", "active")
    planning = anthropic_sdk.models.retrieve("claude-planning")
    assert (planning.max_input_tokens, planning.max_tokens) == (8_192, 4_096)
    assert planning.display_name == "planning (anvil-serving)"
    with pytest.raises(anthropic.NotFoundError):
        anthropic_sdk.models.retrieve("nothing")
    with pytest.raises(anthropic.BadRequestError):
        anthropic_sdk.models.list(limit=0)


def test_claude_codes_discovery_finds_the_aliases_by_name(router: RouterProcess) -> None:
    """It sends no version and keeps what begins with `claude`."""
    with router.client() as client:
        listed = client.ask("GET", "/v1/models?limit=1000").json["data"]
    found = {model["id"]: model["display_name"] for model in listed if model["id"].startswith("claude")}
    assert found == {"claude-planning": "planning (anvil-serving)", "claude-chat": "chat (anvil-serving)"}


def test_a_path_below_that_is_no_model_says_so_in_the_callers_envelope(router: RouterProcess) -> None:
    with router.client() as client:
        plain = client.ask("GET", "/v1/models/nothing")
        vendors = client.ask("GET", "/v1/models/nothing", headers={"anthropic-version": "2026-10-21"})
        assert (plain.status, plain.json["error"]["code"]) == (404, "not_found")
        assert (vendors.status, vendors.json["error"]["type"]) == (404, "not_found_error")
        assert client.ask("HEAD", "/v1/models/fast").status == 200
        wrong = client.ask("POST", "/v1/models/fast", {}, {"anthropic-version": "2026-10-21"})
        assert (wrong.status, wrong.headers["allow"], wrong.json["type"]) == (405, "GET, HEAD, OPTIONS", "error")
