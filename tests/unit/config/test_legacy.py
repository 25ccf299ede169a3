"""Files as 0.7.1 accepted them. They were written for this test from the names, types and limits of its loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from anvil_serving.config import Config, load, loads

FILES = sorted((Path(__file__).parent / "written_for_0_7_1").glob("*.toml"))

TIER = """
[[router.tiers]]
id = "a"
base_url = "http://127.0.0.1:30000/v1"
dialect = "openai"
context_limit = 1
privacy = "local"
tool_support = true
auth_env = "A_KEY"
model = "m"
"""


def read(router: str = "", tier: str = "", top: str = "") -> Config:
    head = f'{top}\n[router]\nmapping_version = "1"\npresets = {{ chat = ["a"] }}\n{router}\n'
    return loads(head + TIER + tier, name="old.toml")


def keys(config: Config) -> list[str]:
    return [warning.key for warning in config.warnings]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_written_for_0_7_1_load(path: Path) -> None:
    assert load(path).router.tiers


def test_there_are_such_files() -> None:
    assert len(FILES) >= 3


def test_the_full_file_keeps_its_meaning() -> None:
    config = load(Path(__file__).parent / "written_for_0_7_1" / "everything.toml")

    assert config.server.auth_env == "ANVIL_ROUTER_TOKEN"
    assert config.router.mapping_version == "2026-03-01.2"
    assert config.router.metered_cloud == ("planning", "review")
    assert config.router.exhaustion_status == 502
    assert config.router.relay_timeout == 120
    assert config.router.verify_local_min is False
    assert config.router.cost_sync is True
    assert config.router.profile_path == "profile.json"
    assert config.router.presets == {
        "planning": ("cloud",),
        "quick-edit": ("fast-local", "heavy-local"),
        "review": ("heavy-local", "cloud"),
        "chat": ("fast-local",),
        "long-context": ("heavy-local",),
        "house.style": ("fast-local",),
    }
    heavy, fast, cloud = config.router.tiers
    assert heavy.extra_body == {"chat_template_kwargs": {"enable_thinking": False}}
    assert fast.model is None
    assert fast.tool_support is False
    assert (cloud.dialect, cloud.privacy, cloud.auth_env) == ("anthropic", "cloud", "ANTHROPIC_API_KEY")
    assert (cloud.cost_input_per_mtok, cloud.cost_output_per_mtok) == (5.0, 25.0)
    assert [serve.up for serve in config.serve] == ["docker compose -f {dir}/compose.yml up -d heavy"]
    assert config.warnings == ()


@pytest.mark.parametrize(
    "top",
    ['claude_logs = "x"', 'hf_extra_roots = ["x"]', 'model_dirs = ["x"]', "gpu_index = 0", 'served_model_name = "x"'],
)
def test_a_key_without_a_meaning_is_a_warning(top: str) -> None:
    config = read(top=top)

    assert keys(config) == [top.partition(" ")[0]]
    assert config.warnings[0].line == 1


@pytest.mark.parametrize(
    ("status", "used", "warned"),
    [(100, 503, True), (399, 503, True), (400, 400, True), (429, 429, True), (599, 599, False)],
)
def test_any_status_loads_and_those_that_hide_the_failure_become_503(status: int, used: int, *, warned: bool) -> None:
    config = read(router=f"exhaustion_status = {status}")

    assert config.router.exhaustion_status == used
    assert keys(config) == (["router.exhaustion_status"] if warned else [])


def test_an_empty_model_is_none() -> None:
    old = TIER.replace('model = "m"', 'model = ""')

    assert loads(old, name="old.toml").router.tiers[0].model is None


def test_a_silence_limit_of_0_7_1_still_bounds_silence() -> None:
    config = read(router="relay_timeout = 20")

    assert config.router.silence(config.router.tiers[0]) == (20, 20)
    assert config.router.tiers[0].timeouts.total == 3600
    assert keys(config) == []


def test_presets_may_be_absent() -> None:
    config = loads('[router]\nmapping_version = "1"\n' + TIER, name="old.toml")

    assert config.router.presets == {}
