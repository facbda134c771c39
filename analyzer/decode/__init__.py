"""Sans-IO decoders: body bytes → events → what was left over. One per framing, all with one face."""

from analyzer.decode.agui import AGUIBinaryDecoder
from analyzer.decode.api import NOT_JSON, Decoder, Item, parse_json
from analyzer.decode.awseventstream import AWSEventStreamDecoder
from analyzer.decode.choose import decoder_for, framing_of
from analyzer.decode.connect import ConnectDecoder
from analyzer.decode.datastream import DataStreamDecoder
from analyzer.decode.grpcweb import GRPCWebDecoder, GRPCWebTextDecoder
from analyzer.decode.jsonarray import JSONArrayDecoder
from analyzer.decode.ndjson import NDJSONDecoder
from analyzer.decode.sse import SSEDecoder
from analyzer.decode.webchannel import WebChannelDecoder
from analyzer.decode.websocket import read_messages

__all__ = [
    "NOT_JSON",
    "AGUIBinaryDecoder",
    "AWSEventStreamDecoder",
    "ConnectDecoder",
    "DataStreamDecoder",
    "Decoder",
    "GRPCWebDecoder",
    "GRPCWebTextDecoder",
    "Item",
    "JSONArrayDecoder",
    "NDJSONDecoder",
    "SSEDecoder",
    "WebChannelDecoder",
    "decoder_for",
    "framing_of",
    "parse_json",
    "read_messages",
]
