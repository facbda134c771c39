from __future__ import annotations

import pytest

from analyzer.decode import NDJSONDecoder
from analyzer.model import Event, Malformed


def test_one_event_per_line_and_crlf_is_allowed() -> None:
    items = NDJSONDecoder().feed(b'{"a":1}\r\n{"a":2}\n')
    assert [item.data for item in items if isinstance(item, Event)] == [b'{"a":1}', b'{"a":2}']


def test_blank_lines_are_counted_as_keep_alives() -> None:
    decoder = NDJSONDecoder()
    assert decoder.feed(b'\n\n{"a":1}\n') != []
    assert decoder.blank_lines == 2


def test_a_line_that_is_no_json_is_malformed_and_reading_goes_on() -> None:
    items = NDJSONDecoder().feed(b'{"a":1}\n<html>\n{"a":2}\n')
    assert [type(item) for item in items] == [Event, Malformed, Event]
    assert items[1] == Malformed(8, "line is not JSON")


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b"", None),
        (b"  ", None),
        (b'{"a":1}', None),
        (b'{"a":', "unterminated line"),
        (b"12", "unterminated line"),
    ],
)
def test_tail(rest: bytes, reason: str | None) -> None:
    decoder = NDJSONDecoder()
    decoder.feed(b'{"a":1}\n' + rest)
    tail = decoder.close()
    assert (tail.data, tail.reason) == (rest, reason)


def test_a_complete_object_without_its_line_end_is_pending() -> None:
    decoder = NDJSONDecoder()
    decoder.feed(b'{"done":true}')
    pending = decoder.pending()
    assert pending is not None and pending.data == b'{"done":true}'


def test_half_an_emoji_is_still_a_record() -> None:
    items = NDJSONDecoder().feed(b'{"response":"\\ud83d"}\n')
    assert [type(item) for item in items] == [Event]
