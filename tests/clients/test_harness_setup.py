"""What `anvil-serving harness setup` writes is all that a real client needs, and `--undo` leaves nothing of it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.clients.workshop import INSTALLED, TASK, Workshop
from tests.integration.router import RouterProcess, tier_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.clients.forge import Forge

_BIN = INSTALLED / "node_modules" / ".bin"
_COMMANDS = {
    "claude-code": [_BIN / "claude", "-p", TASK, "--permission-mode", "acceptEdits"],
    # The sandbox of its own needs rights that a container does not have.
    "codex": [_BIN / "codex", "exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox", TASK],
    "opencode": [_BIN / "opencode", "run", TASK],
}
_HARNESSES = pytest.mark.parametrize("harness", list(_COMMANDS))
_PERSONS = {
    "claude-code": (".claude/settings.json", b'{\n    "cleanupPeriodDays": 60,\n    "env": {"EDITOR": "vi"}\n}\n'),
    "codex": (".codex/config.toml", b'# mine\nmodel = "gpt-5.5" # the best\n\n[tui]\nnotifications = false\n'),
    "opencode": (
        ".config/opencode/opencode.jsonc",
        b'{\n  // mine\n  "$schema": "https://opencode.ai/config.json",\n  "share": "disabled",\n}\n',
    ),
}
_TOKEN = "a-token-for-the-router"


def _set_up(workshop: Workshop, harness: str, *arguments: str) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(workshop.home), "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", "anvil_serving", "harness", "setup", harness, *arguments]
    subprocess.run(command, cwd=workshop.folder, env=environ, check=True, timeout=60, stdout=subprocess.DEVNULL)


def _offline(harness: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Nothing of settings: only that a client does not wait for what it cannot reach here."""
    quiet = {"OPENCODE_DISABLE_MODELS_FETCH": "1", "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1"}
    return {**(quiet if harness == "opencode" else {}), **environment}


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@_HARNESSES
def test_the_written_settings_are_all_that_it_needs(forge: Forge, workshop: Workshop, harness: str) -> None:
    before = _files(workshop.home)
    _set_up(workshop, harness, "--url", forge.url, "--write")
    written = _files(workshop.home)
    workshop.run(_COMMANDS[harness], _offline(harness, {}))
    forge.assert_made(workshop.file)
    assert {request.json["model"] for request in forge.tier.requests} == {"model-of-the-tier"}
    left = _files(workshop.home)
    assert {name: left[name] for name in written} == written, "the client has changed what was written for it"
    _set_up(workshop, harness, "--undo")
    assert not written.keys() & _files(workshop.home).keys()
    assert before == {}


@_HARNESSES
def test_a_persons_own_settings_come_back(forge: Forge, workshop: Workshop, harness: str) -> None:
    name, content = _PERSONS[harness]
    file = workshop.home / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    _set_up(workshop, harness, "--url", forge.url, "--write")
    workshop.run(_COMMANDS[harness], _offline(harness, {}))
    forge.assert_made(workshop.file)
    _set_up(workshop, harness, "--undo")
    assert file.read_bytes() == content
    assert not list(file.parent.glob("*.bak*"))


@_HARNESSES
def test_the_token_stays_in_the_environment(workshop: Workshop, forge: Forge, harness: str) -> None:
    tier = tier_config(
        "smith",
        forge.tier.url,
        dialects=[],
        dialect={"chat": "openai", "messages": "anthropic"}[forge.dialect],
        context_limit=200_000,
        timeouts={"connect": 5.0, "first_byte": 30.0, "idle": 30.0, "total": 120.0},
    )
    presets = {"planning": ["smith"], "quick-edit": ["smith"]}
    server = {"auth_env": "ROUTER_TOKEN"}
    with RouterProcess([tier], presets, server=server, environment={"ROUTER_TOKEN": _TOKEN}) as router:
        arguments = ["--config", str(router.config_path), "--url", f"http://127.0.0.1:{router.port}", "--write"]
        _set_up(workshop, harness, *arguments)
        assert not [name for name, content in _files(workshop.home).items() if _TOKEN.encode() in content]
        workshop.run(_COMMANDS[harness], _offline(harness, {"ROUTER_TOKEN": _TOKEN}))
        forge.assert_made(workshop.file)
