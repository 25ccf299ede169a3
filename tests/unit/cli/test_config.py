from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from anvil_serving.cli.app import app
from anvil_serving.config import STARS, Document, effective_document, load, loads
from anvil_serving.errors import ConfigError, StartupError

ROOT = Path(__file__).parents[3]
FILES = sorted((*(ROOT / "configs").glob("*.toml"), *(ROOT / "tests/unit/config/written_for_0_7_1").glob("*.toml")))
TIER = """
[[router.tiers]]
id = "a"
base_url = "http://127.0.0.1:9"
context_limit = 1000
privacy = "local"
"""
PRESETS = '[router.presets]\nchat = ["a"]\n'


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["config", *arguments])


# ── check ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_right_file() -> None:
    Path("anvil-serving.toml").write_text(TIER + PRESETS)
    for arguments in ((), ("anvil-serving.toml",)):
        result = run("check", *arguments)
        assert (result.exit_code, result.stdout.endswith("anvil-serving.toml: right\n")) == (0, True)
    assert json.loads(run("check", "--json").stdout)["is_valid"] is True


def test_every_problem_and_every_warning_with_its_line() -> None:
    Path("a.toml").write_text(
        TIER.replace("127.0.0.1", "localhost").replace("1000", "0") + '[router.presets]\nchat = ["b"]\n'
    )
    result = run("check", "a.toml")
    assert result.exit_code == 1
    assert [line for line in result.stdout.splitlines() if not line.startswith("  hint: ")] == [
        "error: a.toml:5: router.tiers[0].context_limit: 0 is out of range",
        'error: a.toml:8: router.presets.chat[0]: there is no tier "b"',
        "warning: a.toml:4: router.tiers[0].base_url: names localhost",
        "a.toml: 2 errors, 1 warning",
    ]
    found = json.loads(run("check", "a.toml", "--json").stdout)
    assert (found["is_valid"], [each["line"] for each in found["errors"]]) == (False, [5, 8])
    assert [each["key"] for each in found["warnings"]] == ["router.tiers[0].base_url"]


def test_warnings_alone_are_no_failure() -> None:
    Path("a.toml").write_text(TIER)
    result = run("check", "a.toml")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "a.toml: 1 warning")


@pytest.mark.parametrize(
    ("more", "said"),
    [('[server]\nhost = "0.0.0.0"\n', "insecure-no-auth"), ('[router]\nprofile_path = "none"\n', "the profile none")],
)
def test_what_serve_would_refuse_besides(more: str, said: str) -> None:
    Path("a.toml").write_text(more + TIER + PRESETS)
    result = run("check", "a.toml")
    assert result.exit_code == 1
    assert said in result.stdout


def test_a_profile_that_is_a_folder_or_binary() -> None:
    Path("profile").mkdir()
    for content in ('profile_path = "profile"', 'profile_path = "/dev/null"'):
        Path("a.toml").write_text(f"[router]\n{content}\n" + TIER + PRESETS)
        assert run("check", "a.toml").exit_code == 1


def hostile() -> dict[str, bytes]:
    return {
        "empty": b"",
        "binary": bytes(range(256)),
        "nul": b"a = 1\0",
        "huge": b"#" * 2_000_000,
        "nested": b"a = " + b"[" * 5_000 + b"]" * 5_000,
        "not UTF-8": b"a = '\xff'",
        "a key that steers": b'"\\u001b]0;x\\u0007" = 1\n[router]\ntiers = []\n',
        "a value that steers": b'[router]\nmode = "\\u001b[2J\\u202e"\ntiers = []\n',
        "long digits": b"a = " + b"9" * 5_000,
    }


@pytest.mark.parametrize("content", hostile().values(), ids=hostile())
def test_a_hostile_file_is_a_report(content: bytes) -> None:
    Path("a.toml").write_bytes(content)
    result = run("check", "a.toml")
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert all(line.isprintable() for line in result.stdout.split("\n"))
    assert json.loads(run("check", "a.toml", "--json").stdout)["errors"]


def test_what_is_no_file() -> None:
    os.mkfifo("pipe")
    Path("circle").symlink_to("circle")
    Path("folder").mkdir()
    for name in ("pipe", "circle", "folder", "/dev/zero", "none", "~nobody-of-this-name/x"):
        result = run("check", name)
        assert (result.exit_code, "error: " in result.stdout) == (1, True), name
        for command in ("show",):
            assert isinstance(run(command, name).exception, ConfigError)


def test_no_configuration_is_an_error_with_a_hint() -> None:
    for command in ("check", "show"):
        error = run(command).exception
        assert isinstance(error, StartupError)
        assert error.hint


# ── show ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_is_shown_is_the_same_configuration(path: Path) -> None:
    shown = run("show", str(path))
    assert shown.exit_code == 0
    before, after = load(path), loads(shown.stdout, name="shown")
    for field in Document.__struct_fields__:
        assert getattr(before, field) == getattr(after, field)
    # Every default is there: nothing is left to be filled in.
    assert effective_document(after) == effective_document(before) == tomllib.loads(shown.stdout)
    assert json.loads(run("show", str(path), "--json").stdout) == effective_document(before)


def with_bodies(**bodies: Any) -> str:
    tier = {"id": "a", "base_url": "http://127.0.0.1:9", "context_limit": 1000, "privacy": "local", **bodies}
    return tomli_w.dumps({"router": {"tiers": [tier], "presets": {"chat": ["a"]}}})


SECRETS = {
    "api_key": "plain-words-1",
    "headers": {"Authorization": "plain-words-2", "x": ["Bearer plain-words-3"]},
    "auth": {"deep": [{"deeper": "plain-words-4"}]},
    "password": 123_454_321,
    "remark": "the key is sk-ant-plain-words-5 and hf_plainwords6",
}
HARMLESS = {
    "max_tokens": 4_096,
    "tokenizer": "mistral",
    "author": "me",
    "note": "hf",
    "stop_token_ids": [1],
    "chat_template_kwargs": {"enable_thinking": False},
    "stop": ["</s>"],
    "top_k": 3,
}


@pytest.mark.parametrize("member", ["extra_body", "extra_body_defaults"])
def test_what_may_be_a_secret_is_stars(member: str) -> None:
    Path("a.toml").write_text(with_bodies(**{member: {**SECRETS, **HARMLESS}}))
    for arguments in ((), ("--json",)):
        result = run("show", "a.toml", *arguments)
        for secret in ("plain", "123454321", "123_454_321"):
            assert secret not in result.stdout
        assert STARS in result.stderr
    shown = tomllib.loads(run("show", "a.toml").stdout)["router"]["tiers"][0][member]
    assert {key: shown[key] for key in HARMLESS} == HARMLESS
    assert shown["remark"] == f"the key is {STARS} and {STARS}"
    loads(run("show", "a.toml").stdout, name="x")


def test_a_command_that_starts_a_serve_may_hold_a_token() -> None:
    up = "docker run -e HF_TOKEN=abc123 --api-key hunter22 image --port 30000"
    serve = {"name": "a", "container": "a", "port": 30000, "up": up}
    document = tomllib.loads(with_bodies()) | {"serve": [serve]}
    Path("a.toml").write_text(tomli_w.dumps(document))
    shown = run("show", "a.toml").stdout
    assert "abc123" not in shown
    assert "hunter22" not in shown
    assert "--port 30000" in shown


def test_names_are_no_secrets_and_addresses_may_hold_some() -> None:
    tier = {"id": "hf_qwen3_8b_instruct", "model": "sk-model-of-mine", "base_url": "https://gate/sk-abcdefgh123/v1"}
    tier |= {"context_limit": 1000, "privacy": "local"}
    Path("a.toml").write_text(tomli_w.dumps({"router": {"tiers": [tier], "presets": {"chat": [tier["id"]]}}}))
    shown = tomllib.loads(run("show", "a.toml").stdout)["router"]["tiers"][0]
    assert (shown["id"], shown["model"]) == (tier["id"], tier["model"])
    assert shown["base_url"] == f"https://gate/{STARS}/v1"


def test_what_is_shown_steers_no_terminal_and_still_means_the_same() -> None:
    body = {"x\x1b\u202e\U000e0001": "\x1b]0;x\x07\u2028\n\r\x7f"}
    Path("a.toml").write_text(with_bodies(extra_body=body))
    shown = run("show", "a.toml").stdout
    assert all(line.isprintable() for line in shown.split("\n"))
    assert tomllib.loads(shown)["router"]["tiers"][0]["extra_body"] == body


SCALARS = (
    st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
BODIES = st.dictionaries(
    st.text(),
    st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)),
    max_size=4,
)


@given(body=BODIES)
def test_bodies_come_back_as_they_were_or_as_stars(body: dict[str, Any]) -> None:
    before = loads(with_bodies(extra_body=body), name="x")
    document = effective_document(before)
    after = loads(tomli_w.dumps(document), name="x")
    if STARS not in str(document):
        assert after.router == before.router


# ── schema ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_schema_is_one_and_is_written_only_where_nothing_is() -> None:
    printed = json.loads(run("schema").stdout)
    assert printed["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert run("schema", "--json").stdout.count("\n") == 1
    assert run("schema", "--out", "a.json").exit_code == 0
    assert json.loads(Path("a.json").read_text()) == printed
    # The same again is no harm; another file is.
    assert run("schema", "--out", "a.json").exit_code == 0
    Path("a.json").write_text("mine")
    assert isinstance(run("schema", "--out", "a.json").exception, StartupError)
    assert Path("a.json").read_text() == "mine"
    assert run("schema", "--out", "a.json", "--force").exit_code == 0
    assert Path("a.json.bak").read_text() == "mine"
    assert msgspec.json.decode(Path("a.json").read_bytes()) == printed
