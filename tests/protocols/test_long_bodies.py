"""A long body is settled from its ends and its needles: the facts must be those of a full reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analyzer.decode.sse import SSEDecoder
from analyzer.model import Event, RecordedEvent, StreamFacts, StreamInput
from analyzer.protocols import read_stream
from analyzer.protocols import source as source_module
from tests.protocols.test_cut_everywhere import HEALTHY, read

STREAMS = [name for name, row in HEALTHY.items() if row[1] in ("text/event-stream", "application/x-ndjson")]
ERROR = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"m"}}\n\n'


def lengthened(body: bytes, size: int = 300_000) -> tuple[bytes, bytes]:
    """The body in two halves, a block from its middle repeated between them."""
    separator = b"\r\n\r\n" if b"\r\n\r\n" in body else b"\n\n" if b"\n\n" in body else b"\n"
    blocks = [block + separator for block in body.split(separator) if block]
    middle = len(blocks) // 2
    times = size // len(blocks[middle]) + 1
    return b"".join(blocks[:middle]) + blocks[middle] * times, blocks[middle] * times + b"".join(
        blocks[middle:]
    )


@pytest.fixture(params=STREAMS)
def halves(request: pytest.FixtureRequest) -> Iterator[tuple[str, bytes, bytes]]:
    yield request.param, *lengthened(HEALTHY[request.param][0])


def both(name: str, body: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[StreamFacts, StreamFacts]:
    assert len(body) > source_module.LONG
    quick = read(name, body)
    monkeypatch.setattr(source_module, "LONG", 1 << 40)
    return quick, read(name, body)


def test_a_healthy_long_body(halves: tuple[str, bytes, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    name, head, end = halves
    quick, full = both(name, head + end, monkeypatch)
    assert quick == full
    assert quick.terminal_marker == "seen"


def test_a_cut_long_body(halves: tuple[str, bytes, bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    name, head, _ = halves
    quick, full = both(name, head[:-9], monkeypatch)
    assert quick == full
    assert quick.cut_inside_event is True


def test_an_end_in_the_middle_of_a_long_body(
    halves: tuple[str, bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    name, head, end = halves
    quick, full = both(name, head + end + head, monkeypatch)
    assert quick.terminal_marker == full.terminal_marker
    assert quick.duplicated_end == full.duplicated_end


@pytest.mark.parametrize("name", [name for name in STREAMS if HEALTHY[name][1] == "text/event-stream"])
def test_an_error_in_the_middle_of_a_long_body(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    head, end = lengthened(HEALTHY[name][0])
    quick, full = both(name, head + ERROR + end, monkeypatch)
    assert (quick.in_band_error, quick.error_class) == (full.in_band_error, full.error_class)
    if name not in ("gemini-sse", "cohere-v2"):  # which have no such event
        assert quick.in_band_error is True


@pytest.mark.parametrize("name", [name for name in STREAMS if HEALTHY[name][1] == "text/event-stream"])
@pytest.mark.parametrize("cut", [False, True])
def test_many_recorded_events_say_what_all_of_them_say(
    name: str, cut: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    head, end = lengthened(HEALTHY[name][0])
    decoder = SSEDecoder()
    events = [
        RecordedEvent(item.type, (item.data or b"").decode(), item.id, float(place))
        for place, item in enumerate(decoder.feed(head if cut else head + end))
        if isinstance(item, Event) and item.dispatched
    ]
    _, content_type, host, path = HEALTHY[name]
    inp = StreamInput(
        method="POST", host=host, path=path, status=200, content_type=content_type, events=events, errored=cut
    )
    assert source_module.read_source(inp).sampled
    quick = read_stream(inp)
    monkeypatch.setattr(source_module, "LONG", 1 << 40)
    assert not source_module.read_source(inp).sampled
    assert quick == read_stream(inp)


@pytest.mark.parametrize(
    "odd", [RecordedEvent("a\nb", "x"), RecordedEvent("message", None), RecordedEvent("message", "x\ry")]
)
def test_recorded_events_that_no_wire_has_are_read_one_by_one(odd: RecordedEvent) -> None:
    events = [RecordedEvent("message", "y" * 1000) for _ in range(200)]
    inp = StreamInput(status=200, content_type="text/event-stream", events=[*events, odd, *events])
    source = source_module.read_source(inp)
    assert (source.sampled, source.count, len(source.events)) == (False, 401, 401)


def test_recorded_events_of_several_lines_keep_them() -> None:
    events = [RecordedEvent("message", '{"a":\n1}' + " " * 400) for _ in range(400)]
    inp = StreamInput(status=200, content_type="text/event-stream", events=events)
    source = source_module.read_source(inp)
    assert source.sampled
    assert source.events[0].data == ('{"a":\n1}' + " " * 400).encode()
