from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fakes.policies import World, tier

if TYPE_CHECKING:
    from anvil_serving.router.residency import Residency


def _residency() -> Residency:
    """Two on one GPU and two on another; one that shares none."""
    one, two = {"swap_group": "one"}, {"swap_group": "two"}
    tiers = (tier("a", **one), tier("b", **one), tier("c", **two), tier("d", **two), tier("alone"))
    return World(*tiers).residency


def _away(residency: Residency, now: float = 0.0) -> set[str]:
    return {tier_id for tier_id in ("a", "b", "c", "d", "alone") if residency.is_away(tier_id, now)}


def test_until_one_has_answered_nobody_is_away() -> None:
    assert _away(_residency()) == set()


def test_the_one_that_answered_last_is_loaded() -> None:
    residency = _residency()
    residency.asked("a")
    assert _away(residency) == {"b"}
    residency.asked("b")
    assert _away(residency) == {"a"}


def test_groups_do_not_displace_each_other() -> None:
    residency = _residency()
    for tier_id in ("a", "c", "alone"):
        residency.asked(tier_id)
    assert _away(residency) == {"b", "d"}
    for _ in range(8):
        residency.displace("b", 0.0)
    assert _away(residency) == {"d"}


def test_a_tier_of_no_group_is_never_away() -> None:
    residency = _residency()
    residency.asked("alone")
    assert not residency.is_away("alone", 0.0)


def test_after_eight_requests_in_a_row_the_other_ones_turn_has_come() -> None:
    residency = _residency()
    residency.asked("a")
    for _ in range(7):
        residency.displace("b", 0.0)
    assert residency.is_away("b", 0.0)
    residency.displace("b", 0.0)
    assert not residency.is_away("b", 0.0)


@pytest.mark.parametrize("began", [0.0, 1_000_000.0])
def test_after_thirty_seconds_too_from_the_first_request_on(began: float) -> None:
    residency = _residency()
    residency.asked("a")
    assert residency.is_away("b", began + 500.0)
    residency.displace("b", began)
    residency.displace("b", began + 20.0)
    assert residency.is_away("b", began + 29.9)
    assert not residency.is_away("b", began + 30.0)


def test_the_count_begins_anew_with_another_model() -> None:
    residency = _residency()
    residency.asked("a")
    for _ in range(8):
        residency.displace("b", 0.0)
    residency.asked("b")
    assert _away(residency, 100.0) == {"a"}
    for _ in range(7):
        residency.displace("a", 100.0)
    assert _away(residency, 100.0) == {"a"}


def test_that_the_loaded_one_goes_on_answering_does_not_begin_it_anew() -> None:
    """Or it would never come to an end."""
    residency = _residency()
    residency.asked("a")
    for _ in range(8):
        residency.displace("b", 0.0)
        residency.asked("a")
    assert not residency.is_away("b", 0.0)


def test_all_of_a_group_wait_together() -> None:
    group = {"swap_group": "one"}
    residency = World(tier("a", **group), tier("b", **group), tier("c", **group)).residency
    residency.asked("a")
    for tier_id in ("b", "c") * 4:
        residency.displace(tier_id, 0.0)
    assert not residency.is_away("b", 0.0)
    assert not residency.is_away("c", 0.0)
