"""`anvil-serving harness`: coding harnesses pointed at the router, and put back as they were."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from anvil_serving.errors import StartupError

from .configuration import configured
from .output import JsonOption, QuietOption, emit, emit_json, talk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anvil_serving.config import Config
    from anvil_serving.substrate.harness import Endpoint, FileOutcome, HarnessName, Model, Setup

__all__ = ["harness"]

_EXAMPLE = "Example: anvil-serving harness setup claude-code --url http://127.0.0.1:8000"
_DEFAULT_URL = "http://127.0.0.1:8000"

harness = typer.Typer(
    help="Point coding harnesses at the router, and put them back.",
    epilog=_EXAMPLE,
    rich_markup_mode=None,
    no_args_is_help=True,
)


@harness.callback()
def _root() -> None:
    # Without it, typer takes an application of one command for that command.
    pass


@harness.command(epilog=_EXAMPLE)
def setup(  # noqa: PLR0913 - options of a command
    name: Annotated[
        Literal["claude-code", "codex", "aider", "opencode", "continue", "cline", "openclaw"],
        typer.Argument(help="The harness.", show_default=False),
    ],
    *,
    url: Annotated[
        str | None,
        typer.Option(help="Where the router is; without it, where the configuration says.", show_default=False),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="The router's configuration file, if it is here.", show_default=False),
    ] = None,
    auth_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE",
            help="The variable that holds the router's token; without it, the configuration's auth_env.",
            show_default=False,
        ),
    ] = None,
    token_from_env: Annotated[
        str | None,
        typer.Option(
            metavar="VARIABLE",
            help="Write the token itself, from this variable, into the file: for aider and cline alone.",
            show_default=False,
        ),
    ] = None,
    do_write: Annotated[bool, typer.Option("--write", help="Write the settings, instead of printing them.")] = False,
    do_undo: Annotated[bool, typer.Option("--undo", help="Put back what was there before --write.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what --write or --undo would change, and change nothing.")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="Another home than yours.", show_default=False)] = None,
    as_json: JsonOption = False,
    _quiet: QuietOption = False,
) -> None:
    """Print or write a harness's settings for this router.

    What is in its files stays, comments and order included. --write keeps a backup; --undo puts back exactly what was
    there. Writing TOML or YAML (codex, aider, continue) needs `pip install 'anvil-serving[harness]'`. The router at
    that address is asked for its models, if it runs; nothing else is.
    """
    from anvil_serving.files import own_folder  # noqa: PLC0415 - `--help` loads the parser only
    from anvil_serving.substrate.harness import HARNESSES, Home, record_path, undo, write  # noqa: PLC0415

    if do_write and do_undo:
        raise typer.BadParameter("--write and --undo are opposites", param_hint="--undo")
    folder, environ = _home(home)
    record = record_path(own_folder({**environ, "HOME": str(folder)}, "XDG_STATE_HOME"), name)
    if do_undo:
        outcomes = undo(record, dry_run=dry_run)
        if as_json:
            emit_json({"harness": name, "action": "undo", "dry_run": dry_run, "files": outcomes})
        else:
            emit(_undo_lines(name, outcomes, is_dry=dry_run))
        return
    endpoint = _endpoint(name, url, config, auth_env, token_from_env)
    settings = HARNESSES[name].setup(endpoint, Home(folder, environ))
    if do_write or dry_run:
        outcomes = write(settings, record, dry_run=dry_run)
        if as_json:
            emit_json(_object(settings, endpoint, "write", dry_run=dry_run) | {"files": outcomes})
        else:
            emit(_write_lines(settings, outcomes, is_dry=dry_run))
            _advise(settings)
    elif as_json:
        emit_json(_object(settings, endpoint, "print", dry_run=False))
    else:
        emit(_print_lines(settings))
        _advise(settings)
        talk(f"anvil-serving harness setup {name} --write puts this into place")


def _home(home: Path | None) -> tuple[Path, dict[str, str]]:
    """The home that is meant, and the variables that say where something in it is."""
    if home is None:
        try:
            folder = Path.home()
        except RuntimeError:
            folder = Path()
        if not folder.is_absolute() or not os.environ.get("HOME", "unset").strip():
            raise StartupError("this user has no home", hint="pass --home DIR")
        return folder, dict(os.environ)
    if not home.is_dir():
        raise StartupError(f"{home} is no folder", hint="name the home of the person whose harness is meant")
    return home.absolute(), {}


def _endpoint(
    name: HarnessName, url: str | None, config: Path | None, auth_env: str | None, token_from_env: str | None
) -> Endpoint:
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.harness import HARNESSES, Endpoint, offered_by  # noqa: PLC0415

    settings = configured(config)
    if token_from_env is not None and not HARNESSES[name].takes_token:
        raise StartupError(
            f"{name} reads its token from the environment, so none is written",
            hint="pass --auth-env VARIABLE instead: it writes the variable's name",
        )
    token = None if token_from_env is None else _token(token_from_env)
    variable = auth_env or token_from_env or _asked_for(settings)
    if variable is not None and not (variable.isascii() and variable.isidentifier()):
        # It is not repeated: it may be the token itself.
        raise StartupError(
            "what is given for the token is no name of a variable", hint="pass the variable's name, and not the token"
        )
    address = _address(url, settings)
    offer = offered_by(address, None if variable is None else os.environ.get(variable, "").strip())
    models = offer.models or (() if settings is None else _configured(settings))
    if not offer.models:
        otherwise = "the models are the configuration's" if models else "what its models can take is left out"
        talk(f"{printable(offer.absent_because or '')}: {otherwise}")
    if models:
        return Endpoint(url=address, models=models, token_env=variable, token=token)
    return Endpoint(url=address, token_env=variable, token=token)


def _asked_for(config: Config | None) -> str | None:
    """The variable of the token that the router asks for; None: it asks for none."""
    if config is None:
        return None
    if config.server.auth_env is None and config.server.clients:
        raise StartupError(
            "this router has a token for each client", hint="pass --auth-env VARIABLE, the one of this harness's token"
        )
    return config.server.auth_env


def _configured(config: Config) -> tuple[Model, ...]:
    from anvil_serving.substrate.harness import Model  # noqa: PLC0415

    models = []
    for preset in config.router.presets:
        first = config.router.candidates(preset)[0]
        models.append(Model(preset, first.context_limit, first.max_output_tokens))
    return tuple(models)


def _address(url: str | None, config: Config | None) -> str:
    from anvil_serving.config.url import url_fault  # noqa: PLC0415

    if url is None:
        if config is None:
            return _DEFAULT_URL
        # An address that stands for all of them is no address to call. Never `localhost`: some systems look it up as
        # IPv6 first and wait.
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "localhost": "127.0.0.1"}.get(  # noqa: S104 - compared, not bound
            config.server.host, config.server.host
        )
        host = f"[{host}]" if ":" in host and not host.startswith("[") else host
        return f"http://{host}:{config.server.port}"
    fault = url_fault(url)
    if fault is not None:
        raise StartupError(f"--url {fault[0]}", hint=fault[1])
    return url.rstrip("/").removesuffix("/v1").rstrip("/")


def _token(variable: str) -> str:
    token = os.environ.get(variable, "").strip()
    if not token or not all("!" <= character <= "~" for character in token):
        raise StartupError(
            "the variable of --token-from-env holds no token that a header can carry",
            hint="export it first; the option takes the variable's name, and not the token",
        )
    return token


# ── what is said ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _print_lines(settings: Setup) -> Iterator[str]:
    from anvil_serving.layout import printable  # noqa: PLC0415
    from anvil_serving.substrate.harness import snippet  # noqa: PLC0415

    for index, file in enumerate(settings.files):
        if index:
            yield ""
        yield f"{settings.title}, in {printable(str(file.path))}:"
        yield ""
        yield from (f"  {printable(line)}" if line else "" for line in snippet(file))


def _advise(settings: Setup) -> None:
    from anvil_serving.layout import printable  # noqa: PLC0415

    for export in settings.exports:
        talk(f"where {settings.title} runs, there must be: {export.line}")
    for note in settings.notes:
        talk(printable(note))


def _write_lines(settings: Setup, outcomes: tuple[FileOutcome, ...], *, is_dry: bool) -> Iterator[str]:
    from anvil_serving.layout import printable  # noqa: PLC0415

    for outcome in outcomes:
        would = "would be " if is_dry and outcome.status != "unchanged" else ""
        yield f"{printable(outcome.path)}: {would}{outcome.status}"
        yield from (f"  sets {printable(place)}" for place in outcome.set)
        if outcome.backup is not None:
            yield f"  backup: {printable(outcome.backup)}"
    if not is_dry:
        talk(f"anvil-serving harness setup {settings.harness} --undo puts back what was there")


def _undo_lines(name: str, outcomes: tuple[FileOutcome, ...], *, is_dry: bool) -> Iterator[str]:
    from anvil_serving.layout import printable  # noqa: PLC0415

    if not outcomes:
        talk(f"there is nothing to undo: {name} was not set up by this command")
    for outcome in outcomes:
        would = "would be " if is_dry and outcome.status not in {"unchanged", "absent"} else ""
        yield f"{printable(outcome.path)}: {would}{outcome.status}"
        yield from (f"  changed since, and left: {printable(place)}" for place in outcome.left)
        if outcome.backup is not None:
            yield f"  backup: {printable(outcome.backup)}"


def _object(settings: Setup, endpoint: Endpoint, action: str, *, dry_run: bool) -> dict[str, Any]:
    from msgspec import UNSET  # noqa: PLC0415

    from anvil_serving.substrate.document import place_text  # noqa: PLC0415

    return {
        "harness": settings.harness,
        "url": endpoint.url,
        "action": action,
        "dry_run": dry_run,
        "files": [
            {
                "path": str(file.path),
                "syntax": file.syntax,
                "settings": [
                    {"place": place_text(setting.place), "value": "********" if setting.is_secret else setting.value}
                    for setting in file.settings
                    if setting.value is not UNSET
                ],
            }
            for file in settings.files
        ],
        "exports": settings.exports,
        "notes": settings.notes,
    }
