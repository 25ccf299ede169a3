from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from anvil_serving.config import json_schema, load, reference_markdown
from anvil_serving.config.reference import sections

ROOT = Path(__file__).parents[3]
EXAMPLES = sorted((ROOT / "configs").glob("*.toml"))


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str = "$") -> list[str]:
    """The part of JSON Schema that `json_schema()` uses; anything else in it is a fault of this test."""
    known = {
        "title",
        "description",
        "default",
        "deprecated",
        "$schema",
        "$defs",
        "$ref",
        "type",
        "properties",
        "required",
    }
    known |= {
        "additionalProperties",
        "items",
        "minItems",
        "enum",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "pattern",
        "minLength",
    }
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, path)
    kinds: dict[str, Any] = {
        "object": dict,
        "array": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "number": (int, float),
    }
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{path}: not {kind}"]
    return [f"{path}: {fault}" for fault in scalar_faults(value, schema)] + member_faults(value, schema, root, path)


def scalar_faults(value: Any, schema: dict[str, Any]) -> list[str]:
    checks = {
        "enum": lambda limit: value in limit,
        "minimum": lambda limit: value >= limit,
        "maximum": lambda limit: value <= limit,
        "exclusiveMinimum": lambda limit: value > limit,
        "pattern": lambda limit: re.search(limit, value) is not None,
        "minLength": lambda limit: len(value) >= limit,
        "minItems": lambda limit: len(value) >= limit,
        "required": lambda limit: set(limit) <= set(value),
    }
    return [f"{name} {schema[name]}" for name, check in checks.items() if name in schema and not check(schema[name])]


def member_faults(value: Any, schema: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    found: list[str] = []
    if isinstance(value, list):
        for index, member in enumerate(value):
            found += faults(member, schema.get("items", {}), root, f"{path}[{index}]")
    if isinstance(value, dict):
        others = schema.get("additionalProperties", {})
        for key, member in value.items():
            expected = schema.get("properties", {}).get(key, others)
            found += (
                [f"{path}.{key}: unknown"] if expected is False else faults(member, expected, root, f"{path}.{key}")
            )
    return found


def parsed(path: Path) -> dict[str, Any]:
    import tomllib  # noqa: PLC0415

    return tomllib.loads(path.read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_load_without_a_warning_and_fit_the_schema(path: Path) -> None:
    assert load(path).warnings == ()
    assert faults(parsed(path), json_schema(), json_schema()) == []


def test_there_are_three_examples_and_two_hold_no_cloud_and_no_key() -> None:
    assert [path.name for path in EXAMPLES] == ["example-docker.toml", "example-with-cloud.toml", "example.toml"]
    for name in ("example.toml", "example-docker.toml"):
        config = load(ROOT / "configs" / name)
        assert {tier.privacy for tier in config.router.tiers} == {"local"}
        assert {tier.auth_env for tier in config.router.tiers} == {None}
        assert config.router.metered_cloud == ()
    cloudy = load(ROOT / "configs" / "example-with-cloud.toml")
    assert [tier.auth_env for tier in cloudy.router.tiers if tier.privacy == "cloud"] == ["ANTHROPIC_API_KEY"]
    assert cloudy.router.metered_cloud == ("planning",)


def test_every_example_offers_the_usual_presets() -> None:
    for path in EXAMPLES:
        assert set(load(path).router.presets) == {"quick-edit", "chat", "planning", "review", "long-context"}


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"server": {"prot": 1}}, "$.server.prot: unknown"),
        ({"server": {"port": 65_536}}, "$.server.port: maximum 65535"),
        ({"server": {"header_timeout": 0}}, "$.server.header_timeout: exclusiveMinimum 0"),
        ({"server": {"auth_env": "lower"}}, "$.server.auth_env: pattern ^[A-Z][A-Z0-9_]*$"),
        ({"router": {"tiers": []}}, "$.router.tiers: minItems 1"),
        ({"other": 1}, "$.other: unknown"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(change: dict[str, Any], fault: str) -> None:
    document = {**parsed(ROOT / "configs" / "example.toml"), **change}

    assert faults(document, json_schema(), json_schema()) == [fault]


@pytest.mark.parametrize("url", ["ftp://a", "http://u:p@a", "http://a?b", "http://a#b", "http://", "http://a b"])
def test_the_schema_refuses_bad_urls(url: str) -> None:
    pattern = json_schema()["$defs"]["Tier"]["properties"]["base_url"]["pattern"]

    assert not re.search(pattern, url)
    assert re.search(pattern, "http://127.0.0.1:30000/v1")


def test_the_schema_is_json_without_null() -> None:
    text = json.dumps(json_schema())

    assert "null" not in text
    assert json.loads(text)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_every_key_is_described_and_every_wait_has_its_unit() -> None:
    for section in sections():
        for key, schema in section.keys.items():
            assert schema["description"].endswith("."), (section.header, key)
            if key.endswith("timeout") or section.header.endswith("timeouts]"):
                assert schema["description"].startswith("Seconds"), key


def test_the_reference_on_disk_is_the_generated_one() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    found = re.search(r"<!-- reference:begin [^\n]*-->\n\n(.*)\n<!-- reference:end -->\n", text, re.DOTALL)

    assert found is not None
    assert found[1] == reference_markdown()


def test_the_smallest_file_of_the_documentation_loads(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    block = re.search(r"```toml\n(.*?)```", text, re.DOTALL)
    assert block is not None
    (tmp_path / "router.toml").write_text(block[1])

    assert load(tmp_path / "router.toml").warnings == ()
