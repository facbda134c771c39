"""HTTP/1.1 chunked bodies as raw captures store them (RFC 9112, 7.1)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SIZE: Final = re.compile(rb"[0-9A-Fa-f]{1,8}[ \t]*(?:;[^\r\n]{0,1000})?\r\n")


class Plain(NamedTuple):
    """A body without its chunks. complete: the last chunk, of length zero, was there."""

    data: bytes
    complete: bool


def unchunked(body: bytes) -> Plain | None:
    """The bytes inside the chunks, as far as they came; None when it does not begin with a chunk."""
    if _SIZE.match(body) is None:
        return None
    out = bytearray()
    at = 0
    while (found := _SIZE.match(body, at)) is not None:
        size = int(re.split(rb"[ \t;\r]", found[0], maxsplit=1)[0], 16)
        at = found.end()
        if not size:
            return Plain(bytes(out), True)
        out += body[at : at + size]
        if len(body) < at + size + 2:
            break
        if body[at + size : at + size + 2] != b"\r\n":
            break  # the sizes are wrong from here on
        at += size + 2
    return Plain(bytes(out), False)
