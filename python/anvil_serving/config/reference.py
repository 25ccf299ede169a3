"""The same description of the file for editors (JSON Schema) and for people (Markdown tables)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import msgspec

from .legacy import RETIRED
from .schema import Document

__all__ = ["Section", "json_schema", "reference_markdown", "sections"]

_HEADERS: Mapping[str, str] = {
    "Server": "[server]",
    "Client": "[[server.clients]]",
    "Router": "[router]",
    "Window": "[router.window]",
    "Verify": "[router.verify]",
    "Health": "[router.health]",
    "Fallback": "[router.fallback]",
    "Budget": "[router.budget]",
    "NamedBudget": "[router.budget.named.NAME]",
    "Tier": "[[router.tiers]]",
    "Timeouts": "[router.tiers.timeouts]",
    "Decisions": "[decisions]",
    "Serve": "[[serve]]",
}


class Section(msgspec.Struct, frozen=True):
    """One table of the file."""

    header: str
    """As it is written in TOML, such as `[[router.tiers]]`."""
    description: str
    keys: Mapping[str, Mapping[str, Any]]
    """The schema of each key, in the order to list them."""
    required: tuple[str, ...]


def json_schema() -> dict[str, Any]:
    """A JSON Schema (2020-12) of the file, fit for the TOML plugins of editors."""
    _, components = msgspec.json.schema_components((Document,), ref_template="#/$defs/{name}")
    definitions = {name: _without_null(schema) for name, schema in components.items()}
    document = definitions.pop("Document")
    for key, hint in RETIRED.items():
        document["properties"][key] = {"description": f"Has no meaning any more: {hint}.", "deprecated": True}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "anvil-serving configuration",
        "$defs": definitions,
    }


@cache
def sections() -> tuple[Section, ...]:
    """The tables of the file, in the order of the reference."""
    definitions = json_schema()["$defs"]
    return tuple(
        Section(
            header=header,
            description=definitions[name]["description"],
            keys=definitions[name]["properties"],
            required=tuple(definitions[name].get("required", ())),
        )
        for name, header in _HEADERS.items()
    )


def reference_markdown() -> str:
    """The reference part of `docs/configuration.md`: a table for each section, ending in a newline."""
    parts = [_section(section) for section in sections()]
    retired = [f"| `{key}` | {_cell(hint)} |" for key, hint in RETIRED.items()]
    parts.append(
        "\n".join(["### Accepted from 0.7.1 and ignored", "", "| top-level key | instead |", "|---|---|", *retired])
    )
    return "\n\n".join(parts) + "\n"


def _section(section: Section) -> str:
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, schema in section.keys.items():
        default = "required" if key in section.required else _default(schema)
        rows.append(f"| `{key}` | {_cell(_type(schema))} | {_cell(default)} | {_cell(schema['description'])} |")
    return "\n".join([f"### `{section.header}`", "", section.description, "", *rows])


def _type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f'`"{choice}"`' for choice in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    kind = str(schema.get("type", "table"))
    if kind == "array":
        return f"list of {_plural(schema['items'])}"
    if kind == "object":
        members = schema.get("additionalProperties")
        return f"table of {_plural(members)}" if isinstance(members, dict) and members else "table"
    word = {"boolean": "true or false", "integer": "whole number", "string": "string"}.get(kind, kind)
    return word + _limits(schema)


def _plural(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return _type(schema)
    word, _, rest = _type(schema).partition(" ")
    return f"{word}s {rest}".strip()


def _limits(schema: Mapping[str, Any]) -> str:
    if "exclusiveMinimum" in schema:
        return f", above {schema['exclusiveMinimum']:g}, at most {schema['maximum']}"
    return f", {schema['minimum']} to {schema['maximum']}" if "minimum" in schema else ""


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    if default is None:
        return "its own defaults" if "$ref" in schema else "unset"
    return f"`{msgspec.json.encode(default).decode()}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _without_null(schema: Any) -> Any:
    """The schema without `null`, which TOML does not have: an editor should not offer it."""
    if isinstance(schema, list):
        return [_without_null(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {key: _without_null(member) for key, member in schema.items()}
    # A table's defaults stand at its own keys.
    if plain.get("default", 0) is None or "$ref" in plain:
        plain.pop("default", None)
    choices = [choice for choice in plain.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del plain["anyOf"]
        plain = {**choices[0], **plain}
    elif choices:
        plain["anyOf"] = choices
    return plain
