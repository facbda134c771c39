"""AG-UI in its binary form (`application/vnd.ag-ui.event+proto`): a big-endian length, then one event.

The payload is a protobuf message with a single field set, and the number of that field is the kind of
event. Only the number is read here: no schema is needed to know how a run ended.
"""

from __future__ import annotations

from typing import Final

from analyzer.decode.api import Item
from analyzer.model import Event, Malformed, Tail

#: Fields of the `oneof` in the protocol's own schema, events.proto.
KINDS: Final = {
    1: "TEXT_MESSAGE_START", 2: "TEXT_MESSAGE_CONTENT", 3: "TEXT_MESSAGE_END",
    4: "TOOL_CALL_START", 5: "TOOL_CALL_ARGS", 6: "TOOL_CALL_END",
    7: "STATE_SNAPSHOT", 8: "STATE_DELTA", 9: "MESSAGES_SNAPSHOT",
    10: "RAW", 11: "CUSTOM", 12: "RUN_STARTED", 13: "RUN_FINISHED", 14: "RUN_ERROR",
    15: "STEP_STARTED", 16: "STEP_FINISHED", 17: "TEXT_MESSAGE_CHUNK", 18: "TOOL_CALL_CHUNK",
}  # fmt: skip
#: A length beyond this is no event but damage: the framing has neither flags nor checksums to show it.
_SANE: Final = 1 << 28
_LENGTH_DELIMITED: Final = 2


class AGUIBinaryDecoder:
    """Incremental decoder. Event type: `RUN_STARTED` …, `field-N` for a newer one; data: the message."""

    def __init__(self) -> None:
        self.skipped = 0
        self._buffer = bytearray()
        self._base = 0
        self._index = 0
        self._broken: str | None = None

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the events that they complete."""
        self._buffer += data
        buffer, pos = self._buffer, 0
        found: list[Item] = []
        while self._broken is None and len(buffer) - pos >= 4:
            size = int.from_bytes(buffer[pos : pos + 4], "big")
            if size > _SANE:
                self._broken = "absurd length"
                found.append(Malformed(self._base + pos, self._broken))
                break
            end = pos + 4 + size
            if len(buffer) < end:
                break
            payload = bytes(buffer[pos + 4 : end])
            kind = kind_of(payload)
            if kind is None:
                self.skipped += end - pos
                found.append(Malformed(self._base + pos, "message is no event"))
            else:
                found.append(
                    Event(
                        self._index,
                        kind,
                        payload,
                        at_ms=at_ms,
                        offset=self._base + pos,
                        end=self._base + end,
                    )
                )
                self._index += 1
            pos = end
        if pos:
            del buffer[:pos]
            self._base += pos
        return found

    def close(self) -> Tail:
        """The event of which not all bytes came, or all that follows an absurd length."""
        rest = bytes(self._buffer)
        if not rest:
            return Tail(b"", self._base)
        return Tail(rest, self._base, self._broken or "incomplete event")


def kind_of(payload: bytes) -> str | None:
    """The kind of a protobuf `Event`: the number of its first field; None where no message starts."""
    tag, shift = 0, 0
    for byte in payload[:5]:
        tag |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            field = tag >> 3
            if tag & 7 != _LENGTH_DELIMITED or not field:
                return None
            return KINDS.get(field, f"field-{field}")
    return None
