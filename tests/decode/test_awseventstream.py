"""Messages after the Smithy specification of the Amazon event stream."""

from __future__ import annotations

import struct

import pytest

from analyzer.decode import AWSEventStreamDecoder
from analyzer.decode.awseventstream import parse_headers
from analyzer.model import Event, Malformed
from tests.decode.strategies import aws_message

# From the specification's own suite: one content-type header, payload {'foo':'bar'}.
VECTOR = bytes.fromhex(
    "0000003d0000002007fd83960c636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e"
    "7b27666f6f273a27626172277d8d9c08b1"
)


def test_the_specifications_vector() -> None:
    (event,) = AWSEventStreamDecoder().feed(VECTOR)
    assert isinstance(event, Event)
    assert event.data == b"{'foo':'bar'}"


def test_kinds_of_message() -> None:
    body = (
        aws_message({":message-type": "event", ":event-type": "messageStop"}, b"{}")
        + aws_message(
            {":message-type": "exception", ":exception-type": "throttlingException"}, b'{"message":"m"}'
        )
        + aws_message({":message-type": "error", ":error-code": "Internal", ":error-message": "boom"}, b"")
    )
    items = AWSEventStreamDecoder().feed(body)
    assert [(i.type, i.data) for i in items if isinstance(i, Event)] == [
        ("messageStop", b"{}"),
        ("exception/throttlingException", b'{"message":"m"}'),
        ("error/Internal", b"boom"),
    ]


@pytest.mark.parametrize("spot", [0, 9, 20, -1])
def test_a_wrong_checksum_ends_the_stream(spot: int) -> None:
    good = aws_message({":event-type": "a"}, b"{}")
    bad = bytearray(good)
    bad[spot] ^= 0xFF
    decoder = AWSEventStreamDecoder()
    items = decoder.feed(good + bytes(bad) + good)
    assert [type(item) for item in items] == [Event, Malformed]
    assert decoder.close().data == bytes(bad) + good


def test_a_prelude_that_promises_more_than_came() -> None:
    message = aws_message({":event-type": "contentBlockDelta"}, b"{}" * 100)
    decoder = AWSEventStreamDecoder()
    decoder.feed(message[:40])
    assert decoder.close().reason == "incomplete message"


def test_headers_of_other_types_are_stepped_over() -> None:
    block = b"\x01a\x00" + b"\x01b\x04" + struct.pack(">I", 7) + b"\x01c\x07\x00\x01x" + b"\x01d\x63"
    assert parse_headers(block) == {"c": "x"}
