"""Frames after grpc/grpc PROTOCOL-WEB."""

from __future__ import annotations

import base64

from analyzer.decode import GRPCWebDecoder, GRPCWebTextDecoder
from analyzer.decode.grpcweb import parse_trailers
from analyzer.model import Event, Malformed
from tests.decode.strategies import envelope

BODY = envelope(0, b"hello") + envelope(0x80, b"grpc-status:14\r\ngrpc-message:upstream%20reset\r\n")


def test_trailers_are_the_frame_with_the_top_bit() -> None:
    decoder = GRPCWebDecoder()
    items = decoder.feed(BODY)
    assert next((i.type, i.data) for i in items if isinstance(i, Event)) == ("message", b"hello")
    assert decoder.trailers == {"grpc-status": "14", "grpc-message": "upstream%20reset"}
    assert decoder.close().reason is None


def test_half_a_frame_is_the_tail() -> None:
    decoder = GRPCWebDecoder()
    decoder.feed(BODY[:8])
    tail = decoder.close()
    assert (tail.data, tail.reason) == (BODY[:8], "incomplete envelope")


def test_text_with_padding_between_chunks() -> None:
    text = base64.b64encode(envelope(0, b"ab")) + base64.b64encode(envelope(0, b"bc"))
    assert b"=" in text[:-2]
    items = GRPCWebTextDecoder().feed(text)
    assert [i.data for i in items if isinstance(i, Event)] == [b"ab", b"bc"]


def test_text_that_is_no_base64_is_malformed() -> None:
    items = GRPCWebTextDecoder().feed(b"<html>")
    assert any(isinstance(item, Malformed) for item in items)


def test_html_instead_of_frames_is_malformed() -> None:
    items = GRPCWebDecoder().feed(b"<!DOCTYPE html>")
    assert isinstance(items[0], Malformed)


def test_trailer_names_are_lower_case() -> None:
    assert parse_trailers(b"Grpc-Status: 0\r\n") == {"grpc-status": "0"}
