from __future__ import annotations

import pytest

from anvil_serving.config import check_bind, is_loopback, loads
from anvil_serving.errors import ConfigError

TIER = 'router.tiers = [{ id = "a", base_url = "http://127.0.0.1:1", context_limit = 1, privacy = "local" }]\n'
OPEN = loads(TIER, name="open")
CLIENTS = loads(TIER + 'server.clients = [{ name = "ci", auth_env = "TOKEN" }]\n', name="clients")
TOKEN = loads(TIER + 'server.auth_env = "TOKEN"\n', name="token")


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST", "::ffff:127.0.0.1"]
)
def test_loopback_needs_no_token(host: str) -> None:
    assert is_loopback(host)
    check_bind(OPEN, host, insecure=False)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "192.168.1.5", "gateway", "127.0.0.1.example", "::ffff:10.0.0.1", "localhost.evil"]
)
def test_any_other_address_needs_a_token_or_a_word(host: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_bind(OPEN, host, insecure=False)
    assert "--insecure-no-auth" in str(caught.value)
    assert "[server] auth_env" in str(caught.value)

    check_bind(OPEN, host, insecure=True)
    check_bind(TOKEN, host, insecure=False)
    # Where there are clients nobody else is let in.
    check_bind(CLIENTS, host, insecure=False)
