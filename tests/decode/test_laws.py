"""The four laws that hold for every decoder."""

from __future__ import annotations

import binascii
import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.decode import Decoder
from analyzer.decode.grpcweb import GRPCWebTextDecoder
from analyzer.model import Event, Malformed, Tail
from tests.decode.strategies import DECODERS

Make = Callable[[], Decoder]
every_decoder = pytest.mark.parametrize(
    ("make", "inputs"),
    [(make, inputs) for _, make, inputs in DECODERS],
    ids=[name for name, _, _ in DECODERS],
)
relaxed = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def run(make: Make, chunks: list[bytes]) -> tuple[list[Event], list[Malformed], Tail, Decoder]:
    decoder = make()
    items = [item for chunk in chunks for item in decoder.feed(chunk)]
    events = [item for item in items if isinstance(item, Event)]
    broken = [item for item in items if isinstance(item, Malformed)]
    return events, broken, decoder.close(), decoder


def split(raw: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({cut % (len(raw) + 1) for cut in cuts})
    return [raw[a:b] for a, b in zip([0, *places], [*places, len(raw)], strict=True)]


@every_decoder
@relaxed
@given(data=st.data())
def test_any_split_gives_the_same_events(
    make: Make, inputs: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    raw = data.draw(inputs)
    cuts = data.draw(st.lists(st.integers(0, 10_000), max_size=12))
    whole = run(make, [raw])
    parts = run(make, split(raw, cuts))
    bytewise = run(make, [raw[i : i + 1] for i in range(len(raw))])
    assert parts[0] == whole[0] == bytewise[0]
    assert parts[2] == whole[2] == bytewise[2]
    assert parts[3].skipped == whole[3].skipped == bytewise[3].skipped
    if make is not GRPCWebTextDecoder:  # one complaint per read there, and reads differ
        assert parts[1] == whole[1] == bytewise[1]


@every_decoder
@relaxed
@given(data=st.data())
def test_a_cut_gives_a_prefix_of_the_events_and_a_tail(
    make: Make, inputs: st.SearchStrategy[bytes], data: st.DataObject
) -> None:
    raw = data.draw(inputs)
    cut = data.draw(st.integers(0, len(raw)))
    whole = run(make, [raw])[0]
    events, _, tail, _ = run(make, [raw[:cut]])
    assert events == whole[: len(events)]
    if make is GRPCWebTextDecoder:
        return
    nothing_left = tail.data == b""
    assert (tail.offset + len(tail.data) == cut) or nothing_left


@every_decoder
@relaxed
@given(data=st.data())
def test_no_byte_is_lost(make: Make, inputs: st.SearchStrategy[bytes], data: st.DataObject) -> None:
    raw = data.draw(inputs)
    if make is GRPCWebTextDecoder:
        raw = raw[: len(raw) - len(raw) % 4]
        size = sum(len(binascii.a2b_base64(group)) for group in _groups(raw))
    else:
        size = len(raw)
    events, _, tail, decoder = run(make, [raw])
    assert sum(event.end - event.offset for event in events) + decoder.skipped + len(tail.data) == size
    spans = [(event.offset, event.end) for event in events]
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


def _groups(raw: bytes) -> list[bytes]:
    return [raw[i : i + 4] for i in range(0, len(raw), 4)]


@every_decoder
@relaxed
@given(raw=st.binary(max_size=400))
def test_arbitrary_bytes_never_raise(make: Make, inputs: object, raw: bytes) -> None:
    run(make, [raw])


@every_decoder
def test_deep_nesting_never_raises(make: Make, inputs: object) -> None:
    for raw in (
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"0:" + b"[" * 100_000 + b"\n",
        b"data: " + b"[" * 100_000,
    ):
        run(make, [raw + b"\n\n", b"]"])
