from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import pytest

from anvil_serving.errors import StartupError
from anvil_serving.substrate.serve import claim_address, find_config

if TYPE_CHECKING:
    from pathlib import Path


def test_the_folders_file_comes_before_the_users(tmp_path: Path) -> None:
    here, users = tmp_path / "here", tmp_path / "users" / "anvil-serving"
    here.mkdir()
    users.mkdir(parents=True)
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "users")}
    with pytest.raises(StartupError, match="there is no configuration") as caught:
        find_config(here, environ)
    assert "quickstart" in (caught.value.hint or "")
    (users / "config.toml").touch()
    assert find_config(here, environ) == users / "config.toml"
    (here / "anvil-serving.toml").touch()
    assert find_config(here, environ) == here / "anvil-serving.toml"


def test_without_xdg_the_users_file_is_under_dot_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / ".config" / "anvil-serving" / "config.toml"
    file.parent.mkdir(parents=True)
    file.touch()
    assert find_config(tmp_path, {}) == file


def test_a_user_without_a_home_has_the_folders_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: int) -> None:
        raise KeyError

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)
    with pytest.raises(StartupError, match="there is no configuration"):
        find_config(tmp_path, {})
    (tmp_path / "anvil-serving.toml").touch()
    assert find_config(tmp_path, {}) == tmp_path / "anvil-serving.toml"


def test_port_zero_becomes_a_free_port() -> None:
    host, port = claim_address("127.0.0.1", 0)
    assert host == "127.0.0.1"
    assert port > 0
    assert claim_address("127.0.0.1", port) == (host, port)


def test_a_port_in_use_is_one_sentence_and_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartupError, match=re.escape(f"port {port} on 127.0.0.1 is already in use")) as caught:
            claim_address("127.0.0.1", port)
    assert caught.value.hint is not None


def test_an_address_of_another_machine() -> None:
    with pytest.raises(StartupError, match=r"192\.0\.2\.1 is not an address of this machine"):
        claim_address("192.0.2.1", 0)


def test_a_name_is_listened_on_as_the_address_it_stands_for() -> None:
    assert claim_address("localhost", 0)[0] in {"127.0.0.1", "::1"}
