"""The headers of a request, each under its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["received_headers"]


def received_headers(lines: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Each name's value; those of lines with the same name in one, with commas between (RFC 9110, section 5.2).

    For a header that has no list for a value, such as a credential, that makes one which is none: whoever says such a
    thing twice is refused, instead of one line being believed and the other passed by.
    """
    headers = dict(lines)
    if len(headers) == len(lines):
        return headers
    headers.clear()
    for name, value in lines:
        said = headers.get(name)
        headers[name] = value if said is None else b"%s, %s" % (said, value)
    return headers
