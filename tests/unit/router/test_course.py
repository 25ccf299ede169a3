from __future__ import annotations

from typing import TYPE_CHECKING, cast

from tests.fakes.policies import World, tier

from anvil_serving import config
from anvil_serving.router.course import Course
from anvil_serving.router.fallback import BREAKER_OPEN, RETRIES_SPENT, FailedAttempt, Fault

if TYPE_CHECKING:
    from anvil_serving.router.account import Account
    from anvil_serving.router.plan import Plan, PlannedAttempt


class _Told:
    """An account that remembers what could not be made."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.labels: list[str] = []

    def not_made(self, _: PlannedAttempt, failed: FailedAttempt) -> None:
        self.labels.append(failed.label)


def _world(*, share: float = 0.2) -> World:
    """Tier `a` at three addresses, then `b` at one, then `c` at one with a larger window."""
    urls = ("http://127.0.0.1:10/v1", "http://127.0.0.1:11/v1")
    tiers = (tier("a", replicas=urls), tier("b"), tier("c", context_limit=200_000))
    fallback = config.Fallback(retry_share=share)
    return World(*tiers, presets={"chat": ("a", "b", "c")}, fallback=fallback)


def _course(world: World, *, max_attempts: int = 10) -> tuple[Course, _Told]:
    told = _Told(world.policy.plan(world.question()))
    return Course(cast("Account", told), world.traffic, max_attempts=max_attempts), told


def _followed(course: Course, fault: Fault = Fault.TIER, now: float = 0.0) -> list[str]:
    """The tiers that are asked when every attempt fails so."""
    asked = []
    while (planned := course.next(now)) is not None:
        course.asked()
        asked.append(planned.tier_id)
        course.gone_wrong(FailedAttempt(planned.tier_id, "refused"), fault)
    return asked


def test_all_are_asked_where_there_are_attempts_enough() -> None:
    course, _ = _course(_world())
    assert _followed(course) == ["a", "a", "a", "b", "c"]
    assert course.number == 6


def test_there_are_no_more_attempts_than_may_be_made() -> None:
    assert _followed(_course(_world(), max_attempts=1)[0]) == ["a"]


def test_each_tier_has_its_turn_before_one_has_its_second() -> None:
    assert _followed(_course(_world(), max_attempts=3)[0]) == ["a", "b", "c"]
    assert _followed(_course(_world(), max_attempts=4)[0]) == ["a", "a", "b", "c"]


def test_what_is_not_an_addresss_fault_is_asked_of_none_of_the_tiers_others() -> None:
    for fault in (Fault.QUALITY, Fault.OPERATOR, Fault.CALLER, Fault.ROUTER):
        assert _followed(_course(_world())[0], fault) == ["a", "b", "c"]
    assert _followed(_course(_world())[0], Fault.RESTING) == ["a", "a", "a", "b", "c"]


def test_second_addresses_are_paid_for_and_other_tiers_are_not() -> None:
    world = _world(share=0.0)
    found = [_followed(_course(world)[0]) for _ in range(20)]
    assert [each.count("a") for each in found] == [3, 3, 3, 3, 3] + [1] * 15
    assert all(each[-2:] == ["b", "c"] for each in found)
    course, told = _course(world)
    _followed(course)
    assert told.labels == [RETRIES_SPENT]


def test_an_address_that_is_left_alone_costs_nothing() -> None:
    course, told = _course(_world(share=0.0), max_attempts=3)
    first = course.next(0.0)
    assert first is not None
    course.not_made(first, FailedAttempt("a", BREAKER_OPEN))
    assert _followed(course) == ["a", "b", "c"]
    assert told.labels == [BREAKER_OPEN]


def test_who_found_no_place_at_a_tier_does_not_look_for_one_at_its_other_addresses() -> None:
    course, _ = _course(_world())
    first = course.next(0.0)
    assert first is not None
    course.not_made(first, FailedAttempt("a", "queue_full"))
    assert _followed(course) == ["b", "c"]


def test_a_window_that_was_too_small_is_not_tried_again() -> None:
    course, _ = _course(_world())
    assert course.next(0.0) is not None
    course.asked()
    assert course.overflow(100_000)
    assert _followed(course) == ["c"]
    assert not course.overflow(200_000)


def test_a_larger_window_is_no_use_without_an_attempt_left() -> None:
    course, _ = _course(_world(), max_attempts=1)
    assert course.next(0.0) is not None
    course.asked()
    assert not course.overflow(100_000)
