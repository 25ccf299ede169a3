"""Which URLs may stand in a configuration."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

__all__ = ["hostname", "url_fault"]

_ENDPOINTS = ("/chat/completions", "/completions", "/messages", "/responses", "/models", "/embeddings", "/rerank")


def url_fault(url: str) -> tuple[str, str] | None:  # noqa: PLR0911 (one a fault)
    """What is wrong with a base URL and what to do about it; `None` where it is good.

    The URL is never repeated in the message: it may hold a credential.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a URL", "write it as http://HOST:PORT"
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "is not an http or https URL", "write it as http://HOST:PORT or https://HOST"
    if "@" in parts.netloc:
        return "holds a credential", "put the key into an environment variable and name it with `auth_env`"
    if "?" in url or "#" in url:
        return "has a query or a fragment", "keep only the scheme, host, port and path"
    if port == 0 or not _printable(url) or not _host_like(parts):
        return "is not a URL that can be called", "write it as http://HOST:PORT, without spaces"
    if parts.path.rstrip("/").endswith(_ENDPOINTS):
        return "is the address of one endpoint", "keep the part up to /v1; the router adds the endpoint"
    return None


def hostname(url: str) -> str:
    """The host of a URL in lower case; empty where there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _printable(url: str) -> bool:
    return all("!" <= character <= "~" for character in url)


def _host_like(parts: SplitResult) -> bool:
    # urlsplit lets backslashes through, which servers and browsers read as slashes.
    return "\\" not in parts.netloc and not parts.netloc.endswith(":")
