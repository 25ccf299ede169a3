from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from anvil_serving.config import (
    MAX_FILE_BYTES,
    Client,
    Config,
    Decisions,
    Document,
    Health,
    InvalidConfig,
    Problem,
    Timeouts,
    load,
    loads,
)
from anvil_serving.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

SMALLEST = """\
[[router.tiers]]
id = "heavy"
base_url = "http://127.0.0.1:30000/v1"
context_limit = 131072
privacy = "local"

[router.presets]
chat = ["heavy"]
"""


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidConfig) as caught:
        loads(text, name="router.toml")
    return caught.value.problems


def test_the_smallest_file_takes_every_default() -> None:
    config = loads(SMALLEST, name="router.toml")

    assert config.source == "router.toml"
    assert config.warnings == ()
    assert (config.server.host, config.server.port, config.server.workers) == ("127.0.0.1", 8000, 1)
    assert config.server.auth_env is None
    assert config.server.max_body_bytes == 33_554_432
    assert (config.server.header_timeout, config.server.body_timeout, config.server.drain_timeout) == (30, 30, 30)
    assert config.server.response_model == "request"
    assert config.server.clients == ()
    assert config.decisions == Decisions(enabled=True, path=None, keep_days=90, keep_mib=512)
    assert config.router.metered_cloud == ()
    assert config.router.exhaustion_status == 503
    assert (config.router.mode, config.router.quality_margin, config.router.aliases) == ("gated", 0.2, {})
    assert config.router.health == Health(interval=10, timeout=3)
    (tier,) = config.router.tiers
    assert tier.urls == ("http://127.0.0.1:30000/v1",)
    assert (tier.dialect, tier.tool_support, tier.model, tier.auth_env) == ("openai", True, None, None)
    assert tier.timeouts == Timeouts(connect=5, first_byte=None, idle=None, total=3600)
    assert config.router.silence(tier) == (120, 60)
    assert config.router.candidates("chat") == (tier,)


def test_every_key_reaches_its_field() -> None:
    text = """
    [server]
    host = "10.0.0.1"
    port = 0
    workers = 4
    auth_env = "TOKEN"
    max_body_bytes = 2048
    header_timeout = 1
    body_timeout = 2.5
    drain_timeout = 3
    response_model = "tier"

    [[server.clients]]
    name = "ci"
    auth_env = "CI_TOKEN"
    presets = ["mine"]

    [[server.clients]]
    name = "hashed"
    auth_sha256 = "%s"

    [decisions]
    enabled = false
    path = "d.sqlite3"
    keep_days = 7
    keep_mib = 8

    [router.health]
    interval = 11
    timeout = 12

    [router.aliases]
    "gpt-*" = "mine"
    "claude-*" = "model:t"

    [router]
    mode = "direct"
    quality_margin = 0.5
    mapping_version = "m"
    metered_cloud = ["planning"]
    exhaustion_status = 529
    relay_timeout = 90
    verify_local_min = false
    profile_path = "p.json"
    cost_sync = true
    presets = { mine = ["t"] }

    [[router.tiers]]
    id = "t"
    base_url = "https://models.example/v1"
    replicas = ["https://two.example/v1"]
    model = "m"
    dialect = "anthropic"
    context_limit = 1
    privacy = "cloud"
    tool_support = false
    vision = true
    auth_env = "KEY"
    max_output_tokens = 2
    max_concurrency = 3
    swap_group = "gpu0"
    proxy = "http://proxy.example:3128"
    timeouts = { connect = 1, first_byte = 2, idle = 3, total = 4 }
    extra_body = { a = { b = [1, "x", true] } }
    extra_body_defaults = { c = 0.5 }
    cost_input_per_mtok = 3
    cost_output_per_mtok = 15.5
    cost_cached_input_per_mtok = 0.5
    cost_cache_write_per_mtok = 4
    role = "fast"
    structured_output = false
    """
    config = loads(text % ("0" * 64), name="all")

    assert config.warnings == ()
    assert config.server.response_model == "tier"
    assert config.server.body_timeout == 2.5
    assert config.server.clients == (
        Client(name="ci", auth_env="CI_TOKEN", presets=("mine",)),
        Client(name="hashed", auth_sha256="0" * 64),
    )
    assert config.decisions == Decisions(enabled=False, path="d.sqlite3", keep_days=7, keep_mib=8)
    assert (config.router.mode, config.router.quality_margin) == ("direct", 0.5)
    assert config.router.health == Health(interval=11, timeout=12)
    assert config.router.health.interval_seconds == 11
    # In the file's order: the first that fits is taken.
    assert list(config.router.aliases.items()) == [("gpt-*", "mine"), ("claude-*", "model:t")]
    assert config.router.presets == {"mine": ("t",)}
    assert config.router.exhaustion_status == 529
    tier = config.router.tier("t")
    assert tier.urls == ("https://models.example/v1", "https://two.example/v1")
    assert tier.timeouts == Timeouts(connect=1, first_byte=2, idle=3, total=4)
    assert tier.extra_body == {"a": {"b": [1, "x", True]}}
    assert tier.extra_body_defaults == {"c": 0.5}
    assert (tier.cost_input_per_mtok, tier.cost_output_per_mtok) == (3.0, 15.5)
    assert (tier.cost_cached_input_per_mtok, tier.cost_cache_write_per_mtok) == (0.5, 4.0)
    assert (tier.role, tier.structured_output) == ("fast", False)
    assert (tier.swap_group, tier.max_concurrency, tier.max_output_tokens, tier.vision) == ("gpu0", 3, 2, True)
    # Nothing that this test says is equal to a default: a field that was not read would show.
    assert config.router.silence(tier) == (2, 3)


def test_every_table_of_the_file_reaches_the_configuration() -> None:
    """They are handed on one by one: a later table must not be lost on the way."""
    assert set(Config.__struct_fields__) == {*Document.__struct_fields__, "source", "warnings"}
    serve = '[[serve]]\nname = "s"\ncontainer = "c"\nport = 1\n'
    text = f"{SMALLEST}\n[decisions]\nkeep_days = 1\n[server]\nport = 1\n{serve}"
    loaded = loads(text, name="all")
    defaults = Document(router=loads(SMALLEST, name="small").router)
    changed = [name for name in Document.__struct_fields__ if getattr(loaded, name) != getattr(defaults, name)]
    assert changed == [name for name in Document.__struct_fields__ if name != "router"]


def test_checks_may_be_turned_off() -> None:
    config = loads(SMALLEST + '[router.health]\ninterval = "off"\n', name="router.toml")
    assert config.router.health.interval_seconds is None


def test_the_routers_silence_limit_is_for_local_tiers_that_say_nothing() -> None:
    small = "router.relay_timeout = 90\n" + SMALLEST
    local = loads(small, name="router.toml")
    cloud = loads(small.replace('"local"', '"cloud"'), name="router.toml")

    assert local.router.silence(local.router.tiers[0]) == (90, 90)
    assert cloud.router.silence(cloud.router.tiers[0]) == (120, 60)


def test_one_report_holds_every_problem_with_its_line_in_file_order() -> None:
    text = """\
[server]
prot = 8000
workers = 0

[router]
metered_cloud = "planning"

[[router.tiers]]
id = "heavy"
base_url = "ftp://127.0.0.1"
context_limit = "131072"
privacy = "local"
dialect = "opnai"

[[router.tiers]]
id = "heavy"
base_url = "http://127.0.0.1:1"
context_limit = 1
privacy = "local"

[router.presets]
chat = ["haevy"]
review = []
"""
    found = problems(text)

    assert [(problem.line, problem.key) for problem in found] == [
        (2, "server.prot"),
        (3, "server.workers"),
        (6, "router.metered_cloud"),
        (10, "router.tiers[0].base_url"),
        (11, "router.tiers[0].context_limit"),
        (13, "router.tiers[0].dialect"),
        (16, "router.tiers[1].id"),
        (22, "router.presets.chat[0]"),
        (23, "router.presets.review"),
    ]
    hints = {problem.key: problem.hint for problem in found}
    assert hints["server.prot"] == "did you mean `port`?"
    assert hints["router.tiers[0].dialect"] == "did you mean `openai`?"
    assert hints["router.presets.chat[0]"] == "did you mean `heavy`?"
    assert hints["router.tiers[0].context_limit"] == "write a whole number without quotes"


def test_the_report_is_two_lines_a_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(SMALLEST + "review = []\n", name="/etc/anvil/router.toml")

    assert str(caught.value) == (
        "/etc/anvil/router.toml:9: router.presets.review: the list is empty\n  hint: name at least one"
    )


def test_an_unknown_key_that_belongs_elsewhere_says_where() -> None:
    (problem,) = problems(SMALLEST + "[server]\nmetered_cloud = []\n")

    assert problem.hint == "`metered_cloud` belongs in [router]"


def test_a_missing_key_stands_at_its_table() -> None:
    found = problems('[router]\n\n[[router.tiers]]\nid = "heavy"\nprivacy = "local"\n')

    assert {(problem.line, problem.key, problem.message) for problem in found} == {
        (3, "router.tiers[0]", "`base_url` is missing"),
        (3, "router.tiers[0]", "`context_limit` is missing"),
    }


def test_a_file_without_tiers_is_refused() -> None:
    assert [problem.message for problem in problems("")] == ["`router` is missing"]
    assert [problem.message for problem in problems("[router]\n")] == ["`tiers` is missing"]
    assert [problem.key for problem in problems("[router]\ntiers = []\n")] == ["router.tiers"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nport = \n", 2),
        ("[server\n", 1),
        ("a = 1\nb = 2\na = 3\n", 3),
        ('a = "never closed', 1),
        ("[server]\n\nport = 8000\n\n[server]\n", 5),
    ],
)
def test_broken_toml_names_the_line(text: str, line: int) -> None:
    (problem,) = problems(text)

    assert (problem.line, problem.key) == (line, "")
    assert problem.message.startswith("is not TOML: ")
    # The place is said once, in front, and not again inside the message.
    assert not re.search(r"at line|end of document", problem.message)


def test_absurd_toml_is_a_report_too() -> None:
    assert [problem.message for problem in problems("a = " + "[" * 100_000)] == ["is nested too deeply"]
    assert problems("a = " + "9" * 5_000)[0].message.startswith("is not TOML: ")


def test_a_key_of_very_many_parts_is_refused_at_once() -> None:
    with pytest.raises(InvalidConfig) as refused:
        loads("# so many . . .\n" + ".".join("a" * 50_000) + " = 1\n", name="x.toml")
    (problem,) = refused.value.problems
    assert (problem.line, problem.message) == (2, "has a key of too many parts")
    # Dots in a value or a comment are none of a key's.
    with pytest.raises(InvalidConfig, match="unknown"):
        loads(f'a = "{"." * 5_000}"  # {"." * 5_000}\n# {"." * 5_000}\n', name="x.toml")


def test_a_file_is_read_as_utf8_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "router.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())

    assert load(path).router.tiers[0].id == "heavy"
    assert load(path).source == str(path)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "router.toml"
    path.write_bytes(b"# a comment\n# caf\xe9\n")

    with pytest.raises(InvalidConfig, match=r"router\.toml:2: is not UTF-8"):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig, match=r"router\.toml: there is no such file\n  hint: "):
        load(tmp_path / "router.toml")


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(InvalidConfig, match=r"cannot be read: .* and no file\n  hint: "):
            load(path)


def test_a_file_over_the_limit_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "router.toml"
    path.write_text(SMALLEST + "#" * (MAX_FILE_BYTES - len(SMALLEST)))
    load(path)
    path.write_text(SMALLEST + "#" * (MAX_FILE_BYTES - len(SMALLEST) + 1))

    with pytest.raises(InvalidConfig, match="larger than 1 MiB"):
        load(path)


def test_the_home_folder_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "router.toml").write_text('router.profile_path = "~/profile.json"\n' + SMALLEST)

    config = load(type(tmp_path)("~/router.toml"))

    assert config.router.profile_path == f"{tmp_path}/profile.json"


def test_a_config_cannot_be_changed() -> None:
    config = loads(SMALLEST, name="router.toml")

    with pytest.raises(AttributeError):
        config.server.port = 1  # type: ignore[misc]
