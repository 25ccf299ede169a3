from __future__ import annotations

from typing import Any

import pytest

from anvil_serving.config.rules import rule_findings


def tier(name: str, **changes: Any) -> dict[str, Any]:
    table = {"id": name, "base_url": f"http://127.0.0.1:1/{name}", "context_limit": 1, "privacy": "local"}
    return {**table, **changes}


def found(*tiers: dict[str, Any], **router: Any) -> list[tuple[str, tuple[str | int, ...]]]:
    router = {"presets": {"chat": [tiers[0]["id"]]}, **router, "tiers": list(tiers)}
    return [(finding.severity, finding.path[1:]) for finding in rule_findings({"router": router})]


def test_good_files_have_no_findings() -> None:
    assert found(tier("a"), tier("b", replicas=["http://127.0.0.1:2"])) == []


def test_ids_are_unique() -> None:
    assert found(tier("a"), tier("b"), tier("a")) == [("error", ("tiers", 2, "id"))]
    assert found(tier("a"), tier("A")) == [("warning", ("tiers", 1, "id"))]


def test_a_preset_names_tiers_that_exist_once_each() -> None:
    assert found(tier("a"), presets={"chat": ["a", "b"]}) == [("error", ("presets", "chat", 1))]
    assert found(tier("a"), presets={"chat": ["a", "a"]}) == [("error", ("presets", "chat", 1))]


def test_a_tier_without_chat_among_others_that_have_it_is_a_warning() -> None:
    vectors = tier("v", purposes=["embeddings"])
    assert found(tier("a"), vectors, presets={"chat": ["a", "v"]}) == [("warning", ("presets", "chat", 1))]
    assert found(tier("a"), vectors, presets={"chat": ["a"], "search": ["v"]}) == []
    assert found(tier("a", purposes=["chat", "rerank"]), tier("b", purposes=7), presets={"chat": ["a"]}) == []


def test_a_tier_named_as_a_preset_is_a_warning() -> None:
    assert found(tier("Chat"), presets={"chat": ["Chat"]}) == [("warning", ("tiers", 0, "id"))]


def test_presets_that_differ_in_case_only_are_a_warning() -> None:
    assert found(tier("a"), presets={"chat": ["a"], "Chat": ["a"]}) == [("warning", ("presets", "Chat"))]


def test_no_presets_is_a_warning() -> None:
    assert found(tier("a"), presets={}) == [("warning", ())]


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("base_url", "http://localhost:30000", ("base_url",)),
        ("replicas", ["http://127.0.0.1:2", "http://LOCALHOST:3"], ("replicas", 1)),
        ("proxy", "http://localhost:3128", ("proxy",)),
    ],
)
def test_localhost_is_a_warning_wherever_it_stands(key: str, value: object, path: tuple[str | int, ...]) -> None:
    assert found(tier("a", **{key: value})) == [("warning", ("tiers", 0, *path))]


def test_a_replica_is_named_once() -> None:
    same = tier("a", base_url="http://127.0.0.1:1/", replicas=["http://127.0.0.1:1"])

    assert found(same) == [("error", ("tiers", 0, "replicas", 0))]


def test_a_vendors_server_is_not_local() -> None:
    assert found(tier("a", base_url="https://api.openai.com/v1")) == [("warning", ("tiers", 0, "privacy"))]


def test_a_cloud_tier_is_reached_encrypted_and_only_for_metered_work() -> None:
    cloud = tier("a", privacy="cloud", base_url="https://models.example")

    assert found(cloud, metered_cloud=["planning"]) == []
    assert found(cloud) == [("warning", ("tiers", 0))]
    plain = {**cloud, "base_url": "http://models.example"}
    assert found(plain, metered_cloud=["planning"]) == [("warning", ("tiers", 0, "base_url"))]


def test_metered_cloud_lists_work_classes_not_presets() -> None:
    findings = rule_findings({"router": {"presets": {"p": []}, "metered_cloud": ["quick-edit", "reveiw"]}})

    assert [finding.hint for finding in findings] == ["did you mean `bounded-edit`?", "did you mean `review`?"]
    assert {finding.severity for finding in findings} == {"warning"}


def test_a_status_that_blames_the_caller_is_a_warning() -> None:
    assert found(tier("a"), exhaustion_status=429) == [("warning", ("exhaustion_status",))]
    assert found(tier("a"), exhaustion_status=500) == []


@pytest.mark.parametrize(
    "target", ["planning", "PLANNING", "model:fast", "MODEL:Fast", "fast", "Fast", "model:Review", "review"]
)
def test_an_alias_stands_for_a_preset_or_a_tier_in_any_case(target: str) -> None:
    tiers = tier("fast"), tier("Review", privacy="local")
    assert found(*tiers, presets={"planning": ["fast"]}, aliases={"gpt-*": target}) == []


@pytest.mark.parametrize(
    "target", ["planing", "model:", "model:fsat", "gpt-*", "anvil/planning", " fast", "model:model:fast"]
)
def test_an_alias_for_nothing_is_an_error(target: str) -> None:
    findings = found(tier("fast"), presets={"planning": ["fast"]}, aliases={"ok": "planning", "gpt-*": target})
    assert findings == [("error", ("aliases", "gpt-*"))]


def test_an_alias_for_nothing_is_told_what_there_is() -> None:
    router = {"tiers": [tier("fast")], "presets": {"planning": ["fast"]}, "aliases": {"a": "planing", "b": "zzzzzzzz"}}
    assert [finding.hint for finding in rule_findings({"router": router})] == [
        "did you mean `planning`?",
        "use one of `model:fast`, `planning`",
    ]


@pytest.mark.parametrize("pattern", ["planning", "Planning", "fast", "FAST"])
def test_an_alias_that_is_a_name_already_is_a_warning(pattern: str) -> None:
    findings = found(tier("fast"), presets={"planning": ["fast"]}, aliases={pattern: "planning", "plan*": "planning"})
    assert findings == [("warning", ("aliases", pattern))]


def clients(*listed: Any) -> list[tuple[str, tuple[str | int, ...], str]]:
    """What is found of clients; there are the presets `chat` and `planning`."""
    router = {"tiers": [tier("a")], "presets": {"chat": ["a"], "planning": ["a"]}}
    findings = rule_findings({"router": router, "server": {"clients": list(listed)}})
    return [(finding.severity, finding.path, finding.message) for finding in findings]


def test_good_clients_have_no_findings() -> None:
    one = {"name": "ci", "auth_env": "CI_TOKEN", "presets": ["chat", "planning"]}
    assert clients(one, {"name": "laptop", "auth_sha256": "0" * 64}) == []


@pytest.mark.parametrize("said", [{}, {"auth_env": "CI_TOKEN", "auth_sha256": "0" * 64}])
def test_a_client_has_exactly_one_token(said: dict[str, str]) -> None:
    good = {"name": "ci", "auth_env": "CI_TOKEN"}
    assert clients(good, {"name": "other", **said}) == [
        ("error", ("server", "clients", 1), "needs exactly one of `auth_env` and `auth_sha256`")
    ]


def test_clients_have_different_names() -> None:
    listed = [{"name": name, "auth_env": "CI_TOKEN"} for name in ("ci", "CI", "ci")]
    assert clients(*listed) == [("error", ("server", "clients", 2), 'there is a client "ci" already')]


def test_a_client_may_use_presets_that_there_are() -> None:
    client = {"name": "ci", "auth_env": "CI_TOKEN", "presets": ["chat", "planing", "Chat"]}
    assert clients(client) == [
        ("error", ("server", "clients", 0, "presets", 1), 'there is no preset "planing"'),
        ("error", ("server", "clients", 0, "presets", 2), 'there is no preset "Chat"'),
    ]


@pytest.mark.parametrize("server", [1, {"clients": 1}, {"clients": [1, "ci"]}, {"clients": {"name": "ci"}}])
def test_clients_of_a_wrong_type_are_left_to_the_shape(server: object) -> None:
    router = {"tiers": [tier("a")], "presets": {"chat": ["a"]}}
    assert rule_findings({"router": router, "server": server}) == []
    odd = {"name": 7, "auth_env": "T", "presets": 7}
    assert rule_findings({"router": router, "server": {"clients": [odd, odd]}}) == []


@pytest.mark.parametrize(
    "router",
    [
        1,
        {"tiers": 1, "presets": 1, "metered_cloud": 1},
        {"tiers": [1, {}, {"id": 1, "base_url": 2, "replicas": 3, "proxy": 4, "privacy": 5}], "presets": {"a": 1}},
        {"tiers": [{"replicas": [1], "base_url": "http://[::1"}], "presets": {"a": [1, ""]}, "metered_cloud": [1]},
        {"tiers": [], "exhaustion_status": "x", "relay_timeout": True},
        {"tiers": [], "aliases": 1},
        {"tiers": [], "aliases": {"a": 1, "b": "", "c": ["d"]}},
    ],
)
def test_wrong_types_are_left_to_the_shape(router: object) -> None:
    assert [finding for finding in rule_findings({"router": router}) if finding.severity == "error"] == []


# ── budgets ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def budgets(budget: Any, *names: str) -> list[tuple[str, tuple[str | int, ...], str]]:
    """What is found of budgets, where there are clients of these names."""
    listed = [{"name": name, "auth_env": "TOKEN"} for name in names]
    router = {"presets": {"chat": ["a"]}, "tiers": [tier("a")], "budget": budget}
    findings = rule_findings({"router": router, "server": {"clients": listed}})
    return [(finding.severity, finding.path[2:], finding.message) for finding in findings]


def test_good_budgets_have_no_findings() -> None:
    named = {"team": {"usd": 5.0, "clients": ["ci"]}, "other": {"tokens": 5}}
    assert budgets({"session_tokens": 2_000_000, "client_usd": 0, "named": named}, "ci") == []


def test_a_budget_is_open_to_clients_that_exist() -> None:
    named = {"team": {"usd": 5.0, "clients": ["ci", "cli"]}}
    assert budgets({"named": named}, "ci") == [("error", ("named", "team", "clients", 1), 'there is no client "cli"')]


def test_a_budget_without_a_limit_is_a_warning() -> None:
    assert budgets({"named": {"team": {"period": "day"}}}) == [("warning", ("named", "team"), "limits nothing")]


@pytest.mark.parametrize("key", ["session_tokens", "client_tokens"])
def test_a_limit_that_no_request_without_a_cap_gets_below_is_a_warning(key: str) -> None:
    always = "a request that sets no cap takes 32000 tokens aside for its answer, and is always refused"
    assert budgets({key: 32_000}) == [("warning", (key,), always)]
    assert budgets({key: 32_001}) == []
    assert budgets({key: 32_000, "answer_tokens": 4_000}) == []


@pytest.mark.parametrize(
    "budget", ["x", {"named": 5}, {"named": {"team": 5}}, {"session_tokens": "many"}, {"answer_tokens": "few"}]
)
def test_what_has_no_shape_of_a_budget_is_left_to_others(budget: Any) -> None:
    assert budgets(budget) == []
