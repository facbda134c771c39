"""AG-UI's binary form: lengths, kinds by field number, and what a cut leaves."""

from __future__ import annotations

import struct

import pytest

from analyzer.decode.agui import AGUIBinaryDecoder, kind_of
from analyzer.model import Event, Malformed
from tests.decode.strategies import prefixed


def field(number: int, payload: bytes = b"") -> bytes:
    """A protobuf field of wire type 2, by the protobuf encoding specification."""
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
    return head + bytes([len(payload)]) + payload


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (12, "RUN_STARTED"),
        (2, "TEXT_MESSAGE_CONTENT"),
        (13, "RUN_FINISHED"),
        (14, "RUN_ERROR"),
        (18, "TOOL_CALL_CHUNK"),
    ],
)
def test_the_field_number_is_the_kind(number: int, kind: str) -> None:
    assert kind_of(field(number, b"x")) == kind


def test_a_kind_that_is_newer_than_this_code_keeps_its_number() -> None:
    assert kind_of(field(31, b"x")) == "field-31"


@pytest.mark.parametrize("payload", [b"", b"\x08\x01", b"\x02", b"\x80"])
def test_what_is_no_event_message_has_no_kind(payload: bytes) -> None:
    assert kind_of(payload) is None


def test_events_come_out_in_order_with_their_spans() -> None:
    first, second = prefixed(field(12, b"run")), prefixed(field(13))
    events = AGUIBinaryDecoder().feed(first + second, 7.0)
    assert [(e.type, e.offset, e.end, e.at_ms) for e in events if isinstance(e, Event)] == [
        ("RUN_STARTED", 0, 9, 7.0),
        ("RUN_FINISHED", 9, 15, 7.0),
    ]


def test_a_cut_event_is_left_over_and_owed() -> None:
    decoder = AGUIBinaryDecoder()
    assert decoder.feed(prefixed(field(2, b"hello"))[:-1]) == []
    tail = decoder.close()
    assert (tail.offset, tail.reason) == (0, "incomplete event")


def test_a_whole_body_owes_nothing() -> None:
    decoder = AGUIBinaryDecoder()
    decoder.feed(prefixed(field(13)))
    assert decoder.close().reason is None


def test_an_absurd_length_ends_the_reading() -> None:
    decoder = AGUIBinaryDecoder()
    found = decoder.feed(struct.pack(">I", 1 << 30) + b"x" * 40)
    assert found == [Malformed(0, "absurd length")]
    assert decoder.close().reason == "absurd length"
