from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from anvil_serving.config import Serve
from anvil_serving.errors import StartupError
from anvil_serving.substrate.deployment.files import check_files, next_port, write_files
from anvil_serving.substrate.manifest import load_manifest

if TYPE_CHECKING:
    from pathlib import Path

BY_HAND = """\
# my serves

[[serve]]
name = "other" # keep me
container = "other"
port = 30000

# the fast one
[[serve]]
name = "fast"
container = "vllm-fast"
port = 30001
up = "true"

# and a last word
[[serve]]
name = "last"
container = "last"
port = 30003
"""


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    path = tmp_path / "serves.toml"
    path.write_text(BY_HAND)
    return path


def serve(name: str = "fast", container: str = "vllm-fast", port: int = 30001) -> Serve:
    return Serve(name=name, container=container, port=port, compose="compose.fast.yaml")


def test_a_port_that_no_other_serve_has(manifest: Path, tmp_path: Path) -> None:
    assert next_port(manifest, "new") == 30002
    assert next_port(manifest, "fast") == 30001, "its own stays"
    assert next_port(tmp_path / "none.toml", "new") == 30000


def test_nothing_is_replaced_unless_it_is_wanted(manifest: Path, tmp_path: Path) -> None:
    compose = tmp_path / "compose.fast.yaml"
    compose.write_text("mine\n")
    for wanted in (manifest, None):
        with pytest.raises(StartupError, match=r"compose\.fast\.yaml exists already"):
            write_files(compose, "new\n", wanted, serve(), force=False)
    compose.unlink()
    with pytest.raises(StartupError, match="has another serve named fast"):
        write_files(compose, "new\n", manifest, serve(), force=False)
    assert manifest.read_text() == BY_HAND
    assert not compose.exists()


def test_an_entry_is_replaced_and_what_is_around_it_stays(manifest: Path, tmp_path: Path) -> None:
    compose = tmp_path / "compose.fast.yaml"
    compose.write_text("mine\n")
    written = write_files(compose, "new\n", manifest, serve(), force=True)
    assert [path.read_text() for path in written.backups] == ["mine\n", BY_HAND]
    assert compose.read_text() == "new\n"
    text = manifest.read_text()
    assert [found.name for found in load_manifest(manifest).serves] == ["other", "fast", "last"]
    assert serve() in load_manifest(manifest).serves
    for line in ("# my serves", "# keep me", "# the fast one", "# and a last word"):
        assert line in text
    # Once more changes nothing, and keeps nothing.
    assert write_files(compose, "new\n", manifest, serve(), force=True).backups == ()


@pytest.mark.parametrize("name", ["other", "last"])
def test_the_first_and_the_last_can_be_replaced(manifest: Path, tmp_path: Path, name: str) -> None:
    write_files(tmp_path / "c.yaml", "new\n", manifest, serve(name, name), force=True)
    assert len(load_manifest(manifest).serves) == 3
    assert serve(name, name) in load_manifest(manifest).serves


def test_a_container_belongs_to_one_serve(manifest: Path, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="is that of other already"):
        write_files(tmp_path / "c.yaml", "new\n", manifest, serve("new", "other"), force=True)


def test_a_new_manifest_is_made_beside_a_new_file(tmp_path: Path) -> None:
    written = write_files(tmp_path / "a" / "c.yaml", "new\n", tmp_path / "a" / "serves.toml", serve(), force=False)
    assert written.backups == ()
    assert load_manifest(tmp_path / "a" / "serves.toml").serves == (serve(),)
    check_files(tmp_path / "a" / "c.yaml", "new\n", tmp_path / "a" / "serves.toml", serve(), force=False)


def test_a_pipe_in_the_way_is_an_error(tmp_path: Path) -> None:
    compose = tmp_path / "c.yaml"
    os.mkfifo(compose)
    with pytest.raises(StartupError):
        write_files(compose, "new\n", None, serve(), force=True)
