"""Bodies made of bytes: AWS event streams, gRPC-web, Connect, AG-UI. Frames stay, payloads become filler."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import Final

from analyzer.redact.masker import Masker
from analyzer.redact.masktext import mask_body, mask_json

_PRINTABLE: Final = re.compile(rb"[\x20-\x7e\x80-\xff]{3,}")
_WRAPPED: Final = re.compile(r'("bytes"\s*:\s*")([A-Za-z0-9+/=]+)(")')
_END: Final = 0x02  # Connect: the envelope that ends the stream
_TRAILERS: Final = 0x80  # gRPC-web: the envelope with the trailers


def mask_bytes(data: bytes, media_type: str, masker: Masker, *, status: int | None = None) -> bytes:
    """A body as bytes by its media type: same length, same frames, filler inside."""
    kind = media_type.split(";")[0].strip().lower()
    if kind == "application/vnd.amazon.eventstream":
        return _aws(data, masker)
    if kind == "application/vnd.ag-ui.event+proto":
        return _prefixed(data, masker)
    if kind.startswith("application/grpc-web-text"):
        return _grpc_web_text(data, masker)
    if kind.startswith(("application/grpc-web", "application/connect+", "application/grpc")):
        return _envelopes(data, masker, json_payload="json" in kind)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _filled(data, masker)
    if "\x00" in text:
        return _filled(data, masker)
    return mask_body(text, media_type, masker, status=status).encode("utf-8", "surrogatepass")


def _filled(data: bytes, masker: Masker) -> bytes:
    masker.counts["binary"] += any(byte != 0x78 for byte in data[:4096])
    return b"x" * len(data)


def _payload(data: bytes, masker: Masker, *, erring: bool = False) -> bytes:
    """JSON where it is JSON; of anything else (protobuf, msgpack) every run of text."""
    if data[:1] not in (b"{", b"["):
        masker.counts["binary"] += bool(_PRINTABLE.search(data.replace(b"x", b"")))
        return _PRINTABLE.sub(lambda m: b"x" * len(m.group()), data)
    text = data.decode("utf-8", "surrogateescape")
    wrapped = _WRAPPED.sub(lambda m: m[1] + _unwrapped(m[2], masker) + m[3], text)
    if wrapped != text or _WRAPPED.search(text):
        return _around_wrapped(wrapped, masker).encode("utf-8", "surrogateescape")
    return mask_json(text, masker, erring=erring).encode("utf-8", "surrogateescape")


def _unwrapped(encoded: str, masker: Masker) -> str:
    """The model's own event inside a Bedrock chunk: base64 of JSON."""
    try:
        inner = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return masker.fill(encoded)
    return base64.b64encode(_payload(inner, masker)).decode("ascii")


def _around_wrapped(text: str, masker: Masker) -> str:
    """The JSON around a wrapped event: its `p` is padding that hides lengths, so filler does as well."""
    parts = _WRAPPED.split(text)
    shown = []
    for index, part in enumerate(parts):
        shown.append(mask_json(part, masker) if index % 4 == 0 else part)
    return "".join(shown)


def _aws(data: bytes, masker: Masker) -> bytes:
    """vnd.amazon.eventstream: prelude, headers, payload, CRC. The CRC is made anew."""
    out = bytearray()
    at = 0
    while len(data) - at >= 16:
        total = int.from_bytes(data[at : at + 4], "big")
        header_size = int.from_bytes(data[at + 4 : at + 8], "big")
        if total < 16 + header_size or at + total > len(data):
            break
        begin = at + 12 + header_size
        head = data[at:begin]
        erring = b"exception" in head or b"error" in head
        frame = head + _payload(data[begin : at + total - 4], masker, erring=erring)
        if len(frame) != total - 4:  # a replacement of another length: fall back to plain filler
            frame = head + b"x" * (total - 4 - len(head))
        out += frame + zlib.crc32(frame).to_bytes(4, "big")
        at += total
    if at < len(data):  # a frame that was cut: its prelude and headers are no secret, its payload is
        rest = data[at:]
        header_size = int.from_bytes(rest[4:8], "big") if len(rest) >= 8 else 0
        keep = min(len(rest), 12 + header_size) if header_size < 10_000 else min(len(rest), 12)
        out += rest[:keep] + b"x" * (len(rest) - keep)
    return bytes(out)


def _envelopes(data: bytes, masker: Masker, *, json_payload: bool) -> bytes:
    out = bytearray()
    at = 0
    while len(data) - at >= 5:
        flags = data[at]
        size = int.from_bytes(data[at + 1 : at + 5], "big")
        payload = data[at + 5 : at + 5 + size]
        out += data[at : at + 5]
        if flags & _TRAILERS:
            shown = _trailers(payload, masker)
        elif flags & _END and json_payload:
            shown = _payload(payload, masker, erring=True)
        else:
            shown = _payload(payload, masker)
        out += shown if len(shown) == len(payload) else b"x" * len(payload)
        at += 5 + size
    out += b"x" * max(0, len(data) - len(out))
    return bytes(out[: len(data)])


def _prefixed(data: bytes, masker: Masker) -> bytes:
    """AG-UI: lengths and the field number that names the event stay."""
    out = bytearray()
    at = 0
    while len(data) - at >= 4:
        size = int.from_bytes(data[at : at + 4], "big")
        payload = data[at + 4 : at + 4 + size]
        out += data[at : at + 4] + payload[:3] + _payload(payload[3:], masker)
        at += 4 + size
    out += b"x" * max(0, len(data) - len(out))
    return bytes(out[: len(data)])


def _trailers(payload: bytes, masker: Masker) -> bytes:
    """`grpc-status:14\\r\\ngrpc-message:…`: the status stays, the message is scrubbed, others are filled."""
    shown = []
    for line in payload.decode("latin-1").split("\r\n"):
        name, mark, value = line.partition(":")
        if name.lower() == "grpc-message":
            value = masker.scrub(value)
        elif name.lower() != "grpc-status":
            value = masker.fill(value)
        shown.append(f"{name}{mark}{value}")
    return "\r\n".join(shown).encode("latin-1", "replace")


def _grpc_web_text(data: bytes, masker: Masker) -> bytes:
    """The same as base64; the groups may be padded one by one."""
    groups = re.findall(rb"[A-Za-z0-9+/]+={0,2}", data)
    try:
        plain = b"".join(base64.b64decode(group) for group in groups)
    except (binascii.Error, ValueError):
        return _filled(data, masker)
    return base64.b64encode(_envelopes(plain, masker, json_payload=False))


def mask_base64(text: str, media_type: str, masker: Masker, *, status: int | None = None) -> str:
    """Bytes that are stored as base64. What is no base64 is filler."""
    try:
        data = base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return masker.fill(text)
    return base64.b64encode(mask_bytes(data, media_type, masker, status=status)).decode("ascii")
