"""Who may call: the credential is checked before anything is done for a request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anvil_serving.config import is_loopback
from anvil_serving.errors import Forbidden, Unauthenticated

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anvil_serving.config import Secret

__all__ = ["Auth"]

_BEARER = b"bearer "


class Auth:
    """The one token that callers must show, or none."""

    def __init__(self, token: Secret | None) -> None:
        self._token = token

    @property
    def is_on(self) -> bool:
        """Whether callers must show a token."""
        return self._token is not None

    def admits(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a valid token is shown, as a bearer token or as `x-api-key`; either is enough.

        Compared in constant time, and both are always compared.
        """
        if self._token is None:
            return True
        authorization = headers.get(b"authorization", b"")
        bearer = authorization[len(_BEARER) :].strip() if authorization[: len(_BEARER)].lower() == _BEARER else b""
        matches = [self._token.matches(_text(shown)) for shown in (bearer, headers.get(b"x-api-key", b""))]
        return any(matches)

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Raises `Unauthenticated` unless the caller is admitted, `Forbidden` when a foreign web page asks.

        Without a token, the one thing between a web page that the user visits and the user's models is the `Origin`
        that its browser sends along: a page may post to loopback without being asked.
        """
        if self._token is None and _is_foreign(headers.get(b"origin")):
            raise Forbidden("requests from web pages of other sites are refused while no token is asked for")
        if not self.admits(headers):
            raise Unauthenticated("a valid credential is required: send it as a bearer token or as x-api-key")


def _is_foreign(origin: bytes | None) -> bool:
    """Whether a browser sent this for a page that does not come from this machine.

    Editors' own pages have schemes of their own (`vscode-webview:`) and are not meant; `null` is what a page gets that
    hides where it comes from.
    """
    if origin is None:
        return False
    if not origin.startswith((b"http://", b"https://")):
        return origin == b"null"
    try:
        return not is_loopback(urlsplit(_text(origin)).hostname or "")
    except ValueError:
        return True


def _text(shown: bytes) -> str:
    return shown.decode("utf-8", "surrogateescape")
