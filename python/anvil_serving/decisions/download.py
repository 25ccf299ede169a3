"""One bounded download over https."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from anvil_serving import __version__
from anvil_serving.errors import StartupError
from anvil_serving.layout import printable

from .price_sync import READ_SECONDS, SIZE_CAP, TOTAL_SECONDS, check_source

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO

__all__ = ["download"]

_CHUNK = 64 * 1024


def download(source: str, seconds: float = TOTAL_SECONDS) -> bytes:
    """The bytes at `source`, which `check_source` has let pass, within `seconds`. Raises `StartupError`."""
    fetching = _Download(source, seconds)
    fetching.start()
    fetching.join(seconds)
    if fetching.error is not None:
        raise fetching.error
    if fetching.content is None:
        raise _late(source, seconds)
    return fetching.content


class _Download(threading.Thread):
    """A thread, because the library has a limit for each read and none for all of them.

    A server that sends its headers byte by byte, each in time, holds the thread, but nobody who waits for it.
    """

    def __init__(self, source: str, seconds: float) -> None:
        super().__init__(name="prices", daemon=True)
        self.content: bytes | None = None
        self.error: Exception | None = None
        self._source = source
        self._seconds = seconds

    def run(self) -> None:
        """Leaves either the content or the error behind."""
        try:
            self.content = _fetched(self._source, self._seconds)
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error


def _fetched(source: str, seconds: float) -> bytes:
    request = urllib.request.Request(  # noqa: S310 - its scheme has been checked
        source, headers={"User-Agent": f"anvil-serving/{__version__}"}
    )
    opener = urllib.request.build_opener(_Redirects)
    deadline = time.monotonic() + seconds
    try:
        with opener.open(request, timeout=min(READ_SECONDS, seconds)) as response:
            return _read(response, source, deadline)
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed(source, f"the server answers {error.code}") from None
    except (OSError, HTTPException, ValueError) as error:
        raise _failed(source, str(getattr(error, "reason", error)) or type(error).__name__) from None


def _read(response: HTTPResponse, source: str, deadline: float) -> bytes:
    content = bytearray()
    # `read1`: what has come in so far, so that a slow server meets the deadline and not the next full chunk.
    while piece := response.read1(_CHUNK):
        content += piece
        if len(content) > SIZE_CAP:
            raise _failed(source, f"it is larger than {SIZE_CAP} bytes")
        if time.monotonic() > deadline:
            raise _failed(source, "it takes too long")
    # What is missing of `Content-Length`: pieces are not checked by the library.
    if response.length:
        raise _failed(source, "the connection broke")
    return bytes(content)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to where a source may be."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        try:
            check_source(newurl)
        except StartupError:
            fp.close()
            raise
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _late(source: str, seconds: float) -> StartupError:
    return _failed(source, f"it takes longer than {seconds:g} s")


def _failed(source: str, why: str) -> StartupError:
    return StartupError(
        # A server's status line, for one, is whatever it likes.
        f"prices cannot be fetched from {printable(source)}: {printable(why)}",
        hint="try again later, or download the table by other means and pass --from FILE; nothing was changed",
    )
