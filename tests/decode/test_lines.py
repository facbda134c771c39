from __future__ import annotations

from analyzer.decode.lines import LineSplitter


def test_only_lf_ends_a_line_and_a_cr_before_it_goes_with_it() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b"a\rb\r\nc") == [(0, 5, b"a\rb")]
    assert splitter.feed(b"d\n") == [(5, 8, b"cd")]
    assert splitter.rest() == (8, b"")
