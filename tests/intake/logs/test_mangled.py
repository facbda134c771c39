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
