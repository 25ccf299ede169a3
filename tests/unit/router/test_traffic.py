from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.fakes.policies import World, tier

from anvil_serving import config
from anvil_serving.router.fallback import Fault
from anvil_serving.router.shared import Shared
from anvil_serving.router.traffic import Traffic, Visit
from anvil_serving.upstream import Replica, Tiers

TWO = {"replicas": ("http://127.0.0.1:10/v1",)}


def _world(*, breaker_failures: Any = 5, **more: Any) -> World:
    fallback = config.Fallback(breaker_failures=breaker_failures)
    return World(tier("a", **TWO, **more), tier("b"), presets={"chat": ("a", "b")}, fallback=fallback)


def _visit(world: World, replica: Replica) -> Visit:
    visit = world.traffic.visit(replica)
    assert visit is not None
    return visit


def test_a_tier_is_closed_when_all_its_addresses_are() -> None:
    world = _world()
    a = world.tiers["a"]
    world.breaks("a", 0)
    assert world.traffic.why_closed(a, 0.0) is None
    assert [world.traffic.may_be_asked(replica, 0.0) for replica in a.replicas] == [False, True]
    world.clock = 0.5
    world.breaks("a", 1)
    why, wait = world.traffic.why_closed(a, 0.5) or ("", 0.0)
    assert wait == 1.5, "the one that is due first"
    assert why.startswith("its breaker is open")


def test_what_is_not_told_is_given_back() -> None:
    world = _world()
    world.breaks("b")
    [b] = world.tiers["b"].replicas
    world.clock = 2.0
    with _visit(world, b):
        assert world.traffic.visit(b) is None
    with _visit(world, b) as probe:
        probe.answered()
    assert world.traffic.why_closed(world.tiers["b"], 2.0) is None


@pytest.mark.parametrize("fault", [Fault.CALLER, Fault.ROUTER, Fault.QUALITY])
def test_no_other_fault_opens_anything(fault: Fault) -> None:
    world = _world(breaker_failures=1)
    [b] = world.tiers["b"].replicas
    for _ in range(20):
        with _visit(world, b) as visit:
            visit.failed(fault)
    assert world.traffic.may_be_asked(b, 0.0)


def test_a_bad_answer_shows_that_an_address_is_well() -> None:
    world = _world()
    world.breaks("b")
    [b] = world.tiers["b"].replicas
    world.clock = 2.0
    with _visit(world, b) as visit:
        visit.failed(Fault.QUALITY)
    assert world.traffic.may_be_asked(b, 2.0)
    world.breaks("b")
    world.clock = 4.0
    with _visit(world, b) as visit:
        visit.failed(Fault.CALLER)
    assert world.traffic.may_be_asked(b, 4.0), "the next one is the probe"
    assert world.traffic.why_closed(world.tiers["b"], 4.0) is None


@pytest.mark.parametrize(("said", "seconds"), [(None, 2.0), (7, 7.0), (0, 0.0), (86_400, 300.0)])
def test_a_rest_is_as_long_as_the_server_says_within_limits(said: int | None, seconds: float) -> None:
    world = _world()
    [b] = world.tiers["b"].replicas
    with _visit(world, b) as visit:
        visit.failed(Fault.RESTING, said)
    closed = world.traffic.why_closed(world.tiers["b"], 0.0)
    assert (closed[1] if closed else 0.0) == seconds


def test_a_refused_key_is_the_whole_tiers_and_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    world = _world()
    one, other = world.tiers["a"].replicas
    first, second = _visit(world, one), _visit(world, other)
    first.failed(Fault.OPERATOR)
    second.failed(Fault.OPERATOR)
    assert not world.traffic.may_be_asked(one, 0.0)
    assert not world.traffic.may_be_asked(other, 0.0)
    assert world.traffic.may_be_asked(world.tiers["b"].replicas[0], 0.0)
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1


def test_what_opens_and_what_is_well_again_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    world = _world()
    world.breaks("b")
    world.clock = 2.0
    with _visit(world, world.tiers["b"].replicas[0]) as visit:
        visit.began()
        visit.answered()
    said = [record.getMessage() for record in caplog.records]
    assert said == [
        "tier b, address 1: has failed too often: its breaker is open, and tried again in 2.0 s",
        "tier b, address 1: answers again",
    ]


def test_an_address_that_can_be_reached_again_may_be_tried() -> None:
    world = _world()
    world.breaks("b")
    world.traffic.recovered(world.tiers["b"].replicas[0])
    assert world.traffic.why_closed(world.tiers["b"], 0.0) is None


def test_without_breakers_nothing_is_ever_closed() -> None:
    world = _world(breaker_failures="off")
    [b] = world.tiers["b"].replicas
    for fault in [Fault.TIER, Fault.OPERATOR, Fault.RESTING] * 10:
        with _visit(world, b) as visit:
            visit.began()
            visit.failed(fault, 60)
    assert world.traffic.may_be_asked(b, 0.0)
    assert world.traffic.why_closed(world.tiers["b"], 0.0) is None


@pytest.mark.parametrize(("places", "workers", "share"), [(None, 4, None), (1, 4, 1), (4, 4, 1), (5, 4, 2), (7, 1, 7)])
def test_places_are_divided_among_the_workers(places: int | None, workers: int, share: int | None) -> None:
    settings = config.Router(tiers=(tier("a", max_concurrency=places),))
    tiers = Tiers(settings, {})
    shared = Shared.among(settings, workers)
    traffic = Traffic(tiers, settings.fallback, shared)
    shared.close()
    assert traffic.admission(tiers["a"]).places == share


def test_workers_see_the_breakers_of_one_another() -> None:
    settings = config.Router(tiers=(tier("a", **TWO), tier("b")))
    shared = Shared.among(settings, 2)
    views = []
    for _ in range(2):
        tiers = Tiers(settings, {})
        views.append((tiers, Traffic(tiers, settings.fallback, shared, clock=lambda: 100.0)))
    shared.close()
    (own, one), (theirs, other) = views
    for _ in range(5):
        visit = one.visit(own["b"].replicas[0])
        assert visit is not None
        visit.failed(Fault.TIER)
    assert other.visit(theirs["b"].replicas[0]) is None
    assert other.visit(theirs["a"].replicas[0]) is not None
    assert other.visit(theirs["a"].replicas[1]) is not None


def test_a_full_tier_is_known_to_be() -> None:
    world = World(tier("a", max_concurrency=2), presets={"chat": ("a",)})
    a = world.tiers["a"]
    a.replicas[0].in_flight = 1
    assert not world.traffic.is_full(a)
    a.replicas[0].in_flight = 2
    assert world.traffic.is_full(a)
