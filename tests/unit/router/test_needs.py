from __future__ import annotations

import json
from typing import Any

import pytest

from anvil_serving.router.dimensions import NOTHING_NARROWED, Dimensions
from anvil_serving.router.needs import Needs, needs_of
from anvil_serving.upstream import Request

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}


def _needs(narrowed: Dimensions = NOTHING_NARROWED, content: Any = "hello", **members: Any) -> Needs:
    body = {"model": "m", "messages": [{"role": "user", "content": content}], **members}
    return needs_of(Request.decode("chat", json.dumps(body).encode()).facts, narrowed)


def test_a_plain_request_demands_nothing_but_room() -> None:
    needs = _needs()
    assert needs.prompt_tokens > 0
    assert needs == Needs(prompt_tokens=needs.prompt_tokens)
    assert needs.output_tokens == 1_024


@pytest.mark.parametrize(
    ("members", "demand"),
    [
        ({"tools": [TOOL]}, {"tools": True}),
        ({"content": [IMAGE]}, {"images": True}),
        ({"response_format": {"type": "json_object"}}, {"structured_output": True}),
        ({"max_tokens": 1}, {"output_tokens": 1, "is_capped": True}),
        ({"max_tokens": 32_000}, {"output_tokens": 32_000, "is_capped": True}),
    ],
)
def test_each_demand_is_seen(members: dict[str, Any], demand: dict[str, Any]) -> None:
    needs = _needs(**members)
    assert needs == Needs(prompt_tokens=needs.prompt_tokens, **demand)


def test_what_the_caller_narrows_is_demanded_too() -> None:
    needs = _needs(Dimensions(local_only=True, max_cost_usd=0.0, max_latency_seconds=1.5))
    narrowed = {"local_only": True, "max_cost_usd": 0.0, "max_latency_seconds": 1.5}
    assert needs == Needs(prompt_tokens=needs.prompt_tokens, **narrowed)
