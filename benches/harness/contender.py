"""What is compared: the way straight to the upstream, nginx, a pure Python relay, and the router."""

import contextlib
import os
import shlex
import shutil
import string
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

import msgspec

from harness.answer import Answers, answers, first_difference
from harness.dialect import SETTINGS
from harness.process import BenchError, Child, free_port

PEERS = Path(__file__).parents[1] / "peers"
VENV_BIN = Path(sys.executable).parent
# This environment's programs first, as in an activated one.
SEARCH_PATH = f"{VENV_BIN}:{os.environ.get('PATH', '')}"
READY_SECONDS = 30.0
ROUTER_COMMAND = "anvil-serving serve --config {config} --host 127.0.0.1 --port {port}"

Name = Literal["direct", "nginx", "python", "router"]
NAMES: tuple[Name, ...] = get_args(Name)

ROUTER_CONFIG = string.Template("""\
[server]
[router]
mapping_version = "bench"
[router.presets]
$presets
$tiers
""")
# A preset for each dialect that the scripted upstream answers in, named after it, with one tier.
TIER_CONFIG = string.Template("""\
[[router.tiers]]
id = "scripted-$name"
base_url = "http://127.0.0.1:$upstream_port/v1"
model = "scripted"
dialect = "$dialect"
context_limit = 131072
privacy = "local"
""")


class NotInstalledError(BenchError):
    """A contender is not on this machine; the others can still be measured."""


class Contender(msgspec.Struct, frozen=True):
    """Something that answers on a port; the direct way has no process of its own."""

    name: Name
    base_url: str
    child: Child | None


class Setting(msgspec.Struct, frozen=True):
    """Where a contender starts: its upstream, a temp dir that is all it may write to, and the router's command line."""

    upstream_port: int
    directory: Path
    router_command: str


def start(name: Name, setting: Setting) -> Contender:
    """Start a contender and return it once its answers are those of the upstream, word for word."""
    upstream_url = f"http://127.0.0.1:{setting.upstream_port}"
    if name == "direct":
        return Contender(name, upstream_url, None)
    directory = setting.directory / name
    directory.mkdir()
    port = free_port()
    child = STARTERS[name](msgspec.structs.replace(setting, directory=directory), port)
    contender = Contender(name, f"http://127.0.0.1:{port}", child)
    with contextlib.ExitStack() as on_failure:
        on_failure.callback(child.stop)
        if wrong := first_difference(wait_for_answers(contender), answers(upstream_url)):
            raise BenchError(f"{name}: {wrong}")
        on_failure.pop_all()
    return contender


def wait_for_answers(contender: Contender) -> Answers:
    deadline = time.monotonic() + READY_SECONDS
    while True:
        if contender.child:
            contender.child.check()
        try:
            return answers(contender.base_url)
        except (OSError, BenchError) as error:
            if time.monotonic() > deadline:
                tail = contender.child.log_tail() if contender.child else ""
                raise BenchError(
                    f"{contender.name} is not ready after {READY_SECONDS:.0f} s: {error}\n{tail}"
                ) from error
        time.sleep(0.1)


def nginx_binary() -> str | None:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


def start_nginx(setting: Setting, port: int) -> Child:
    binary = nginx_binary()
    if binary is None:
        raise NotInstalledError("nginx: not installed (apt-get install nginx-light)")
    # Started by root, nginx gives its worker to `nobody`, who may not enter the temp dir.
    user_line = "user root;" if os.geteuid() == 0 else ""
    config = setting.directory / "nginx.conf"
    template = string.Template((PEERS / "nginx.conf").read_text())
    values = {"port": port, "upstream_port": setting.upstream_port, "directory": setting.directory}
    config.write_text(template.safe_substitute(values, user_line=user_line))
    return Child(
        [binary, "-e", "stderr", "-p", str(setting.directory), "-c", str(config)], setting.directory, "nginx", {}
    )


def start_python(setting: Setting, port: int) -> Child:
    command = [str(VENV_BIN / "granian"), "--interface", "asgi", "--workers", "1", "--no-ws", "--backlog", "2048"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    # Named, because `auto` takes uvloop when something has installed it, and that is another peer at half the cost.
    command += ["--loop", "asyncio", "--working-dir", str(PEERS), "relay:app"]
    environment = {"UPSTREAM_PORT": str(setting.upstream_port), "PYTHONDONTWRITEBYTECODE": "1"}
    return Child(command, setting.directory, "python", environment)


def router_config(upstream_port: int) -> str:
    tiers = [
        TIER_CONFIG.substitute(name=name, dialect=dialect, upstream_port=upstream_port)
        for name, dialect in SETTINGS.items()
    ]
    return ROUTER_CONFIG.substitute(
        presets="\n".join(f'{name} = ["scripted-{name}"]' for name in SETTINGS), tiers="".join(tiers)
    )


def start_router(setting: Setting, port: int) -> Child:
    config = setting.directory / "router.toml"
    config.write_text(router_config(setting.upstream_port))
    values = {"config": config, "port": port, "upstream_port": setting.upstream_port}
    command = [part.format_map(values) for part in shlex.split(setting.router_command)]
    found = shutil.which(command[0], path=SEARCH_PATH)
    if found is None:
        raise NotInstalledError(f"router: {command[0]} not found (make build)")
    # The router keeps its state where the XDG base directories say: not in the caller's home.
    state = ("XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    environment = {**dict.fromkeys(state, str(setting.directory)), "PATH": SEARCH_PATH}
    return Child([found, *command[1:]], setting.directory, "router", environment)


STARTERS: dict[Name, Callable[[Setting, int], Child]] = {
    "nginx": start_nginx,
    "python": start_python,
    "router": start_router,
}
