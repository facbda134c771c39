"""Server-sent events, as the WHATWG HTML standard parses them (section 9.2.6).

Two things are kept that a browser throws away, because a post-mortem needs them. Blocks without data
come out as events with `dispatched=False`: LangServe's `event: end` and GraphQL's `event: complete`
may be such blocks. Lines with an unknown field name are kept in `stray`: Gemini writes an error as bare
JSON lines, and old llama.cpp servers as an `error:` field.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from analyzer.decode.api import Item
from analyzer.model import Event, Tail

_BOM: Final = b"\xef\xbb\xbf"
#: Bounds what a hostile body can make us remember: lines that no client would see.
_STRAY_LIMIT: Final = 1 << 18
_COMMENT_TEXTS: Final = 8


class Stray(NamedTuple):
    """A line that is no field of the standard. block: number of events that came before it."""

    offset: int
    line: bytes
    block: int


class SSEDecoder:
    """Incremental decoder of `text/event-stream`.

    comments: comment lines so far; comment_times: their arrival times, where recorded.
    retry_ms: last valid `retry`. last_event_id: as an EventSource would send it; None before any id.
    stray: lines with unknown field names, bounded.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self.comments = 0
        self.comment_times: list[float] = []
        self.comment_texts: list[bytes] = []
        self.retry_ms: int | None = None
        self.last_event_id: str | None = None
        self.stray: list[Stray] = []
        self._stray_bytes = 0
        self._index = 0
        self._parts: list[bytes] = []  # the line that is not complete yet
        self._line_start = 0  # offset of that line
        self._after_cr = False  # a LF that comes next belongs to the CR before it
        self._started = False
        self._reset()

    def _reset(self) -> None:
        self._block_start = -1
        self._block_comments = 0  # bytes of comment lines in the open block
        self._data: list[bytes] = []
        self._type = ""
        self._id: str | None = None
        self._other = False  # a field that makes a block without data worth keeping
        self._head: list[bytes] = []  # whole lines of the open block, for the tail

    def feed(self, data: bytes, at_ms: float | None = None) -> list[Item]:
        """Take the next bytes; return the events whose blank line they contain."""
        found: list[Item] = []
        if not data:
            return found
        if not self._started:
            # The mark may straddle reads: wait until three bytes can be compared.
            held = b"".join(self._parts) + data
            self._parts.clear()
            if len(held) < 3 and _BOM.startswith(held):
                self._parts.append(held)
                return found
            self._started = True
            if held.startswith(_BOM):
                self.skipped += 3
                self._line_start = 3
                held = held[3:]
            data = held
            if not data:
                return found
        if self._after_cr:
            self._after_cr = False
            if data[:1] == b"\n":
                self._swallow_lf()
                data = data[1:]
                if not data:
                    return found
        lines = data.splitlines(keepends=True)  # for bytes: CR, LF and CRLF, nothing else
        if self._parts:
            self._parts.append(lines[0])
            if lines[0][-1:] not in b"\r\n":
                return found
            lines[0] = b"".join(self._parts)
            self._parts.clear()
        if lines[-1][-1:] not in b"\r\n":
            self._parts.append(lines.pop())
        pos = self._line_start
        for raw in lines:
            line = raw.rstrip(b"\r\n")
            if line:
                self._take(line, raw, pos, at_ms)
            else:
                event = self._end_block(pos, at_ms)
                self.skipped += len(raw)
                if event is not None:
                    found.append(event)
            pos += len(raw)
        self._line_start = pos
        self._after_cr = bool(lines) and not self._parts and lines[-1][-1:] == b"\r"
        return found

    def _swallow_lf(self) -> None:
        """Count the LF of a CRLF that was split: it belongs to the line before it."""
        self._line_start += 1
        if self._block_start < 0:
            self.skipped += 1
        else:
            self._head.append(b"\n")

    def _take(self, line: bytes, raw: bytes, pos: int, at_ms: float | None) -> None:
        if self._block_start < 0:
            self._block_start = pos
        self._head.append(raw)
        name, colon, value = line.partition(b":")
        if value[:1] == b" ":
            value = value[1:]
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._type = value.decode("utf-8", "replace")
            self._other = True
        elif not name and colon:
            self.comments += 1
            if at_ms is not None:
                self.comment_times.append(at_ms)
            if len(self.comment_texts) < _COMMENT_TEXTS:
                self.comment_texts.append(value[:200])
        elif name == b"id":
            if b"\0" not in value:
                self._id = value.decode("utf-8", "replace")
                self._other = True
        elif name == b"retry":
            if value.isdigit():  # bytes.isdigit is ASCII only
                self.retry_ms = int(value[:15])
        else:
            self._other = True
            if self._stray_bytes < _STRAY_LIMIT:
                self.stray.append(Stray(pos, line, self._index))
                self._stray_bytes += len(line)

    def _end_block(self, pos: int, at_ms: float | None) -> Event | None:
        """A blank line: dispatch what was collected. The last event id changes even without data."""
        if self._block_start < 0:
            return None
        if self._id is not None:
            self.last_event_id = self._id
        start, data, dispatched = self._block_start, self._data, bool(self._data)
        kind, keep = self._type, self._other
        self._reset()
        if not dispatched and not keep:
            self.skipped += pos - start
            return None
        event = Event(
            index=self._index,
            type=kind or "message",
            data=b"\n".join(data) if dispatched else b"",
            id=self.last_event_id,
            at_ms=at_ms,
            offset=start,
            end=pos,
            dispatched=dispatched,
        )
        self._index += 1
        return event

    def close(self) -> Tail:
        """The block that no blank line ended. A browser discards it, with its id.

        reason: None when it owes nothing: it is empty, or has neither data nor an event name.
        """
        if not self._started and self._parts:  # one or two bytes of what could have been a BOM
            return Tail(b"".join(self._parts), 0, "unterminated line")
        rest = b"".join(self._parts)
        start = self._block_start if self._block_start >= 0 else self._line_start
        data = b"".join(self._head) + rest
        if not data:
            return Tail(b"", start)
        owed = bool(self._data) or bool(self._type) or _begins_field(rest)
        if rest and owed:
            return Tail(data, start, "unterminated line")
        return Tail(data, start, "unterminated block" if owed else None)

    def pending(self) -> Event | None:
        """The unterminated block as if its blank line had come; None when it has no field.

        A line that is itself incomplete counts as it stands. For readers that must know whether the
        last block was the end marker; it is not an event.
        """
        rest = b"".join(self._parts)
        data, kind = list(self._data), self._type
        name, _, value = rest.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            kind = value.decode("utf-8", "replace")
        if not data and not kind:
            return None
        return Event(
            index=self._index,
            type=kind or "message",
            data=b"\n".join(data),
            id=self._id,
            offset=self._block_start if self._block_start >= 0 else self._line_start,
            dispatched=bool(data),
        )


def _begins_field(rest: bytes) -> bool:
    """Whether an incomplete line is, or can have been going to be, `data` or `event`."""
    name = rest.partition(b":")[0]
    return bool(name) and (b"data".startswith(name) or b"event".startswith(name))
