from __future__ import annotations

from analyzer.decode import JSONArrayDecoder
from analyzer.model import Event, Malformed


def datas(body: bytes) -> list[bytes | None]:
    return [item.data for item in JSONArrayDecoder().feed(body) if isinstance(item, Event)]


def test_elements_come_out_as_they_complete() -> None:
    decoder = JSONArrayDecoder()
    assert decoder.feed(b'[{"a":1}') == []
    (event,) = decoder.feed(b"\n,\r\n{")
    assert isinstance(event, Event) and event.data == b'{"a":1}'
    decoder.feed(b'"a":2}]')
    assert decoder.closed


def test_brackets_and_escapes_inside_strings_do_not_count() -> None:
    assert datas(b'[{"a":"]},{\\"["},{"b":"\\\\"}]') == [b'{"a":"]},{\\"["}', b'{"b":"\\\\"}']


def test_empty_array_has_no_events_and_is_closed() -> None:
    decoder = JSONArrayDecoder()
    assert decoder.feed(b" [ ] \n") == []
    assert decoder.closed
    assert decoder.close().reason is None


def test_tail_inside_an_element_and_between_elements() -> None:
    inside = JSONArrayDecoder()
    inside.feed(b'[{"a":1},{"b"')
    assert inside.close().reason == "unterminated element"
    between = JSONArrayDecoder()
    between.feed(b'[{"a":1},\n')
    assert between.close().reason == "unterminated array"


def test_something_else_is_malformed_at_once() -> None:
    decoder = JSONArrayDecoder()
    (item,) = decoder.feed(b'{"error":{}}')
    assert isinstance(item, Malformed)
    assert decoder.close().data == b'{"error":{}}'
