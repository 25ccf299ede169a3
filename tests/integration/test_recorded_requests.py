"""Every request of the wire material over real sockets, to a tier of each dialect."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes import answers
from tests.fakes.tier import Tier
from tests.integration.oracles import ANSWER, EVENT, WIRE, documents
from tests.integration.router import PATHS, RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fakes.client import Client

REQUESTS = {str(file.parent.relative_to(WIRE)): file.read_bytes() for file in sorted(WIRE.glob("*/*/request.json"))}
DIALECTS = {"chat": "openai", "messages": "anthropic", "responses": "responses"}
"""What a configuration calls them."""
_ALL = frozenset(DIALECTS)
REFUSED = {
    # A conversation that would lie at the vendor; the SDK's runner then sends the whole of it.
    "messages/anthropic_py_thread": (_ALL, "thread_unsupported_request"),
    "messages/anthropic_py_stream": (frozenset({"chat"}), "messages: a document behind a URL"),
    # Chat Completions alone has sound, and several answers at once.
    "chat/openai_py_audio": (_ALL - {"chat"}, "messages.0.content.1"),
    "chat/two_choices": (_ALL - {"chat"}, "n: several answers at once"),
    # Files that lie at the vendor.
    "chat/openai_py_stored_file": (_ALL - {"chat"}, "messages.0.content.0"),
    "chat/pi": (_ALL - {"chat"}, "messages.1.content.1"),
    "responses/openai_py_stored_file": (_ALL - {"responses"}, "input.0.content.0"),
    # They go on from a response that this router has not seen.
    "responses/ai_sdk_references": (_ALL, "previous_response_not_found"),
    "responses/openai_py_resumed": (_ALL, "previous_response_not_found"),
}
"""The tiers for which a request cannot be said, and what the refusal speaks of."""
_NOWHERE: tuple[frozenset[str], str] = (frozenset(), "")


@pytest.fixture(scope="module", params=DIALECTS)
def tier(request: pytest.FixtureRequest) -> Iterator[tuple[str, Tier]]:
    with Tier() as scripted:
        yield request.param, scripted


@pytest.fixture(scope="module")
def client(tier: tuple[str, Tier]) -> Iterator[Client]:
    dialect, scripted = tier
    config = tier_config("tier", scripted.url, dialects=[DIALECTS[dialect]], context_limit=200_000)
    models = {json.loads(body)["model"] for body in REQUESTS.values()}
    with RouterProcess([config], {model: ["tier"] for model in models}) as router, router.client() as connection:
        yield connection


@pytest.mark.parametrize("case", REQUESTS)
def test_a_recorded_request_is_answered(client: Client, tier: tuple[str, Tier], case: str) -> None:
    to, scripted = tier
    dialect, _, _ = case.partition("/")
    body = REQUESTS[case]
    seen = len(scripted.requests)
    answer = client.ask("POST", PATHS[dialect], body, {"content-type": "application/json"})
    refused_by, about = REFUSED.get(case, _NOWHERE)
    if to in refused_by:
        assert answer.status == 400
        assert about in answer.body.decode()
        assert len(scripted.requests) == seen
        return
    assert answer.status == 200, answer.body
    [asked] = scripted.requests[seen:]
    assert asked.target == PATHS[to]
    if not json.loads(body).get("stream"):
        ANSWER[dialect].model_validate_json(answer.body, strict=True)
        return
    assert answer.is_clean
    assert answers.TERMINAL[dialect] in answer.events[-1]
    for document in documents(answer.body):
        EVENT[dialect].validate_json(json.dumps(document), strict=True)
