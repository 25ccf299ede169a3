"""`anvil-serving decisions`: what happened to the requests, one by one and summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .log import ConfigOption, LogOption, SinceOption, UntilOption, instant, opened, path_of, say_unreadable
from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from pathlib import Path

    from anvil_serving.decisions import Decision, Filters

__all__ = ["decisions"]

decisions = typer.Typer(
    help="What happened to the requests: one by one, and summed up.",
    epilog="Example: anvil-serving decisions explain last",
    rich_markup_mode=None,
    no_args_is_help=True,
)

SessionOption = Annotated[str | None, typer.Option("--session", help="Only of this session.", show_default=False)]
ClientOption = Annotated[str | None, typer.Option("--client", help="Only of this client.", show_default=False)]
ClassOption = Annotated[str | None, typer.Option("--work-class", help="Only of this work class.", show_default=False)]
TierOption = Annotated[str | None, typer.Option("--tier", help="Only what this tier answered.", show_default=False)]
IntentOption = Annotated[str | None, typer.Option("--intent", help="Only of this intent.", show_default=False)]
ResultOption = Annotated[
    Literal["answered", "refused", "exhausted", "broken_off", "client_left", "failed"] | None,
    typer.Option("--result", help="Only what ended so.", show_default=False),
]
IdArgument = Annotated[str, typer.Argument(help="Id of a decision or of a request, or `last`.", show_default=False)]


# Every filter is an option, and typer makes an option of every parameter.
@decisions.command("list", epilog="Example: anvil-serving decisions list --since 2h --tier heavy")
def list_(  # noqa: PLR0913
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    session: SessionOption = None,
    client: ClientOption = None,
    work_class: ClassOption = None,
    tier: TierOption = None,
    result: ResultOption = None,
    intent: IntentOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most.")] = 20,
    cursor: Annotated[
        str | None, typer.Option(help="Go on where a list with --json ended: its `next`.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """List decisions, the newest first."""
    from anvil_serving.decisions import DecisionPage, Filters, LogMissing  # noqa: PLC0415

    filters = Filters(
        session=session,
        client=client,
        work_class=work_class,
        tier=tier,
        result=result,
        intent=intent,
        since=instant(since),
        until=instant(until),
    )
    path = path_of(config, log)
    try:
        with opened(path) as reader:
            page = reader.page(filters, limit=limit, cursor=cursor)
    except LogMissing:
        page = DecisionPage((), None)
    if not page.decisions:
        _say_empty(path, filters)
    say_unreadable(page.unreadable)
    if as_json:
        emit_json(page)
    elif page.decisions:
        emit(_listing(page.decisions))


@decisions.command(epilog="Example: anvil-serving decisions show last --json")
def show(
    wanted: IdArgument,
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Print the record of a decision: indented, or with --json on one line."""
    import msgspec  # noqa: PLC0415

    from anvil_serving.layout import harmless_json  # noqa: PLC0415

    record = msgspec.json.encode(_find(wanted, path_of(config, log)))
    emit([harmless_json(record if as_json else msgspec.json.format(record))])


@decisions.command(epilog="Example: anvil-serving decisions explain last")
def explain(
    wanted: IdArgument,
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Explain on one page what happened to a request, and why."""
    from anvil_serving.decisions import explain as explained  # noqa: PLC0415

    if as_json:
        show(wanted, config=config, log=log, as_json=True)
    else:
        emit([explained(_find(wanted, path_of(config, log))).rstrip("\n")])


@decisions.command(epilog="Example: anvil-serving decisions export --format csv --since 7d > week.csv")
def export(  # noqa: PLR0913
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    session: SessionOption = None,
    client: ClientOption = None,
    work_class: ClassOption = None,
    tier: TierOption = None,
    result: ResultOption = None,
    intent: IntentOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    form: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="jsonl: whole records; csv: a table of the main values.")
    ] = "jsonl",
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format jsonl.")] = False,
) -> None:
    """Write decisions for other programs, the oldest first."""
    from anvil_serving.decisions import Filters, LogMissing  # noqa: PLC0415
    from anvil_serving.decisions.export import csv_lines, json_lines  # noqa: PLC0415

    filters = Filters(
        session=session,
        client=client,
        work_class=work_class,
        tier=tier,
        result=result,
        intent=intent,
        since=instant(since),
        until=instant(until),
    )
    path = path_of(config, log)
    try:
        with opened(path) as reader:
            found = reader.iterate(filters)
            emit(csv_lines(found) if form == "csv" and not as_json else json_lines(found))
            say_unreadable(reader.unreadable)
    except LogMissing:
        _say_empty(path, filters)


@decisions.command(epilog="Example: anvil-serving decisions report --since 30d")
def report(  # noqa: PLR0913
    *,
    config: ConfigOption = None,
    log: LogOption = None,
    client: ClientOption = None,
    since: SinceOption = None,
    until: UntilOption = None,
    reference: Annotated[
        str | None,
        typer.Option(
            help="The cloud model to compare with. Otherwise the one that was asked most.", show_default=False
        ),
    ] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Sum decisions up: what was served locally, what failed in silence, what was spent and saved."""
    from anvil_serving.decisions import Filters, LogMissing, PriceList  # noqa: PLC0415
    from anvil_serving.decisions.report import report as summed  # noqa: PLC0415
    from anvil_serving.decisions.report_page import report_page  # noqa: PLC0415

    filters = Filters(client=client, since=instant(since), until=instant(until))
    path, prices = path_of(config, log), PriceList.load()
    try:
        with opened(path) as reader:
            found = summed(reader.iterate(filters), prices, reference)
            say_unreadable(reader.unreadable)
    except LogMissing:
        found = summed((), prices, reference)
    if found.total.requests == 0:
        _say_empty(path, filters)
    if as_json:
        emit_json(found)
    elif found.total.requests:
        emit([report_page(found).rstrip("\n")])


def _find(wanted: str, path: Path) -> Decision:
    from anvil_serving.decisions import LogMissing  # noqa: PLC0415
    from anvil_serving.errors import UnknownDecision  # noqa: PLC0415

    try:
        with opened(path) as reader:
            found = next(iter(reader.page(limit=1).decisions), None) if wanted == "last" else reader.get(wanted)
    except LogMissing:
        found = None
    if found is None:
        name = "no decision" if wanted == "last" else f"no decision of the id {wanted}"
        raise UnknownDecision(
            f"there is {name} in {path}",
            hint="`anvil-serving decisions list` shows what is there; one is written within a second of its answer",
        )
    return found


def _say_empty(path: Path, filters: Filters) -> None:
    from anvil_serving.decisions import Filters  # noqa: PLC0415

    if not path.exists():
        talk(f"there is no decision log at {path} yet: a router makes it when it starts")
    elif filters == Filters():
        talk(f"no decisions in {path} yet: a router writes one for each request")
    else:
        talk(f"no decision in {path} agrees with what was asked for")


def _listing(found: tuple[Decision, ...]) -> list[str]:
    from anvil_serving.layout import dollars, duration, moment, table  # noqa: PLC0415

    header = ("when", "id", "work class", "intent", "tier", "result", "tries", "cost", "took")
    rows = [
        (
            moment(decision.at)[:19],
            decision.id,
            decision.work_class,
            decision.intent,
            decision.tier or "-",
            decision.result,
            str(len(decision.attempts)),
            dollars(decision.cost_usd),
            duration(decision.total_seconds),
        )
        for decision in found
    ]
    return table(header, rows, left=6)
