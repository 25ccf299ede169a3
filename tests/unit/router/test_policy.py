from __future__ import annotations

from typing import Any

import pytest

from anvil_serving import config
from anvil_serving.errors import PurposeUnserved
from anvil_serving.router.intent import Intent
from anvil_serving.router.policy import Policy
from anvil_serving.upstream import Tiers


def _tier(tier_id: str, **more: Any) -> config.Tier:
    values = {"base_url": "http://127.0.0.1:9/v1", "context_limit": 1000, "privacy": "local", "model": "m"} | more
    return config.Tier(id=tier_id, **values)


def _policy(*tiers: config.Tier, presets: dict[str, tuple[str, ...]], metered: tuple[str, ...] = ()) -> Policy:
    settings = config.Router(tiers=tiers, presets=presets, metered_cloud=metered)
    return Policy(settings, Tiers(settings, {}))


def _tried(policy: Policy, intent: Intent, dialect: str = "chat") -> list[str]:
    return [attempt.tier_id for attempt in policy.plan(intent, dialect).attempts]


def test_the_presets_order_is_kept() -> None:
    policy = _policy(_tier("a"), _tier("b"), _tier("c"), presets={"chat": ("c", "a", "b")})
    assert _tried(policy, Intent("chat", "preset")) == ["c", "a", "b"]


def test_each_replica_is_an_attempt_before_the_next_tier() -> None:
    replicated = _tier("a", replicas=("http://127.0.0.1:10/v1", "http://127.0.0.1:11/v1"))
    policy = _policy(replicated, _tier("b"), presets={"chat": ("a", "b")})
    plan = policy.plan(Intent("chat", "preset"), "chat")
    assert [attempt.tier_id for attempt in plan.attempts] == ["a", "a", "a", "b"]
    assert len({id(attempt.replica) for attempt in plan.attempts}) == 4


def test_a_pin_leads_to_its_tier_alone() -> None:
    policy = _policy(_tier("a"), _tier("b"), presets={"chat": ("a", "b"), "b": ("a",)})
    plan = policy.plan(Intent("b", "pin"), "chat")
    assert [(attempt.tier_id, attempt.reason) for attempt in plan.attempts] == [("b", "pinned")]


def test_without_presets_all_tiers_are_tried_in_the_files_order() -> None:
    policy = _policy(_tier("b"), _tier("a"), presets={})
    assert _tried(policy, Intent("", "default")) == ["b", "a"]


@pytest.mark.parametrize("dialect", ["chat", "messages"])
def test_a_tier_is_asked_in_the_requests_dialect_where_it_speaks_it(dialect: str) -> None:
    tiers = [
        _tier("o", dialect="openai"),
        _tier("a", dialect="anthropic"),
        _tier("b", dialects=("openai", "anthropic")),
    ]
    plan = _policy(*tiers, presets={"chat": ("o", "a", "b")}).plan(Intent("chat", "preset"), dialect)
    assert [attempt.dialect for attempt in plan.attempts] == ["chat", "messages", dialect]


@pytest.mark.parametrize(
    ("intent", "may"),
    [
        (Intent("planning", "preset"), True),
        (Intent("quick-edit", "preset"), False),
        (Intent("mine", "preset"), False),
        (Intent("cloud", "pin"), False),
    ],
)
def test_a_cloud_tier_serves_only_the_metered_work_classes(intent: Intent, may: bool) -> None:
    """A pin is no way around the bill."""
    presets = dict.fromkeys(("planning", "quick-edit", "mine"), ("local", "cloud"))
    policy = _policy(_tier("local"), _tier("cloud", privacy="cloud"), presets=presets, metered=("planning",))
    assert ("cloud" in _tried(policy, intent)) is may


def test_nothing_is_metered_by_default() -> None:
    policy = _policy(_tier("cloud", privacy="cloud"), presets={"chat": ("cloud",)})
    plan = policy.plan(Intent("chat", "preset"), "chat")
    assert plan.attempts == ()
    assert plan.refused[0][0] == "cloud"


def test_a_tier_without_chat_gets_no_conversation() -> None:
    policy = _policy(_tier("vectors", purposes=("embeddings",)), _tier("b"), presets={"chat": ("vectors", "b")})
    assert _tried(policy, Intent("chat", "preset")) == ["b"]
    plan = policy.plan(Intent("vectors", "pin"), "messages")
    assert (plan.attempts, plan.refused) == ((), (("vectors", "its `purposes` do not list chat"),))


EMBEDDINGS = ("chat", "embeddings")


@pytest.mark.parametrize(
    ("intent", "tried"),
    [
        (Intent("chat", "default"), ["b", "c", "paid"]),
        (Intent("", "default"), ["b", "c", "paid"]),
        (Intent("chat", "preset"), ["c", "b"]),
        (Intent("c", "pin"), ["c"]),
        (Intent("a", "pin"), ["b", "c", "paid"]),
        (Intent("plain", "preset"), ["b", "c", "paid"]),
    ],
)
def test_a_purpose_is_served_by_who_is_named_and_declares_it_else_by_all_who_do(
    intent: Intent, tried: list[str]
) -> None:
    tiers = [
        _tier("paid", purposes=EMBEDDINGS, privacy="cloud"),
        _tier("a"),
        _tier("b", purposes=EMBEDDINGS),
        _tier("c", purposes=("embeddings",)),
    ]
    presets = {"chat": ("c", "a", "b"), "plain": ("a",)}
    plan = _policy(*tiers, presets=presets, metered=("chat",)).plan_for("embeddings", intent)
    assert [attempt.tier_id for attempt in plan.attempts] == tried
    assert {attempt.path for attempt in plan.attempts} == {"/embeddings"}


def test_a_purpose_is_billed_as_chat_is() -> None:
    policy = _policy(_tier("paid", purposes=EMBEDDINGS, privacy="cloud"), presets={}, metered=("planning",))
    plan = policy.plan_for("embeddings", Intent("", "default"))
    assert plan.attempts == ()
    assert plan.refused[0][1].endswith("does not list chat")


def test_a_purpose_that_nobody_declares_names_the_setting() -> None:
    with pytest.raises(PurposeUnserved, match='list "rerank" in the `purposes` of a tier'):
        _policy(_tier("a"), presets={}).plan_for("rerank", Intent("", "default"))


def test_the_same_question_has_the_same_plan() -> None:
    policy = _policy(_tier("a"), presets={"chat": ("a",)})
    intent = Intent("chat", "preset")
    assert policy.plan(intent, "chat") is policy.plan(intent, "chat")
    assert policy.plan(intent, "chat") is not policy.plan(intent, "messages")
    assert policy.plan(Intent("a", "pin"), "chat").attempts[0].reason == "pinned"
