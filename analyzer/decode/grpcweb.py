"""gRPC-Web: length-prefixed messages, the trailers as the last one (flag 0x80)."""

from __future__ import annotations

import binascii
import re
from typing import Final

from analyzer.decode.api import Item
from analyzer.decode.envelope import EnvelopeReader
from analyzer.model import Event, Malformed, Tail

_COMPRESSED: Final = 0x01
_TRAILERS: Final = 0x80
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/=]")


class GRPCWebDecoder:
    """Incremental decoder. Event type: `message` or `trailers`; data: the payload as sent.

    trailers: the trailers by lower-case name, None before they came.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.trailers: dict[str, str] | None = None
        self._reader = EnvelopeReader(_COMPRESSED | _TRAILERS)
        self._index = 0

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the messages that they complete."""
        found: list[Item] = []
        for item in self._reader.feed(data):
            if isinstance(item, Malformed):
                found.append(item)
                continue
            start, end, flags, payload = item
            kind = "trailers" if flags & _TRAILERS else "message"
            if kind == "trailers":
                self.trailers = parse_trailers(payload)
            found.append(Event(self._index, kind, payload, at_ms=at_ms, offset=start, end=end))
            self._index += 1
        return found

    def close(self) -> Tail:
        """The message of which not all bytes came."""
        return self._reader.tail()


class GRPCWebTextDecoder(GRPCWebDecoder):
    """The same in base64. Padding may stand between chunks, so groups of four are decoded as they come.

    Offsets, `skipped` and the tail count decoded bytes; characters that are not base64 are `Malformed`
    and dropped, and up to three characters of an incomplete group are lost with the tail.
    """

    def __init__(self) -> None:
        super().__init__()
        self._text = b""
        self._seen = 0

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next characters; return the messages that they complete."""
        found: list[Item] = []
        bare = data.translate(None, b" \t\r\n")
        clean = _NOT_BASE64.sub(b"", bare)
        if len(clean) != len(bare):
            found.append(Malformed(self._seen, "not base64"))
        self._seen += len(data)
        text = self._text + clean
        whole = len(text) - len(text) % 4
        self._text = text[whole:]
        return found + super().feed(_decode_groups(text[:whole]), at_ms)

    def close(self) -> Tail:
        """As without base64; an incomplete group of characters is a cut as well."""
        tail = super().close()
        if self._text and tail.reason is None:
            return Tail(tail.data, tail.offset, "incomplete base64")
        return tail


def _decode_groups(text: bytes) -> bytes:
    """Base64 whose padding may stand in the middle; groups that are no base64 decode to nothing."""
    if b"=" not in text:
        return binascii.a2b_base64(text)
    out = bytearray()
    begin = 0
    for pad in re.finditer(rb"=+", text):
        if pad.end() < begin:
            continue
        end = pad.end() + (-pad.end()) % 4  # padding ends its group of four
        try:
            out += binascii.a2b_base64(text[begin:end])
        except binascii.Error:
            out += b""  # damage: the envelope reader meets the gap and says so
        begin = end
    return bytes(out + binascii.a2b_base64(text[begin:]))


def parse_trailers(payload: bytes) -> dict[str, str]:
    """The trailers frame: an HTTP/1 header block. Names in lower case; the last of equals wins."""
    found: dict[str, str] = {}
    for line in payload.decode("latin-1").split("\n"):
        name, colon, value = line.partition(":")
        if colon:
            found[name.strip().lower()] = value.strip()
    return found
