"""`anvil-serving prices`: what tokens cost, as the router knows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from anvil_serving.decisions.prices import PriceTable

__all__ = ["prices"]

prices = typer.Typer(
    help="What tokens cost: the list prices that the router knows.",
    epilog="Example: anvil-serving prices list --model 'claude-*'",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@prices.command("list", epilog="Example: anvil-serving prices list --model 'claude-*'")
def list_(
    *,
    model: Annotated[
        str, typer.Option("--model", metavar="GLOB", help="Only models of this name; `*` and `?` stand for letters.")
    ] = "*",
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """List prices in US dollars per million tokens."""
    from fnmatch import fnmatchcase  # noqa: PLC0415 - `--help` must not load more than the parser

    import msgspec  # noqa: PLC0415

    from anvil_serving.decisions.prices import current_table  # noqa: PLC0415
    from anvil_serving.layout import printable  # noqa: PLC0415

    table = current_table(os.environ)
    kept = {name: price for name, price in table.models.items() if fnmatchcase(name, model.lower())}
    table = msgspec.structs.replace(table, models=kept)
    talk(f"prices of {table.date} from {printable(table.source)}")
    if not kept:
        talk(f"no model of the list is called {printable(model)}")
    if as_json:
        emit_json(table)
    elif kept:
        emit(_listing(table))


@prices.command(epilog="Example: anvil-serving prices sync")
def sync(
    *,
    source: Annotated[
        str | None,
        typer.Option("--from", metavar="URL-or-file", help="Another table than LiteLLM's own.", show_default=False),
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Fetch LiteLLM's public price table, and keep the vendors' own prices of it. Nothing else fetches prices."""
    import datetime  # noqa: PLC0415

    import msgspec  # noqa: PLC0415

    from anvil_serving.decisions import price_sync  # noqa: PLC0415
    from anvil_serving.decisions.prices import current_table, synced_path  # noqa: PLC0415
    from anvil_serving.layout import printable, wrapped  # noqa: PLC0415

    source = price_sync.DEFAULT_SOURCE if source is None else source
    talk(f"fetching {printable(source)}")
    path, today = synced_path(os.environ), datetime.datetime.now(tz=datetime.UTC).date()
    table, changes = price_sync.sync(source, path, current_table(os.environ), today)
    if as_json:
        figures = {"path": str(path), "date": table.date, "models": len(table.models)}
        emit_json(figures | msgspec.structs.asdict(changes))
        return
    lines = [f"{len(table.models)} models of {table.date} written to {path}"]
    for what, names in (("new", changes.new), ("changed", changes.changed), ("gone", changes.gone)):
        lines += wrapped(f"{len(names)} {what}" + (f": {', '.join(names)}" if names else ""))
    emit(lines)


def _listing(table: PriceTable) -> list[str]:
    from anvil_serving import layout  # noqa: PLC0415

    rows = [
        (
            name,
            *(
                "-" if amount is None else f"{amount:g}"
                for amount in (price.input, price.output, price.cached_input, price.cache_write)
            ),
        )
        for name, price in sorted(table.models.items())
    ]
    return layout.table(("model", "input", "output", "cached input", "cache write"), rows)
