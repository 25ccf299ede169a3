"""One bounded download over https."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from anvil_serving import __version__
from anvil_serving.errors import StartupError

from .price_sync import READ_SECONDS, SIZE_CAP, TOTAL_SECONDS, check_source

if TYPE_CHECKING:
    from http.client import HTTPMessage, HTTPResponse
    from typing import IO

__all__ = ["download"]

_CHUNK = 64 * 1024


def download(source: str) -> bytes:
    """The bytes at `source`, which `check_source` has let pass. Raises `StartupError`."""
    request = urllib.request.Request(  # noqa: S310 - its scheme has been checked
        source, headers={"User-Agent": f"anvil-serving/{__version__}"}
    )
    opener = urllib.request.build_opener(_Redirects)
    try:
        with opener.open(request, timeout=READ_SECONDS) as response:
            return _read(response, source)
    except urllib.error.HTTPError as error:
        error.close()
        raise _failed(source, f"the server answers {error.code}") from None
    except (OSError, HTTPException) as error:
        raise _failed(source, str(getattr(error, "reason", error)) or type(error).__name__) from None


def _read(response: HTTPResponse, source: str) -> bytes:
    deadline = time.monotonic() + TOTAL_SECONDS
    content = bytearray()
    # `read1`: what has come in so far, so that a slow server meets the deadline and not the next full chunk.
    while piece := response.read1(_CHUNK):
        content += piece
        if len(content) > SIZE_CAP:
            raise _failed(source, f"it is larger than {SIZE_CAP} bytes")
        if time.monotonic() > deadline:
            raise _failed(source, f"it takes longer than {TOTAL_SECONDS:.0f} s")
    # What is missing of `Content-Length`: pieces are not checked by the library.
    if response.length:
        raise _failed(source, "the connection broke")
    return bytes(content)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects only to where a source may be."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        check_source(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _failed(source: str, why: str) -> StartupError:
    return StartupError(
        f"prices cannot be fetched from {source}: {why}",
        hint="try again later, or download the table by other means and pass --from FILE; nothing was changed",
    )
