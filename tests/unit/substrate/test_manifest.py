from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.config import InvalidConfig, Serve
from anvil_serving.errors import StartupError
from anvil_serving.substrate.manifest import (
    ManifestMissing,
    append_serve,
    find_manifest,
    load_manifest,
    serve_text,
)

# As `anvil-serving deploy` of 0.7.1 appends it.
OLD = """
[[serve]]
name = "heavy"
container = "sglang"
port = 30000
model = "qwen"
health = "/health"
up = "docker compose -f {dir}/docker-compose.yml up -d sglang"
"""
CONFIGURATION = '[router]\nnonsense = true\n[server]\nport = "?"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    # A folder whose name a shell would split.
    folder = tmp_path / "my serves"
    folder.mkdir()
    return folder


def written(folder: Path, text: str, name: str = "serves.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def problems(path: Path) -> list[tuple[int, str]]:
    with pytest.raises(InvalidConfig) as caught:
        load_manifest(path)
    return [(problem.line, problem.key) for problem in caught.value.problems]


def test_a_manifest_of_0_7_1_is_read(folder: Path) -> None:
    manifest = load_manifest(written(folder, OLD))

    (serve,) = manifest.serves
    assert (serve.name, serve.container, serve.port, serve.model) == ("heavy", "sglang", 30000, "qwen")
    assert manifest.up_command(serve) == (
        "docker",
        "compose",
        "-f",
        f"{folder}/docker-compose.yml",
        "up",
        "-d",
        "sglang",
    )
    assert manifest.warnings == ()


def test_a_compose_file_lies_beside_the_manifest_unless_it_says_where(folder: Path) -> None:
    text = '[[serve]]\nname = "{0}"\ncontainer = "{0}"\nport = 1\ncompose = "{1}"\n'
    manifest = load_manifest(written(folder, text.format("a", "sub/c.yml") + text.format("b", "/etc/c.yml")))

    assert [manifest.compose_file(serve) for serve in manifest.serves] == [folder / "sub/c.yml", Path("/etc/c.yml")]
    assert manifest.up_command(manifest.serves[0]) is None


def test_the_folder_of_a_linked_manifest_is_where_the_file_lies(folder: Path, tmp_path: Path) -> None:
    written(folder, OLD)
    link = tmp_path / "serves.toml"
    link.symlink_to(folder / "serves.toml")

    assert load_manifest(link).folder == folder


def test_the_entries_of_a_configuration_are_a_manifest_whatever_else_it_says(folder: Path) -> None:
    manifest = load_manifest(written(folder, CONFIGURATION + OLD))

    assert [serve.name for serve in manifest.serves] == ["heavy"]
    assert manifest.warnings == ()


def test_every_problem_has_its_line(folder: Path) -> None:
    path = written(folder, '[[serve]]\nname = 1\ncontainer = "-v"\nport = 70000\n' + OLD + OLD)

    assert problems(path) == [
        (2, "serve[0].name"),
        (3, "serve[0].container"),
        (4, "serve[0].port"),
        (15, "serve[2].name"),
        (16, "serve[2].container"),
    ]


def test_what_is_missing_is_reported_at_its_entry(folder: Path) -> None:
    assert problems(written(folder, "\n[[serve]]\n")) == [(2, "serve[0]")] * 3


def test_a_table_of_another_name_is_a_warning(folder: Path) -> None:
    manifest = load_manifest(written(folder, OLD.replace("[[serve]]", "[[serves]]")))

    assert manifest.serves == ()
    (warning,) = manifest.warnings
    assert (warning.line, warning.key, warning.hint) == (2, "serves", "an entry is headed [[serve]]")


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"\0" * 100,
        b"serve = 1",
        b"serve = [1, 2]",
        b"[[serve]]\nname",
        b"x = " + b"[" * 100_000,
        b"#" * (1024 * 1024 + 1),
        b"port = " + b"9" * 5_000,
    ],
)
def test_what_is_no_manifest_is_a_report(folder: Path, content: bytes) -> None:
    path = folder / "serves.toml"
    path.write_bytes(content)

    assert problems(path)


def test_a_pipe_a_folder_and_a_circle_of_links_are_not_read(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "circle").symlink_to("circle")

    for name in ("pipe", "folder", "circle"):
        assert problems(folder / name) == [(0, "")]


def test_no_manifest_is_an_error_with_a_way_out(folder: Path) -> None:
    for look in (lambda: load_manifest(folder / "serves.toml"), lambda: find_manifest(folder, {})):
        with pytest.raises(ManifestMissing, match="there is no manifest") as caught:
            look()
        assert "serves adopt" in str(caught.value.hint)


def test_the_manifest_of_the_folder_is_found_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    configuration = written(folder, CONFIGURATION, "anvil-serving.toml")
    with pytest.raises(ManifestMissing, match=r"has no \[\[serve\]\]"):
        find_manifest(folder, {})
    written(folder, CONFIGURATION + OLD, "anvil-serving.toml")
    assert find_manifest(folder, {}) == configuration
    manifest = written(folder, OLD)
    assert find_manifest(folder, {}) == manifest


def test_adding_a_serve_keeps_what_a_person_wrote(folder: Path) -> None:
    path = written(folder, "# Mine: do not touch.\n" + OLD + 'container2 = "kept"   # with its comment')
    before = path.read_text()

    backup = append_serve(path, Serve(name="fast", container="vllm", port=30001))

    assert path.read_text() == before + '\n\n[[serve]]\nname = "fast"\ncontainer = "vllm"\nport = 30001\n'
    assert backup is not None
    assert backup.read_text() == before
    assert [serve.name for serve in load_manifest(path).serves] == ["heavy", "fast"]


def test_the_first_serve_makes_the_manifest(folder: Path) -> None:
    path = folder / "new" / "serves.toml"

    assert append_serve(path, Serve(name="fast", container="vllm", port=30001)) is None

    assert [serve.name for serve in load_manifest(path).serves] == ["fast"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (OLD, "already"),
        ('serve = [{name = "a", container = "a", port = 1}]\n', "lists its serves in one value"),
        ("serve = 1\n", "must be a list"),
        ("[[serve]\n", "is not TOML"),
    ],
)
def test_a_serve_that_cannot_be_added_changes_nothing(folder: Path, text: str, complaint: str) -> None:
    path = written(folder, text)

    with pytest.raises(InvalidConfig, match=complaint):
        append_serve(path, Serve(name="heavy", container="sglang", port=30000))

    assert path.read_text() == text
    assert list(folder.iterdir()) == [path]


def test_a_name_that_is_not_utf_8_is_refused(folder: Path) -> None:
    serve = Serve(name="a", container="a", port=1, compose=os.fsdecode(b"\xff.yml"))

    with pytest.raises(StartupError, match="not UTF-8"):
        append_serve(folder / "serves.toml", serve)

    assert list(folder.iterdir()) == []


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
SERVES = st.builds(
    Serve,
    name=TEXT,
    container=TEXT,
    port=st.integers(1, 65_535),
    host=TEXT,
    model=st.none() | TEXT,
    image=st.none() | TEXT,
    gpus=st.lists(TEXT, max_size=3).map(tuple),
    compose=st.none() | TEXT,
    ready_timeout=st.floats(0.001, 86_400),
)


@given(SERVES)
def test_every_entry_is_read_as_it_was_written(serve: Serve) -> None:
    (entry,) = tomllib.loads(serve_text(serve))["serve"]

    assert msgspec.convert(entry, Serve) == serve
    assert all(line.isprintable() for line in serve_text(serve).splitlines())


APPEND = """
import sys
from pathlib import Path
from anvil_serving.config import Serve
from anvil_serving.substrate.manifest import append_serve
sys.stdin.readline()
for number in range(8):
    name = f"{sys.argv[2]}-{number}"
    append_serve(Path(sys.argv[1]), Serve(name=name, container=name, port=1000 * int(sys.argv[2]) + number))
"""


def test_no_entry_is_lost_where_several_commands_add_one_at_once(folder: Path) -> None:
    path = folder / "serves.toml"
    writers = [
        subprocess.Popen([sys.executable, "-c", APPEND, str(path), f"{number}"], stdin=subprocess.PIPE)
        for number in (1, 2, 3)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    assert len(load_manifest(path).serves) == 24
