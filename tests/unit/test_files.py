from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from anvil_serving import files
from anvil_serving.errors import StartupError
from anvil_serving.files import FileTooLarge, NotRegular, changing, own_folder, read_file, user_folder, write_file

if TYPE_CHECKING:
    from pathlib import Path


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.toml"
    assert write_file(path, b"a = 1\n", existing="refuse") is None
    assert path.read_bytes() == b"a = 1\n"
    assert [entry.name for entry in path.parent.iterdir()] == ["file.toml"]


def test_a_secret_file_is_never_readable_by_others(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    write_file(path, b"k", existing="refuse", mode=0o600)
    assert mode_of(path) == 0o600


def test_what_is_in_the_way_is_left_alone_kept_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o640)
    with pytest.raises(StartupError, match="exists already"):
        write_file(path, b"new", existing="refuse")
    assert path.read_bytes() == b"old"

    assert write_file(path, b"new", existing="back_up") == tmp_path / "file.bak"
    assert (path.read_bytes(), (tmp_path / "file.bak").read_bytes()) == (b"new", b"old")
    assert mode_of(path) == 0o640

    assert write_file(path, b"newer", existing="back_up") == tmp_path / "file.bak1"
    assert (tmp_path / "file.bak").read_bytes() == b"old"

    assert write_file(path, b"newest", existing="replace") is None
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "file.bak", "file.bak1"]


def test_what_says_the_same_already_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"same")
    before = path.stat().st_ino
    assert write_file(path, b"same", existing="refuse") is None
    assert path.stat().st_ino == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_link_stays_one(tmp_path: Path) -> None:
    target, link = tmp_path / "dotfiles" / "settings.json", tmp_path / "settings.json"
    target.parent.mkdir()
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_file(link, b"new", existing="back_up")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert (target.parent / "settings.json.bak").read_bytes() == b"old"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StartupError, match="cannot be written"):
        write_file(tmp_path / "file", b"", existing="replace")


def test_a_link_in_a_circle_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    with pytest.raises(StartupError, match="leads in a circle"):
        write_file(tmp_path / "circle", b"x", existing="replace")


def test_only_files_are_read_and_written(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(NotRegular, match="is a pipe"):
        read_file(pipe, cap=10)
    with pytest.raises(StartupError, match="is a pipe"):
        write_file(pipe, b"x", existing="replace")
    with pytest.raises(StartupError, match="is a folder"):
        write_file(tmp_path, b"x", existing="replace")
    with pytest.raises(StartupError, match="cannot be written"):
        write_file(tmp_path / "pipe" / "below", b"x", existing="replace")


def test_no_more_than_the_cap_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_file(path, cap=5) == b"12345"
    with pytest.raises(FileTooLarge, match="larger than 4 bytes"):
        read_file(path, cap=4)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"XDG_STATE_HOME": "/state", "HOME": "/home/me"}, "/state/anvil-serving"),
        ({"XDG_STATE_HOME": "relative", "HOME": "/home/me"}, "/home/me/.local/state/anvil-serving"),
        ({"XDG_STATE_HOME": "", "HOME": "/home/me"}, "/home/me/.local/state/anvil-serving"),
    ],
)
def test_where_a_users_folders_are(environ: dict[str, str], expected: str) -> None:
    assert str(own_folder(environ, "XDG_STATE_HOME")) == expected


def test_nothing_is_kept_in_a_home_that_is_not_there() -> None:
    nobody = {"HOME": "~no-such-user"}
    assert str(user_folder(nobody, "XDG_DATA_HOME")) == "~no-such-user/.local/share"
    with pytest.raises(StartupError, match="has no home") as caught:
        own_folder(nobody, "XDG_DATA_HOME")
    assert caught.value.hint == "set HOME or XDG_DATA_HOME"


def test_only_one_changes_a_file_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LOCK_SECONDS", 0.05)
    path = tmp_path / "serves.toml"
    with changing(path), pytest.raises(StartupError, match="is being changed by another command"), changing(path):
        pass
    with changing(path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_link_in_a_circle_is_left_to_who_writes(tmp_path: Path) -> None:
    path = tmp_path / "circle"
    path.symlink_to(path)
    with changing(path), pytest.raises(StartupError, match="leads in a circle"):
        write_file(path, b"", existing="replace")
