"""Headers and first bytes → how a body is cut into events, and the decoder for it."""

from __future__ import annotations

from typing import Final

from analyzer.decode.agui import AGUIBinaryDecoder
from analyzer.decode.awseventstream import AWSEventStreamDecoder
from analyzer.decode.connect import ConnectDecoder
from analyzer.decode.datastream import DataStreamDecoder, looks_like_data_stream
from analyzer.decode.grpcweb import GRPCWebDecoder, GRPCWebTextDecoder
from analyzer.decode.jsonarray import JSONArrayDecoder
from analyzer.decode.ndjson import NDJSONDecoder
from analyzer.decode.sse import SSEDecoder
from analyzer.decode.webchannel import WebChannelDecoder, looks_like_webchannel
from analyzer.patterns import later

AnyDecoder = (
    SSEDecoder
    | NDJSONDecoder
    | JSONArrayDecoder
    | DataStreamDecoder
    | GRPCWebDecoder
    | GRPCWebTextDecoder
    | ConnectDecoder
    | AWSEventStreamDecoder
    | AGUIBinaryDecoder
    | WebChannelDecoder
)

_NDJSON: Final = frozenset(
    {
        "application/x-ndjson",
        "application/ndjson",
        "application/jsonl",
        "application/x-jsonl",
        "application/jsonlines",
        "application/x-jsonlines",
        "application/json-lines",
        "application/stream+json",
        "application/x-json-stream",
        "application/json-seq",
        "text/x-ndjson",
        "text/ndjson",
        "text/jsonl",
    }
)
#: Types that say nothing: servers send every framing with them, so the first bytes decide.
_VAGUE: Final = frozenset({"", "text/plain", "application/octet-stream", "binary/octet-stream", "x-unknown"})
#: Types that promise something else. A body whose first line is a field of an event is neither JSON nor HTML: the
#: server forgot the header, and a page that reads with `fetch` never notices.
_WRONG: Final = frozenset({"application/json", "text/html"})
_SSE_LINE: Final = later(
    rb"\A(?:\xef\xbb\xbf)?(?:[\r\n]*)(?:(?:data|event|id|retry):[^\r\n]*|:[^\r\n]{0,200})(?:\r\n|\n|\r)"
)
_JSON_LINES: Final = later(rb"\A\s{0,8}\{[^\r\n]*\}\r?\n\s*\{")
_ARRAY: Final = later(rb"\A\s*+\[\s*+(?:\{|\Z)")


def framing_of(content_type: str | None, head: bytes, path: str = "") -> str | None:
    """The framing of a body, as in `VALUES["framing"]`; None when it is no stream of events.

    head: the first bytes of the body, as many as are at hand; may be empty. A type that is exact is
    believed; under one that says nothing, the first bytes decide. `application/json` is a stream only
    when it is one growing array on a streaming path, JSON lines, or in truth server-sent events.
    """
    media = (content_type or "").partition(";")[0].strip().lower()
    if media == "text/event-stream":
        return "sse"
    if media in _NDJSON:
        return "ndjson"
    if media == "application/vnd.amazon.eventstream":
        return "aws-event-stream"
    if media.startswith("application/grpc-web"):
        return "grpc-web"
    if media.startswith("application/connect+"):
        return "connect"
    if media == "application/vnd.ag-ui.event+proto":
        return "ag-ui-binary"
    head = head[:65536]
    if media in _WRONG and _SSE_LINE.match(head):
        return "sse"
    if media == "application/json":
        if path.lower().endswith(":streamgeneratecontent") and _ARRAY.match(head):
            return "json-array"
        return "ndjson" if _JSON_LINES.match(head) else None
    if media in _VAGUE:
        if _SSE_LINE.match(head):
            return "sse"
        if looks_like_data_stream(head):
            return "data-stream"
        if looks_like_webchannel(head):
            return "webchannel"
        if _JSON_LINES.match(head):
            return "ndjson"
        return "text" if media == "text/plain" else None
    return None


def decoder_for(framing: str, content_type: str | None = None) -> AnyDecoder | None:
    """A fresh decoder for the framing; None for those that have no bytes to decode."""
    match framing:
        case "sse":
            return SSEDecoder()
        case "ndjson":
            return NDJSONDecoder()
        case "json-array":
            return JSONArrayDecoder()
        case "data-stream":
            return DataStreamDecoder()
        case "grpc-web":
            text = "grpc-web-text" in (content_type or "").lower()
            return GRPCWebTextDecoder() if text else GRPCWebDecoder()
        case "connect":
            return ConnectDecoder()
        case "aws-event-stream":
            return AWSEventStreamDecoder()
        case "ag-ui-binary":
            return AGUIBinaryDecoder()
        case "webchannel":
            return WebChannelDecoder()
    return None
