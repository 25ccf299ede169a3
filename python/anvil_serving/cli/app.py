"""The command line: its commands, and how an error looks."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from anvil_serving import __version__
from anvil_serving.errors import AnvilError

from .cache import cache, prune
from .config import config
from .decisions import decisions
from .deploy import deploy
from .doctor import doctor
from .gpus import gpus
from .harness import harness
from .init import init
from .models import models
from .output import emit, say
from .prices import prices
from .profile import profile
from .quickstart import quickstart
from .score import score
from .serve import serve
from .serves import serves
from .usage import usage

__all__ = ["app", "main"]

_FAILED = 1
_UNUSABLE = 2
"""Usage, configuration or startup; what the parser itself uses."""

# Plain text: rich would add 10 MB and 0.1 s to a server's start. Errors are rendered by `main`, not by typer.
app = typer.Typer(
    name="anvil-serving",
    help="A quality-gated router for local models: every coding harness points at one address.",
    epilog="Example: anvil-serving quickstart",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog="Example: anvil-serving deploy --model Qwen/Qwen3-8B --gpu-like L4 --dry-run")(deploy)
app.command(epilog="Example: anvil-serving doctor")(doctor)
app.command(epilog="Example: anvil-serving gpus")(gpus)
app.command(epilog="Example: anvil-serving init")(init)
app.command(epilog="Example: anvil-serving quickstart --port 8000")(quickstart)
app.command(epilog="Example: anvil-serving score --work-class chat")(score)
app.command(epilog="Example: anvil-serving serve --config anvil-serving.toml --port 8000")(serve)
app.command(epilog="Example: anvil-serving usage --since 30d --html usage.html")(usage)
app.add_typer(cache, name="cache")
app.add_typer(config, name="config")
app.add_typer(decisions, name="decisions")
app.add_typer(harness, name="harness")
app.add_typer(models, name="models")
app.add_typer(prices, name="prices")
app.add_typer(profile, name="profile")
app.add_typer(serves, name="serves")
# Their names in 0.7.1.
app.command("cache-prune", hidden=True, epilog="Example: anvil-serving cache prune")(prune)
app.command("onboard", hidden=True, epilog="Example: anvil-serving init")(init)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer hands the flag to its callback
    if wanted:
        emit([f"anvil-serving {__version__}"])
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: FBT002 - a flag; its callback acts on it
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def main() -> NoReturn:
    """The console script. Exits 0 when done, 1 when something failed, 2 on usage, configuration or startup."""
    try:
        app(prog_name="anvil-serving")
    except AnvilError as error:
        _say_error(str(error), error.hint)
        sys.exit(_UNUSABLE if error.fault == "operator" else _FAILED)
    except Exception as error:  # noqa: BLE001 - whatever it is, a person gets a line and not a page
        if os.environ.get("ANVIL_DEBUG") == "1":
            traceback.print_exc()
        else:
            what = str(error).strip().split("\n")[0]
            _say_error(
                f"unexpected {type(error).__name__}" + (f": {what}" if what else ""),
                "this is a defect; ANVIL_DEBUG=1 shows where it happened",
            )
        sys.exit(_FAILED)
    sys.exit(0)


def _say_error(message: str, hint: str | None) -> None:
    say(f"error: {message}")
    if hint is not None:
        say(f"hint: {hint}")
