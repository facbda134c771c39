"""A JSON array that grows while it is read: Gemini without `alt=sse`.

Elements come out as soon as their last brace has arrived. The scanner looks only at the bytes that
matter (quotes, escapes, brackets, commas); whether an element is valid JSON is checked when it is
complete.
"""

from __future__ import annotations

from typing import Final

from analyzer.decode.api import Item, is_json
from analyzer.model import Event, Malformed, Tail
from analyzer.patterns import later

_OUTSIDE: Final = later(rb'["\[\]{},]')
_INSIDE: Final = later(rb'["\\]')
_SPACE: Final = b" \t\r\n"


class JSONArrayDecoder:
    """Incremental decoder of one array. closed: its last bracket was seen."""

    def __init__(self) -> None:
        self.skipped = 0
        self.closed = False
        self._index = 0
        self._opened = False
        self._failed = False
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._base = 0  # offset of the first byte not yet consumed
        self._parts: list[bytes] = []  # the element that is not complete yet

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the elements that they complete."""
        found: list[Item] = []
        pos = 0
        if self._failed:
            self._parts.append(data)
            return found
        if not self._opened and not self.closed:
            pos = self._open(data, found)
            if not self._opened:
                return found
        begin = pos
        size = len(data)
        while pos < size and not self.closed:
            if self._in_string:
                pos = self._string(data, pos)
                continue
            match = _OUTSIDE.search(data, pos)
            if match is None:
                break
            pos = match.end()
            byte = data[pos - 1]
            if byte == 0x22:
                self._in_string = True
            elif byte in b"[{":
                self._depth += 1
            elif byte in b"]}" and self._depth > 0:
                self._depth -= 1
            elif byte == 0x7D:
                continue  # a brace too many: the element check finds it
            elif byte in b",]" and self._depth == 0:
                self._parts.append(data[begin : pos - 1])
                self._element(at_ms, found, last=byte == 0x5D)
                begin = pos
        if self.closed:
            self.skipped += len(data[begin:])
            self._base += len(data[begin:])
        elif begin < size:
            self._parts.append(data[begin:])
        return found

    def _open(self, data: bytes, found: list[Item]) -> int:
        stripped = data.lstrip(b"\xef\xbb\xbf \t\r\n")
        self.skipped += len(data) - len(stripped)
        self._base += len(data) - len(stripped)
        if not stripped:
            return 0
        if stripped[:1] != b"[":
            self._failed = True
            self._parts.append(stripped)
            found.append(Malformed(self._base, "not a JSON array"))
            return 0
        self._opened = True
        self.skipped += 1
        self._base += 1
        return len(data) - len(stripped) + 1

    def _string(self, data: bytes, pos: int) -> int:
        """Go to the end of the string, or of the data; an escape can straddle two reads."""
        if self._escaped:
            self._escaped = False
            return pos + 1
        match = _INSIDE.search(data, pos)
        if match is None:
            return len(data)
        if match[0] == b'"':
            self._in_string = False
        else:
            self._escaped = True
        return match.end()

    def _element(self, at_ms: float | None, found: list[Item], *, last: bool) -> None:
        """A comma or the last bracket ended an element. The separator itself is skipped."""
        raw = b"".join(self._parts)
        self._parts.clear()
        text = raw.strip(_SPACE)
        start = self._base + (len(raw) - len(raw.lstrip(_SPACE)))
        if text and is_json(text):
            found.append(
                Event(self._index, "message", text, at_ms=at_ms, offset=start, end=start + len(text))
            )
            self._index += 1
            self.skipped += len(raw) - len(text) + 1
        else:
            if text or not last or self._index:
                found.append(Malformed(start, "element is not JSON"))
            self.skipped += len(raw) + 1
        self._base += len(raw) + 1
        self.closed = last

    def close(self) -> Tail:
        """The element that is not complete, or the reason why the array is not."""
        rest = b"".join(self._parts)
        if self._failed:
            return Tail(rest, self._base, "not a JSON array")
        if self.closed:
            return Tail(b"", self._base)
        if not self._opened:
            return Tail(rest, self._base)
        cut = bool(rest.strip(_SPACE)) and self.pending() is None
        return Tail(rest, self._base, "unterminated element" if cut else "unterminated array")

    def pending(self) -> Event | None:
        """The last element if it is complete and only its comma or bracket is missing."""
        rest = b"".join(self._parts)
        text = rest.strip(_SPACE)
        if not self._opened or self.closed or text[:1] != b"{" or not is_json(text):
            return None
        return Event(self._index, "message", text, offset=self._base, end=self._base + len(rest))
