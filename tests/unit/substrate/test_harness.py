from __future__ import annotations

import json
import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from anvil_serving.errors import StartupError
from anvil_serving.substrate.document import read
from anvil_serving.substrate.harness import (
    HARNESSES,
    Endpoint,
    HarnessName,
    Home,
    Model,
    Setup,
    recipe,
    record_path,
    snippet,
    undo,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES: Sequence[HarnessName] = get_args(HarnessName)
_EVERY = pytest.mark.parametrize("name", _NAMES)
_URL = "http://127.0.0.1:8000"
_MODELS = (
    Model("planning", 131_072, None),
    Model("quick-edit", 32_768, 4_096),
    Model("claude-planning", 131_072, None),
)
_SECRET = "sesame-open-123"

_PERSONS: dict[HarnessName, str] = {
    "claude-code": '{\n  "model": "opus", // mine\n  "env": {"EDITOR": "vi", "ANTHROPIC_AUTH_TOKEN": "sk-mine"}\n}\n',
    "codex": '# mine\nmodel = "gpt-5.5" # the best\n\n[model_providers.other]\nname = "o"\n\n[tui]\na = 1\n',
    "aider": "# mine\nmodel: sonnet  # the best\nopenai-api-key: sk-mine\n\n# the end\n",
    "opencode": '{ "model": "x/y", "provider": { "other": {} } }',
    "continue": "# mine\nname: Me\nversion: 0.0.1\nmodels:\n  # about A\n  - name: A\n    model: a\nrules: []\n",
    "cline": '{"version":1,"modes":{},"providers":{"anthropic":{"settings":{"provider":"anthropic"}}}}',
    "openclaw": "{\n  // mine\n  agents: { defaults: { model: { primary: 'a/b' }, }, },\n}\n",
}


class _Desk:
    """A home, and the state beside it."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.state = folder / "state" / "anvil-serving"

    def setup(self, name: HarnessName, **more: Any) -> Setup:
        endpoint = Endpoint(**({"url": _URL, "models": _MODELS} | more))
        return HARNESSES[name].setup(endpoint, Home(self.home, {}))

    def file(self, name: HarnessName) -> Path:
        return self.setup(name).files[0].path

    def put(self, name: HarnessName, content: str | bytes) -> Path:
        file = self.file(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def write(self, name: HarnessName, **more: Any) -> Any:
        return write(self.setup(name, **more), record_path(self.state, name))

    def undo(self, name: HarnessName) -> Any:
        return undo(record_path(self.state, name))

    @property
    def all(self) -> dict[str, bytes | None]:
        paths = [*self.home.rglob("*"), *self.state.parent.rglob("*")]
        return {str(path): None if path.is_dir() else path.read_bytes() for path in paths}


@pytest.fixture
def desk(tmp_path: Path) -> _Desk:
    return _Desk(tmp_path)


@_EVERY
def test_what_is_written_into_an_empty_home_goes_without_a_trace(desk: _Desk, name: HarnessName) -> None:
    before = desk.all
    outcomes = desk.write(name)
    assert {outcome.status for outcome in outcomes} == {"created"}
    assert all(stat.S_IMODE(Path(outcome.path).stat().st_mode) == 0o600 for outcome in outcomes)
    assert {outcome.status for outcome in desk.undo(name)} == {"removed"}
    assert desk.all == before
    assert desk.undo(name) == ()


@_EVERY
def test_a_persons_file_comes_back_to_the_byte(desk: _Desk, name: HarnessName) -> None:
    file = desk.put(name, _PERSONS[name])
    file.chmod(0o640)
    before = desk.all
    [outcome, *_] = desk.write(name)
    assert outcome.status == "changed"
    assert Path(outcome.backup).read_text() == _PERSONS[name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert {line.strip() for line in _PERSONS[name].splitlines() if "mine" in line and line[0] == "#"} <= set(
        file.read_text().splitlines()
    )
    desk.undo(name)
    assert desk.all == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@_EVERY
def test_writing_twice_changes_nothing_and_another_address_is_undone_as_well(desk: _Desk, name: HarnessName) -> None:
    file = desk.put(name, _PERSONS[name])
    before = desk.all
    desk.write(name)
    once = desk.all
    assert {outcome.status for outcome in desk.write(name)} == {"unchanged"}
    assert desk.all == once
    desk.write(name, url="http://10.0.0.1:9000", models=(Model("planning"), Model("quick-edit")))
    assert b"10.0.0.1:9000" in file.read_bytes()
    assert _URL.encode() not in file.read_bytes()
    desk.undo(name)
    extra = desk.home / ".aider.model.metadata.json"
    assert not extra.exists()
    assert desk.all == before


_ADDED: dict[str, tuple[bytes, bytes]] = {
    "json": (b"{", b'{"added": 1, '),
    "toml": (b"", b"added = 1\n"),
    "yaml": (b"", b"added: 1\n"),
}


@_EVERY
def test_what_was_added_since_stays_and_only_ours_goes(desk: _Desk, name: HarnessName) -> None:
    file = desk.put(name, _PERSONS[name])
    syntax = desk.setup(name).files[0].syntax
    former = read(file.read_bytes(), syntax)
    desk.write(name)
    old, new = _ADDED[syntax]
    file.write_bytes(file.read_bytes().replace(old, new, 1) if old else new + file.read_bytes())
    [outcome, *_] = desk.undo(name)
    assert (outcome.status, outcome.left) == ("restored", ())
    assert outcome.backup is not None
    assert read(file.read_bytes(), syntax) == {**former, "added": 1}  # type: ignore[dict-item]


@_EVERY
def test_what_was_added_to_a_file_of_ours_stays_alone(desk: _Desk, name: HarnessName) -> None:
    desk.write(name)
    file = desk.file(name)
    syntax = desk.setup(name).files[0].syntax
    old, new = _ADDED[syntax]
    file.write_bytes(file.read_bytes().replace(old, new, 1) if old else new + file.read_bytes())
    desk.undo(name)
    assert read(file.read_bytes(), syntax) == {"added": 1}


def test_what_was_changed_since_is_left_and_said(desk: _Desk) -> None:
    desk.put("claude-code", _PERSONS["claude-code"])
    desk.write("claude-code")
    file = desk.file("claude-code")
    file.write_text(file.read_text().replace(f'"{_URL}"', '"http://mine"'))
    [outcome] = desk.undo("claude-code")
    assert outcome.left == ("env.ANTHROPIC_BASE_URL",)
    said: Any = read(file.read_bytes(), "json")
    assert said["env"] == {"EDITOR": "vi", "ANTHROPIC_AUTH_TOKEN": "sk-mine", "ANTHROPIC_BASE_URL": "http://mine"}


def test_a_file_that_its_harness_has_only_written_anew_comes_back_as_it_was(desk: _Desk) -> None:
    content = '{"theme":   "dark"}'
    file = desk.put("claude-code", content)
    desk.write("claude-code")
    file.write_text(json.dumps(json.loads(file.read_text()), indent=4, sort_keys=True))
    desk.undo("claude-code")
    assert file.read_text() == content


def test_clines_own_time_does_not_keep_our_table_alive(desk: _Desk) -> None:
    desk.write("cline")
    file = desk.file("cline")
    told = json.loads(file.read_text())
    told["providers"]["openai-compatible"]["updatedAt"] = "2026-11-29T06:47:26.246Z"
    told["providers"]["openai-compatible"]["settings"]["contextWindow"] = 1
    file.write_text(json.dumps(told, indent=2))
    desk.undo("cline")
    assert not file.exists()


@_EVERY
def test_a_token_is_named_and_never_written(desk: _Desk, name: HarnessName) -> None:
    setup = desk.setup(name, token_env="ROUTER_TOKEN")
    assert [export.source for export in setup.exports] == ["ROUTER_TOKEN"]
    desk.put(name, _PERSONS[name])
    write(setup, record_path(desk.state, name))
    written = desk.file(name).read_text()
    assert ("ROUTER_TOKEN" in written) is not HARNESSES[name].takes_token
    said = json.dumps(read(written.encode(), setup.files[0].syntax))
    assert '"any"' not in said
    assert "sk-mine" not in said


@pytest.mark.parametrize("name", [name for name in _NAMES if HARNESSES[name].takes_token])
def test_a_token_that_has_to_be_written_is_for_its_owner_alone(desk: _Desk, name: HarnessName) -> None:
    file = desk.put(name, _PERSONS[name])
    file.chmod(0o644)
    desk.write(name, token_env="ROUTER_TOKEN", token=_SECRET)
    assert _SECRET in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert _SECRET not in "\n".join(snippet(desk.setup(name, token_env="ROUTER_TOKEN", token=_SECRET).files[0]))
    record = record_path(desk.state, name)
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    desk.undo(name)
    assert file.read_text() == _PERSONS[name]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


@_EVERY
def test_a_link_stays_a_link(desk: _Desk, tmp_path: Path, name: HarnessName) -> None:
    file = desk.file(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    target = tmp_path / "dotfiles"
    target.write_text(_PERSONS[name])
    file.symlink_to(target)
    desk.write(name)
    assert file.is_symlink()
    assert target.read_text() != _PERSONS[name]
    desk.undo(name)
    assert file.is_symlink()
    assert target.read_text() == _PERSONS[name]
    target.unlink()
    desk.write(name)
    assert target.exists()
    desk.undo(name)
    assert file.is_symlink()
    assert not target.exists()


@_EVERY
def test_broken_files_are_refused_and_left(desk: _Desk, name: HarnessName) -> None:
    for content in (b"a: b: {\n", b"\xff\xfe\0", b"{" * 3000, b"[1, 2]", b"x" * (1024 * 1024 + 1)):
        file = desk.put(name, content)
        before = desk.all
        with pytest.raises(StartupError, match=r"settings|home"):
            desk.write(name)
        assert desk.all == before
        assert file.read_bytes() == content


@_EVERY
def test_what_is_no_file_is_refused(desk: _Desk, name: HarnessName) -> None:
    file = desk.file(name)
    file.mkdir(parents=True)
    with pytest.raises(StartupError):
        desk.write(name)
    file.rmdir()
    os.mkfifo(file)
    with pytest.raises(StartupError):
        desk.write(name)
    file.unlink()
    file.symlink_to(file)
    with pytest.raises(StartupError):
        desk.write(name)
    assert not desk.state.exists()


def test_a_broken_second_file_keeps_the_first_from_being_written(desk: _Desk) -> None:
    (desk.home / ".aider.model.metadata.json").write_text("{")
    with pytest.raises(StartupError, match=r"metadata\.json, line 1"):
        desk.write("aider")
    assert not desk.file("aider").exists()


@pytest.mark.parametrize("content", [b"", b"{}", b'{"schema": "other"}', b"\xff"])
def test_a_broken_record_is_said_to_be_one(desk: _Desk, content: bytes) -> None:
    record = record_path(desk.state, "codex")
    record.parent.mkdir(parents=True)
    record.write_bytes(content)
    if content == b"{}":
        assert desk.undo("codex") == ()
        return
    for act in (desk.write, desk.undo):
        with pytest.raises(StartupError, match="record"):
            act("codex")


def test_a_file_that_changes_meanwhile_is_not_overwritten(desk: _Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = desk.put("claude-code", "{}")
    real = msgspec.json.format
    # The record is written between the reading and the writing: there, another program changes the file.
    monkeypatch.setattr(msgspec.json, "format", lambda *given: file.write_text('{"new": 1}') and real(*given))
    with pytest.raises(StartupError, match="meanwhile"):
        desk.write("claude-code")
    assert file.read_text() == '{"new": 1}'


def test_continues_older_settings_are_not_hidden(desk: _Desk) -> None:
    folder = desk.home / ".continue"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    with pytest.raises(StartupError, match=r"config\.json"):
        desk.write("continue")


def test_where_files_are_is_what_the_harness_says(tmp_path: Path) -> None:
    def path(name: HarnessName, **environ: str) -> Path:
        return HARNESSES[name].setup(Endpoint(url=_URL), Home(tmp_path, environ)).files[0].path

    assert path("claude-code", CLAUDE_CONFIG_DIR="/c") == Path("/c/settings.json")
    assert path("codex", CODEX_HOME="/c") == Path("/c/config.toml")
    assert path("opencode", XDG_CONFIG_HOME="/c") == Path("/c/opencode/opencode.json")
    assert path("continue", CONTINUE_GLOBAL_DIR="/c") == Path("/c/config.yaml")
    assert path("cline", CLINE_DIR="/c") == Path("/c/data/settings/providers.json")
    assert path("cline", CLINE_DATA_DIR="/c") == Path("/c/settings/providers.json")
    assert path("openclaw", OPENCLAW_STATE_DIR="/c") == Path("/c/openclaw.json")
    assert path("openclaw", OPENCLAW_CONFIG_PATH="/c/x") == Path("/c/x")
    assert path("openclaw") == tmp_path / ".openclaw" / "openclaw.json"
    commented = tmp_path / ".config" / "opencode" / "opencode.jsonc"
    commented.parent.mkdir(parents=True)
    commented.touch()
    assert path("opencode") == commented


def test_what_models_can_take_is_told(desk: _Desk) -> None:
    desk.write("codex")
    assert tomllib.loads(desk.file("codex").read_text())["model_context_window"] == 131_072
    desk.write("claude-code")
    env = json.loads(desk.file("claude-code").read_text())["env"]
    assert (env["CLAUDE_CODE_AUTO_COMPACT_WINDOW"], env["ANTHROPIC_DEFAULT_HAIKU_MODEL"]) == ("131072", "quick-edit")
    desk.write("opencode")
    models = json.loads(desk.file("opencode").read_text())["provider"]["anvil"]["models"]
    assert {id_: about["limit"] for id_, about in models.items()} == {
        "planning": {"context": 131_072, "output": 32_000},
        "quick-edit": {"context": 32_768, "output": 4_096},
    }
    desk.write("continue")
    listed = yaml.safe_load(desk.file("continue").read_text())["models"]
    assert [model["model"] for model in listed] == ["planning", "quick-edit"]


def test_a_router_of_one_model_of_another_name_will_do(desk: _Desk) -> None:
    for name in _NAMES:
        desk.write(name, models=(Model('we"ird\\ {model}\n: #', 8_192),))
        content = desk.file(name).read_bytes()
        assert "we" in json.dumps(read(content, desk.setup(name).files[0].syntax))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    tree=st.dictionaries(
        st.text(max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
            lambda deeper: (
                st.lists(deeper, max_size=3)
                | st.dictionaries(st.sampled_from(["env", "a", "anvil", "models"]), deeper, max_size=3)
            ),
        ),
        max_size=4,
    ),
    indent=st.sampled_from([None, 2, "\t"]),
)
def test_whatever_a_person_had_comes_back(tmp_path_factory: pytest.TempPathFactory, tree: Any, indent: Any) -> None:
    desk = _Desk(tmp_path_factory.mktemp("desk"))
    for name in ("claude-code", "opencode", "openclaw", "cline"):
        file = desk.put(name, json.dumps(tree, indent=indent))
        before = file.read_bytes()
        try:
            desk.write(name)
        except StartupError:
            assert file.read_bytes() == before
            continue
        said = file.read_bytes()
        file.write_bytes(said.replace(b"{", b'{"added": 1,', 1))
        outcomes = desk.undo(name)
        assert not outcomes[0].left
        # What was added last is in the way of nothing; a name that is there twice counts once.
        assert json.loads(file.read_text()) == {"added": 1, **tree}


def test_recipes_are_of_the_same_table(desk: _Desk) -> None:
    for name in _NAMES:
        lines = recipe(desk.setup(name))
        assert lines[0].startswith(desk.setup(name).title)
        assert any(_URL in line for line in lines)
    text = "\n".join(line.strip() for line in recipe(desk.setup("codex"))[1:])
    assert tomllib.loads(text)["model_providers"]["anvil"]["wire_api"] == "responses"
