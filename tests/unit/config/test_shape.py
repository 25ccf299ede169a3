from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import Document
from anvil_serving.config.shape import shape_findings


def tier(**changes: Any) -> dict[str, Any]:
    return {
        "router": {
            "tiers": [{"id": "a", "base_url": "http://127.0.0.1:1", "context_limit": 1, "privacy": "local", **changes}]
        }
    }


def messages(document: dict[str, Any]) -> list[str]:
    return [finding.message for finding in shape_findings(document, Document)]


# Without what the extra checks of `shape` look into (URLs, names of variables, JSON): msgspec does not know them.
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.sampled_from([0, 1, 65_535, 65_536, 0.0, 86_400, 86_401, 399, 400, 599, 600])
)
ODD = st.one_of(NUMBERS, st.booleans(), st.text(max_size=3), st.lists(st.text(max_size=2), max_size=2), st.just({}))
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(
            ("id", "context_limit", "model", "tool_support", "max_output_tokens", "swap_group", "vision"), ODD
        ),
        **dict.fromkeys(("cost_input_per_mtok", "max_concurrency"), ODD),
        "dialect": st.one_of(ODD, st.sampled_from(["openai", "anthropic"])),
        "privacy": st.one_of(ODD, st.sampled_from(["local", "cloud"])),
        "timeouts": st.one_of(
            ODD, st.dictionaries(st.sampled_from(["connect", "idle", "total", "odd"]), ODD, max_size=2)
        ),
    },
)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "server": st.dictionaries(st.sampled_from(["host", "port", "workers", "body_timeout", "odd"]), ODD, max_size=2),
        "serve": st.one_of(
            ODD, st.lists(st.dictionaries(st.sampled_from(["name", "container", "port"]), ODD), max_size=2)
        ),
        "odd": ODD,
    },
)
ROUTERS = st.fixed_dictionaries(
    {},
    optional={
        "presets": st.one_of(ODD, st.dictionaries(st.text(max_size=2), ODD, max_size=2)),
        **dict.fromkeys(("mapping_version", "metered_cloud", "exhaustion_status", "relay_timeout", "cost_sync"), ODD),
    },
)


@given(CHANGES, ROUTERS, OTHERS)
def test_the_walk_and_msgspec_agree(changes: dict[str, Any], router: dict[str, Any], others: dict[str, Any]) -> None:
    document = {**tier(**changes), **others}
    document["router"].update(router)
    try:
        msgspec.convert(document, Document)
    except msgspec.ValidationError:
        valid = False
    else:
        valid = True

    findings = shape_findings(document, Document)

    # msgspec lets not-a-number pass a range; here it is out of every range.
    if valid and "nan" in repr(document):
        return
    assert (not findings) == valid, findings


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0])
def test_a_timeout_is_a_finite_number_above_nothing(value: float) -> None:
    assert len(messages(tier(timeouts={"idle": value}))) == 1


def test_a_number_is_not_a_truth_value() -> None:
    assert messages(tier(context_limit=True)) == ["must be a whole number, not true or false"]
    assert messages(tier(tool_support=1)) == ["must be true or false, not a whole number"]


@pytest.mark.parametrize(
    "value", ["anvil_token", "sk-ant-abc123", "", "1TOKEN", "AKIAIOSFODNN7EXAMPLE", "A B", "TOKEN\n"]
)
def test_auth_env_takes_the_name_of_a_variable_and_never_repeats_anything_else(value: str) -> None:
    (finding,) = shape_findings(tier(auth_env=value), Document)

    assert finding.path == ("router", "tiers", 0, "auth_env")
    assert len(value.strip()) < 2 or value not in finding.message + finding.hint


HASH = "0123456789abcdefABCDEF" + "0" * 42


def client(**changes: Any) -> dict[str, Any]:
    return {**tier(), "server": {"clients": [{"name": "ci", **changes}]}}


def test_a_hash_is_64_hexadecimal_digits() -> None:
    assert messages(client(auth_sha256=HASH)) == []
    assert messages(client(auth_env="CI_TOKEN")) == []


@pytest.mark.parametrize(
    "value",
    [
        "sk-my-token-itself",
        HASH[:-1],
        HASH + "0",
        HASH + "\n",
        "g" * 64,
        f"0x{HASH[2:]}",
        f" {HASH[1:]}",
        "\u0661" * 64,
        "",
    ],
)
def test_what_is_no_hash_may_be_the_token_and_is_never_repeated(value: str) -> None:
    (finding,) = shape_findings(client(auth_sha256=value), Document)

    assert finding.path == ("server", "clients", 0, "auth_sha256")
    assert len(value) < 2 or value not in finding.message + finding.hint


@pytest.mark.parametrize("value", ["sk-my-token-itself", "ci_token"])
def test_a_clients_variable_is_a_name_too(value: str) -> None:
    (finding,) = shape_findings(client(auth_env=value), Document)

    assert finding.path == ("server", "clients", 0, "auth_env")
    assert value not in finding.message + finding.hint


@pytest.mark.parametrize(
    ("router", "message"),
    [
        ({"mode": "gatd"}, '"gatd" is not one of `direct`, `gated`'),
        ({"quality_margin": 1.5}, "1.5 is out of range"),
        ({"quality_margin": -0.1}, "-0.1 is out of range"),
        ({"aliases": {"a": ""}}, "the string is empty"),
        ({"aliases": ["a"]}, "must be a table, not a list"),
        ({"health": {"interval": 0}}, "0 is out of range"),
        ({"health": {"interval": "of"}}, '"of" is not one of `off`'),
        ({"health": {"every": 1}}, "unknown key"),
    ],
)
def test_what_the_policy_reads_has_its_ranges(router: dict[str, Any], message: str) -> None:
    document = tier()
    document["router"].update(router)

    assert messages(document) == [message]


def test_a_role_is_one_of_three() -> None:
    assert messages(tier(role="heavy")) == []
    assert messages(tier(role="Heavy")) == ['"Heavy" is not one of `cloud`, `fast`, `heavy`']


def test_bodies_hold_only_what_json_holds() -> None:
    body = {"fine": [1, 2.5, "x", True, {}], "when": date(2025, 1, 1), "deep": [{"much": float("inf")}]}

    findings = shape_findings(tier(extra_body=body, extra_body_defaults={"n": float("nan")}), Document)

    base = ("router", "tiers", 0)
    assert [finding.path for finding in findings] == [
        (*base, "extra_body", "when"),
        (*base, "extra_body", "deep", 0, "much"),
        (*base, "extra_body_defaults", "n"),
    ]


def test_every_url_of_a_tier_is_checked() -> None:
    findings = shape_findings(
        tier(base_url="localhost:1", replicas=["http://a", "http://u:p@a"], proxy="https://proxy"), Document
    )

    assert [finding.path[3:] for finding in findings] == [("base_url",), ("replicas", 1), ("proxy",)]


def test_long_values_do_not_fill_the_report() -> None:
    (message,) = messages(tier(dialect="x" * 10_000))

    assert len(message) < 120
    assert len(messages({**tier(), "server": {"port": 10**6000}})[0]) < 120
