from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from anvil_serving.errors import StartupError
from anvil_serving.substrate.models.card import ModelCard, Sampling, Sizes
from anvil_serving.substrate.models.engine_table import engine_fits
from anvil_serving.substrate.models.library import (
    Change,
    Library,
    changes_between,
    file_stems,
    read_library,
    with_what_the_hub_said,
    write_library,
)
from anvil_serving.substrate.models.page import MARK
from anvil_serving.substrate.models.shape import ModelShape

if TYPE_CHECKING:
    from pathlib import Path

WHEN = "2026-11-29T08:00:00+00:00"


def card(name: str, path: str = "/srv/m", **more: Any) -> ModelCard:
    shape = ModelShape(architecture="Qwen3ForCausalLM")
    made = ModelCard(
        name=name,
        source="folder",
        path=path,
        revision=None,
        revisions=1,
        format="safetensors",
        sizes=Sizes(size_bytes=10, weights_bytes=10),
        disk_bytes=10,
        whole=True,
        problems=(),
        shape=shape,
        stored_as=(),
        licence=None,
        base_model=None,
        task=None,
        thinking=None,
        thinking_switch=None,
        tools=None,
        sampling=Sampling(),
        from_hub=(),
        engines=engine_fits(shape, "safetensors", whole=True),
    )
    return msgspec.structs.replace(made, **more)


def written(folder: Path, *cards: ModelCard) -> tuple[Path, ...]:
    return write_library(folder, Library(synced_at=WHEN, cards=cards), read_library(folder))


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_pages_and_an_index_are_written_and_read_again(tmp_path: Path) -> None:
    written(tmp_path, card("Qwen/Qwen3-0.6B"), card("x:Q4_K_M"))
    assert tree(tmp_path) == {
        "INDEX.md",
        "INDEX.json",
        "cards/Qwen__Qwen3-0.6B.md",
        "cards/Qwen__Qwen3-0.6B.json",
        "cards/x@Q4_K_M.md",
        "cards/x@Q4_K_M.json",
    }
    index = (tmp_path / "INDEX.md").read_text()
    assert "[Qwen/Qwen3-0.6B](cards/Qwen__Qwen3-0.6B.md)" in index
    assert read_library(tmp_path) == Library(synced_at=WHEN, cards=(card("Qwen/Qwen3-0.6B"), card("x:Q4_K_M")))
    assert msgspec.json.decode((tmp_path / "cards/x@Q4_K_M.json").read_bytes(), type=ModelCard) == card("x:Q4_K_M")


def test_what_is_gone_goes_and_what_is_not_ours_stays(tmp_path: Path) -> None:
    written(tmp_path, card("one"), card("two"))
    (tmp_path / "cards" / "two.md").write_text("my own notes")
    (tmp_path / "cards" / "three.md").write_text("mine, too")
    written(tmp_path, card("one"))
    assert tree(tmp_path) == {
        "INDEX.md",
        "INDEX.json",
        "cards/one.md",
        "cards/one.json",
        "cards/two.md",
        "cards/three.md",
    }


def test_an_index_of_something_else_is_kept(tmp_path: Path) -> None:
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "one.json").write_text('{"mine": 1}')
    (tmp_path / "INDEX.json").write_text("[]")
    assert {path.name for path in written(tmp_path, card("one"))} == {"one.json.bak", "INDEX.json.bak"}
    assert written(tmp_path, card("one", licence="mit")) == ()


def test_a_page_that_somebody_else_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "INDEX.md").write_text("# My models")
    assert written(tmp_path, card("one")) == (tmp_path / "INDEX.md.bak",)
    assert (tmp_path / "INDEX.md.bak").read_text() == "# My models"
    assert written(tmp_path, card("two")) == ()
    assert (tmp_path / "INDEX.md").read_text().startswith(MARK)


@pytest.mark.parametrize("place", ["cards", "INDEX.md", "INDEX.json"])
def test_a_link_that_leads_out_is_not_followed(tmp_path: Path, place: str) -> None:
    library, outside = tmp_path / "library", tmp_path / "outside"
    library.mkdir()
    if place == "cards":
        outside.mkdir()
    else:
        outside.write_text("precious")
    (library / place).symlink_to(outside)
    with pytest.raises(StartupError, match="leads out"):
        written(library, card("one"))
    assert outside.is_dir() or outside.read_text() == "precious"
    assert not outside.is_dir() or not list(outside.iterdir())


def test_a_link_in_a_circle_and_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "INDEX.md").symlink_to(tmp_path / "INDEX.md")
    with pytest.raises(StartupError, match="leads out"):
        written(tmp_path, card("one"))
    (tmp_path / "INDEX.md").unlink()
    os.mkfifo(tmp_path / "INDEX.md")
    with pytest.raises(StartupError, match="is a pipe"):
        written(tmp_path, card("one"))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[" * 100_000, b'{"format": 99, "synced_at": "x", "cards": []}', b"\xff"]
)
def test_an_index_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "INDEX.json").write_bytes(content)
    assert read_library(tmp_path) is None
    written(tmp_path, card("one"))
    assert read_library(tmp_path) is not None


NAMES = st.text(st.sampled_from("aA/_:@.\\-\n\x00|é \ud800"), min_size=1, max_size=12) | st.sampled_from(
    ["..", "../../etc/passwd", "/etc/passwd", "CON", "a__b", "a/b", "A/B", "x" * 500, "x" * 501, ".hidden", "-rf"]
)


@given(st.lists(st.tuples(NAMES, st.sampled_from(["/1", "/2"])), max_size=12, unique=True))
def test_file_names_are_harmless_and_no_two_are_the_same(places: list[tuple[str, str]]) -> None:
    cards = [card(name, path) for name, path in places]
    stems = file_stems(cards)
    assert len(stems) == len(cards)
    assert len({stem.lower() for stem in stems.values()}) == len(cards)
    assert all(re.fullmatch(r"[A-Za-z0-9_@][A-Za-z0-9._@-]{0,140}", stem) for stem in stems.values())


def test_what_is_new_changed_and_gone() -> None:
    before = [card("same"), card("other"), card("gone"), card("moved", "/a")]
    now = [card("same"), card("other", licence="mit", tools=True), card("new"), card("moved", "/b")]
    changes = changes_between(before, now)
    assert changes.new == ("moved", "new")
    assert changes.changed == (Change("other", ("licence", "tools")),)
    assert changes.gone == ("gone", "moved")
    assert changes.unchanged == 1


def test_a_new_revision_is_a_change_of_the_same_model() -> None:
    one = card("a/b", "/hub/snapshots/111", revision="111")
    two = card("a/b", "/hub/snapshots/222", revision="222")
    changes = changes_between([one], [two])
    assert (changes.new, changes.gone) == ((), ())
    assert changes.changed == (Change("a/b", ("path", "revision")),)


def test_what_the_hub_said_stays_until_the_files_say_it() -> None:
    shape = ModelShape(architecture="Qwen3ForCausalLM", parameters=7)
    earlier = card("a/b", licence="mit", task="x", shape=shape, from_hub=("licence", "task", "parameters"))
    (kept,) = with_what_the_hub_said([card("a/b", task="text-generation")], Library(synced_at=WHEN, cards=(earlier,)))
    assert (kept.licence, kept.task, kept.shape.parameters) == ("mit", "text-generation", 7)
    assert set(kept.from_hub) == {"licence", "parameters"}
    (other,) = with_what_the_hub_said([card("a/b", revision="2")], Library(synced_at=WHEN, cards=(earlier,)))
    assert other.licence is None


def test_names_are_text_in_pages(tmp_path: Path) -> None:
    odd = card("a|b `c` <script> [x](http://y)", licence="*bold* | cell", path="/srv/`rm`")
    written(tmp_path, odd)
    index = (tmp_path / "INDEX.md").read_text()
    row = next(line for line in index.splitlines() if "script" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 10
    assert "\\<script\\>" in row
    assert "\\*bold\\*" in row
    (page,) = (path for path in (tmp_path / "cards").glob("*.md"))
    assert "\\`rm\\`" in page.read_text()
