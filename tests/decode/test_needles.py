"""A needle is left out only where it cannot be found."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.decode.needles import literals, possible
from analyzer.decode.quick import full_sse, glance_sse
from analyzer.protocols.load import profiles


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        (rb'"error":\s*[{"]', (b'"error":',)),
        (rb'"object":\s*"error"', (b'"object":', b'"error"')),
        (rb"\ndata: ?\[DONE\]", (b"\ndata:", b"[DONE]")),
        (rb"\nevent: ?error\b", (b"\nevent:", b"error")),
        (rb"\n(?:error:|\{)", ()),
        (rb"[ab]cd", (b"", b"cd")),
        (rb"ab+c", (b"ab", b"c")),
        (rb"ab{2}c", (b"a", b"c")),
        (rb"x\wyy", (b"x", b"yy")),
        (rb"a|b", ()),
    ],
)
def test_letters_that_every_match_has(pattern: bytes, found: tuple[bytes, ...]) -> None:
    assert literals(pattern) == found


def test_needles_of_all_profiles_are_found_wherever_they_match() -> None:
    texts = [
        b'\ndata: {"error": {"message": "x"}}\n\n',
        b'\ndata: {"object": "error", "finish_reason": "stop"}\n\n',
        b"\nevent: error\ndata: [DONE]\n\n",
        b'\nevent:done\ndata: {"type":"message_stop"}\n\n',
        b"\nerror: x\n{}\n\n",
    ]
    for profile in profiles().values():
        needles = [re.compile(needle.encode()) for needle in profile.needles]
        for text in texts:
            there = {needle.pattern for needle in needles if needle.search(text)}
            assert there <= {needle.pattern for needle in possible(needles, text)}


def test_lines_other_than_data_are_not_searched_where_there_are_none() -> None:
    needles = [re.compile(rb"\nevent: ?error"), re.compile(rb"\ndata: ?\[DONE\]"), re.compile(rb"\n\{")]
    text = b"\ndata: [DONE] event: error {\n\n"
    assert [needle.pattern for needle in possible(needles, text, plain=True)] == [rb"\ndata: ?\[DONE\]"]


_LINES = st.sampled_from(
    [b"data: x", b"data:", b"data", b"", b": c", b"id: 7", b"retry: 5", b"event: error", b"datax: y", b'data: {"error": {}}']
)  # fmt: skip


@given(
    st.lists(_LINES, max_size=8),
    st.booleans(),
    st.lists(
        st.sampled_from([b"data: x\n\n", b"data: a\ndata: b\n\n", b"\n", b": k\n\n", b"id: 9\n\n"]),
        max_size=6,
    ),
)
def test_a_glance_counts_as_the_full_decoder_does(lines: list[bytes], closed: bool, odd: list[bytes]) -> None:
    body = (
        b"data: x\n\n" * 30
        + b"".join(odd)
        + b"data: y\n\n" * 30
        + b"\n".join(lines)
        + (b"\n" if closed else b"")
    )
    quick, full = glance_sse(body, [re.compile(rb"\nevent: ?error")]), full_sse(body)
    assert (quick.events, quick.comments, quick.retry_ms, quick.last_event_id) == (
        full.events,
        full.comments,
        full.retry_ms,
        full.last_event_id,
    )
    assert quick.tail == full.tail
    ends = [(event.type, event.data) if event else None for event in (quick.pending, full.pending)]
    assert ends[0] == ends[1]
