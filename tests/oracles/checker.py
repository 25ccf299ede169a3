"""The code check of `anvil-verify`, asked in bulk."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.oracles.material import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterable


class Block(NamedTuple):
    """Code as an answer would hold it, what it was made of and how."""

    language: str
    kind: str
    name: str
    code: str


@cache
def program() -> Path:
    """The built example `check_code`."""
    command = ["cargo", "build", "--quiet", "--package", "anvil-verify", "--example", "check_code"]
    built = subprocess.run(
        [*command, "--message-format", "json"], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    messages = [json.loads(line) for line in built.stdout.splitlines()]
    return next(Path(m["executable"]) for m in messages if m.get("executable") and m["target"]["name"] == "check_code")


def verdicts(blocks: Iterable[Block]) -> list[str]:
    """For each block `passed`, or what is wrong with it."""
    lines = "".join(json.dumps({"language": block.language, "code": block.code}) + "\n" for block in blocks)
    run = subprocess.run([program()], input=lines, check=True, stdout=subprocess.PIPE, text=True)
    return run.stdout.splitlines()
