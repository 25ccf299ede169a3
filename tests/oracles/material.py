"""Real files in each language that the code check reads, from what a machine with the project's tools already has.

The interpreter's library and packages, cargo's registry, Go's and Java's own sources, `node_modules`, the system's headers and scripts,
and what `ANVIL_CODE_MATERIAL` names: folders, with the separator of `PATH` between them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LARGEST = 48_000
"""Bytes of the largest file that is taken."""

CARGO = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo")) / "registry" / "src"
NODE = [ROOT / "target/oracles/node_modules", ROOT / "target/clients/node_modules", Path("/usr/lib/node_modules")]
PYTHON = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]
EXTRA = [Path(path) for path in os.environ.get("ANVIL_CODE_MATERIAL", "").split(os.pathsep) if path]

BROKEN = re.compile(
    r"bad_?|invalid|broken|lib2to3/tests|test/testdata|/testdata/|fixtures|tests?/data|errors?/|template|/ui/|compile-fail|\.min\.|\.tmpl"
)
"""Paths of what is broken on purpose, not of the language alone, or not written by anyone."""


class Source(NamedTuple):
    """A file's name, for a person to find it by, and its text."""

    name: str
    text: str


class Place(NamedTuple):
    """Where files of a language may lie, and how their names end."""

    folders: list[Path]
    suffixes: tuple[str, ...]


def go_root() -> list[Path]:
    go = shutil.which("go")
    if go is None:
        return []
    root = subprocess.run([go, "env", "GOROOT"], capture_output=True, text=True, check=True).stdout.strip()
    return [Path(root) / "src"]


def rust_root() -> list[Path]:
    rustc = shutil.which("rustc")
    if rustc is None:
        return []
    root = subprocess.run([rustc, "--print", "sysroot"], capture_output=True, text=True, check=True).stdout.strip()
    return [Path(root) / "share/doc/rust/html" / book for book in ("book", "reference", "cargo", "rustc")]


def place(language: str) -> Place:
    match language:
        case "python":
            return Place([*PYTHON, *EXTRA], (".py", ".pyi"))
        case "javascript":
            return Place([*NODE, *PYTHON, *EXTRA], (".js", ".mjs", ".cjs"))
        case "typescript":
            return Place([*NODE, *EXTRA], (".ts",))
        case "tsx":
            return Place([*NODE, *EXTRA], (".tsx",))
        case "json":
            return Place([*NODE, *PYTHON, CARGO, *EXTRA], (".json",))
        case "yaml":
            return Place([*NODE, *PYTHON, CARGO, *EXTRA], (".yaml", ".yml"))
        case "toml":
            return Place([CARGO, *PYTHON, *EXTRA], (".toml",))
        case "rust":
            return Place([ROOT / "crates", CARGO, *EXTRA], (".rs",))
        case "go":
            return Place([*go_root(), *EXTRA], (".go",))
        case "java":
            return Place(EXTRA, (".java",))
        case "c":
            return Place([CARGO, *PYTHON, *EXTRA, Path("/usr/include")], (".c", ".h"))
        case "cpp":
            return Place([CARGO, *EXTRA, Path("/usr/include/c++")], (".cpp", ".cc", ".hpp", ".cxx", ".tcc"))
        case "bash":
            folders = [CARGO, *NODE, *PYTHON, *go_root(), *EXTRA, Path("/etc"), Path("/usr/share"), Path("/usr/lib")]
            return Place(folders, (".sh", ".bash"))
        case "html":
            return Place([*NODE, *PYTHON, CARGO, *rust_root(), *EXTRA], (".html", ".htm"))
        case "css":
            return Place([*NODE, *PYTHON, CARGO, *rust_root(), *EXTRA], (".css",))
    raise ValueError(language)


LANGUAGES = (
    "python",
    "javascript",
    "typescript",
    "tsx",
    "json",
    "yaml",
    "toml",
    "rust",
    "go",
    "java",
    "c",
    "cpp",
    "bash",
    "html",
    "css",
)


def sources(language: str, count: int, chance: random.Random) -> list[Source]:
    """At most `count` files, by chance; fewer where the machine has no more."""
    if language == "java" and (found_archives := archives()):
        return from_archive(found_archives[0], count, chance)
    found: list[Source] = []
    seen: set[str] = set()
    for path in candidates(place(language), chance):
        if len(found) == count:
            break
        text = read(path)
        if text is not None and text not in seen and is_of(language, path, text):
            seen.add(text)
            found.append(Source(str(path), text))
    return found


def candidates(place: Place, chance: random.Random) -> Iterator[Path]:
    """Every file of a place, the folders in turn, so that a large one does not hide the others."""
    heaps: list[list[Path]] = []
    for folder in place.folders:
        heap = [
            Path(directory, name)
            for directory, _, names in os.walk(folder)
            for name in names
            if name.endswith(place.suffixes)
        ]
        heap.sort()
        chance.shuffle(heap)
        heaps.append(heap)
    while any(heaps):
        for heap in heaps:
            if heap:
                yield heap.pop()


def read(path: Path) -> str | None:
    if BROKEN.search(str(path)):
        return None
    try:
        text = path.read_text(encoding="utf-8") if path.stat().st_size <= LARGEST else ""
    except (UnicodeDecodeError, OSError):
        return None
    return text if text.strip() and "\0" not in text else None


def is_of(language: str, path: Path, text: str) -> bool:
    """Whether the file is what its name says."""
    if language == "bash":
        first = text.partition("\n")[0]
        return path.suffix == ".bash" or bool(re.match(r"#!.*\b(?:bash|sh)\b", first))
    if language == "c" and path.suffix == ".h":
        return not re.search(r"^\s*(?:namespace|template|class|using)\b|#include <[a-z_]+>", text, re.MULTILINE)
    return True


def archives() -> list[Path]:
    """The sources of Java's own library, by version."""
    return [path for path in sorted(Path("/usr/lib/jvm").glob("*/lib/src.zip")) if path.is_file()]


def from_archive(archive: Path, count: int, chance: random.Random) -> list[Source]:
    with zipfile.ZipFile(archive) as content:
        names = sorted(
            item.filename
            for item in content.infolist()
            if item.filename.endswith(".java") and 0 < item.file_size <= LARGEST
        )
        chosen = chance.sample(names, min(len(names), count))
        return [Source(name, content.read(name).decode(errors="replace")) for name in chosen]
