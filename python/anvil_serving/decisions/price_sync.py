"""A newer price table: fetched when asked, judged, and put in the place of the old one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, read_file, write_file
from anvil_serving.layout import printable

from .prices import VENDORS, ListedPrice, PriceTable

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

__all__ = ["DEFAULT_SOURCE", "PriceChanges", "convert", "encode_table", "fetch", "sync", "write_table"]

DEFAULT_SOURCE: Final = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
"""LiteLLM's table (MIT), which its users keep up to date. Its figures are facts; nothing else of it is taken."""

SIZE_CAP: Final = 32 * 1024 * 1024
"""Bytes of a fetched table at most; LiteLLM's had 3.5 MB in November 2026."""

READ_SECONDS: Final = 20.0
"""How long the server may be silent."""

TOTAL_SECONDS: Final = 120.0
"""How long the whole table may take, from the look-up of the name to the last byte."""

FEWEST_MODELS: Final = 50
"""A table that knows fewer is not the one that was meant."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_MILLION: Final = 1_000_000
_DATED = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2})\Z")
# Billed by the minute, the picture or the search, or not for conversations.
_OTHER_WORK = re.compile(
    r"audio|tts|image|realtime|robotics|computer-use|-search|deep-research|omni|live|embed|moderation|lyria|voxtral|ocr"
    r"|container"
)
_PREFERRED = tuple(dict.fromkeys(VENDORS.values()))
"""Where two vendors sell a model of one name, the earlier one's price stands."""


class PriceChanges(Struct, frozen=True):
    """What a new table changes."""

    new: tuple[str, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]

    @classmethod
    def between(cls, before: Mapping[str, ListedPrice], after: Mapping[str, ListedPrice]) -> PriceChanges:
        """The models that are only in one of two tables, and those whose price differs."""
        return cls(
            tuple(sorted(after.keys() - before.keys())),
            tuple(sorted(name for name in after.keys() & before.keys() if after[name] != before[name])),
            tuple(sorted(before.keys() - after.keys())),
        )


class _Listed(Struct, frozen=True):
    """What is read of one of LiteLLM's entries."""

    litellm_provider: str = ""
    mode: str = ""
    input_cost_per_token: float | None = None
    output_cost_per_token: float | None = None
    cache_read_input_token_cost: float | None = None
    cache_creation_input_token_cost: float | None = None
    deprecation_date: str | None = None


def sync(source: str, path: Path, before: PriceTable, today: datetime.date) -> tuple[PriceTable, PriceChanges]:
    """Puts the table of `source` at `path`, and says what is different from `before`. Raises `StartupError`."""
    table = convert(fetch(source), source, today)
    write_table(table, path)
    return table, PriceChanges.between(before.models, table.models)


def fetch(source: str) -> bytes:
    """The bytes at a URL, or of a file. Only https, or http of this machine. Raises `StartupError`."""
    if "://" not in source:
        return _of_file(Path(source).expanduser())
    check_source(source)
    # Here and not above: the router has no use for a client of its own.
    from .download import download  # noqa: PLC0415

    return download(source)


def convert(content: bytes, source: str, today: datetime.date) -> PriceTable:
    """LiteLLM's table as ours: the vendors' own current models for text. Raises `StartupError` where it is none."""
    try:
        entries = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _useless(source, f"it is not a JSON object ({error})") from None
    found: dict[str, tuple[int, ListedPrice]] = {}
    for entry, raw in entries.items():
        listed = _current(entry, raw, today)
        if listed is None:
            continue
        price = _price(listed)
        if not price.plausible():
            raise _useless(source, f"the price of {entry[:80]!r} is none")
        rank, name = _PREFERRED.index(listed.litellm_provider), _name(entry, listed.litellm_provider)
        if name not in found or rank < found[name][0]:
            found[name] = rank, price
    models = _without_repeats({name: price for name, (_, price) in found.items()})
    if len(models) < FEWEST_MODELS:
        raise _useless(source, f"it holds prices of {len(models)} models, and should of {FEWEST_MODELS} at least")
    return PriceTable(today, source, models)


def encode_table(table: PriceTable) -> bytes:
    """The file: a model a line, sorted, the same bytes for the same table."""
    lines = [
        f"    {msgspec.json.encode(name).decode()}: {msgspec.json.encode(price).decode()}"
        for name, price in sorted(table.models.items())
    ]
    head = f'  "date": "{table.date.isoformat()}",\n  "source": {msgspec.json.encode(table.source).decode()},\n'
    return ("{\n" + head + '  "models": {\n' + ",\n".join(lines) + "\n  }\n}\n").encode()


def write_table(table: PriceTable, path: Path) -> None:
    """Puts the table at `path`: all of it or nothing, also if the power fails. Raises `StartupError`."""
    try:
        write_file(path, encode_table(table), existing="replace")
    except StartupError as error:
        raise StartupError(f"the price list {error}", hint="XDG_DATA_HOME names another folder") from None


def check_source(source: str) -> None:
    """Raises `StartupError` for a URL that is neither https nor of this machine: prices decide what is spent."""
    try:
        parts = urlsplit(source)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        safe = False
    if not safe:
        raise StartupError(
            f"prices are not fetched from {printable(source)}", hint="use an https URL, or the path of a file"
        )


def _of_file(path: Path) -> bytes:
    try:
        return read_file(path, cap=SIZE_CAP)
    except FileTooLarge as error:
        raise _useless(str(path), str(error)) from None
    except NotRegular as error:
        raise StartupError(f"prices are not read from there: {error}", hint="pass --from URL-or-file") from None
    except OSError as error:
        raise StartupError(
            f"the price list {path} cannot be read: {error.strerror or error}", hint="pass --from URL-or-file"
        ) from None


def _current(entry: str, raw: msgspec.Raw, today: datetime.date) -> _Listed | None:
    """An entry that is to be taken over, else None."""
    try:
        listed = msgspec.json.decode(raw, type=_Listed)
    except (msgspec.DecodeError, RecursionError):
        return None
    if listed.litellm_provider not in _PREFERRED or listed.mode not in ("chat", "responses"):
        return None
    if (
        entry.startswith("ft:")
        or _OTHER_WORK.search(entry.lower())
        or (listed.deprecation_date or "9") < today.isoformat()
    ):
        return None
    # A model that is not priced at all is listed with zeros, and must not pass for one that bills nothing.
    return listed if listed.input_cost_per_token and listed.output_cost_per_token else None


def _price(listed: _Listed) -> ListedPrice:
    """The price per million tokens. A cache write of 0 means that none is billed apart, not that it is free."""
    return ListedPrice(
        _per_million(listed.input_cost_per_token) or 0.0,
        _per_million(listed.output_cost_per_token) or 0.0,
        _per_million(listed.cache_read_input_token_cost),
        _per_million(listed.cache_creation_input_token_cost) or None,
    )


def _per_million(price: float | None) -> float | None:
    # 3e-07 times a million is 0.3 and some noise.
    return None if price is None else round(price * _MILLION, 6)


def _name(entry: str, vendor: str) -> str:
    return entry.lower().removeprefix(f"{vendor}/")


def _without_repeats(models: dict[str, ListedPrice]) -> dict[str, ListedPrice]:
    """The models, without those that are found anyway: another one with a date after its name, at the same price."""
    return {
        name: price
        for name, price in models.items()
        if (bare := _DATED.sub("", name)) == name or models.get(bare) != price
    }


def _useless(source: str, why: str) -> StartupError:
    return StartupError(
        f"{printable(source)} is not a price table that can be used: {printable(why)}",
        hint="nothing was changed; `--from` takes a URL or a file in the form of LiteLLM's table",
    )
