from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes import answers
from tests.fakes.tier import Tier

from anvil_serving import config
from anvil_serving.upstream import Switchboard, Tiers, UnknownModelError


def _tiers(url: str, **more: Any) -> Tiers:
    values = {"base_url": url, "context_limit": 1000, "privacy": "local"} | more
    return Tiers(config.Router(tiers=(config.Tier(id="a", **values),)), {})


async def _know_model(tiers: Tiers) -> str | None:
    switchboard = Switchboard()
    try:
        tier = tiers["a"]
        await tier.know_model(switchboard, tier.replicas[0], lambda arrival: arrival)
        return tier.model
    finally:
        switchboard.close(0.0)


def test_a_configured_model_is_never_asked_for() -> None:
    with Tier() as server:
        assert asyncio.run(_know_model(_tiers(server.url, model="mine"))) == "mine"
        assert server.model_requests == []


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_server_may_be_named_with_or_without_the_apis_version(path: str) -> None:
    with Tier(models=["only"]) as server:
        assert asyncio.run(_know_model(_tiers(server.url.removesuffix("/v1") + path))) == "only"
        assert server.model_requests[0].target == "/v1/models"


@pytest.mark.parametrize(
    "body",
    [b"", b"no", b"[]", b"{}", b'{"data": null}', b'{"data": [{"id": 1}]}', b'{"data": []}', b'{"data": ["a"]}'],
)
def test_a_list_that_is_none_is_an_unknown_model(body: bytes) -> None:
    with Tier() as server:
        server.plays_models([answers.whole(body)])
        with pytest.raises(UnknownModelError) as raised:
            asyncio.run(_know_model(_tiers(server.url)))
        assert str(server.port) not in str(raised.value)


def test_tiers_keep_the_files_order() -> None:
    tiers = [config.Tier(id=id_, base_url="http://127.0.0.1:9", context_limit=1, privacy="local") for id_ in "cab"]
    assert [tier.id for tier in Tiers(config.Router(tiers=tuple(tiers)), {})] == ["c", "a", "b"]


def test_what_a_first_byte_takes_is_learnt_slowly() -> None:
    (tier,) = _tiers("http://127.0.0.1:9")
    assert tier.first_byte_seconds(0.0) is None
    tier.observe_first_byte(1.0, 0.0)
    assert tier.first_byte_seconds(0.0) == 1.0
    tier.observe_first_byte(2.0, 1.0)
    assert tier.first_byte_seconds(1.0) == pytest.approx(1.2)
    for _ in range(50):
        tier.observe_first_byte(3.0, 2.0)
    assert tier.first_byte_seconds(2.0) == pytest.approx(3.0, abs=0.001)


def test_what_a_first_byte_took_long_ago_says_nothing() -> None:
    (tier,) = _tiers("http://127.0.0.1:9")
    tier.observe_first_byte(30.0, 100.0)
    assert tier.first_byte_seconds(160.0) == 30.0
    assert tier.first_byte_seconds(161.0) is None
    tier.observe_first_byte(1.0, 161.0)
    assert tier.first_byte_seconds(161.0) == 1.0


def test_what_runs_at_a_tier_runs_at_its_replicas() -> None:
    (tier,) = _tiers("http://127.0.0.1:9", replicas=("http://127.0.0.1:10",))
    assert [replica.index for replica in tier.replicas] == [0, 1]
    assert all(replica.is_reachable for replica in tier.replicas)
    for replica, running in zip(tier.replicas, (2, 3), strict=True):
        replica.in_flight = running
    assert tier.in_flight == 5
