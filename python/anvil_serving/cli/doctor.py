"""`anvil-serving doctor`: whether this machine can serve, and what to do where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import JsonOption, QuietOption, emit, emit_json
from .progress import showing_progress

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.substrate.doctor.check import Diagnosis

__all__ = ["doctor"]

_FILE_OF_0_7_1 = Path("router.toml")
"""What `init` wrote then, and `doctor` read when it was told no other."""


def doctor(
    *,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Configuration file. Otherwise ./anvil-serving.toml, then ~/.config/anvil-serving/config.toml.",
            show_default=False,
        ),
    ] = None,
    no_config: Annotated[bool, typer.Option("--no-config", help="Look at the machine alone.")] = False,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Ask local tiers for a tool call, which costs tokens, and cloud tiers for their models."
        ),
    ] = False,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Check all that serving needs, and say what to do about what is not right. Exits 1 if a check fails.

    Local tiers are asked what they serve and how large their window is, which costs nothing; no tier that may bill is
    ever asked for an answer.
    """
    from anvil_serving.decisions import log_path  # noqa: PLC0415 - `--help` must not load more than the parser
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.profile import Profile  # noqa: PLC0415
    from anvil_serving.substrate.doctor.doctor import Examination, diagnose  # noqa: PLC0415

    path, missing = config, None
    if no_config:
        path = None
    elif config is None:
        try:
            path = _found()
        except StartupError as error:
            missing = str(error)
    examination = Examination(
        config=path,
        no_config_because=missing,
        folder=Path.cwd(),
        environ=os.environ,
        may_probe=probe,
        further=(lambda settings: Profile.load(settings.router),),
        log_of=lambda settings: log_path(settings.decisions, os.environ),
    )
    with showing_progress() as progress:
        progress("looking at this machine" + (" and its tiers" if path is not None else ""), None)
        diagnosis = diagnose(examination)
    if as_json:
        emit_json(diagnosis)
    else:
        emit(_lines(diagnosis))
    if not diagnosis.is_healthy:
        raise typer.Exit(1)


def _found() -> Path:
    from anvil_serving.errors import StartupError  # noqa: PLC0415
    from anvil_serving.substrate.serve import find_config  # noqa: PLC0415

    try:
        return find_config(Path.cwd(), os.environ)
    except StartupError:
        if _FILE_OF_0_7_1.is_file():
            return _FILE_OF_0_7_1
        raise


def _lines(diagnosis: Diagnosis) -> Iterator[str]:
    from anvil_serving.layout import fields, printable  # noqa: PLC0415

    width = max(len(printable(check.name)) for check in diagnosis.checks)
    for check in diagnosis.checks:
        yield from fields(
            [(f"{check.status:<4}  {printable(check.name)}", check.seen)], indent=0, label_width=width + 6
        )
        if check.remedy is not None:
            yield from fields([("", f"-> {check.remedy}")], indent=0, label_width=width + 6)
    failed = [check.name for check in diagnosis.checks if check.status == "fail"]
    yield ""
    yield "Nothing stands in the way." if not failed else f"{len(failed)} of {len(diagnosis.checks)} checks failed."
