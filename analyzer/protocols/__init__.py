"""What providers and frameworks promise on top of a framing, and whether a stream kept it."""

from analyzer.protocols.drawing import DecodedStream, decode_events, marks, shape
from analyzer.protocols.endpoints import Endpoint, asked_to_stream, endpoint, provider_of_host
from analyzer.protocols.errorbody import ErrorFacts, classify_error
from analyzer.protocols.read import read_stream

__all__ = [
    "DecodedStream",
    "Endpoint",
    "ErrorFacts",
    "asked_to_stream",
    "classify_error",
    "decode_events",
    "endpoint",
    "marks",
    "provider_of_host",
    "read_stream",
    "shape",
]
