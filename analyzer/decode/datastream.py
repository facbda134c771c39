"""The data stream of Vercel AI SDK 4: lines of `<code>:<JSON>`, in `text/plain`."""

from __future__ import annotations

from typing import Final

from analyzer.decode.api import Item, is_json
from analyzer.decode.lines import LineSplitter
from analyzer.model import Event, Malformed, Tail
from analyzer.patterns import later

#: The codes that the SDK knows; it throws on any other.
CODES: Final = frozenset(b"0123456789abcdefghijk")
_LOOKS: Final = later(rb"\A(?:[0-9a-k]:[\[{\"\-0-9tfn][^\n]*\n)")


def looks_like_data_stream(head: bytes) -> bool:
    """Whether a body begins as a data stream does: a one-letter code, a colon, JSON."""
    return _LOOKS.match(head) is not None


class DataStreamDecoder:
    """Incremental decoder. Event type: the code letter; data: the JSON after the colon."""

    def __init__(self) -> None:
        self.skipped = 0
        self._lines = LineSplitter()
        self._index = 0

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the parts whose line end they contain."""
        found: list[Item] = []
        for start, end, line in self._lines.feed(data):
            if line[1:2] == b":" and line[0] in CODES and is_json(line[2:]):
                found.append(Event(self._index, chr(line[0]), line[2:], at_ms=at_ms, offset=start, end=end))
                self._index += 1
                continue
            self.skipped += end - start
            if line.strip():
                found.append(Malformed(start, "line has no known code, or no JSON after it"))
        return found

    def close(self) -> Tail:
        """The line without a line end. Complete JSON objects and strings end themselves."""
        start, rest = self._lines.rest()
        if not rest.strip():
            return Tail(rest, start)
        return Tail(rest, start, None if self.pending() else "unterminated line")

    def pending(self) -> Event | None:
        """The last line as an event if only its line end is missing."""
        start, rest = self._lines.rest()
        line = rest.rstrip()
        if line[1:2] == b":" and line[0] in CODES and line[2:3] in b'{["' and is_json(line[2:]):
            return Event(self._index, chr(line[0]), line[2:], offset=start, end=start + len(rest))
        return None
