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
