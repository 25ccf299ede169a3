from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fakes.policies import World, cell, tier

from anvil_serving.router.rank import Able, Held, Ranked, rank

IDS = "abcdef"
TIERS = World(*(tier(tier_id) for tier_id in IDS)).tiers
MARGIN = 0.2


def _able(tier_id: str, quality: float = 0.9, **more: Any) -> Able:
    return Able(TIERS[tier_id], cell(quality=quality), IDS.index(tier_id), **more)


def _rank(*able: Able, margin: float = MARGIN, held: Held | None = None) -> Ranked:
    return rank(list(able), margin=margin, held=held)


def _order(*able: Able, **more: Any) -> str:
    return "".join(each.tier.id for each in _rank(*able, **more).order)


def _reasons(*able: Able, **more: Any) -> dict[str, str]:
    return {each.tier.id: each.reason for each in _rank(*able, **more).order}


# ── groups ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_presets_order_decides_among_equals_however_they_are_given() -> None:
    assert _order(_able("b"), _able("c"), _able("a")) == "abc"


def test_more_than_the_margin_comes_first_and_less_does_not() -> None:
    assert _order(_able("a", 0.6), _able("b", 0.9)) == "ba"
    assert _order(_able("a", 0.75), _able("b", 0.9)) == "ab"
    # A difference of just the margin is within it.
    assert _order(_able("a", 0.25), _able("b", 0.5), margin=0.25) == "ab"
    assert _order(_able("a", 0.89), _able("b", 0.9), margin=0.0) == "ba"


def test_three_of_whom_each_is_near_the_next_are_ordered_from_the_best() -> None:
    """0.9 over 0.6, though 0.9 ~ 0.75 ~ 0.6: the second belongs to the best one's group, the third does not."""
    one, two, three = _able("c", 0.9), _able("b", 0.75), _able("a", 0.6)
    assert _order(one, two, three) == "bca"
    cheaper = _able("a", 0.6, usd=0.0)
    assert _order(_able("c", 0.9, usd=1.0), _able("b", 0.75, usd=2.0), cheaper) == "cba"


def test_what_is_left_forms_groups_of_its_own() -> None:
    able = [_able("a", 0.3), _able("b", 0.45), _able("c", 0.6), _able("d", 0.75), _able("e", 0.9), _able("f", 0.1)]
    # From 0.9 on down to 0.7; then from 0.6 to 0.4; then from 0.3 to 0.1.
    assert _order(*able) == "debcaf"


def test_within_a_group_the_loaded_the_cheap_the_free_and_the_first_come_first_in_this_order() -> None:
    assert _order(_able("a", is_away=True), _able("b", usd=9.0, is_full=True)) == "ba"
    assert _order(_able("a", usd=0.1), _able("b", is_full=True)) == "ba"
    assert _order(_able("a", is_full=True), _able("b")) == "ba"
    assert _order(_able("a", usd=math.inf), _able("b", usd=5.0)) == "ba"
    # And never across groups.
    assert _order(_able("a", 0.9, is_away=True, usd=math.inf, is_full=True), _able("b", 0.5)) == "ab"


@pytest.mark.parametrize(
    ("able", "reasons"),
    [
        ([_able("a")], {"a": "the only one that may answer"}),
        ([_able("a"), _able("b")], {"a": "number 1 in its preset", "b": "number 2 in its preset"}),
        (
            [_able("a", 0.9), _able("b", 0.5)],
            {"a": "quality from 0.90 on sets it apart", "b": "quality from 0.50 on sets it apart"},
        ),
        (
            [_able("a", usd=0.5), _able("b"), _able("c", usd=math.inf)],
            {"b": "costs nothing", "a": "costs about $0.5000", "c": "its price is not known"},
        ),
        (
            [_able("a", is_away=True), _able("b")],
            {"b": "its model is loaded", "a": "another model of its swap group is loaded"},
        ),
        ([_able("a", is_full=True), _able("b")], {"b": "number 2 in its preset", "a": "has no free place now"}),
    ],
)
def test_each_says_why_it_is_where_it_is(able: list[Able], reasons: dict[str, str]) -> None:
    assert _reasons(*able) == reasons


# ── the last resort ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_last_resort_comes_after_everybody_whatever_speaks_for_it() -> None:
    out = _able("a", 0.99, last_resort="it is gone")
    assert _order(out, _able("b", 0.3, is_away=True, usd=9.0, is_full=True)) == "ba"
    assert _reasons(out, _able("b"))["a"] == "last resort: it is gone"


def test_last_resorts_are_ordered_like_a_group() -> None:
    able = [_able(tier_id, last_resort="gone", usd=usd) for tier_id, usd in (("a", 2.0), ("c", 1.0), ("b", 1.0))]
    assert _order(*able) == "bca"
    assert _order(*able, _able("d")) == "dbca"


def test_a_last_resort_that_is_alone_says_so() -> None:
    assert "it is gone" in _reasons(_able("a", last_resort="it is gone"))["a"]


# ── who would have been first ────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_not_loaded_and_would_have_been_first_is_displaced() -> None:
    assert _rank(_able("a", is_away=True), _able("b")).displaced == "a"
    assert _rank(_able("a"), _able("b", is_away=True)).displaced is None
    assert _rank(_able("a", is_away=True, usd=1.0), _able("b")).displaced is None
    assert _rank(_able("a", is_away=True, is_full=True), _able("b")).displaced is None


def test_who_is_first_all_the_same_is_not_displaced() -> None:
    assert _rank(_able("a", 0.9, is_away=True), _able("b", 0.5)).displaced is None
    assert _rank(_able("a", is_away=True), _able("b", is_away=True)).displaced is None


def test_cheaper_and_worse_is_not_displaced_by_one_that_has_to_be_loaded_too() -> None:
    able = [
        _able("a", 0.6, is_away=True),
        _able("b", 0.75, is_away=True, usd=1.0),
        _able("c", 0.9, is_away=True, usd=2.0),
    ]
    assert _order(*able) == "bca"
    assert _rank(*able).displaced is None


def test_nobody_is_displaced_by_a_conversation_that_stays() -> None:
    able = [_able("a"), _able("b", is_away=True), _able("c")]
    assert _order(*able, held=Held("c")) == "cab"
    assert _rank(*able, held=Held("c")).displaced is None


def test_who_is_worse_by_more_than_the_margin_is_not_displaced() -> None:
    assert _rank(_able("a", 0.5, is_away=True), _able("b", 0.9)).displaced is None
    assert _rank(_able("a", 0.6, is_away=True), _able("b", 0.75), _able("c", 0.3)).displaced == "a"


def test_of_several_the_one_that_comes_first_is_displaced() -> None:
    assert _rank(_able("b", is_away=True), _able("a", is_away=True), _able("c")).displaced == "a"


def test_a_last_resort_is_neither_displaced_nor_displaces() -> None:
    assert _rank(_able("a", is_away=True, last_resort="gone"), _able("b")).displaced is None
    assert _rank(_able("a", is_away=True), _able("b", last_resort="gone")).displaced is None
    assert _rank(_able("a", last_resort="gone"), _able("b", last_resort="gone")).displaced is None


# ── conversations ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_conversation_stays_and_the_others_keep_their_order() -> None:
    able = [_able(tier_id) for tier_id in "abcd"]
    assert _order(*able, held=Held("c")) == "cabd"
    reasons = _reasons(*able, held=Held("c"))
    assert reasons["c"] == "keeps the conversation: its beginning is in the cache there"
    assert reasons["a"] == "number 1 in its preset"


def test_a_conversation_with_the_first_one_needs_no_reason_unless_it_is_locked() -> None:
    able = [_able("a"), _able("b")]
    assert _reasons(*able, held=Held("a"))["a"] == "number 1 in its preset"
    reasons = _reasons(*able, held=Held("a", "a tool loop is open"))
    assert reasons["a"] == "keeps the conversation: a tool loop is open"


def test_a_conversation_with_nobody_who_may_answer_begins_anew() -> None:
    assert _order(_able("a"), _able("b"), held=Held("c", "a lock")) == "ab"
    gone = _able("c", last_resort="gone", is_unreachable=True)
    assert _order(_able("a"), _able("b"), gone, held=Held("c", "a lock")) == "abc"
    # Too little room for the answer that is asked for is no failure.
    assert _order(_able("a"), _able("b"), _able("c", last_resort="no room"), held=Held("c", "a lock")) == "cab"
    assert _order(_able("a"), _able("b"), _able("c", last_resort="no room"), held=Held("c")) == "abc"


def test_it_leaves_for_more_than_the_margin_unless_it_is_locked() -> None:
    able = [_able("a", 0.9), _able("b", 0.5)]
    assert _order(*able, held=Held("b")) == "ab"
    assert _order(*able, held=Held("b", "a lock")) == "ba"
    # Not for less: here both are in one group.
    assert _order(_able("a", 0.9), _able("b", 0.75), held=Held("b")) == "ba"
    # Nor for just as much; though it stands in another group.
    assert _order(_able("a", 0.75), _able("b", 0.5), held=Held("b"), margin=0.25) == "ba"


def test_it_leaves_for_what_is_cheaper_although_it_has_to_read_everything() -> None:
    def able(new: float, held: float) -> list[Able]:
        return [_able("a", usd=new), _able("b", usd=new + 1.0, usd_held=held)]

    assert _order(*able(1.0, 1.5), held=Held("b")) == "ab"
    assert _order(*able(1.0, 1.0), held=Held("b")) == "ba"
    assert _order(*able(1.0, 0.5), held=Held("b")) == "ba"
    assert _order(*able(1.0, 1.5), held=Held("b", "a lock")) == "ba"
    assert _order(*able(1.0, math.inf), held=Held("b")) == "ab"


def test_it_is_not_moved_by_what_is_loaded_or_has_a_free_place() -> None:
    able = [_able("a"), _able("b", is_away=True, is_full=True)]
    assert _order(*able) == "ab"
    assert _order(*able, held=Held("b")) == "ba"


# ── whatever there is ────────────────────────────────────────────────────────────────────────────────────────────────

_ables = st.lists(
    st.builds(
        _able,
        st.sampled_from(IDS),
        st.sampled_from([0.3, 0.5, 0.6, 0.75, 0.9]),
        last_resort=st.sampled_from([None, None, "gone"]),
        is_away=st.booleans(),
        usd=st.sampled_from([0.0, 1.0, math.inf]),
        usd_held=st.sampled_from([0.0, 1.0]),
        is_full=st.booleans(),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda able: able.order,
)
_helds = st.one_of(st.none(), st.builds(Held, st.sampled_from(IDS), st.sampled_from([None, "a lock"])))


@given(_ables, _helds, st.sampled_from([0.0, 0.2, 1.0]), st.randoms())
def test_the_order_does_not_depend_on_how_they_are_given(
    able: list[Able], held: Held | None, margin: float, random: Any
) -> None:
    first = rank(list(able), margin=margin, held=held)
    order = [each.tier.id for each in first.order]
    assert sorted(order) == sorted(each.tier.id for each in able)
    assert all(each.reason for each in first.order)
    shuffled = list(able)
    random.shuffle(shuffled)
    again = rank(shuffled, margin=margin, held=held)
    assert [each.tier.id for each in again.order] == order


@given(_ables, st.sampled_from(IDS), st.sampled_from([0.0, 0.2, 1.0]))
def test_a_lock_holds_wherever_it_can(able: list[Able], tier_id: str, margin: float) -> None:
    ranked = rank(able, margin=margin, held=Held(tier_id, "a lock"))
    own = next((each for each in able if each.tier.id == tier_id and each.last_resort is None), None)
    assert own is None or ranked.order[0] is own
