"""WebSocket messages, as DevTools, Playwright and their kin record them, read as events.

The recorder has already undone the frames: what is left to do is to keep what arrived apart from what
was sent, undo the base64 of binary messages, and read a close frame where one is recorded (Chromium
records none; other recorders write opcode 8).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final, NamedTuple

from analyzer.model import Event, RecordedMessage

_TEXT: Final = 1
_BINARY: Final = 2
_CLOSE: Final = 8
_CONTROL: Final = (9, 10)


class WebSocketMessages(NamedTuple):
    """received, sent: messages as events, type `message` or `binary`; data None where stripped.

    errors: texts of the recorder's own error entries. close_code: None where no close frame is
    recorded, and 1005 where one came without a code (RFC 6455, 7.1.5). pings: control frames.
    """

    received: list[Event]
    sent: list[Event]
    errors: list[str]
    close_code: int | None
    close_reason: str
    pings: int


def read_messages(messages: Sequence[RecordedMessage]) -> WebSocketMessages:
    """Sort the recorded messages of one connection. Order is kept within each direction."""
    received: list[Event] = []
    sent: list[Event] = []
    errors: list[str] = []
    code: int | None = None
    reason = ""
    pings = 0
    for message in messages:
        if message.direction == "error":
            errors.append(message.data or "")
        elif message.opcode == _CLOSE:
            code, reason = _close(message.data)
        elif message.opcode in _CONTROL:
            pings += 1
        else:
            into = sent if message.direction == "send" else received
            kind = "binary" if message.opcode == _BINARY else "message"
            into.append(Event(len(into), kind, _data(message), at_ms=message.at_ms))
    return WebSocketMessages(received, sent, errors, code, reason, pings)


def _data(message: RecordedMessage) -> bytes | None:
    if message.data is None:
        return None
    raw = message.data.encode("utf-8", "surrogatepass")
    if message.opcode != _BINARY:
        return raw
    try:
        return base64.b64decode(raw, validate=True)
    except (binascii.Error, ValueError):
        return raw  # some recorders write binary messages as they are


def _close(data: str | None) -> tuple[int, str]:
    """Code and reason of a close frame: raw bytes in base64, or the code as decimal digits."""
    if not data:
        return 1005, ""
    if data[:4].isdecimal() and 1000 <= int(data[:4]) < 5000:
        return int(data[:4]), data[4:].strip(" :,")
    try:
        raw = base64.b64decode(data.encode(), validate=True)
    except (binascii.Error, ValueError):
        raw = data.encode("latin-1", "replace")
    code = int.from_bytes(raw[:2], "big")
    if len(raw) < 2 or not 1000 <= code < 5000:  # RFC 6455, section 7.4.2: no endpoint sends such a code
        return 1005, ""
    return code, raw[2:].decode("utf-8", "replace")
