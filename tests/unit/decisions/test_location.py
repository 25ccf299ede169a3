from __future__ import annotations

from pathlib import Path

import pytest

from anvil_serving.config import Decisions, loads
from anvil_serving.decisions import log_path
from anvil_serving.errors import StartupError

TIER = """
[[router.tiers]]
id = "local"
base_url = "http://127.0.0.1:9/v1"
context_limit = 1000
privacy = "local"
[router.presets]
chat = ["local"]
"""


@pytest.mark.parametrize(
    ("settings", "environ", "expected"),
    [
        (Decisions(), {"XDG_STATE_HOME": "/state"}, "/state/anvil-serving/decisions.sqlite3"),
        (Decisions(), {"XDG_STATE_HOME": "relative"}, "/home/me/.local/state/anvil-serving/decisions.sqlite3"),
        (Decisions(), {}, "/home/me/.local/state/anvil-serving/decisions.sqlite3"),
        (Decisions(path="~/log"), {"XDG_STATE_HOME": "/state"}, "/home/me/log"),
        (Decisions(path="/var/log"), {}, "/var/log"),
    ],
)
def test_where_the_log_lies(
    settings: Decisions, environ: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    assert log_path(settings, environ) == Path(expected)


def test_a_user_that_is_not_there_is_told() -> None:
    with pytest.raises(StartupError, match="has no home"):
        log_path(Decisions(path="~no-such-user/log"), {})


def test_the_configuration_says_so() -> None:
    assert loads(TIER, name="a.toml").decisions == Decisions(enabled=True, path=None, keep_days=90, keep_mib=512)
    said = loads(f'[decisions]\nenabled = false\npath = "/a"\nkeep_days = 1\nkeep_mib = 2\n{TIER}', name="a.toml")
    assert said.decisions == Decisions(enabled=False, path="/a", keep_days=1, keep_mib=2)
