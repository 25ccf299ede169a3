"""Who may import whom: the arrows of docs/architecture.md, read from the sources themselves."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "anvil_serving"

ANYONE = {"config", "errors", "files", "layout"}
ROOMS = {
    "config": set(),
    "errors": set(),
    "files": set(),
    "layout": set(),
    "cli": {"substrate", "edge", "profile", "decisions"},
    "edge": {"router"},
    "router": {"upstream", "profile", "decisions", "state"},
    "upstream": set(),
    "profile": set(),
    "decisions": set(),
    "state": set(),
    "substrate": set(),
}
"""Which rooms of the package each room may use, besides itself and those that anyone may use."""

CORE_USERS = {"router/pipeline.py", "substrate/usage/reader.py", "substrate/usage/sums.py"}
"""Who uses the Rust surface besides `upstream`."""

CRATES = {
    "anvil-sse": set(),
    "anvil-verify": set(),
    "anvil-dialect": {"anvil-sse"},
    "anvil-relay": {"anvil-sse", "anvil-dialect", "anvil-verify"},
    "anvil-upstream": {"anvil-dialect", "anvil-relay"},
    "anvil-usage": set(),
    "anvil-py": {"anvil-dialect", "anvil-relay", "anvil-upstream", "anvil-usage"},
}
OWNERS = {"tokio": "anvil-upstream", "hyper": "anvil-upstream", "rustls": "anvil-upstream", "pyo3": "anvil-py"}


def imported_modules(source: Path) -> set[str]:
    """Every module that a file imports, type-checking imports included."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            if node.level > 0:
                assert node.level == 1, f"{source}: only a room's own files are imported relatively"
                continue
            modules |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return modules


def python_files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(source: Path) -> str:
    return source.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("source", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_python_rooms_keep_to_their_arrows(source: Path) -> None:
    room = room_of(source)
    if room in {"__init__", "__main__"}:
        return
    allowed = ROOMS[room] | ANYONE | {room}
    used = {
        match.group(1)
        for module in imported_modules(source)
        if (match := re.match(r"anvil_serving\.([a-z]\w*)", module)) is not None
    }
    rooms = {name for name in used if (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()}
    assert rooms <= allowed, f"{source.relative_to(ROOT)} may not use {sorted(rooms - allowed)}"


@pytest.mark.parametrize("source", python_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_named_files_use_the_rust_surface(source: Path) -> None:
    if not any(module.startswith("anvil_serving._core") for module in imported_modules(source)):
        return
    place = source.relative_to(PACKAGE).as_posix()
    assert place in CORE_USERS or place.startswith("upstream/"), f"{place} may not use _core"


@pytest.mark.parametrize("crate", sorted(CRATES))
def test_crates_keep_to_their_arrows(crate: str) -> None:
    manifest = tomllib.loads((ROOT / "crates" / crate / "Cargo.toml").read_text())
    used = set(manifest["dependencies"])
    for target in manifest.get("target", {}).values():
        used |= set(target.get("dependencies", {}))
    assert {name for name in used if name.startswith("anvil-")} <= CRATES[crate]
    for dependency, owner in OWNERS.items():
        assert crate == owner or dependency not in used, f"{crate} may not use {dependency}"


def test_every_crate_and_room_is_on_the_map() -> None:
    crates = {path.parent.name for path in (ROOT / "crates").glob("anvil-*/Cargo.toml")}
    assert crates == set(CRATES)
    assert {room_of(source) for source in python_files()} - {"__init__", "__main__"} == set(ROOMS)


def test_no_rooms_without_a_noun() -> None:
    forbidden = {"utils", "util", "common", "helpers", "helper", "manager", "base", "misc"}
    sources = [*python_files(), *(ROOT / "crates").glob("anvil-*/src/**/*.rs")]
    assert not [source for source in sources if source.stem in forbidden]


def test_no_unsafe_code() -> None:
    sources = (ROOT / "crates").glob("anvil-*/src/**/*.rs")
    assert not [source for source in sources if re.search(r"\bunsafe\s*(\{|fn|impl)", source.read_text())]
