"""The WebSocket messages of a Fiddler session: `raw/12_w.txt` → `_webSocketMessages`.

After an empty line, each message is a header block (`Request-Length` or `Response-Length`, `DoneRead`),
an empty line, the frame as on the wire (RFC 6455, 5.2), and a line end.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any, Final

from analyzer.intake.values import epoch_ms, instant

_BLOCK: Final = re.compile(
    rb"(?:\r\n)*((?:Request|Response)-Length: *(\d{1,9})\r\n(?:[^\r\n]{1,200}\r\n)*)\r\n"
)
_DONE: Final = re.compile(rb"DoneRead: *([^\r\n]{1,60})")
_TEXT, _BINARY, _CLOSE = 1, 2, 8
_MOST: Final = 16 * 1024 * 1024  # a compressed message that grows beyond this is a bomb

Json = dict[str, Any]


def messages(raw: bytes) -> list[Json]:
    """The messages of one connection as DevTools writes them: time in epoch seconds, binary as base64.

    Reading ends at the first block that is no message. Fragments are put together.
    """
    found: list[Json] = []
    inflate = {"send": zlib.decompressobj(-15), "receive": zlib.decompressobj(-15)}
    open_: dict[str, Json] = {}
    at = 0
    while (block := _BLOCK.match(raw, at)) is not None:
        frame = raw[block.end() : block.end() + int(block[2])]
        at = block.end() + int(block[2])
        way = "send" if block[1].startswith(b"Request") else "receive"
        read = _frame(frame)
        if read is None:
            continue
        last, packed, opcode, payload = read
        if not opcode and way in open_:
            open_[way]["payload"] += payload
        else:
            done = _DONE.search(block[1])
            when = instant(done[1].decode("ascii", "replace").strip()) if done else None
            message = {"type": way, "opcode": opcode, "payload": payload, "packed": packed}
            message["time"] = epoch_ms(when) / 1000.0 if when is not None and when.year > 1970 else None
            found.append(message)
            if opcode < _CLOSE:
                open_[way] = message
        if last:
            open_.pop(way, None) if opcode < _CLOSE else None
    return [_shown(message, inflate[message["type"]]) for message in found]


def _frame(data: bytes) -> tuple[bool, bool, int, bytes] | None:
    """Final, compressed, opcode and unmasked payload of a frame; None where it is not all there."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size > 125:
        wide = 2 if size == 126 else 8
        size, at = int.from_bytes(data[2 : 2 + wide], "big"), 2 + wide
    key = data[at : at + 4] if data[1] & 0x80 else b""
    at += len(key)
    payload = data[at : at + size]
    if len(payload) < size:
        return None
    if key:
        pad = key * (size // 4 + 1)
        payload = (int.from_bytes(payload, "big") ^ int.from_bytes(pad[:size], "big")).to_bytes(size, "big")
    return bool(data[0] & 0x80), bool(data[0] & 0x40), data[0] & 0x0F, payload


def _shown(message: Json, machine: Any) -> Json:
    payload: bytes | None = message.pop("payload")
    if message.pop("packed") and payload is not None:
        payload = _inflated(payload, machine)
    if payload is None:
        message["data"] = None
    elif message["opcode"] == _TEXT:
        message["data"] = payload.decode("utf-8", "replace")
    else:
        message["data"] = base64.b64encode(payload).decode("ascii")
    return message


def _inflated(payload: bytes, machine: Any) -> bytes | None:
    """permessage-deflate (RFC 7692, 7.2.2); None where it cannot be undone."""
    try:
        plain: bytes = machine.decompress(payload + b"\x00\x00\xff\xff", _MOST)
    except zlib.error:
        return None
    return None if machine.unconsumed_tail else plain
