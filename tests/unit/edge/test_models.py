from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.policies import World, tier

from anvil_serving.edge.models import ModelList, Page
from anvil_serving.errors import Malformed, UnknownModel
from anvil_serving.router import ANYBODY, Caller, OfferedModel
from anvil_serving.router.offered import offered_models

IDS = ["a", "b", "c", "d", "e"]


def _offered(world: World) -> dict[str, OfferedModel]:
    presets = world.settings.presets
    return {model.id: model for model in offered_models(world.policy, world.intents, world.tiers, presets)}


def _models() -> ModelList:
    return ModelList([OfferedModel(id_, id_.upper(), 1000, None) for id_ in IDS])


def _page(query: bytes) -> dict[str, Any]:
    page: dict[str, Any] = json.loads(_models().anthropic_page(Page.from_query(query)))
    return page


def test_presets_tiers_and_aliases_are_offered_in_this_order() -> None:
    presets = {"planning": ("fast",), "chat": ("fast",), "claude-x": ("chat",)}
    offered = _offered(World(tier("fast"), tier("chat"), presets=presets))
    assert list(offered) == ["planning", "chat", "claude-x", "fast", "claude-planning", "claude-chat"]
    assert offered["claude-planning"].display_name == offered["planning"].display_name == "planning (anvil-serving)"


def test_a_preset_offers_what_the_tier_does_that_is_asked_first() -> None:
    cloud = tier("cloud", privacy="cloud", context_limit=200_000)
    local = tier("local", context_limit=8_192, max_output_tokens=4_096)
    offered = _offered(World(cloud, local, presets={"chat": ("cloud", "local"), "paid": ("cloud",)}))
    assert (offered["chat"].context_limit, offered["chat"].max_output_tokens) == (8_192, 4_096)
    assert (offered["paid"].context_limit, offered["paid"].max_output_tokens) == (200_000, None)


def test_what_leads_to_no_conversation_is_offered_without_an_alias_and_not_as_anthropics() -> None:
    presets = {"chat": ("a",), "search": ("vectors",)}
    offered = _offered(World(tier("a"), tier("vectors", purposes=("embeddings",)), presets=presets))
    assert list(offered) == ["chat", "search", "a", "vectors", "claude-chat"]
    listed = ModelList(tuple(offered.values()))
    assert [model["id"] for model in json.loads(listed.openai_list)["data"]] == list(offered)
    page = json.loads(listed.anthropic_page(Page()))
    assert [model["id"] for model in page["data"]] == ["chat", "a", "claude-chat"]


def test_a_client_is_offered_its_presets_and_the_tiers_that_they_lead_to() -> None:
    presets = {"chat": ("a",), "planning": ("b",), "both": ("a", "b")}
    world = World(tier("a"), tier("b"), tier("c"), presets=presets)
    caller = Caller.of("ci", ["chat", "both"], presets)
    models = _offered(world).values()
    assert [model.id for model in models if model.is_for(caller)] == [
        "chat",
        "both",
        "a",
        "b",
        "claude-chat",
        "claude-both",
    ]
    only_chat = Caller.of("ci", ["chat"], presets)
    assert [model.id for model in models if model.is_for(only_chat)] == ["chat", "a", "claude-chat"]
    assert all(model.is_for(ANYBODY) for model in models)


@pytest.mark.parametrize(
    ("query", "shown", "has_more"),
    [
        (b"", IDS, False),
        (b"limit=1000", IDS, False),
        (b"limit=2", ["a", "b"], True),
        (b"limit=2&after_id=b", ["c", "d"], True),
        (b"limit=3&after_id=b", ["c", "d", "e"], False),
        (b"after_id=e", [], False),
        (b"limit=2&before_id=e", ["c", "d"], True),
        (b"limit=2&before_id=c", ["a", "b"], False),
        (b"before_id=a", [], False),
        (b"limit=2&beta=true&lifecycle=active", ["a", "b"], True),
    ],
)
def test_anthropics_list_has_pages(query: bytes, shown: list[str], has_more: bool) -> None:
    page = _page(query)
    assert ([model["id"] for model in page["data"]], page["has_more"]) == (shown, has_more)
    assert (page["first_id"], page["last_id"]) == ((shown[0], shown[-1]) if shown else (None, None))


@pytest.mark.parametrize(
    ("query", "param"),
    [
        (b"limit=0", "limit"),
        (b"limit=1001", "limit"),
        (b"limit=-1", "limit"),
        (b"limit=ten", "limit"),
        (b"limit=%D9%A1", "limit"),
        (b"limit=99999999999999999999", "limit"),
        (b"after_id=x", "after_id"),
        (b"before_id=x", "before_id"),
        (b"after_id=a&before_id=c", "before_id"),
    ],
)
def test_a_page_that_is_none_is_refused(query: bytes, param: str) -> None:
    with pytest.raises(Malformed) as raised:
        _page(query)
    assert raised.value.param == param


def test_an_unknown_model_is_named() -> None:
    for show in (_models().openai, _models().anthropic):
        with pytest.raises(UnknownModel, match="'nothing'"):
            show("nothing")
