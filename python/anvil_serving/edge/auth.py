"""Who may call: the credential is checked before anything is done for a request."""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from anvil_serving.config import is_loopback
from anvil_serving.errors import Forbidden, Unauthenticated
from anvil_serving.router import ANYBODY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anvil_serving.config import Secret
    from anvil_serving.router import Caller

__all__ = ["Auth"]

_BEARER = b"bearer "


class Auth:
    """The tokens that callers may show, and who is who by them; without any, everybody is let in."""

    def __init__(self, token: Secret | None, clients: Sequence[tuple[Caller, Secret | bytes]] = ()) -> None:
        """`clients`: each with its token, or the token's SHA-256."""
        self._token = token
        self._clients = tuple(clients)

    def admit(self, headers: Mapping[bytes, bytes]) -> Caller | None:
        """Who shows a valid token, as a bearer token or as `x-api-key`; either is enough. None: nobody.

        Compared in constant time, and every token is always compared with both.
        """
        if self._token is None and not self._clients:
            return ANYBODY
        authorization = headers.get(b"authorization", b"")
        bearer = authorization[len(_BEARER) :].strip() if authorization[: len(_BEARER)].lower() == _BEARER else b""
        shown = [_text(each) for each in (bearer, headers.get(b"x-api-key", b""))]
        # Lists and not generators: nothing may end early, or the time would tell how far a guess has come.
        matches = [(caller, [_is_shown(token, each) for each in shown]) for caller, token in self._clients]
        if self._token is not None:
            matches.insert(0, (ANYBODY, [self._token.matches(each) for each in shown]))
        return next((caller for caller, found in matches if True in found), None)

    def check(self, headers: Mapping[bytes, bytes]) -> Caller:
        """Who asks. Raises `Unauthenticated` when nobody is known by it, `Forbidden` when a foreign web page asks.

        Without a token, the one thing between a web page that the user visits and the user's models is the `Origin`
        that its browser sends along: a page may post to loopback without being asked.
        """
        if self._token is None and not self._clients and _is_foreign(headers.get(b"origin")):
            raise Forbidden("requests from web pages of other sites are refused while no token is asked for")
        caller = self.admit(headers)
        if caller is None:
            raise Unauthenticated("a valid credential is required: send it as a bearer token or as x-api-key")
        return caller


def _is_shown(token: Secret | bytes, shown: str) -> bool:
    if isinstance(token, bytes):
        digest = hashlib.sha256(shown.encode("utf-8", "surrogateescape")).digest()
        # An empty header is no token, whatever somebody has put the hash of into the file.
        return hmac.compare_digest(digest, token) and shown != ""
    return token.matches(shown)


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
