"""Whether a parsed document has the shape that the structs describe; every deviation, not only the first.

`msgspec.convert` stops at the first problem. This walk uses the same types, so that a field is described once; a test
holds the two to the same verdict.
"""

from __future__ import annotations

import datetime
import ipaddress
import math
import re
import shlex
from typing import TYPE_CHECKING, Any, cast

from msgspec import inspect

from .problems import Finding, Path
from .suggest import listing, suggestion
from .url import url_fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = ["shape_findings"]

_ENVIRONMENT = re.compile(r"[A-Z][A-Z0-9_]*\Z")
# An AWS access key id also looks like the name of a variable.
_KEY_ID = re.compile(r"(AKIA|ASIA)[0-9A-Z]{16}\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_CONTAINER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]*\Z")
_GPU = re.compile(r"(GPU|MIG)-[0-9a-zA-Z/-]+\Z")
_HTTP_PATH = re.compile(r"/[!-~]*\Z")
_TYPE_NAMES: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a string",
    list: "a list",
    dict: "a table",
    datetime.datetime: "a date and time",
    datetime.date: "a date",
    datetime.time: "a time",
}


def shape_findings(document: Mapping[str, Any], struct: type) -> list[Finding]:
    """Every place where `document`, as `tomllib` parsed it, is not what `struct` describes."""
    return list(_walk(document, inspect.type_info(struct), ()))


def _walk(value: object, kind: inspect.Type, path: Path) -> Iterator[Finding]:
    if isinstance(kind, inspect.Metadata):
        yield from _annotated(value, kind, path)
    elif isinstance(kind, inspect.UnionType):
        yield from _walk(value, _part(value, kind), path)
    elif isinstance(kind, inspect.StructType):
        yield from _table(value, kind, path)
    elif isinstance(kind, inspect.DictType):
        yield from _mapping(value, kind, path)
    elif isinstance(kind, inspect.VarTupleType):
        yield from _list(value, kind, path)
    else:
        yield from _scalar(value, kind, path)


def _part(value: object, kind: inspect.UnionType) -> inspect.Type:
    """What of a union a value means to be: `X | None`, for TOML has no null, or a number that a word can stand for."""
    parts = [part for part in kind.types if not isinstance(part, inspect.NoneType)]
    words = (part for part in parts if isinstance(part, inspect.LiteralType))
    return next(words, parts[0]) if isinstance(value, str) and len(parts) > 1 else parts[0]


def _annotated(value: object, kind: inspect.Metadata, path: Path) -> Iterator[Finding]:
    findings = list(_walk(value, kind.type, path))
    yield from findings
    check = _CHECKS.get(str((kind.extra or {}).get("check")))
    if check is not None and not findings:
        yield from check(value, path)


def _table(value: object, kind: inspect.StructType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield _wrong_type(value, "a table", path)
        return
    fields = {field.encode_name: field for field in kind.fields}
    for key, member in value.items():
        if key in fields:
            yield from _walk(member, fields[key].type, (*path, key))
        else:
            yield _unknown_key(key, fields, path)
    for name, field in fields.items():
        if field.required and name not in value:
            hint = f"add `{name}`" if path else "describe your tiers under [router]; configs/example.toml shows how"
            yield Finding(path=path, message=f"`{name}` is missing", hint=f"{hint}: {_description(field.type)}")


def _mapping(value: object, kind: inspect.DictType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, dict):
        yield _wrong_type(value, "a table", path)
        return
    for key, member in value.items():
        yield from _walk(member, kind.value_type, (*path, key))


def _list(value: object, kind: inspect.VarTupleType, path: Path) -> Iterator[Finding]:
    if not isinstance(value, list):
        yield _wrong_type(value, "a list", path)
        return
    if len(value) < (kind.min_length or 0):
        yield Finding(path=path, message="the list is empty", hint="name at least one")
    for index, member in enumerate(value):
        yield from _walk(member, kind.item_type, (*path, index))


def _scalar(value: object, kind: inspect.Type, path: Path) -> Iterator[Finding]:
    if isinstance(kind, inspect.IntType | inspect.FloatType):
        yield from _number(value, kind, path)
    elif isinstance(kind, inspect.LiteralType):
        yield from _choice(value, kind, path)
    elif isinstance(kind, inspect.BoolType):
        if not isinstance(value, bool):
            yield _wrong_type(value, "true or false", path)
    elif isinstance(kind, inspect.StrType):
        if not isinstance(value, str):
            yield _wrong_type(value, "a string", path)
        elif len(value) < (kind.min_length or 0):
            yield Finding(path=path, message="the string is empty", hint="give it a value, or remove the key")


def _number(value: object, kind: inspect.IntType | inspect.FloatType, path: Path) -> Iterator[Finding]:
    whole = isinstance(kind, inspect.IntType)
    # `true` is an int to Python and none to TOML.
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        yield _wrong_type(value, "a whole number" if whole else "a number", path)
        return
    number = cast("float", value)
    above = (kind.gt is None or number > kind.gt) and (kind.ge is None or number >= kind.ge)
    below = (kind.lt is None or number < kind.lt) and (kind.le is None or number <= kind.le)
    if not (above and below):
        yield Finding(path=path, message=f"{_short(number)} is out of range", hint=f"use a number {_range(kind)}")


def _range(kind: inspect.IntType | inspect.FloatType) -> str:
    low = f"above {kind.gt:g}" if kind.gt is not None else f"from {kind.ge}"
    high = f" and at most {kind.le}" if kind.gt is not None else f" to {kind.le}"
    return low + high


def _choice(value: object, kind: inspect.LiteralType, path: Path) -> Iterator[Finding]:
    choices = [str(choice) for choice in kind.values]
    if not isinstance(value, str):
        yield _wrong_type(value, "a string", path)
    elif value not in choices:
        hint = suggestion(value, choices) or f"use one of {listing(choices)}"
        yield Finding(path=path, message=f'"{_short(value)}" is not one of {listing(choices)}', hint=hint)


def _unknown_key(key: str, fields: Mapping[str, inspect.Field], path: Path) -> Finding:
    hint = suggestion(key, fields) or _elsewhere(key) or f"remove it; known here: {listing(fields)}"
    return Finding(path=(*path, key), message="unknown key", hint=hint)


def _elsewhere(key: str) -> str | None:
    """Where a key that is unknown here belongs."""
    from .reference import sections  # noqa: PLC0415 - only a wrong file pays for the schema

    homes = [section.header for section in sections() if key in section.keys]
    if not homes:
        return None
    return f"`{key}` belongs in {' or '.join(homes)}"


def _wrong_type(value: object, wanted: str, path: Path) -> Finding:
    found = next((name for kind, name in _TYPE_NAMES.items() if isinstance(value, kind)), "something else")
    return Finding(path=path, message=f"must be {wanted}, not {found}", hint=f"write {wanted}{_example(value, wanted)}")


def _example(value: object, wanted: str) -> str:
    if isinstance(value, str) and wanted in ("a number", "a whole number", "true or false"):
        return " without quotes"
    if wanted == "a list":
        return " in square brackets"
    return " in double quotes" if wanted == "a string" else ""


def _short(value: object) -> str:
    """A value for a message, bounded."""
    try:
        text = str(value)
    except ValueError:  # more digits than Python prints
        return "the number"
    return text if len(text) <= 40 else f"{text[:40]}..."


def _description(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.Metadata):
        schema = kind.extra_json_schema or {}
        return str(schema.get("description") or _description(kind.type))
    return ""


def _url(value: object, path: Path) -> Iterator[Finding]:
    fault = url_fault(str(value))
    if fault is not None:
        message, hint = fault
        yield Finding(path=path, message=message, hint=hint)


def _proxy(value: object, path: Path) -> Iterator[Finding]:
    faults = list(_url(value, path))
    yield from faults
    if not faults and not str(value).startswith("http://"):
        yield Finding(path=path, message="is not an http URL", hint="write it as http://HOST:PORT")


def _environment(value: object, path: Path) -> Iterator[Finding]:
    # The value is not repeated: somebody may have put the key itself here.
    name = str(value)
    if not _ENVIRONMENT.match(name) or _KEY_ID.match(name):
        yield Finding(
            path=path,
            message="is not the name of an environment variable (capitals, digits, underscores)",
            hint='put the secret into a variable and its name here, such as "ANVIL_TOKEN"; never the secret itself',
        )


def _sha256(value: object, path: Path) -> Iterator[Finding]:
    # Not repeated either: it may be the token.
    if not _SHA256.match(str(value)):
        yield Finding(
            path=path,
            message="is not a SHA-256 in hexadecimal (64 digits)",
            hint='printf %s "$TOKEN" | sha256sum',
        )


def _container(value: object, path: Path) -> Iterator[Finding]:
    if not _CONTAINER.match(str(value)):
        hint = "use letters, digits, `_`, `.` and `-`, a letter or digit first"
        yield Finding(path=path, message="is not a name that Docker allows", hint=hint)


def _gpu(value: object, path: Path) -> Iterator[Finding]:
    if not _GPU.match(str(value)):
        hint = "`nvidia-smi -L` lists them: GPU-...; a number may mean another card after a restart"
        yield Finding(path=path, message="is not the UUID of a GPU", hint=hint)


def _file(value: object, path: Path) -> Iterator[Finding]:
    if not str(value) or "\0" in str(value):
        yield Finding(path=path, message="is not a path of a file", hint="name a file, or remove the key")


def _label(value: object, path: Path) -> Iterator[Finding]:
    if not str(value).isprintable():
        yield Finding(path=path, message="has characters that cannot be shown", hint="use letters, digits and signs")


def _http_path(value: object, path: Path) -> Iterator[Finding]:
    if not _HTTP_PATH.match(str(value)):
        yield Finding(path=path, message="is not a path of an address", hint="write it as /health, without a space")


def _address(value: object, path: Path) -> Iterator[Finding]:
    try:
        ipaddress.ip_address(str(value))
    except ValueError:
        yield Finding(path=path, message="is not an IP address", hint="write 127.0.0.1 for this machine alone")


def _words(value: object, path: Path) -> Iterator[Finding]:
    try:
        words = shlex.split(str(value))
    except ValueError as error:
        yield Finding(path=path, message=f"is no command: {error}", hint="close the quotes, as for a shell")
        return
    if not words or "\0" in str(value):
        yield Finding(path=path, message="is no command", hint="name a program and its arguments")


def _json(value: object, path: Path) -> Iterator[Finding]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _json(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _json(member, (*path, index))
    elif isinstance(value, float) and not math.isfinite(value):
        yield Finding(path=path, message="JSON has no infinity and no not-a-number", hint="use a finite number")
    elif not isinstance(value, str | int | float):
        yield Finding(path=path, message="JSON has no dates and times", hint="write it as a string")


_CHECKS: Mapping[str, Callable[[object, Path], Iterator[Finding]]] = {
    "url": _url,
    "proxy": _proxy,
    "environment": _environment,
    "sha256": _sha256,
    "json": _json,
    "container": _container,
    "file": _file,
    "gpu": _gpu,
    "label": _label,
    "path": _http_path,
    "address": _address,
    "words": _words,
}
