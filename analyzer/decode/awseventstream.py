"""The AWS event stream (`application/vnd.amazon.eventstream`): Bedrock and other AWS services.

A message is a prelude (total length, header length, CRC-32 of both), headers, payload, and a CRC-32 of
everything before it. A wrong checksum ends the stream, as the specification demands.
"""

from __future__ import annotations

import struct
import zlib
from typing import Final

from analyzer.decode.api import Item
from analyzer.model import Event, Malformed, Tail

_MIN: Final = 16  # prelude 12, message CRC 4
_MAX: Final = (24 << 20) + (128 << 10) + _MIN
_FIXED: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}


class AWSEventStreamDecoder:
    """Incremental decoder.

    Event type: the `:event-type` header; `exception/<type>` and `error/<code>` for the two kinds of
    failure. data: the payload; for an `error` without one, its message header.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._base = 0
        self._index = 0
        self._broken: str | None = None

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the messages that they complete."""
        found: list[Item] = []
        self._buffer += data
        buffer = self._buffer
        pos = 0
        while self._broken is None and len(buffer) - pos >= 12:
            total, header_size, crc = struct.unpack_from(">III", buffer, pos)
            if zlib.crc32(buffer[pos : pos + 8]) != crc:
                self._broken = "prelude checksum is wrong"
            elif not _MIN + header_size <= total <= _MAX:
                self._broken = "prelude lengths make no sense"
            elif len(buffer) - pos < total:
                break
            elif zlib.crc32(buffer[pos : pos + total - 4]) != _u32(buffer, pos + total - 4):
                self._broken = "message checksum is wrong"
            if self._broken is not None:
                found.append(Malformed(self._base + pos, self._broken))
                break
            headers = parse_headers(bytes(buffer[pos + 12 : pos + 12 + header_size]))
            payload = bytes(buffer[pos + 12 + header_size : pos + total - 4])
            kind, payload = _kind(headers, payload)
            start = self._base + pos
            found.append(Event(self._index, kind, payload, at_ms=at_ms, offset=start, end=start + total))
            self._index += 1
            pos += total
        if pos:
            del buffer[:pos]
            self._base += pos
        return found

    def close(self) -> Tail:
        """The message of which not all bytes came, or all that follows a wrong checksum."""
        rest = bytes(self._buffer)
        if not rest:
            return Tail(b"", self._base)
        return Tail(rest, self._base, self._broken or "incomplete message")


def _u32(buffer: bytearray, pos: int) -> int:
    return int.from_bytes(buffer[pos : pos + 4], "big")


def _kind(headers: dict[str, str], payload: bytes) -> tuple[str, bytes]:
    match headers.get(":message-type"):
        case "exception":
            return f"exception/{headers.get(':exception-type', 'unknown')}", payload
        case "error":
            text = headers.get(":error-message", "").encode()
            return f"error/{headers.get(':error-code', 'unknown')}", payload or text
        case _:
            return headers.get(":event-type", "message"), payload


def parse_headers(block: bytes) -> dict[str, str]:
    """The string headers of a message; other types are stepped over, a damaged rest is left out."""
    found: dict[str, str] = {}
    pos, size = 0, len(block)
    while pos < size:
        name_end = pos + 1 + block[pos]
        if name_end >= size:
            break
        name = block[pos + 1 : name_end].decode("utf-8", "replace")
        kind = block[name_end]
        pos = name_end + 1
        if kind in (6, 7):
            length = int.from_bytes(block[pos : pos + 2], "big")
            if kind == 7:
                found[name] = block[pos + 2 : pos + 2 + length].decode("utf-8", "replace")
            pos += 2 + length
        elif kind in _FIXED:
            pos += _FIXED[kind]
        else:
            break
    return found
