"""`anvil-serving config`: whether a configuration is right, what it says in full, and its schema for editors."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .configuration import named_or_found
from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.substrate.doctor.config_check import ConfigCheck

__all__ = ["config"]

config = typer.Typer(
    help="Whether a configuration is right, what it says in full, and its schema for editors.",
    epilog="Example: anvil-serving config check anvil-serving.toml",
    rich_markup_mode=None,
    no_args_is_help=True,
)

FileArgument = Annotated[
    Path | None,
    typer.Argument(
        metavar="FILE",
        help="The configuration. Otherwise ./anvil-serving.toml, then ~/.config/anvil-serving/config.toml.",
        show_default=False,
    ),
]


@config.command(epilog="Example: anvil-serving config check anvil-serving.toml")
def check(file: FileArgument = None, *, as_json: JsonOption = False, _quiet: QuietOption = False) -> None:
    """Say everything that is wrong with a configuration, each with its line. Exits 1 if `serve` would refuse it.

    Whether variables that it names are set, and whether its tiers answer, is `doctor`'s to say.
    """
    from anvil_serving.profile import Profile  # noqa: PLC0415 - `--help` must not load more than the parser
    from anvil_serving.substrate.doctor.config_check import check_config  # noqa: PLC0415

    found, _ = check_config(named_or_found(file), (lambda settings: Profile.load(settings.router),))
    if as_json:
        emit_json(found)
    else:
        emit(_report(found))
    if not found.is_valid:
        raise typer.Exit(1)


@config.command(epilog="Example: anvil-serving config schema --out anvil-serving.schema.json")
def schema(
    *,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Write it there instead of to stdout.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there; a backup is kept.")] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Print the JSON Schema of the configuration, by which editors complete and check it.

    With `#:schema ./anvil-serving.schema.json` as a configuration's first line, editors that use Taplo find it.
    """
    import msgspec  # noqa: PLC0415

    from anvil_serving.config import json_schema  # noqa: PLC0415
    from anvil_serving.files import write_file  # noqa: PLC0415

    document = msgspec.json.format(msgspec.json.encode(json_schema()), indent=0 if as_json else 2)
    if out is None:
        emit([document.decode()])
        return
    backup = write_file(out, document + b"\n", existing="back_up" if force else "refuse")
    if backup is not None:
        talk(f"what was there is kept as {backup}")
    talk(f"wrote {out}")


@config.command(epilog="Example: anvil-serving config show anvil-serving.toml")
def show(file: FileArgument = None, *, as_json: JsonOption = False, _quiet: QuietOption = False) -> None:
    """Print what a configuration says in full: with every default, and with stars where a secret may stand.

    The output is a configuration again, and means the same.
    """
    import tomli_w  # noqa: PLC0415

    from anvil_serving.config import STARS, effective_document, load  # noqa: PLC0415

    settings = load(named_or_found(file))
    document = effective_document(settings)
    for warning in settings.warnings:
        talk(f"warning: {_harmless(str(warning))}")
    if _holds(document, STARS):
        talk(f"{STARS} stands for what may be a secret: put it there again before you use this as a configuration")
    if as_json:
        emit_json(document)
    else:
        emit([_harmless(tomli_w.dumps(document)).rstrip("\n")])


def _report(found: ConfigCheck) -> Iterator[str]:
    for kind, problems in (("error", found.errors), ("warning", found.warnings)):
        for problem in problems:
            yield f"{kind}: {_harmless(str(problem))}"
    said = [
        f"{len(problems)} {kind}{'s' * (len(problems) > 1)}"
        for kind, problems in (("error", found.errors), ("warning", found.warnings))
        if problems
    ]
    yield f"{_harmless(found.file)}: {', '.join(said) or 'right'}"


def _harmless(text: str) -> str:
    """Text whose characters that steer a terminal are written out, in the way of TOML's own escapes."""
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == "\n"
        else f"\\u{ord(char):04x}"
        if ord(char) < 1 << 16
        else f"\\U{ord(char):08x}"
        for char in text
    )


def _holds(document: Any, text: str) -> bool:
    if isinstance(document, dict):
        return any(_holds(member, text) for member in document.values())
    if isinstance(document, list):
        return any(_holds(member, text) for member in document)
    return isinstance(document, str) and text in document
