from __future__ import annotations

from analyzer.model import RecordedEvent, StreamInput
from analyzer.protocols import decode_events, marks, shape
from analyzer.protocols.drawing import thinned


def events(count: int) -> list[RecordedEvent]:
    return [RecordedEvent("message", "x" * (i % 7), None, 10.0 * i) for i in range(count)]


def test_thinning_keeps_both_ends_and_at_most_400() -> None:
    assert thinned(3) == [0, 1, 2]
    places = thinned(10_000)
    assert (len(places), places[0], places[-1]) == (400, 0, 9_999)
    assert places == sorted(set(places))


def test_marks_are_thinned_and_the_number_is_not() -> None:
    found, total = marks(StreamInput(events=events(1000), content_type="text/event-stream"))
    assert (len(found), total) == (400, 1000)
    assert found[0] == (0.0, 0, "event")


def test_marks_tell_heartbeats_apart() -> None:
    recorded = [RecordedEvent("ping", "{}", None, 1.0), RecordedEvent("message", "x", None, 2.0)]
    found, _ = marks(StreamInput(events=recorded, content_type="text/event-stream"))
    assert [kind for _, _, kind in found] == ["heartbeat", "event"]


def test_no_marks_without_times() -> None:
    assert marks(StreamInput(body=b"data: x\n\n", content_type="text/event-stream")) == ([], 0)


def test_shape_is_the_size_of_each_event() -> None:
    assert shape(StreamInput(body=b"data: abc\n\ndata: a\n\n", content_type="text/event-stream")) == [3, 1]


def test_decode_events_gives_all_and_stops_at_the_limit() -> None:
    inp = StreamInput(
        body=b": hi\n\nretry: 5\n\nid: 9\ndata: a\n\ndata: b\n\ndata: c", content_type="text/event-stream"
    )
    found = decode_events(inp, limit=1)
    assert [e.data for e in found.events] == [b"a"]
    assert (found.total, found.comments, found.heartbeats) == (2, 1, 1)
    assert (found.retry_ms, found.last_event_id) == (5, "9")
    assert found.tail is not None and found.tail.data == b"data: c"


def test_nothing_recorded_gives_nothing() -> None:
    found = decode_events(StreamInput(content_type="text/event-stream"))
    assert (found.events, found.total, found.tail) == ([], 0, None)
