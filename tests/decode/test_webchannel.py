"""WebChannel: chunk lengths are counted as the client counts them, in UTF-16 code units."""

from __future__ import annotations

import pytest

from analyzer.decode.choose import framing_of
from analyzer.decode.webchannel import WebChannelDecoder
from analyzer.model import Event, Malformed
from tests.decode.strategies import chunk


def texts(body: bytes) -> list[str]:
    return [
        (event.data or b"").decode() for event in WebChannelDecoder().feed(body) if isinstance(event, Event)
    ]


def test_chunks_are_cut_by_their_lengths_and_not_by_lines() -> None:
    opening = '[[0,["c","a-session-id","",8,12,30000]]]\n'
    body = f"{len(opening)}\n{opening}".encode() + b'14\n[[1,["noop"]]]'
    assert texts(body) == [opening.strip(), '[[1,["noop"]]]']


@pytest.mark.parametrize(
    "text", ['[[1,["é"]]]', '[[1,["…"]]]', '[[1,["\U0001f600\U0001f600"]]]', "[[1,[1]]]\n"]
)
def test_a_length_counts_utf_16_units(text: str) -> None:
    assert texts(chunk(text) + chunk('[[2,["noop"]]]')) == [text.strip(), '[[2,["noop"]]]']


def test_a_chunk_that_is_not_all_there_is_left_over() -> None:
    decoder = WebChannelDecoder()
    body = chunk('[[1,["noop"]]]') + b'20\n[[2,["half'
    assert len(decoder.feed(body)) == 1
    tail = decoder.close()
    assert (tail.offset, tail.data, tail.reason) == (17, b'20\n[[2,["half', "incomplete chunk")


def test_between_chunks_nothing_is_owed() -> None:
    decoder = WebChannelDecoder()
    decoder.feed(chunk('[[1,["noop"]]]'))
    assert decoder.close().reason is None


@pytest.mark.parametrize("body", [b"<!doctype html>\n", b"-5\n[[", b"x" * 64])
def test_what_starts_with_no_length_is_no_channel(body: bytes) -> None:
    decoder = WebChannelDecoder()
    assert decoder.feed(body) == [Malformed(0, "line is no length")]
    assert decoder.close().data == body


def test_a_length_that_ends_inside_a_pair_is_damage() -> None:
    assert WebChannelDecoder().feed("1\n\U0001f600".encode()) == [
        Malformed(0, "length ends inside a character")
    ]


def test_the_first_bytes_tell_a_channel_from_a_page() -> None:
    assert framing_of("text/plain; charset=utf-8", b'51\n[[0,["c"') == "webchannel"
    assert framing_of("text/plain", b"51\nbottles of beer") == "text"
