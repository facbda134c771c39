"""Lines that only look like requests: each is counted as what it is."""

from __future__ import annotations

import pytest

from analyzer.intake.logs import marks
from tests.intake.logs.conftest import Read

GOOD = '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "GET /assets/app.png HTTP/1.1" 200 2283 "-" "curl/8.5.0"'
MANGLED = [
    GOOD.replace(" 200 ", " 2x0 "),
    GOOD.replace(" 2283 ", " "),
    GOOD + ' "-" trailing "words"',
    GOOD[: GOOD.index('"curl')] + GOOD,  # two writers at once
    GOOD.replace("22/Nov/2026:15:50:16 +0000", ""),
]


@pytest.mark.parametrize("mangled", MANGLED)
def test_a_mangled_line_that_is_no_stream_is_counted_as_unread(read: Read, mangled: str) -> None:
    result, _ = read("\n".join([GOOD] * 20 + [mangled] + [GOOD] * 20) + "\n")
    assert (result.lines, result.parsed, result.unparsed) == (41, 40, 1)
    assert [no for no, _ in result.unparsed_lines] == [21]


def test_a_large_log_is_counted_by_shape(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """What docs/log-formats.md says of logs above a size; a cut line is still none."""
    monkeypatch.setattr(marks, "SHAPE_FROM", 1000)
    cut = GOOD[:70]
    result, _ = read("\n".join([GOOD] * 20 + [MANGLED[0], cut] + [GOOD] * 20) + "\n")
    assert (result.lines, result.parsed, result.unparsed) == (42, 41, 1)
    assert [no for no, _ in result.unparsed_lines] == [22]


def test_a_large_log_counts_its_streams_as_a_small_one_does(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quiet streams are counted by a look then, and the broken ones are read in full as ever."""
    lines = []
    for number in range(300):
        status = "502" if number % 50 == 0 else "200"
        lines += [
            GOOD,
            GOOD.replace("GET /assets/app.png", "POST /v1/chat/completions").replace(" 200 ", f" {status} "),
        ]
    content = "\n".join(lines) + "\n"
    small, small_rows = read(content)
    monkeypatch.setattr(marks, "SHAPE_FROM", 1000)
    large, large_rows = read(content)
    assert (
        (large.parsed, large.streams, large.quiet)
        == (small.parsed, small.streams, small.quiet)
        == (600, 300, 294)
    )
    second = large_rows[len(small_rows) :]  # the table holds what was read before, too
    broken = [[row["position"] for row in rows if row["status"] == 502] for rows in (small_rows, second)]
    assert broken[0] == broken[1] and len(broken[0]) == 6


HAPROXY = '203.0.113.9:4711 [20/Nov/2026:15:50:16.017] fe be/s1 0/0/1/17/{took} {status} 303 - - {state} 1/1/0/0/0 0/0 "{request} HTTP/1.1"'


def haproxy(request: str, took: int = 17, status: int = 200, state: str = "----") -> str:
    return HAPROXY.format(request=request, took=took, status=status, state=state)


def test_a_large_haproxy_log_is_counted_by_shape(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five timers, a status and a quote; a connection in TCP mode has three timers, and is of another format."""
    monkeypatch.setattr(marks, "SHAPE_FROM", 1000)
    good = haproxy("GET /assets/app.png")
    cut = good[: good.index('"')]
    result, _ = read("\n".join([good] * 20 + [good.replace(" 200 ", " 2x0 "), cut] + [good] * 20) + "\n")
    assert (result.lines, result.parsed, result.unparsed) == (42, 40, 2)
    assert [no for no, _ in result.unparsed_lines] == [21, 22]
    tcp = "203.0.113.9:4711 [20/Nov/2026:15:50:16.017] fe be/s1 0/1/17 303 -- 1/1/0/0/0 0/0"
    mixed, _ = read("\n".join([good] * 20 + [tcp] + [good] * 20) + "\n")
    assert [other.format for other in mixed.detection.others] == ["haproxy-tcp"]


def test_what_lasted_is_read_whatever_its_path(read: Read) -> None:
    calm = haproxy("GET /report", 2999)
    told = [
        haproxy("POST /llm.v1.Model/Answer", 3100, state="sD--"),  # a gRPC call
        haproxy("GET /report", 20_000),
        haproxy("GET /report", 5, status=101),
    ]
    _, rows = read("\n".join([calm] * 20 + told + [calm] * 20) + "\n")
    assert [(row["position"], row["stream_why"]) for row in rows] == [
        (21, "behaviour"), (22, "behaviour"), (23, "websocket")
    ]  # fmt: skip
