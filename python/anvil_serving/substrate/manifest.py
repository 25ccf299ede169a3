"""The manifest: which serves this machine has, from `serves.toml` or the `[[serve]]` entries of a configuration."""

# No `from __future__ import annotations`: msgspec evaluates these annotations when it builds the decoder.

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from anvil_serving.config import InvalidConfig, Problem, Serve
from anvil_serving.config.document import invalid, parse, placed, read_text
from anvil_serving.config.legacy import modernise
from anvil_serving.config.problems import Finding
from anvil_serving.config.serve import serve_findings
from anvil_serving.config.shape import shape_findings
from anvil_serving.config.suggest import listing, suggestion
from anvil_serving.errors import StartupError
from anvil_serving.files import changing, expanded, write_file
from anvil_serving.layout import printable

from .serve import find_config

__all__ = [
    "MANIFEST",
    "Manifest",
    "ManifestMissing",
    "UnknownServe",
    "append_serve",
    "find_manifest",
    "load_manifest",
    "manifest_to_write",
    "serve_text",
]

MANIFEST: Final = "serves.toml"
"""The manifest's name where none is given."""

_CONFIGURATION: Final = frozenset({"router", "server", "decisions"})
"""Tables of a configuration that may be in the same file; the router checks them."""


class ManifestMissing(StartupError):
    """No file says which serves there are."""


class UnknownServe(StartupError):
    """The manifest has no serve of this name."""


class _Document(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    serve: tuple[Serve, ...] = ()


class Manifest(Struct, frozen=True, kw_only=True):
    """The serves of a file, in the order in which they are started."""

    path: Path
    serves: tuple[Serve, ...]
    warnings: tuple[Problem, ...] = ()
    """What is allowed but probably not meant."""

    def choose(self, names: Sequence[str]) -> tuple[Serve, ...]:
        """The serves of these names, or of these containers' names, in the manifest's order; all where none is named.

        Raises `UnknownServe`.
        """
        known = [name for serve in self.serves for name in (serve.name, serve.container)]
        for name in names:
            if name not in known:
                listed = listing(serve.name for serve in self.serves) or "none"
                hint = suggestion(name, known) or f"there are {listed}"
                raise UnknownServe(f"{self.path} has no serve {printable(name)}", hint=hint)
        return tuple(serve for serve in self.serves if not names or {serve.name, serve.container} & set(names))

    @property
    def folder(self) -> Path:
        """Where relative paths and `{dir}` start."""
        return self.path.resolve().parent

    def compose_file(self, serve: Serve) -> Path | None:
        """The compose file that describes a serve."""
        return None if serve.compose is None else self.folder / Path(serve.compose)

    def up_command(self, serve: Serve) -> tuple[str, ...] | None:
        """The words of the serve's own `up` command. `{dir}` is put in after the split: a folder may have spaces."""
        if serve.up is None:
            return None
        return tuple(word.replace("{dir}", str(self.folder)) for word in shlex.split(serve.up))


def find_manifest(folder: Path, environ: Mapping[str, str]) -> Path:
    """The manifest for a command that names none: `serves.toml` of `folder`, else the configuration with its entries.

    Raises `ManifestMissing` when there is neither, or the configuration has no entries.
    """
    here = folder / MANIFEST
    if here.exists() or here.is_symlink():
        return here
    try:
        path = find_config(folder, environ)
    except StartupError:
        raise _missing(f"neither ./{MANIFEST} nor a configuration exists") from None
    if "serve" not in parse(_text(path), str(path)):
        raise _missing(f"./{MANIFEST} does not exist, and {path} has no [[serve]]")
    return path


def manifest_to_write(folder: Path, environ: Mapping[str, str]) -> Path:
    """Where a new serve is written when no file is named: what `find_manifest` finds, else `serves.toml`."""
    try:
        return find_manifest(folder, environ)
    except ManifestMissing:
        return folder / MANIFEST


def load_manifest(path: Path) -> Manifest:
    """Reads a manifest; `~` is the home folder.

    Raises `ManifestMissing` where there is none, and `InvalidConfig` with every problem of its entries and its line.
    """
    path = expanded(path)
    if not path.exists() and not path.is_symlink():
        raise _missing(f"{path} does not exist")
    return _loads(_text(path), path)


def append_serve(path: Path, serve: Serve) -> Path | None:
    """Adds an entry at the end of a manifest, which is made if need be. Returns the backup of what was there.

    What a person wrote stays as it is, comments included. Raises `InvalidConfig` where the file with the entry would
    not be a manifest: the serve is in it already, or what is there has problems of its own.
    """
    path = expanded(path)
    with changing(path):
        return _append(path, serve)


def _append(path: Path, serve: Serve) -> Path | None:
    before = _text(path) if path.exists() else _HEADER
    gap = "" if before.endswith("\n\n") or not before else "\n" if before.endswith("\n") else "\n\n"
    _loads(before, path)
    try:
        after = (before + gap + serve_text(serve)).encode()
        parse(after.decode(), str(path))
    except InvalidConfig:
        hint = "write each of its serves as a table of its own, headed [[serve]]"
        raise invalid(str(path), 0, "lists its serves in one value, to which none can be added", hint) from None
    except UnicodeEncodeError:
        raise StartupError(f"serve {serve.name} names a file that is not UTF-8", hint="rename it") from None
    _loads(after.decode(), path)
    return write_file(path, after, existing="back_up")


def serve_text(serve: Serve) -> str:
    """The entry as it is written in a manifest: what is not a default, in the order of the reference."""
    lines = ["[[serve]]"]
    for field in msgspec.structs.fields(Serve):
        value = getattr(serve, field.name)
        if field.required or value != field.default:
            lines.append(f"{field.name} = {_toml(value)}")
    return "\n".join(lines) + "\n"


_HEADER: Final = """\
# The model servers of this machine, in the order in which `anvil-serving serves up` starts them.
"""


def _loads(text: str, path: Path) -> Manifest:
    name = str(path)
    document, findings = modernise(parse(text, name))
    for key in document.keys() - _CONFIGURATION - {"serve"}:
        hint = "an entry is headed [[serve]]" if key.startswith("serve") else "remove it, or name the right file"
        findings.append(Finding(path=(key,), message="is not known and is ignored", hint=hint, severity="warning"))
    entries = {"serve": document["serve"]} if "serve" in document else {}
    findings += shape_findings(entries, _Document)
    findings += serve_findings(entries)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidConfig(placed(errors, text, name))
    try:
        valid = msgspec.convert(entries, _Document)
    except msgspec.ValidationError as error:  # `shape` missed it: still a report, if a poorer one
        raise invalid(name, 0, str(error), "correct the value; docs/configuration.md lists what is allowed") from None
    return Manifest(path=path, serves=valid.serve, warnings=placed(findings, text, name))


def _text(path: Path) -> str:
    return read_text(path, if_missing="check the path")


def _missing(what: str) -> ManifestMissing:
    return ManifestMissing(
        f"there is no manifest: {what}",
        hint="`anvil-serving serves adopt CONTAINER` writes one from a container, or pass --manifest PATH",
    )


def _toml(value: object) -> str:
    if isinstance(value, str):
        # JSON's strings are TOML's but for DEL (TOML 1.0, "String"). It and what else steers the terminal on which the
        # file is read is written out; half of a pair (a name that is not UTF-8) has no escape in TOML.
        quoted = json.dumps(value, ensure_ascii=False)
        return "".join(
            char if char.isprintable() or "\ud800" <= char <= "\udfff" else f"\\U{ord(char):08x}" for char in quoted
        )
    if isinstance(value, tuple):
        return f"[{', '.join(_toml(member) for member in value)}]"
    return f"{value}"
