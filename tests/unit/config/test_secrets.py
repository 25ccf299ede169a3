from __future__ import annotations

import copy
import json
import logging
import pickle

import msgspec
import pytest

from anvil_serving.config import Config, InvalidConfig, Secret, loads, resolve_secrets

VALUE = "anvil-token-0123456789"


def config(*, privacy: str = "local", server: bool = True) -> Config:
    text = f"""
    [[router.tiers]]
    id = "heavy"
    base_url = "https://models.example"
    context_limit = 1
    privacy = "{privacy}"
    auth_env = "HEAVY_KEY"

    [router]
    metered_cloud = ["planning"]
    presets = {{ chat = ["heavy"] }}
    """
    return loads(text + ('[server]\nauth_env = "ROUTER_TOKEN"\n' if server else ""), name="router.toml")


def test_secrets_come_from_the_environment_without_surrounding_space() -> None:
    secrets = resolve_secrets(config(), {"ROUTER_TOKEN": f" {VALUE}\n", "HEAVY_KEY": "k"})

    assert secrets.server is not None
    assert secrets.server.reveal() == VALUE
    assert {tier: key.reveal() for tier, key in secrets.tiers.items()} == {"heavy": "k"}
    assert secrets.warnings == ()


def test_without_auth_env_there_is_no_token() -> None:
    assert resolve_secrets(config(server=False), {"HEAVY_KEY": "k"}).server is None


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "ROUTER_TOKEN is not set"),
        ("", "ROUTER_TOKEN is blank"),
        (" \n", "ROUTER_TOKEN is blank"),
        ("two words", "ROUTER_TOKEN holds characters that no header may carry"),
        ("a\r\nx: y", "ROUTER_TOKEN holds characters that no header may carry"),
        ("schlüssel", "ROUTER_TOKEN holds characters that no header may carry"),
    ],
)
def test_a_token_that_cannot_be_used_is_refused_by_name(value: str | None, words: str) -> None:
    environ = {"HEAVY_KEY": "k"} | ({} if value is None else {"ROUTER_TOKEN": value})
    with pytest.raises(InvalidConfig, match=words) as caught:
        resolve_secrets(config(), environ)

    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == ("router.toml", "server.auth_env")
    assert not value or not value.strip() or value not in str(caught.value)


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(InvalidConfig) as caught:
        resolve_secrets(config(privacy="cloud"), {})

    assert [problem.key for problem in caught.value.problems] == ["server.auth_env", "router.tiers[0].auth_env"]


CLIENTS = f"""
[[server.clients]]
name = "hashed"
auth_sha256 = "{"0" * 64}"
[[server.clients]]
name = "ci"
auth_env = "CI_TOKEN"
"""


def with_clients() -> Config:
    tier = '{ id = "a", base_url = "http://127.0.0.1:1", context_limit = 1, privacy = "local" }'
    return loads(f'router.tiers = [{tier}]\nrouter.presets.chat = ["a"]\n{CLIENTS}', name="router.toml")


def test_a_clients_token_comes_from_the_environment_unless_its_hash_is_given() -> None:
    secrets = resolve_secrets(with_clients(), {"CI_TOKEN": f" {VALUE}\n"})

    assert {name: token.reveal() for name, token in secrets.clients.items()} == {"ci": VALUE}
    assert (secrets.server, secrets.warnings) == (None, ())


@pytest.mark.parametrize("value", [None, "", " \n", "two words"])
def test_a_client_without_a_token_that_can_be_used_is_refused_by_name(value: str | None) -> None:
    with pytest.raises(InvalidConfig, match="CI_TOKEN") as caught:
        resolve_secrets(with_clients(), {} if value is None else {"CI_TOKEN": value})

    (problem,) = caught.value.problems
    assert (problem.file, problem.key) == ("router.toml", "server.clients[1].auth_env")
    assert not value or not value.strip() or value not in str(caught.value)


def test_without_clients_there_are_no_tokens_of_any() -> None:
    assert resolve_secrets(config(server=False), {"HEAVY_KEY": "k"}).clients == {}


@pytest.mark.parametrize("environ", [{}, {"HEAVY_KEY": ""}, {"HEAVY_KEY": "  "}])
def test_a_local_tier_does_without_its_key(environ: dict[str, str]) -> None:
    secrets = resolve_secrets(config(server=False), environ)

    assert secrets.tiers == {}
    assert [problem.key for problem in secrets.warnings] == ["router.tiers[0].auth_env"]


def test_a_local_tiers_key_that_no_header_carries_is_refused() -> None:
    with pytest.raises(InvalidConfig, match="HEAVY_KEY"):
        resolve_secrets(config(server=False), {"HEAVY_KEY": "a b"})


def test_a_secret_prints_as_stars(caplog: pytest.LogCaptureFixture) -> None:
    secret = Secret(VALUE)
    secrets = resolve_secrets(config(server=False), {"HEAVY_KEY": VALUE})
    logging.getLogger("test").warning("%s %r", secret, secret)

    shown = [str(secret), repr(secret), f"{secret}", f"{secret:>60}", f"{secret!r}", "%s" % secret]  # noqa: UP031
    for text in [*shown, repr([secret]), repr(secrets), str(secrets), caplog.text]:
        assert VALUE not in text
        assert "****" in text


def test_a_secret_does_not_travel() -> None:
    secret = Secret(VALUE)
    for leak in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps, msgspec.json.encode, msgspec.to_builtins):
        with pytest.raises(TypeError) as caught:
            leak(secret)  # type: ignore[operator]
        assert VALUE not in str(caught.value)
    assert not hasattr(secret, "__dict__")


def test_a_secret_is_compared_only_through_matches() -> None:
    secret = Secret(VALUE)

    assert secret.matches(VALUE)
    assert not secret.matches(VALUE[:-1])
    assert not secret.matches("")
    assert not secret.matches("é\udce9")
    assert secret != Secret(VALUE)
    assert secret != VALUE
