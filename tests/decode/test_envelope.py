from __future__ import annotations

from analyzer.decode.envelope import EnvelopeReader
from analyzer.model import Malformed
from tests.decode.strategies import envelope


def test_reading_stops_for_good_at_unknown_flags() -> None:
    reader = EnvelopeReader(known_flags=1)
    items = list(reader.feed(envelope(0, b"a") + b"\x40\0\0\0\0" + envelope(0, b"b")))
    assert isinstance(items[-1], Malformed)
    assert len(items) == 2
    assert list(reader.feed(envelope(0, b"c"))) == []
    assert reader.tail().reason == "no envelope here: unknown flags"


def test_an_absurd_length_is_damage_and_not_a_wait() -> None:
    reader = EnvelopeReader(known_flags=0)
    (item,) = reader.feed(b"\0\xff\xff\xff\xff")
    assert isinstance(item, Malformed)
