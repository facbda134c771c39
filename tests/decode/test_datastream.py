from __future__ import annotations

from analyzer.decode import DataStreamDecoder
from analyzer.decode.datastream import looks_like_data_stream
from analyzer.model import Event, Malformed


def test_code_is_the_type_and_json_the_data() -> None:
    items = DataStreamDecoder().feed(b'0:"Hi"\nd:{"finishReason":"stop"}\n')
    assert [(i.type, i.data) for i in items if isinstance(i, Event)] == [
        ("0", b'"Hi"'),
        ("d", b'{"finishReason":"stop"}'),
    ]


def test_unknown_prefix_is_malformed() -> None:
    (item,) = DataStreamDecoder().feed(b"zz:1\n")
    assert isinstance(item, Malformed)


def test_tail_of_half_a_string_is_a_cut_and_a_whole_one_is_not() -> None:
    decoder = DataStreamDecoder()
    decoder.feed(b'0:"Hel')
    assert decoder.close().reason == "unterminated line"
    whole = DataStreamDecoder()
    whole.feed(b'd:{"finishReason":"stop"}')
    assert whole.close().reason is None
    assert whole.pending() is not None


def test_recognised_by_its_first_line() -> None:
    assert looks_like_data_stream(b'0:"Hi"\n')
    assert not looks_like_data_stream(b"Hello: world\n")
    assert not looks_like_data_stream(b"9: o'clock\n")
