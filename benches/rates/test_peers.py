"""What others need for the same: Python's usual libraries on the corpora that criterion's benches have left.

Run by `make bench-verify`. `case` names the bench of criterion's that a peer stands beside.
"""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import jsonschema_rs
import pytest
import unidiff
import whatthepatch
import yaml
from httpx_sse import EventSource

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_benchmark.fixture import BenchmarkFixture

CORPUS = Path(__file__).parents[2] / "target" / "tmp" / "bench-verify"


def measure(benchmark: BenchmarkFixture, case: str, peer: str, text: str, step: Callable[[str], object]) -> None:
    benchmark.extra_info.update(case=case, peer=peer, bytes=len(text.encode()))
    assert benchmark(step, text)


@pytest.mark.parametrize("dialect", ["chat", "messages", "responses"])
def test_stream(benchmark: BenchmarkFixture, dialect: str) -> None:
    def read(text: str) -> int:
        response = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=text.encode())
        events = [event.data for event in EventSource(response).iter_sse()]
        return len([json.loads(data) for data in events if data != "[DONE]"])

    text = (CORPUS / f"{dialect}.sse").read_text()
    measure(benchmark, f"stream/{dialect}, burst", "httpx-sse, json", text, read)


@pytest.mark.parametrize("tool", ["edit", "todos"])
def test_calls(benchmark: BenchmarkFixture, tool: str) -> None:
    validator = jsonschema_rs.validator_for(json.loads((CORPUS / f"{tool}.schema.json").read_text()))
    text = (CORPUS / f"{tool}.arguments.json").read_text()
    measure(
        benchmark, f"{tool}/call, whole", "json, jsonschema-rs", text, lambda text: validator.is_valid(json.loads(text))
    )


def test_diff_unidiff(benchmark: BenchmarkFixture) -> None:
    text = (CORPUS / "patch.diff").read_text()
    measure(benchmark, "diff/patch, whole", "unidiff", text, lambda text: len(unidiff.PatchSet(text)))


def test_diff_whatthepatch(benchmark: BenchmarkFixture) -> None:
    text = (CORPUS / "patch.diff").read_text()
    measure(
        benchmark, "diff/patch, whole", "whatthepatch", text, lambda text: len(list(whatthepatch.parse_patch(text)))
    )


@pytest.mark.parametrize(
    ("case", "name", "peer", "parse"),
    [
        ("code/python", "python.py", "ast", ast.parse),
        ("code/json", "report.json", "json", json.loads),
        ("code/toml", "project.toml", "tomllib", tomllib.loads),
        ("code/yaml", "deployment.yaml", "PyYAML", yaml.safe_load),
    ],
)
def test_code(benchmark: BenchmarkFixture, case: str, name: str, peer: str, parse: Callable[[str], object]) -> None:
    measure(benchmark, case, peer, (CORPUS / name).read_text(), parse)
