"""The quick look must agree with the full decoder, whatever the body."""

from __future__ import annotations

import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.decode.quick import Glance, full_ndjson, full_sse, glance_ndjson, glance_sse
from analyzer.model import Event
from tests.decode.strategies import _LINES, _PIECES

NEEDLE = re.compile(rb"\[DONE\]|\{\}|\nevent: ?ping")
relaxed = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def essence(event: Event) -> tuple[str, bytes | None, bool]:
    return event.type, event.data, event.dispatched


def agree(quick: Glance, full: Glance) -> None:
    assert quick.events == full.events
    assert quick.comments == full.comments
    assert quick.tail == full.tail
    assert quick.retry_ms == full.retry_ms
    assert quick.last_event_id == full.last_event_id
    if quick.complete:
        return
    n = len(quick.first)
    assert [essence(e) for e in quick.first] == [essence(e) for e in full.first[:n]]
    assert [e.index for e in quick.first] == list(range(n))
    n = len(quick.last)
    if n:
        assert [essence(e) for e in quick.last] == [essence(e) for e in full.first[-n:]]
        assert [e.index for e in quick.last] == [e.index for e in full.first[-n:]]
    pending = (quick.pending, full.pending)
    assert [p and (p.type, p.data) for p in pending[:1]] == [p and (p.type, p.data) for p in pending[1:]]


@relaxed
@given(st.lists(st.sampled_from([*_PIECES, b"\n\n", b"data: x\n\n", b": c\n\n"]), max_size=80).map(b"".join))
def test_quick_sse_agrees_with_the_full_decoder(body: bytes) -> None:
    agree(glance_sse(body, [NEEDLE], ends=2), full_sse(body))


@relaxed
@given(st.lists(st.sampled_from([*_PIECES, b"\n\n", b"data: x\n\n"]), max_size=80).map(b"".join))
def test_quick_sse_decodes_every_block_with_a_needle(body: bytes) -> None:
    quick, full = glance_sse(body, [NEEDLE], ends=2), full_sse(body)
    if quick.complete or quick.hits_dropped:
        return
    wanted = [
        essence(e)
        for e in full.first[len(quick.first) : full.events - len(quick.last)]
        if b"[DONE]" in (e.data or b"") or b"{}" in (e.data or b"") or e.type == "ping"
    ]
    assert [essence(e) for e in quick.hits if essence(e) in wanted] == wanted


@relaxed
@given(st.lists(st.sampled_from([*_LINES, b'{"a":1}\n', b"{}\n"]), max_size=60).map(b"".join))
def test_quick_ndjson_agrees_with_the_full_decoder(body: bytes) -> None:
    agree(glance_ndjson(body, [NEEDLE], ends=2), full_ndjson(body))


@relaxed
@given(st.lists(st.sampled_from([b'{"a":1}\n', b"{}\n", b"\n", b"[1]\r\n"]), max_size=60).map(b"".join))
def test_quick_ndjson_finds_what_is_between_the_ends_once(body: bytes) -> None:
    quick, full = glance_ndjson(body, [NEEDLE], ends=2), full_ndjson(body)
    if not quick.complete:
        assert [e.data for e in quick.hits] == [e.data for e in full.first[2:-2] if e.data == b"{}"]


def test_a_long_body_is_not_decoded_in_full() -> None:
    body = b'data: {"i": 1}\n\n' * 50_000 + b"data: [DONE]\n\n"
    found = glance_sse(body, [re.compile(rb"\[DONE\]")])
    assert found.events == 50_001
    assert len(found.first) + len(found.hits) + len(found.last) < 200
    assert found.last[-1].data == b"[DONE]"
    assert found.last[-1].index == 50_000
    assert body[found.last[-1].offset : found.last[-1].end] == b"data: [DONE]\n"


def test_a_needle_in_the_middle_is_found() -> None:
    body = b"data: x\n\n" * 500 + b"event: error\ndata: gone\n\n" + b"data: x\n\n" * 500
    found = glance_sse(body, [re.compile(rb"\nevent: ?error")])
    assert [(e.type, e.data) for e in found.hits] == [("error", b"gone")]


def test_an_unterminated_block_of_many_lines_stays_linear() -> None:
    body = b"data: x\n\n" * 300 + b"data: y\n" * 200_000
    assert glance_sse(body).events == 300


def test_the_tail_keeps_its_own_line_ends() -> None:
    body = b"data: x\r\n\r\n" * 300 + b"event: a\r\ndata: y\r\n"
    found = glance_sse(body)
    assert found.tail.data == b"event: a\r\ndata: y\r\n"
    assert found.tail.offset + len(found.tail.data) == len(body)
