from __future__ import annotations

from analyzer.decode import ConnectDecoder
from analyzer.model import Event
from tests.decode.strategies import envelope


def test_end_stream_is_the_low_second_bit() -> None:
    items = ConnectDecoder().feed(envelope(0, b'{"greeting":"Hello"}') + envelope(2, b"{}"))
    assert [(i.type, i.data) for i in items if isinstance(i, Event)] == [
        ("message", b'{"greeting":"Hello"}'),
        ("end-stream", b"{}"),
    ]


def test_compression_is_noticed() -> None:
    decoder = ConnectDecoder()
    decoder.feed(envelope(1, b"\x1f\x8b"))
    assert decoder.compressed


def test_a_body_that_stops_inside_a_message() -> None:
    decoder = ConnectDecoder()
    decoder.feed(envelope(0, b"x" * 40)[:20])
    assert decoder.close().reason == "incomplete envelope"
