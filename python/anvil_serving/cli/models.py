"""`anvil-serving models`: what models lie on this machine, and what loads them."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from .output import JsonOption, QuietOption, emit, emit_json, talk
from .progress import seldom, showing_progress

if TYPE_CHECKING:
    from anvil_serving.substrate.models.card import ModelCard
    from anvil_serving.substrate.models.library import Written
    from anvil_serving.substrate.models.scan import Scan

__all__ = ["models"]

_NEAR: Final = 5
"""Names that are shown where the one asked for is not there."""

models = typer.Typer(
    help="What models lie on this machine, and which engine loads which.",
    epilog="Example: anvil-serving models list",
    rich_markup_mode=None,
    no_args_is_help=True,
)

DirOption = Annotated[
    list[Path] | None,
    typer.Option("--dir", metavar="FOLDER", help="Look there as well; more than once.", show_default=False),
]
CachesOption = Annotated[
    str,
    typer.Option(
        "--hf-roots", metavar="FOLDERS", help="Further Hugging Face caches, with : between.", show_default=False
    ),
]
FoldersOption = Annotated[
    str, typer.Option("--model-dirs", metavar="FOLDERS", help="As --dir, with : between.", show_default=False)
]


@models.command(epilog="Example: anvil-serving models sync --dir .")
def sync(
    *,
    dir_: DirOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FOLDER", help="Where to write.", show_default="in the data folder")
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Ask the Hub for licences and sizes that the files do not say.")
    ] = False,
    hf_roots: CachesOption = "",
    model_dirs: FoldersOption = "",
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Write a page for each model and an index of them, and say what is new. No network unless `--online`."""
    import datetime  # noqa: PLC0415

    from anvil_serving.substrate.models import library as model_library  # noqa: PLC0415
    from anvil_serving.substrate.models.hub_lookup import ask_the_hub  # noqa: PLC0415

    found = _scan(dir_, hf_roots, model_dirs)
    folder = model_library.default_library(os.environ) if out is None else out
    now = datetime.datetime.now(tz=datetime.UTC).isoformat(timespec="seconds")
    with showing_progress() as progress:
        written = model_library.sync(folder, found, now, partial(ask_the_hub, progress=progress) if online else None)
    for problem in written.problems[len(found.problems) :]:
        talk(problem)
    _say_where(found)
    if as_json:
        emit_json(written)
    else:
        emit(_report(written))


@models.command("list", epilog="Example: anvil-serving models list --engine llama.cpp")
def list_(
    *,
    engine: Annotated[
        str | None, typer.Option("--engine", help="Only what this engine loads, or perhaps loads.", show_default=False)
    ] = None,
    dir_: DirOption = None,
    hf_roots: CachesOption = "",
    model_dirs: FoldersOption = "",
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """List the models that lie on this machine now, whether `sync` has seen them or not."""
    wanted = None if engine is None else _engine(engine)
    found = _scan(dir_, hf_roots, model_dirs)
    cards = [card for card in found.cards if wanted is None or _loads(card, wanted)]
    _say_where(found)
    if found.cards and not cards:
        talk(f"none of the {len(found.cards)} models here is one that {wanted} loads")
    if as_json:
        emit_json(cards)
    elif cards:
        emit(_table(cards))


@models.command(epilog="Example: anvil-serving models show gemma-3-270m-q4_k_m")
def show(
    name: Annotated[str, typer.Argument(help="A model's name, or a part of it that only one has.")],
    *,
    dir_: DirOption = None,
    hf_roots: CachesOption = "",
    model_dirs: FoldersOption = "",
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Show all that is known of a model on this machine. Exits with 2 where there is none of that name."""
    found = _scan(dir_, hf_roots, model_dirs)
    cards = _named(found, name)
    if as_json:
        emit_json(cards)
        return
    for number, card in enumerate(cards):
        emit(["", *_page(card)] if number else _page(card))


def _scan(folders: list[Path] | None, caches: str, more: str) -> Scan:
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.models.roots import find_roots  # noqa: PLC0415
    from anvil_serving.substrate.models.scan import scan  # noqa: PLC0415

    named = folders or []
    roots = find_roots(os.environ, caches=_paths(caches), folders=(*named, *_paths(more)))
    for root in roots.absent:
        if root.path in named:
            hint = "name one that there is, and that you may read"
            raise StartupError(f"{printable(str(root.path))} is no folder", hint=hint)
    with showing_progress() as progress:
        found = scan(roots, seldom(progress))
    for problem in found.problems:
        talk(problem)
    return found


def _paths(text: str) -> list[Path]:
    return [Path(path).expanduser() for path in text.split(os.pathsep) if path]


def _say_where(found: Scan) -> None:
    """For a machine without models: where was looked, and how to get one."""
    if found.cards:
        return
    from anvil_serving.layout import wrapped  # noqa: PLC0415

    looked = ", ".join((*found.looked, *found.absent))
    for line in (
        *wrapped(f"no models here. Looked in {looked}"),
        *wrapped(
            "`anvil-serving quickstart` brings a small one; `hf download Qwen/Qwen3-0.6B` and `llama-server -hf "
            "ggml-org/gemma-3-1b-it-GGUF` fetch one; --dir names another folder"
        ),
    ):
        talk(line)


def _engine(name: str) -> str:
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.models.engine_table import engines  # noqa: PLC0415

    known = {engine.name.replace(".", "").lower(): engine.name for engine in engines()}
    found = known.get(name.replace(".", "").replace("-", "").lower())
    if found is None:
        raise StartupError(f"there is no engine called {printable(name)}", hint=f"one of {', '.join(known.values())}")
    return found


def _loads(card: ModelCard, engine: str) -> bool:
    return any(fit.engine == engine and fit.loadable != "no" for fit in card.engines)


def _named(found: Scan, name: str) -> list[ModelCard]:
    from difflib import get_close_matches  # noqa: PLC0415

    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415

    exactly = [card for card in found.cards if card.name.lower() == name.lower()]
    partly = [card for card in found.cards if name.lower() in card.name.lower()]
    cards = exactly or partly
    if len({card.name for card in cards}) == 1:
        return cards
    names = [card.name for card in found.cards]
    near = [card.name for card in partly] or get_close_matches(name, names, n=_NEAR, cutoff=0.3) or names
    shown = ", ".join(near[:_NEAR]) + (", ..." if len(near) > _NEAR else "")
    raise StartupError(
        f"{len(partly)} models are called something like {printable(name)}"
        if partly
        else f"there is no model called {printable(name)} here",
        hint=f"there is {shown}" if near else "`anvil-serving models list` says where was looked",
    )


def _table(cards: list[ModelCard]) -> list[str]:
    from anvil_serving.layout import size, table  # noqa: PLC0415
    from anvil_serving.substrate.models.page import loaded_by, parameters_in_short, tokens_in_short  # noqa: PLC0415

    rows = [
        (
            card.name,
            card.format or "no weights",
            card.shape.quantisation.scheme if card.shape.quantisation else (card.shape.dtype or "-"),
            loaded_by(card) if card.whole else "not whole",
            size(card.sizes.size_bytes),
            parameters_in_short(card.shape.parameters),
            tokens_in_short(card.shape.context_tokens),
        )
        for card in cards
    ]
    return table(("model", "format", "stored as", "loaded by", "size", "parameters", "context"), rows, left=4)


def _page(card: ModelCard) -> list[str]:
    from anvil_serving.layout import fields  # noqa: PLC0415
    from anvil_serving.substrate.models.page import facts  # noqa: PLC0415

    # A path is copied from here, and is not torn.
    lines = [card.name, f"  {'where':14} {card.path}", *fields(facts(card))]
    for fit in card.engines:
        lines += fields([(fit.engine, "; ".join((fit.loadable, *((fit.reason,) if fit.reason else ()), *fit.caveats)))])
    return lines


def _report(written: Written) -> list[str]:
    from anvil_serving.layout import wrapped  # noqa: PLC0415

    changes = written.changes
    changed = [f"{change.name} ({', '.join(change.members)})" for change in changes.changed]
    lines = [f"{written.models} models written to {written.folder}"]
    for what, names in (("new", changes.new), ("changed", changed), ("gone", changes.gone)):
        lines += wrapped(f"{len(names)} {what}" + (f": {', '.join(names)}" if names else ""))
    return [*lines, *(f"kept {backup}, which this command had not written" for backup in written.backups)]
