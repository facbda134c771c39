from __future__ import annotations

import pytest

from analyzer.decode import decoder_for, framing_of
from analyzer.decode.grpcweb import GRPCWebTextDecoder

GEMINI = "/v1beta/models/m:streamGenerateContent"


@pytest.mark.parametrize(
    ("content_type", "head", "path", "wanted"),
    [
        ("text/event-stream; charset=utf-8", b"", "", "sse"),
        ("application/x-ndjson", b"", "", "ndjson"),
        ("application/vnd.amazon.eventstream", b"", "", "aws-event-stream"),
        ("application/grpc-web+proto", b"", "", "grpc-web"),
        ("application/connect+json", b"", "", "connect"),
        ("application/json", b'[{"candidates"', GEMINI, "json-array"),
        ("application/json", b'{"error":{}}', GEMINI, None),
        ("application/json", b'[{"id":1}]', "/api/items", None),
        ("application/json", b'{"a":1}\n{"a":2}\n', "/api/chat", "ndjson"),
        ("text/plain", b"data: x\n\n", "", "sse"),
        ("text/plain", b": ping\n\n", "", "sse"),
        ("text/plain", b'0:"Hi"\n', "", "data-stream"),
        ("text/plain", b'{"a":1}\n{"a":2}\n', "", "ndjson"),
        ("text/plain", b"hello", "", "text"),
        (None, b"event: a\r\ndata: x\r\n", "", "sse"),
        (None, b"hello", "", None),
        ("text/html", b"data: x\n\n", "", "sse"),
        ("text/html", b"<p>data: x</p>", "", None),
        ("application/json", b"data: x\n\n", "", "sse"),
        ("text/css", b"data: x\n\n", "", None),
        ("video/mp4", b"", "", None),
    ],
)
def test_framing(content_type: str | None, head: bytes, path: str, wanted: str | None) -> None:
    assert framing_of(content_type, head, path) == wanted


def test_every_framing_with_bytes_has_a_decoder() -> None:
    for name in ("sse", "ndjson", "json-array", "data-stream", "grpc-web", "connect", "aws-event-stream"):
        assert decoder_for(name) is not None
    assert decoder_for("text") is None
    assert isinstance(decoder_for("grpc-web", "application/grpc-web-text+proto"), GRPCWebTextDecoder)
