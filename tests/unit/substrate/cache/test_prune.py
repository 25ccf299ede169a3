from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.hub import BLOCK, A, B, HubCache

from anvil_serving.errors import StartupError
from anvil_serving.substrate.cache import storage as hub_storage
from anvil_serving.substrate.cache.prune import Plan, PruneWishes, Report, _remove_piece, plan_of, prune
from anvil_serving.substrate.cache.storage import LEFTOVER, CacheTooLarge, look_at_storage
from anvil_serving.substrate.cache.use import Mention, Uses, open_files
from anvil_serving.substrate.models.roots import hub_cache_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = Uses()
ALL = PruneWishes(everything=True)
NOTHING = PruneWishes()


@pytest.fixture
def hub(tmp_path: Path) -> HubCache:
    return HubCache(tmp_path / "hub")


def planned(hub: HubCache, wishes: PruneWishes = NOTHING, uses: Uses = NOBODY) -> Plan:
    return plan_of(look_at_storage(hub.path), uses, wishes)


def pruned(hub: HubCache, wishes: PruneWishes = NOTHING, uses: Uses = NOBODY) -> Report:
    return prune(look_at_storage(hub.path), uses, wishes, lambda _doing, _done: None)[1]


def going(plan: Plan) -> list[tuple[str, str, int]]:
    # A link takes nothing, or a block where the disk keeps it so.
    return [(one.id, one.reason, round(one.reclaimable_bytes / BLOCK)) for one in plan.candidates]


def two_revisions(hub: HubCache) -> None:
    """Two revisions of a model, which share their weights; the first one is nobody's any more."""
    hub.revision("q/m", A, {"config.json": ("e1", 1), "w/model.safetensors": ("e2", 50)})
    hub.revision("q/m", B, {"config.json": ("e3", 1), "w/model.safetensors": ("e2", 50)})
    hub.ref("q/m", "main", B)


def test_without_a_wish_only_what_nobody_can_use(hub: HubCache) -> None:
    two_revisions(hub)
    hub.half("q/m", "e9", 7)

    assert going(planned(hub)) == [("q/m", "half download", 7), ("q/m", "detached revision", 1)]
    before = os.statvfs(hub.path)
    report = pruned(hub)
    assert report.skipped == ()
    assert report.reclaimed_bytes == 8 * BLOCK
    assert os.statvfs(hub.path).f_bfree >= before.f_bfree
    assert hub.names() == {
        "models--q--m",
        "models--q--m/blobs",
        "models--q--m/blobs/e2",
        "models--q--m/blobs/e3",
        "models--q--m/refs",
        "models--q--m/refs/main",
        "models--q--m/snapshots",
        f"models--q--m/snapshots/{B}",
        f"models--q--m/snapshots/{B}/config.json",
        f"models--q--m/snapshots/{B}/w",
        f"models--q--m/snapshots/{B}/w/model.safetensors",
    }
    assert going(planned(hub)) == []


def test_what_it_says_is_what_the_disk_gets(hub: HubCache) -> None:
    """Holes take nothing, and two names are one file."""
    hub.revision("q/m", A, {"model.gguf": ("e1", 10)})
    blobs = hub.repository("q/m") / "blobs"
    with (blobs / "e2").open("wb") as file:
        file.truncate(1 << 30)
    (blobs / "e3").hardlink_to(blobs / "e1")
    outside = hub.path.parent / "kept.gguf"
    hub.revision("q/n", A, {"model.gguf": ("f1", 20)})
    outside.hardlink_to(hub.repository("q/n") / "blobs" / "f1")
    hub.age(hub.path, 90)

    assert going(planned(hub, ALL)) == [("q/m", "chosen", 10), ("q/n", "chosen", 0)]
    assert pruned(hub, ALL).reclaimed_bytes == 10 * BLOCK
    assert outside.stat().st_size == 20 * BLOCK


def test_repositories_by_name_age_and_size(hub: HubCache) -> None:
    for name, blocks, days in (("q/old-big", 100, 60), ("q/old-small", 1, 60), ("q/new-big", 100, 1)):
        hub.revision(name, A, {"m": (f"{name[2:]}", blocks)})
        hub.age(hub.repository(name), days)
    month = time.time() - 30 * 86_400

    def chosen(**wishes: Any) -> set[str]:
        return {one.id for one in planned(hub, PruneWishes(**wishes)).candidates}

    assert chosen(used_before=month) == {"q/old-big", "q/old-small"}
    assert chosen(larger_than_bytes=50 * BLOCK) == {"q/old-big", "q/new-big"}
    assert chosen(used_before=month, larger_than_bytes=50 * BLOCK) == {"q/old-big"}
    assert chosen(repositories=("Q/*-SMALL",)) == {"q/old-small"}
    assert chosen(repositories=("q/*",), used_before=month, protected=("Q/Old-Big",)) == {"q/old-small"}
    assert chosen() == set()


def test_only_models_go_as_a_whole(hub: HubCache) -> None:
    hub.revision("q/data", A, {"d": ("e1", 1)}, kind="datasets")

    assert going(planned(hub, ALL)) == []
    assert [one.kind for one in planned(hub, ALL).repositories] == ["datasets"]


@pytest.mark.parametrize(
    ("mention", "keeps"),
    [
        (Mention("x", "--model q/m --port 1"), True),
        (Mention("x", "--model=Q/M"), True),
        (Mention("x", f"/root/.cache/huggingface/hub/models--q--m/snapshots/{A}"), True),
        (Mention("x", "q/m", is_name=True), True),
        (Mention("x", "M", is_name=True), True),
        (Mention("x", "--model q/m-awq"), False),
        (Mention("x", "--model other-q/m"), False),
        (Mention("x", "m"), False),
        (Mention("x", "mm", is_name=True), False),
    ],
)
def test_a_model_that_is_named_stays(hub: HubCache, mention: Mention, keeps: bool) -> None:
    hub.revision("q/m", A, {"m": ("e1", 5)})

    plan = planned(hub, ALL, Uses((mention,)))

    assert (going(plan) == []) is keeps
    assert [one.reason for one in plan.kept] == ["used by x"] * keeps


def test_a_model_whose_file_is_open_or_mapped_stays(hub: HubCache) -> None:
    snapshot = hub.revision("q/m", A, {"m": ("e1", 5)})
    assert going(planned(hub, ALL, Uses((), open_files()))) == [("q/m", "chosen", 5)]
    with (snapshot / "m").open("rb") as file:
        assert going(planned(hub, ALL, Uses((), open_files()))) == []
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    assert going(planned(hub, ALL, Uses((), open_files()))) == []
    mapped.close()
    assert going(planned(hub, ALL, Uses((), open_files()))) != []


def test_a_revision_that_is_used_by_its_commit_stays(hub: HubCache) -> None:
    two_revisions(hub)

    assert going(planned(hub, uses=Uses((Mention("x", f"--revision {A}"),)))) == []


def test_a_revision_that_a_tag_means_or_that_nothing_says_anything_of_stays(hub: HubCache) -> None:
    two_revisions(hub)
    hub.ref("q/m", "refs-v1", A)
    hub.revision("q/by-commit", A, {"m": ("e1", 1)})
    hub.revision("q/by-commit", B, {"m": ("e2", 1)})

    assert going(planned(hub)) == []


def test_a_download_that_goes_on_keeps_all_of_its_repository(hub: HubCache) -> None:
    two_revisions(hub)
    hub.half("q/m", "e9", 1, days=0)
    plan = planned(hub, ALL)
    assert going(plan) == []
    assert [one.reason for one in plan.kept] == ["a download is in progress, or was within the hour"]


def test_a_lock_that_is_held_keeps_all_of_its_repository(hub: HubCache) -> None:
    two_revisions(hub)
    hub.half("q/m", "e9", 1)
    lock = hub.lock("q/m", "e9")
    assert len(planned(hub).candidates) == 2
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert going(planned(hub, ALL)) == []
    assert len(planned(hub).candidates) == 2
    # One that has just been made may be held where the disk knows no locks.
    os.utime(lock)
    assert going(planned(hub, ALL)) == []


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_lock_that_is_none_keeps_its_repository(hub: HubCache, kind: str) -> None:
    two_revisions(hub)
    lock = hub.lock("q/m", "e1")
    lock.unlink()
    if kind == "link":
        lock.symlink_to("e1.lock")
    elif kind == "pipe":
        os.mkfifo(lock)
    else:
        lock.mkdir()
    hub.age(lock, 90)

    assert going(planned(hub, ALL)) == []


def test_links_that_lead_outside_are_not_followed(hub: HubCache) -> None:
    outside = hub.path.parent / "outside"
    outside.mkdir()
    (outside / "weights").write_bytes(b"x" * 100_000)
    snapshot = hub.revision("q/m", A, {"m": ("e1", 1)})
    (snapshot / "out").symlink_to(outside / "weights")
    (snapshot / "out-folder").symlink_to(outside, target_is_directory=True)
    (snapshot / "up").symlink_to("../../../../outside/weights")
    (hub.repository("q/m") / "blobs" / "e2").symlink_to(outside / "weights")
    # A repository that is elsewhere as a whole.
    hub.repository("q/linked").symlink_to(outside, target_is_directory=True)
    hub.age(hub.repository("q/m"), 90)

    plan = planned(hub, ALL)

    # A long link takes a block itself; what it leads to takes 25.
    assert plan.total_reclaimable_bytes < 20 * BLOCK
    assert plan.problems == ("models--q--linked is a link, and what it leads to is not this cache's",)
    assert pruned(hub, ALL).skipped == ()
    assert [place.name for place in hub.path.iterdir()] == ["models--q--linked"]
    assert (outside / "weights").stat().st_size == 100_000


@pytest.mark.parametrize("part", ["blobs", "snapshots", "refs"])
def test_a_part_of_a_repository_that_is_elsewhere_keeps_it(hub: HubCache, part: str) -> None:
    two_revisions(hub)
    outside = hub.path.parent / part
    (hub.repository("q/m") / part).rename(outside)
    (hub.repository("q/m") / part).symlink_to(outside, target_is_directory=True)
    before = sorted(outside.rglob("*"))

    plan = planned(hub, ALL)

    assert going(plan) == []
    assert [one.reason for one in plan.kept] == [f"its {part} are elsewhere, behind a link"]
    assert pruned(hub, ALL) == Report(dry_run=False)
    assert sorted(outside.rglob("*")) == before


def test_circles_of_links_end(hub: HubCache) -> None:
    two_revisions(hub)
    repository = hub.repository("q/m")
    (repository / "snapshots" / A / "round").symlink_to("round")
    (repository / "snapshots" / B / "there").symlink_to("back")
    (repository / "snapshots" / B / "back").symlink_to("there")
    (repository / "snapshots" / B / "up").symlink_to("../../..", target_is_directory=True)
    hub.age(repository, 90)

    assert going(planned(hub)) == [("q/m", "detached revision", 1)]
    assert pruned(hub).skipped == ()
    assert (repository / "snapshots" / B / "w" / "model.safetensors").read_bytes()


def test_a_file_that_a_kept_revision_reaches_over_a_second_link_stays(hub: HubCache) -> None:
    two_revisions(hub)
    kept = hub.repository("q/m") / "snapshots" / B
    # As another tool may write it: a link to a link of the revision that goes.
    (kept / "again").symlink_to(hub.repository("q/m") / "blobs" / "e1")
    (kept / "config.json").unlink()
    (kept / "config.json").symlink_to("again")
    hub.age(hub.repository("q/m"), 90)

    assert pruned(hub).skipped == ()
    assert len((kept / "config.json").read_bytes()) == BLOCK


def test_a_file_that_repositories_share_stays_in_their_store(hub: HubCache) -> None:
    # huggingface_hub 2: `blobs/` of the cache itself, and a link to it among a repository's blobs.
    store = hub.path / "blobs" / "ab" / ("ab" * 32)
    store.parent.mkdir(parents=True)
    store.write_bytes(b"x" * 10 * BLOCK)
    snapshot = hub.revision("q/m", A, {"config.json": ("e1", 1)})
    (hub.repository("q/m") / "blobs" / "e2").symlink_to(os.path.relpath(store, hub.repository("q/m") / "blobs"))
    (snapshot / "model").symlink_to("../../blobs/e2")
    hub.age(hub.path, 90)

    # The link to the store may take a block; the store's file is not counted.
    assert planned(hub, ALL).total_reclaimable_bytes < 4 * BLOCK
    assert pruned(hub, ALL).reclaimed_bytes < 4 * BLOCK
    assert store.stat().st_size == 10 * BLOCK


def test_the_cache_may_be_a_link_itself(hub: HubCache, tmp_path: Path) -> None:
    two_revisions(hub)
    link = tmp_path / "link"
    link.symlink_to(hub.path, target_is_directory=True)

    storage = look_at_storage(link)

    assert storage.path == hub.path
    assert prune(storage, NOBODY, ALL, lambda _doing, _done: None)[1].deleted == ("q/m",)
    assert link.is_symlink()
    assert hub.names() == set()


def test_what_is_no_cache_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "file").write_text("")
    for path in ("/", str(tmp_path), str(tmp_path / "file"), "/../.."):
        with pytest.raises(StartupError) as caught:
            look_at_storage(type(tmp_path)(path))
        assert caught.value.hint
    assert look_at_storage(tmp_path / "none").repositories == ()


@pytest.mark.parametrize(
    ("environ", "folder"),
    [
        ({"HF_HOME": "/"}, "/hub"),
        ({"HF_HOME": "/data/hf"}, "/data/hf/hub"),
        ({"HF_HUB_CACHE": "/data/hub", "HF_HOME": "/x"}, "/data/hub"),
        ({"HUGGINGFACE_HUB_CACHE": "/data/hub"}, "/data/hub"),
        ({"XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
        ({"HF_HUB_CACHE": "", "HF_HOME": "", "XDG_CACHE_HOME": "/c"}, "/c/huggingface/hub"),
    ],
)
def test_where_hugging_face_keeps_its_cache(environ: dict[str, str], folder: str) -> None:
    assert str(hub_cache_folder(environ)) == folder


def test_what_else_lies_in_a_cache_stays(hub: HubCache) -> None:
    for name in ("models", "models--", "--q--m", "version.txt", "notes--mine--x", ".locks"):
        (hub.path / name).mkdir()
    (hub.path / "models--a--file").write_text("no folder")
    os.mkfifo(hub.path / "models--a--pipe")
    before = hub.names()

    assert pruned(hub, ALL) == Report(dry_run=False)
    assert hub.names() == before


def test_odd_things_in_a_repository_go_with_it(hub: HubCache) -> None:
    hub.revision("q/m", A, {"m": ("e1", 1)})
    repository = hub.repository("q/m")
    os.mkfifo(repository / "blobs" / "pipe")
    (repository / os.fsdecode(b"\xff\x1b[2J")).mkdir()
    (repository / "refs").mkdir()
    os.mkfifo(repository / "refs" / "main")
    hub.age(repository, 90)

    assert going(planned(hub, ALL)) == [("q/m", "chosen", 1)]
    assert pruned(hub, ALL).skipped == ()
    assert hub.names() == set()


def test_a_name_that_steers_a_terminal_is_written_out(hub: HubCache) -> None:
    hub.revision("q/\x1b[2J", A, {"m": ("e1", 1)})

    (candidate,) = planned(hub, ALL).candidates

    assert candidate.id == r"q/\x1b[2J"
    assert "\x1b" not in candidate.local_path


@pytest.mark.parametrize("content", [b"\xff\xff", b"x" * 1_000, None])
def test_a_branch_that_cannot_be_read_keeps_every_revision(hub: HubCache, content: bytes | None) -> None:
    two_revisions(hub)
    ref = hub.repository("q/m") / "refs" / "odd"
    if content is None:
        os.mkfifo(ref)
    else:
        ref.write_bytes(content)

    assert going(planned(hub)) == []


def test_what_has_come_since_is_not_removed(hub: HubCache) -> None:
    two_revisions(hub)
    storage = look_at_storage(hub.path)
    hub.revision("q/m", "c" * 40, {"config.json": ("e1", 1)})

    _, report = prune(storage, NOBODY, ALL, lambda _doing, _done: None)

    assert (report.deleted, report.reclaimed_bytes) == ((), 0)
    assert [one.reason for one in report.skipped] == ["something has come to it since it was looked at"]
    assert (hub.repository("q/m") / "snapshots" / A).exists()


def test_a_download_that_has_begun_since_is_left_alone(hub: HubCache) -> None:
    two_revisions(hub)
    half = hub.half("q/m", "e9", 1)
    storage = look_at_storage(hub.path)
    os.utime(half)

    _, report = prune(storage, NOBODY, ALL, lambda _doing, _done: None)

    assert {one.reason for one in report.skipped} == {"a download has begun"}
    assert half.exists()


def test_a_repository_that_becomes_a_link_meanwhile_leads_nowhere(hub: HubCache) -> None:
    two_revisions(hub)
    storage = look_at_storage(hub.path)
    outside = hub.path.parent / "outside"
    hub.repository("q/m").rename(outside)
    hub.repository("q/m").symlink_to(outside, target_is_directory=True)

    prune(storage, NOBODY, ALL, lambda _doing, _done: None)

    assert (outside / "blobs" / "e2").exists()
    assert (outside / "snapshots" / A).exists()


@pytest.mark.parametrize("part", ["snapshots", "blobs"])
def test_a_part_that_becomes_a_link_meanwhile_leads_nowhere(hub: HubCache, part: str) -> None:
    two_revisions(hub)
    storage = look_at_storage(hub.path)
    outside = hub.path.parent / "outside"

    def swap(_doing: str, _done: float | None) -> None:
        if not outside.exists():
            (hub.repository("q/m") / part).rename(outside)
            (hub.repository("q/m") / part).symlink_to(outside, target_is_directory=True)

    before = {"snapshots": 2, "blobs": 3}[part]
    _, report = prune(storage, NOBODY, NOTHING, swap)

    assert report.deleted == ()
    assert len(list(outside.iterdir())) == before


def test_a_link_on_the_way_is_seen_at_the_last_moment(hub: HubCache) -> None:
    two_revisions(hub)
    (piece,) = look_at_storage(hub.path).repositories[0].detached
    outside = hub.path.parent / "outside"
    (hub.repository("q/m") / "snapshots").rename(outside)
    (hub.repository("q/m") / "snapshots").symlink_to(outside, target_is_directory=True)

    with pytest.raises(OSError, match="over a link"):
        _remove_piece(piece, hub.path / f"{LEFTOVER}1-x")

    assert (outside / A).is_dir()


def test_what_is_gone_already_is_no_error(hub: HubCache) -> None:
    two_revisions(hub)
    storage = look_at_storage(hub.path)
    pruned(hub, ALL)

    _, report = prune(storage, NOBODY, ALL, lambda _doing, _done: None)

    assert report.reclaimed_bytes == 0


def test_what_an_interrupted_run_left_goes_with_the_next(hub: HubCache) -> None:
    hub.revision("q/m", A, {"m": ("e1", 5)})
    hub.repository("q/m").rename(hub.path / f"{LEFTOVER}1-models--q--m")

    assert [(one.reason, one.reclaimable_bytes // BLOCK) for one in planned(hub).candidates] == [("leftover", 5)]
    assert pruned(hub).reclaimed_bytes == 5 * BLOCK
    assert hub.names() == set()


def test_an_interruption_leaves_a_repository_whole_or_gone(hub: HubCache) -> None:
    two_revisions(hub)
    hub.revision("q/n", A, {"m": ("f1", 5)})

    def stop(doing: str, done: float | None) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prune(look_at_storage(hub.path), NOBODY, ALL, stop)

    left = look_at_storage(hub.path)
    assert [one.id for one in left.repositories] == ["q/n"]
    assert left.leftovers == ()


@contextlib.contextmanager
def powerless() -> Iterator[None]:
    """Permissions count, also where tests run as root."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(user)


def opened(path: Path) -> None:
    """Lets everybody reach a folder."""
    while path.parent != path:
        if path.stat().st_uid == os.getuid():
            path.chmod(path.stat().st_mode | 0o755)
        path = path.parent


def test_a_cache_that_may_not_be_written_stays_as_it_is(hub: HubCache) -> None:
    two_revisions(hub)
    opened(hub.path)
    hub.path.chmod(0o555)
    before = hub.names()

    with powerless():
        report = pruned(hub, ALL)

    hub.path.chmod(0o755)
    assert (report.deleted, report.reclaimed_bytes) == ((), 0)
    assert [one.reason for one in report.skipped] == ["Permission denied"]
    assert hub.names() == before


def test_a_folder_that_may_not_be_read_keeps_its_repository(hub: HubCache) -> None:
    two_revisions(hub)
    opened(hub.path)
    closed = hub.repository("q/m") / "blobs"
    closed.chmod(0)

    with powerless():
        plan = planned(hub, ALL)

    closed.chmod(0o755)
    assert going(plan) == []
    assert [one.reason for one in plan.kept] == ["blobs cannot be read: Permission denied"]


def test_a_cache_that_may_not_be_read_is_an_error(hub: HubCache) -> None:
    opened(hub.path)
    hub.path.chmod(0)

    with powerless(), pytest.raises(StartupError, match="cannot be read: Permission denied"):
        look_at_storage(hub.path)

    hub.path.chmod(0o755)


def test_a_removal_that_stops_halfway_counts_what_went(hub: HubCache) -> None:
    hub.revision("q/m", A, {"m": ("e1", 5), "closed/n": ("e2", 1)})
    opened(hub.path)
    for place in [hub.path, *hub.path.rglob("*")]:
        if place.is_dir() and not place.is_symlink():
            place.chmod(0o777)
    (hub.repository("q/m") / "snapshots" / A / "closed").chmod(0o555)

    with powerless():
        report = pruned(hub, ALL)

    assert report.deleted == ()
    (failed,) = report.skipped
    assert failed.reason == "Permission denied"
    assert round(report.reclaimed_bytes / BLOCK) + round(failed.bytes / BLOCK) == 6
    # What is left is out of the way, and goes with the next run that may.
    assert planned(hub).candidates[0].reason == "leftover"
    assert pruned(hub).skipped == ()
    assert hub.names() == set()


def test_more_files_than_are_looked_at(hub: HubCache, monkeypatch: pytest.MonkeyPatch) -> None:
    two_revisions(hub)
    monkeypatch.setattr(hub_storage, "_ITEMS_CAP", 3)

    with pytest.raises(CacheTooLarge):
        look_at_storage(hub.path)


def test_a_tree_that_is_deeper_than_the_stack(hub: HubCache) -> None:
    hub.revision("q/m", A, {"m": ("e1", 1)})
    place = os.open(hub.repository("q/m"), os.O_RDONLY)
    for _ in range(1_100):
        os.mkdir("d", dir_fd=place)
        deeper = os.open("d", os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = deeper
    os.close(place)
    hub.age(hub.repository("q/m") / "blobs", 90)

    try:
        report = pruned(hub, ALL)

        # Gone, or told that it is not.
        assert report.deleted or report.skipped
    finally:
        # Python's own, which pytest uses to tidy up, ends at the depth of its stack.
        subprocess.run(("rm", "-rf", str(hub.path)), check=True)


def test_a_writer_beside_it_loses_nothing(hub: HubCache) -> None:
    """Whatever a downloader has finished while this runs is there afterwards, with all that it needs."""
    two_revisions(hub)
    done = threading.Event()
    written: list[Path] = []

    def download() -> None:
        for number in range(300):
            if done.is_set():
                return
            written.append(hub.revision(f"w/n{number}", A, {"m": (f"x{number}", 1)}))

    writer = threading.Thread(target=download)
    writer.start()
    try:
        for _ in range(5):
            pruned(hub, PruneWishes(repositories=("q/*",)))
    finally:
        done.set()
        writer.join()
    assert all((snapshot / "m").read_bytes() for snapshot in written)
    assert not hub.repository("q/m").exists()


FILES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.sampled_from(["e1", "e2", "e3", "e4"]), min_size=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=4), st.sets(st.integers(0, 3)))
def test_every_revision_that_is_meant_stays_whole(
    tmp_path_factory: pytest.TempPathFactory, revisions: list[dict[str, str]], meant: set[int]
) -> None:
    hub = HubCache(tmp_path_factory.mktemp("hub"))
    for number, files in enumerate(revisions):
        hub.revision("q/m", f"{number}" * 40, {file: (blob, 1) for file, blob in files.items()})
        if number in meant:
            hub.ref("q/m", f"branch{number}", f"{number}" * 40)
    expected = round(planned(hub).total_reclaimable_bytes / BLOCK)
    before = len(list((hub.repository("q/m") / "blobs").iterdir()))

    report = pruned(hub)

    assert report.skipped == ()
    assert round(report.reclaimed_bytes / BLOCK) == expected
    assert before - len(list((hub.repository("q/m") / "blobs").iterdir())) == expected
    kept = [number for number in range(len(revisions)) if number in meant or not meant & set(range(len(revisions)))]
    for number, files in enumerate(revisions):
        snapshot = hub.repository("q/m") / "snapshots" / (f"{number}" * 40)
        assert snapshot.exists() is (number in kept)
        if number in kept:
            assert all((snapshot / file).read_bytes() for file in files)


def test_huggingface_hub_itself_would_remove_the_same(hub: HubCache) -> None:
    library = pytest.importorskip("huggingface_hub")
    two_revisions(hub)
    hub.revision("q/m", "c" * 40, {"config.json": ("e1", 1), "extra.json": ("e4", 3)})
    hub.ref("q/m", "v1", "c" * 40)
    hub.revision("q/m", "d" * 40, {"extra.json": ("e4", 3), "more.json": ("e5", 2)})
    strategy = library.scan_cache_dir(hub.path).delete_revisions(A, "d" * 40)
    blobs = {path.name for path in strategy.blobs}

    plan = planned(hub)

    assert {one.local_path.rpartition("/")[2] for one in plan.candidates} == {A, "d" * 40}
    assert plan.total_reclaimable_bytes == strategy.expected_freed_size
    before = {path.name for path in (hub.repository("q/m") / "blobs").iterdir()}
    pruned(hub)
    assert before - {path.name for path in (hub.repository("q/m") / "blobs").iterdir()} == blobs
    # What is left is a cache to the library.
    (left,) = library.scan_cache_dir(hub.path).repos
    assert {revision.commit_hash for revision in left.revisions} == {B, "c" * 40}


def test_a_lock_as_huggingface_hub_takes_it_is_seen(hub: HubCache) -> None:
    fixes = pytest.importorskip("huggingface_hub.utils._fixes")
    two_revisions(hub)
    lock = hub.lock("q/m", "e1")
    with fixes.WeakFileLock(lock):
        hub.age(lock, 90)
        assert going(planned(hub, ALL)) == []
