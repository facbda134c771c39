"""Newline-delimited JSON: one JSON text per line (Ollama, Cohere v1)."""

from __future__ import annotations

from analyzer.decode.api import Item, is_json
from analyzer.decode.lines import LineSplitter
from analyzer.model import Event, Malformed, Tail


class NDJSONDecoder:
    """Incremental decoder. Blank lines are keep-alives by convention: counted, no events.

    A line that is no JSON is `Malformed` and left out of the events; reading goes on.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.blank_lines = 0
        self._lines = LineSplitter()
        self._index = 0

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the records whose line end they contain."""
        found: list[Item] = []
        for start, end, line in self._lines.feed(data):
            record = line.strip(b" \t\r")
            if not record:
                self.blank_lines += 1
                self.skipped += end - start
            elif is_json(record):
                found.append(Event(self._index, "message", record, at_ms=at_ms, offset=start, end=end))
                self._index += 1
            else:
                self.skipped += end - start
                found.append(Malformed(start, "line is not JSON"))
        return found

    def close(self) -> Tail:
        """The line without a line end. A complete object there owes nothing: braces end it."""
        start, rest = self._lines.rest()
        text = rest.strip(b" \t\r")
        if not text:
            return Tail(rest, start)
        complete = text[:1] in b"{[" and is_json(text)
        return Tail(rest, start, None if complete else "unterminated line")

    def pending(self) -> Event | None:
        """The last line as an event if it is complete JSON that only lacks its line end."""
        start, rest = self._lines.rest()
        text = rest.strip(b" \t\r")
        if not text or text[:1] not in b"{[" or not is_json(text):
            return None
        return Event(self._index, "message", text, offset=start, end=start + len(rest))
