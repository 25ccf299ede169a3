from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.usage import logs as usage_logs
from anvil_serving.substrate.usage.logs import DEPTH_CAP, find_logs, logs_below

if TYPE_CHECKING:
    from pathlib import Path


def log(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}\n")
    return path


def test_logs_are_found_where_each_client_keeps_them(tmp_path: Path) -> None:
    claude = log(tmp_path / ".claude/projects/p/s.jsonl")
    agent = log(tmp_path / ".claude/projects/p/s/subagents/agent-1.jsonl")
    xdg = log(tmp_path / ".config/claude/projects/p/t.jsonl")
    codex = log(tmp_path / ".codex/sessions/2026/11/29/rollout-a.jsonl")
    archived = log(tmp_path / ".codex/archived_sessions/rollout-b.jsonl")
    log(tmp_path / ".claude/projects/p/notes.json")
    log(tmp_path / ".claude/history.jsonl")
    found = find_logs({"HOME": str(tmp_path)})
    assert {(file.client, file.path) for file in found.files} == {
        *(("claude-code", path) for path in (claude, agent, xdg)),
        *(("codex", path) for path in (codex, archived)),
    }
    assert [file.client for file in find_logs({"HOME": str(tmp_path)}, ["codex"]).files] == ["codex", "codex"]


def test_the_clients_own_settings_say_where(tmp_path: Path) -> None:
    one, two = log(tmp_path / "one/projects/p/a.jsonl"), log(tmp_path / "two/projects/p/b.jsonl")
    codex = log(tmp_path / "c/sessions/rollout-x.jsonl")
    log(tmp_path / ".claude/projects/p/not.jsonl")
    environ = {
        "HOME": str(tmp_path),
        "CLAUDE_CONFIG_DIR": f"{tmp_path / 'one'}, {tmp_path / 'two' / 'projects'}",
        "CODEX_HOME": str(tmp_path / "c"),
    }
    assert [file.path for file in find_logs(environ).files] == [one, two, codex]


def test_a_home_of_nobody_is_a_folder_that_is_not_there() -> None:
    environ = {"HOME": "/nowhere", "CLAUDE_CONFIG_DIR": "~nobody-of-this-name/x", "CODEX_HOME": ",, ,"}
    assert find_logs(environ).files == ()


def test_below_a_folder_codex_is_known_by_its_names(tmp_path: Path) -> None:
    log(tmp_path / "a.jsonl")
    log(tmp_path / "deep/rollout-2026.jsonl")
    assert [file.client for file in logs_below(tmp_path).files] == ["claude-code", "codex"]
    assert [file.client for file in logs_below(tmp_path, ["codex"]).files] == ["codex"]


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="there is no folder"):
        logs_below(tmp_path / "absent")


def test_every_file_is_taken_once_and_nothing_is_waited_for(tmp_path: Path) -> None:
    real = log(tmp_path / "a.jsonl")
    (tmp_path / "b.jsonl").symlink_to(real)
    (tmp_path / "c.jsonl").hardlink_to(real)
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "itself.jsonl").symlink_to("itself.jsonl")
    (tmp_path / "zero.jsonl").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert [file.path for file in logs_below(tmp_path).files] == [real]


def test_folders_are_not_followed_without_end(tmp_path: Path) -> None:
    folder = tmp_path
    for _ in range(DEPTH_CAP + 3):
        folder /= "d"
    log(folder / "a.jsonl")
    found = logs_below(tmp_path)
    assert found.files == ()
    assert len(found.unreadable) == 1


def test_too_many_files_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_logs, "FILES_CAP", 3)
    for name in "abcd":
        log(tmp_path / f"{name}.jsonl")
    with pytest.raises(StartupError, match="more than 3 files"):
        logs_below(tmp_path)
