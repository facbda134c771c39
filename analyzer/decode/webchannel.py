"""WebChannel (`/channel` of Firestore): chunks of a decimal length, a newline, and that much JSON.

The length counts UTF-16 code units, because the client slices the text that XMLHttpRequest gives it
(closure-library, `ChannelRequest`). A chunk is an array of `[number, message]` pairs.
"""

from __future__ import annotations

from typing import Final

from analyzer.decode.api import Item
from analyzer.model import Event, Malformed, Tail
from analyzer.patterns import later

_LOOKS: Final = later(rb"\A\d{1,9}\r?\n\[\[")
_DIGITS: Final = later(rb"[0-9]{1,9}")
_LINE: Final = 32  # a length line is shorter; whatever is longer is none
_CONTINUATION: Final = bytes(range(0x80, 0xC0))
_PAIRS: Final = bytes(range(0xF0, 0x100))  # lead bytes of characters that take two code units


def looks_like_webchannel(head: bytes) -> bool:
    """Whether a body begins as a WebChannel answer does: a length line, then an array of arrays."""
    return _LOOKS.match(head) is not None


class WebChannelDecoder:
    """Incremental decoder. Event type: `message`; data: the JSON text of one chunk, UTF-8."""

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._base = 0
        self._index = 0
        self._broken: str | None = None
        self._need = -1  # code units of the chunk that is being read; -1: a length line comes next
        self._start = 0  # where its text starts in the buffer
        self._seen = 0  # bytes of it that were counted
        self._units = 0  # code units in those bytes

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the chunks that they complete."""
        self._buffer += data
        found: list[Item] = []
        while self._broken is None and (self._need >= 0 or self._header(found)):
            end = self._end(found)
            if end is None:
                break
            text = bytes(self._buffer[self._start : end])
            start = self._base
            self._drop(end)
            if text.strip():
                found.append(
                    Event(
                        self._index,
                        "message",
                        text.strip(b"\r\n "),
                        at_ms=at_ms,
                        offset=start,
                        end=start + end,
                    )
                )
                self._index += 1
            else:
                self.skipped += end
        return found

    def close(self) -> Tail:
        """The chunk of which not all came, or all that follows a line that is no length."""
        rest = bytes(self._buffer)
        if not rest:
            return Tail(b"", self._base)
        return Tail(rest, self._base, self._broken or "incomplete chunk")

    def _header(self, found: list[Item]) -> bool:
        """Read a length line if it is there."""
        end = self._buffer.find(b"\n", 0, _LINE)
        if end < 0:
            if len(self._buffer) >= _LINE:
                self._fail("line is no length", found)
            return False
        line = bytes(self._buffer[:end]).strip()
        if line and _DIGITS.fullmatch(line) is None:
            self._fail("line is no length", found)
            return False
        self._need, self._start = int(line or b"0"), end + 1
        self._seen, self._units = self._start, 0
        return True

    def _end(self, found: list[Item]) -> int | None:
        """Where in the buffer the chunk ends; None while it is not all there."""
        buffer = self._buffer
        while self._units < self._need:
            left = self._need - self._units
            block = bytes(buffer[self._seen : self._seen + left])
            if not block:
                return None
            units = _units(block)
            if units > left:  # more than one unit per byte: only a lead byte of four does that
                block = _until(block, left)
                units = _units(block)
            self._seen += len(block)
            self._units += units
        if self._units > self._need:
            self._fail("length ends inside a character", found)
            return None
        end = self._seen + (_following(buffer[self._seen - 1]) if self._need else 0)
        return end if len(buffer) >= end else None

    def _drop(self, end: int) -> None:
        del self._buffer[:end]
        self._base += end
        self._need = -1

    def _fail(self, reason: str, found: list[Item]) -> None:
        self._broken = reason
        found.append(Malformed(self._base, reason))


def _units(block: bytes) -> int:
    """UTF-16 code units of UTF-8 bytes, counted at the first byte of each character."""
    characters = len(block.translate(None, _CONTINUATION))
    return characters + len(block) - len(block.translate(None, _PAIRS))


def _until(block: bytes, units: int) -> bytes:
    """The shortest beginning with at least so many code units."""
    low, high = 0, len(block)
    while low < high:
        middle = (low + high) // 2
        if _units(block[:middle]) >= units:
            high = middle
        else:
            low = middle + 1
    return block[:low]


def _following(lead: int) -> int:
    """How many bytes follow a first byte in UTF-8."""
    return 3 if lead >= 0xF0 else 2 if lead >= 0xE0 else 1 if lead >= 0xC0 else 0
