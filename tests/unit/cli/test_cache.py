from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.fakes.hub import BLOCK, A, B, HubCache
from tests.fakes.programs import put_on_path

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.command_line import Anvil, Ended

CONFIG = """
[router.presets]
chat = ["t"]
[[router.tiers]]
id = "t"
base_url = "http://127.0.0.1:1"
context_limit = 1
privacy = "local"
model = "q/tier"
[[serve]]
name = "s"
container = "c"
port = 1
compose = "compose.yml"
"""

DOCKER = """#!/bin/sh
case "$1 $2" in
"ps --format") echo running ;;
"container inspect") echo '[{"Args": ["--model", "q/running"]}]' ;;
"system df")
    # As docker/cli 28.2.2 prints it.
    echo '{"Active":"1","Reclaimable":"768kB (50%)","Size":"1.5MB","TotalCount":"1","Type":"Images"}'
    echo '{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"Local Volumes"}'
    echo '{"Active":"0","Reclaimable":"0B","Size":"0B","TotalCount":"0","Type":"Build Cache"}' ;;
*) exit 9 ;;
esac
"""


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> HubCache:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return HubCache(tmp_path / "hf" / "hub")


def ids(said: Ended) -> list[str]:
    return sorted(one["id"] for one in json.loads(said.out)["plan"]["candidates"])


def test_a_machine_without_anything(hub: HubCache, anvil: Anvil) -> None:
    hub.path.rmdir()

    said = anvil("cache", "prune")

    assert said.code == 0
    assert said.out.endswith("\nnothing to free\n")


def test_it_lists_and_removes_only_when_told(hub: HubCache, anvil: Anvil) -> None:
    hub.revision("q/m", A, {"m": ("e1", 300)})
    hub.half("q/m", "e9", 100)
    before = hub.names()

    listed = anvil("cache", "prune")
    assert listed.code == 0
    assert "q/m         -                1" in listed.out
    assert "409.6 kB would be freed; --yes does it" in listed.out
    for arguments in (["--repo", "q/*"], ["--repo", "q/*", "--yes", "--dry-run"], ["--include-servable"]):
        assert anvil("cache", "prune", *arguments).code == 0
        assert hub.names() == before

    done = anvil("cache", "prune", "--yes", "--quiet")
    assert (done.code, done.err) == (0, "")
    assert done.out.endswith("409.6 kB freed\n")
    gone = anvil("cache", "prune", "--repo", "q/*", "--yes", "--json")
    report = json.loads(gone.out)["report"]
    assert (report["deleted"], report["reclaimed_bytes"], report["dry_run"]) == (["q/m"], 300 * BLOCK, False)
    assert hub.names() == set()


def test_by_age_and_size(hub: HubCache, anvil: Anvil) -> None:
    hub.revision("q/old", A, {"m": ("e1", 3)})
    hub.revision("q/new", A, {"m": ("e1", 300)})
    hub.age(hub.repository("q/new"), 1)

    assert ids(anvil("cache", "prune", "--older-than", "30d", "--json")) == ["q/old"]
    assert ids(anvil("cache", "prune", "--larger-than", "1MB", "--json")) == ["q/new"]
    assert ids(anvil("cache", "prune", "--larger-than", "1MB", "--older-than", "30d", "--json")) == []
    assert ids(anvil("cache", "prune", "--larger-than", "1.5MiB", "--json")) == []


@pytest.mark.parametrize("arguments", [["--older-than", "soon"], ["--larger-than", "many"], ["--larger-than", "-1"]])
def test_what_cannot_be_read_is_a_usage_error(hub: HubCache, anvil: Anvil, arguments: list[str]) -> None:
    hub.revision("q/m", A, {"m": ("e1", 1)})

    said = anvil("cache", "prune", "--yes", *arguments)

    assert said.code == 2
    assert hub.repository("q/m").exists()


def test_what_a_tier_a_serve_and_a_container_use_stays(
    hub: HubCache, anvil: Anvil, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("q/tier", "q/serve", "q/running", "q/nobody"):
        hub.revision(name, A, {"m": ("e1", 1)})
    (tmp_path / "anvil-serving.toml").write_text(CONFIG)
    (tmp_path / "compose.yml").write_text("services: {s: {command: [--model, q/serve]}}\n")
    put_on_path(tmp_path, monkeypatch, "docker", DOCKER)

    said = anvil("cache", "prune", "--repo", "*", "--json")

    assert ids(said) == ["q/nobody"]
    assert {one["id"]: one["reason"] for one in json.loads(said.out)["plan"]["kept"]} == {
        "q/tier": "used by tier t",
        "q/serve": "used by serve s",
        "q/running": "used by container running",
    }
    assert json.loads(said.out)["docker"] == [
        {"what": "Images", "size": "1.5MB", "reclaimable": "768kB (50%)", "command": "docker image prune"}
    ]
    text = anvil("cache", "prune", "--repo", "*", "--yes")
    assert "kept: q/tier (4.1 kB): used by tier t" in text.out
    assert "Docker: images 1.5MB, of which 768kB (50%) free with `docker image prune`" in text.out
    assert sorted(path.name for path in hub.path.iterdir()) == [
        "models--q--running",
        "models--q--serve",
        "models--q--tier",
    ]


@pytest.mark.parametrize(
    ("docker", "config"),
    [
        ("#!/bin/sh\necho 'permission denied while trying to connect to the Docker daemon' >&2; exit 1\n", None),
        ("#!/bin/sh\nexit 137\n", None),
        ("#!/bin/sh\necho -- --privileged\n", None),
        ("#!/bin/sh\n[ $1 = ps ] && echo running || exit 137\n", None),
        (None, "no toml"),
    ],
)
def test_nothing_is_removed_while_it_is_not_known_what_is_in_use(
    hub: HubCache,
    anvil: Anvil,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    docker: str | None,
    config: str | None,
) -> None:
    hub.revision("q/m", A, {"m": ("e1", 1)})
    if docker is not None:
        put_on_path(tmp_path, monkeypatch, "docker", docker)
    if config is not None:
        (tmp_path / "anvil-serving.toml").write_text(config)

    listed = anvil("cache", "prune", "--repo", "*")
    assert listed.code == 0
    assert "warning: what is in use is not all known: " in listed.err
    refused = anvil("cache", "prune", "--repo", "*", "--yes")
    assert refused.code == 2
    assert hub.repository("q/m").exists()


def test_the_old_name_and_its_options(hub: HubCache, anvil: Anvil) -> None:
    hub.revision("q/m", A, {"m": ("e1", 1)})
    hub.revision("q/kept", B, {"m": ("e1", 1)})

    assert anvil("cache-prune", "--self-check").code == 0
    assert ids(anvil("cache-prune", "--json", "--include-servable")) == ["q/kept", "q/m"]
    unsure = anvil("cache-prune", "--execute")
    assert (unsure.code, unsure.out) == (2, "")
    assert anvil("cache-prune", "--execute", "--yes").code == 0
    wipe = anvil("cache-prune", "--execute", "--yes", "--include-servable")
    assert wipe.code == 2
    assert "--allow-empty-mixture" in wipe.err
    unknown = anvil("cache-prune", "--execute", "--yes", "--include-servable", "--mixture", "q/kept, q/none")
    assert unknown.code == 2
    assert "error: the cache has no q/none, which was to be kept; nothing was removed" in unknown.err
    assert hub.repository("q/m").exists()

    done = anvil("cache-prune", "--execute", "--yes", "--include-servable", "--mixture", "q/kept", "--json")

    assert json.loads(done.out)["report"]["deleted"] == ["q/m"]
    assert json.loads(done.out)["plan"]["protected"] == ["q/kept"]
    assert hub.repository("q/kept").exists()
    assert anvil("cache-prune", "--yes", "--include-servable", "--allow-empty-mixture").code == 0
    assert hub.names() == set()


def test_another_cache_may_be_named(hub: HubCache, anvil: Anvil, tmp_path: Path) -> None:
    other = HubCache(tmp_path / "other")
    other.revision("q/other", A, {"m": ("e1", 1)})

    assert ids(anvil("cache", "prune", "--cache", str(other.path), "--repo", "*", "--json")) == ["q/other"]
    said = anvil("cache", "prune", "--cache", "/", "--repo", "*", "--yes")
    assert (said.code, said.out) == (2, "")
    assert "error: / is no cache of models\nhint: " in said.err
