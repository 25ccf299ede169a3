from __future__ import annotations

import pytest

from anvil_serving.config.url import hostname, url_fault


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:30000/v1",
        "https://api.anthropic.com",
        "HTTP://Heavy:30000/v1/",
        "http://[::1]:8000",
        "http://sglang:30000/v1",
        "https://host/a@b",
    ],
)
def test_addresses_of_servers_are_good(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("127.0.0.1:30000", "is not an http or https URL"),
        ("file:///etc/passwd", "is not an http or https URL"),
        ("http://", "is not an http or https URL"),
        ("http:///v1", "is not an http or https URL"),
        ("", "is not an http or https URL"),
        ("http://user:secret@host/v1", "holds a credential"),
        ("http://secret@host", "holds a credential"),
        ("http://host/v1?key=secret", "has a query or a fragment"),
        ("http://host/v1?", "has a query or a fragment"),
        ("http://host/v1#", "has a query or a fragment"),
        ("http://host:99999", "is not a URL"),
        ("http://[::1", "is not a URL"),
        ("http://host:0", "is not a URL that can be called"),
        ("http://host:/v1", "is not a URL that can be called"),
        ("http://a b/v1", "is not a URL that can be called"),
        ("http://host/v1\n", "is not a URL that can be called"),
        ("http://host/v1/chat/completions", "is the address of one endpoint"),
        ("http://host/v1/messages/", "is the address of one endpoint"),
        ("http://ho\\st/v1", "is not a URL that can be called"),
    ],
)
def test_anything_else_is_refused_without_being_repeated(url: str, message: str) -> None:
    fault = url_fault(url)

    assert fault is not None
    assert fault[0] == message
    assert "secret" not in "".join(fault)


def test_the_host_is_compared_in_lower_case() -> None:
    assert hostname("http://LocalHost:1/v1") == "localhost"
    assert hostname("http://[::1") == ""
