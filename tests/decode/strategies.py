"""Inputs for the laws: bytes that look like each framing, whole and damaged."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Callable

from hypothesis import strategies as st

from analyzer.decode import (
    AGUIBinaryDecoder,
    AWSEventStreamDecoder,
    ConnectDecoder,
    DataStreamDecoder,
    Decoder,
    GRPCWebDecoder,
    GRPCWebTextDecoder,
    JSONArrayDecoder,
    NDJSONDecoder,
    SSEDecoder,
    WebChannelDecoder,
)

_PIECES = [
    b"data: ", b"data:", b"data", b"data: {\"a\":1}", b"data: [DONE]", b"event: ", b"event: ping", b"id: 7",
    b"id:", b"id: a\0b", b"retry: 10", b"retry: 1x", b"retry", b": hi", b":", b"error: {}", b"{", b"}", b"x",
    b"\n", b"\n", b"\n\n", b"\r", b"\r\n", b"\r\n\r\n", b"\n\r", b"\xef\xbb\xbf", b"\xef", b"\xff", b" ", b"\0",
    "é…".encode(),
]  # fmt: skip
_JSON = [
    b'{"a":1}',
    b'{"t":"x\\"]},{"}',
    b"[1,2]",
    b'"s"',
    b"1",
    b"null",
    b'{"b":{"c":[]}}',
    b"{",
    b'"\\',
    b"tru",
]
_LINES = [*_JSON, b"\n", b"\r\n", b"\n\n", b" ", b"0:", b"d:", b"3:", b"z:", b"\xff"]
_ARRAY = [*_JSON, b"[", b"]", b",", b"\r\n", b" ", b",\n", b"\xff"]


def aws_message(headers: dict[str, str], payload: bytes) -> bytes:
    """One AWS event-stream message, built from the Smithy specification."""
    block = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack(">II", 16 + len(block) + len(payload), len(block))
    message = prelude + struct.pack(">I", zlib.crc32(prelude)) + block + payload
    return message + struct.pack(">I", zlib.crc32(message))


def envelope(flags: int, payload: bytes) -> bytes:
    return bytes([flags]) + struct.pack(">I", len(payload)) + payload


def prefixed(payload: bytes) -> bytes:
    """One event of AG-UI's binary form: four bytes of length, then a protobuf message."""
    return struct.pack(">I", len(payload)) + payload


def chunk(text: str, off: int = 0) -> bytes:
    """One chunk of a WebChannel: its length in UTF-16 code units, a newline, the text."""
    size = len(text.encode("utf-16-le")) // 2 + off
    return f"{max(size, 0)}\n{text}".encode()


def _joined(pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from(pieces), max_size=40).map(b"".join)


_AWS = st.builds(
    aws_message,
    st.sampled_from(
        [
            {":message-type": "event", ":event-type": "chunk"},
            {":message-type": "exception", ":exception-type": "throttlingException"},
            {":message-type": "error", ":error-code": "E", ":error-message": "m"},
            {},
        ]
    ),
    st.binary(max_size=20),
)
_AG_UI = st.builds(
    lambda head, rest: prefixed(head + rest),
    st.sampled_from([b"\x62", b"\x6a", b"\x12", b"\xfa\x01", b"\x08", b"", b"\xff" * 6]),
    st.binary(max_size=12),
)
_CHUNK = st.builds(
    lambda text, more: chunk(text, more),
    st.sampled_from(['[[1,["noop"]]]', "", '[[2,[{"a":"é…"}]]]\n', '[[3,["\U0001f600"]]]', "\n"]),
    st.sampled_from([0, 0, 0, 0, -1, 1]),
)
_ENVELOPE = st.builds(envelope, st.sampled_from([0, 1, 2, 0x80, 0x81]), st.binary(max_size=20))

#: (name, decoder, inputs that resemble its framing)
DECODERS: list[tuple[str, Callable[[], Decoder], st.SearchStrategy[bytes]]] = [
    ("sse", SSEDecoder, _joined(_PIECES)),
    ("ndjson", NDJSONDecoder, _joined(_LINES)),
    ("data-stream", DataStreamDecoder, _joined(_LINES)),
    ("json-array", JSONArrayDecoder, _joined(_ARRAY).map(lambda raw: b"[" + raw)),
    ("grpc-web", GRPCWebDecoder, st.lists(_ENVELOPE, max_size=6).map(b"".join)),
    ("connect", ConnectDecoder, st.lists(_ENVELOPE, max_size=6).map(b"".join)),
    ("aws", AWSEventStreamDecoder, st.lists(_AWS, max_size=5).map(b"".join)),
    ("ag-ui-binary", AGUIBinaryDecoder, st.lists(_AG_UI, max_size=6).map(b"".join)),
    (
        "webchannel",
        WebChannelDecoder,
        st.lists(_CHUNK | _joined([b"7\n", b"x", b"\n", b"\xf0"]), max_size=8).map(b"".join),
    ),
    (
        "grpc-web-text",
        GRPCWebTextDecoder,
        st.lists(_ENVELOPE.map(base64.b64encode), max_size=6).map(b"".join),
    ),
]
