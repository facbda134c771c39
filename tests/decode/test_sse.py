"""The WHATWG rules, by the standard's own examples and the web platform tests."""

from __future__ import annotations

import pytest

from analyzer.decode import SSEDecoder
from analyzer.model import Event


def decode(*chunks: bytes) -> tuple[list[Event], SSEDecoder]:
    decoder = SSEDecoder()
    events = [item for chunk in chunks for item in decoder.feed(chunk) if isinstance(item, Event)]
    return events, decoder


def seen(*chunks: bytes) -> list[tuple[str, bytes]]:
    """What an EventSource would dispatch."""
    return [(e.type, e.data or b"") for e in decode(*chunks)[0] if e.dispatched]


# Examples of the HTML standard, section "Interpreting an event stream".
def test_multiple_data_lines_join_with_line_feeds() -> None:
    assert seen(b"data: YHOO\ndata: +2\ndata: 10\n\n") == [("message", b"YHOO\n+2\n10")]


def test_standard_example_with_comment_id_and_leading_space() -> None:
    stream = b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n"
    events, decoder = decode(stream)
    assert [e.data for e in events] == [b"first event", b"second event", b" third event"]
    assert [e.id for e in events] == ["1", "", ""]
    assert decoder.comments == 1


def test_standard_example_of_empty_data() -> None:
    assert seen(b"data\n\ndata\ndata\n\ndata:") == [("message", b""), ("message", b"\n")]


def test_one_space_after_the_colon_is_dropped_and_no_more() -> None:
    assert seen(b"data:test\n\ndata: test\n\ndata:  test\n\n") == [
        ("message", b"test"), ("message", b"test"), ("message", b" test"),
    ]  # fmt: skip


# web-platform-tests: eventsource/format-*
@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_ends_a_line(end: bytes) -> None:
    assert seen(b"data: a" + end + b"data: b" + end + end) == [("message", b"a\nb")]


def test_mixed_line_ends_in_one_stream() -> None:
    assert seen(b"data:test\r\ndata\ndata:test\r\n\r\n") == [("message", b"test\n\ntest")]
    assert seen(b"data: a\r\r\ndata: b\n\r") == [("message", b"a"), ("message", b"b")]


def test_crlf_that_straddles_two_reads_is_one_line_end() -> None:
    assert seen(b"data: a\r", b"\ndata: b\r", b"\n\r", b"\n") == [("message", b"a\nb")]


def test_an_event_comes_out_at_the_cr_of_its_blank_line() -> None:
    decoder = SSEDecoder()
    assert decoder.feed(b"data: a\r\n\r", at_ms=5.0) != []
    assert decoder.feed(b"\n", at_ms=9.0) == []


def test_one_leading_bom_is_stripped_and_a_second_is_content() -> None:
    assert seen(b"\xef\xbb\xbfdata: a\n\n") == [("message", b"a")]
    assert seen(b"\xef", b"\xbb\xbfdata: a\n\n") == [("message", b"a")]
    assert seen(b"\xef\xbb\xbf\xef\xbb\xbfdata: a\n\ndata: b\n\n") == [("message", b"b")]


def test_field_names_compare_literally() -> None:
    assert seen(b"DATA: a\n\n Data: b\n\ndatax: c\n\ndata: d\n\n") == [("message", b"d")]


def test_event_type_holds_for_one_event() -> None:
    assert seen(b"event: a\ndata: 1\n\ndata: 2\n\n") == [("a", b"1"), ("message", b"2")]


def test_an_empty_event_field_means_message() -> None:
    assert seen(b"event:\ndata: 1\n\n") == [("message", b"1")]


def test_event_without_data_is_not_dispatched_but_kept() -> None:
    events, _ = decode(b"event: end\n\ndata: x\n\n")
    assert [(e.type, e.dispatched) for e in events] == [("end", False), ("message", True)]


def test_id_holds_until_replaced_and_is_taken_from_blocks_without_data() -> None:
    events, decoder = decode(b"id: 7\n\ndata: a\n\nid: 8\ndata: b\n\nid\ndata: c\n\n")
    assert [e.id for e in events if e.dispatched] == ["7", "8", ""]
    assert decoder.last_event_id == ""


def test_id_with_nul_is_ignored() -> None:
    events, decoder = decode(b"id: 1\ndata: a\n\nid: 2\0\ndata: b\n\n")
    assert [e.id for e in events] == ["1", "1"]
    assert decoder.last_event_id == "1"


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"retry: 3000", 3000),
        (b"retry:10", 10),
        (b"retry: 1000x", None),
        (b"retry: -1", None),
        (b"retry", None),
    ],
)
def test_retry_takes_ascii_digits_only(line: bytes, wanted: int | None) -> None:
    assert decode(line + b"\n\n")[1].retry_ms == wanted


def test_a_block_of_retry_alone_is_no_event() -> None:
    assert decode(b"retry: 5\n\n")[0] == []


def test_invalid_utf8_in_names_is_replaced_and_data_stays_bytes() -> None:
    assert seen(b"event: \xff\ndata: \xff\n\n") == [("\ufffd", b"\xff")]


# web-platform-tests: eventsource/format-data-before-final-empty-line.js
def test_unterminated_last_block_is_discarded_with_its_id() -> None:
    events, decoder = decode(b"retry:1000\ndata:test1\n\nid:test\ndata:test2")
    assert [e.data for e in events] == [b"test1"]
    assert decoder.last_event_id is None
    tail = decoder.close()
    assert (tail.data, tail.reason) == (b"id:test\ndata:test2", "unterminated line")


def test_tail_after_a_whole_line_says_block() -> None:
    _, decoder = decode(b"data: a\n\ndata: b\n")
    assert decoder.close().reason == "unterminated block"


@pytest.mark.parametrize("rest", [b": ping", b"id: 5\n", b"retry: 5", b": a\n: b\n", b""])
def test_tail_without_data_owes_nothing(rest: bytes) -> None:
    _, decoder = decode(b"data: a\n\n" + rest)
    tail = decoder.close()
    assert (tail.data, tail.reason) == (rest, None)


@pytest.mark.parametrize("rest", [b"d", b"data", b"data:", b"data: {", b"ev", b"event: x\n"])
def test_tail_that_begins_an_event_is_a_cut(rest: bytes) -> None:
    _, decoder = decode(b"data: a\n\n" + rest)
    assert decoder.close().reason is not None


def test_pending_shows_the_unterminated_block_as_if_it_had_ended() -> None:
    _, decoder = decode(b"event: done\ndata: [DONE]")
    pending = decoder.pending()
    assert pending is not None
    assert (pending.type, pending.data) == ("done", b"[DONE]")


def test_stray_lines_stay_discoverable() -> None:
    _, decoder = decode(b'data: a\n\n{\n  "error": {}\n}\nerror: {"code":1}\n\n')
    assert [s.line for s in decoder.stray] == [b"{", b'  "error": {}', b"}", b'error: {"code":1}']
    assert {s.block for s in decoder.stray} == {1}


def test_comment_times_are_kept() -> None:
    decoder = SSEDecoder()
    decoder.feed(b": a\n\n", at_ms=1.0)
    decoder.feed(b": b\n\n", at_ms=2.0)
    assert (decoder.comments, decoder.comment_times) == (2, [1.0, 2.0])


def test_arrival_is_that_of_the_blank_line() -> None:
    decoder = SSEDecoder()
    decoder.feed(b"data: a\n", at_ms=1.0)
    (event,) = decoder.feed(b"\n", at_ms=4.0)
    assert isinstance(event, Event)
    assert event.at_ms == 4.0


def test_spans_point_at_the_block() -> None:
    body = b": c\n\nevent: a\ndata: 1\n\ndata: 2\n\n"
    events, _ = decode(body)
    assert [body[e.offset : e.end] for e in events] == [b"event: a\ndata: 1\n", b"data: 2\n"]
