"""Connect streaming: length-prefixed envelopes, the end-stream message last (flag 0x02)."""

from __future__ import annotations

from typing import Final

from analyzer.decode.api import Item
from analyzer.decode.envelope import EnvelopeReader
from analyzer.model import Event, Malformed, Tail

_COMPRESSED: Final = 0x01
_END_STREAM: Final = 0x02


class ConnectDecoder:
    """Incremental decoder. Event type: `message` or `end-stream`; data: the payload as sent."""

    def __init__(self) -> None:
        self.skipped = 0
        self.compressed = False
        self._reader = EnvelopeReader(_COMPRESSED | _END_STREAM)
        self._index = 0

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the messages that they complete."""
        found: list[Item] = []
        for item in self._reader.feed(data):
            if isinstance(item, Malformed):
                found.append(item)
                continue
            start, end, flags, payload = item
            self.compressed |= bool(flags & _COMPRESSED)
            kind = "end-stream" if flags & _END_STREAM else "message"
            found.append(Event(self._index, kind, payload, at_ms=at_ms, offset=start, end=end))
            self._index += 1
        return found

    def close(self) -> Tail:
        """The message of which not all bytes came."""
        return self._reader.tail()
