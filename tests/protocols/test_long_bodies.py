"""A long body is settled from its ends and its needles: the facts must be those of a full reading."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analyzer.model import StreamFacts
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
