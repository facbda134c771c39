"""Texts without which a format's pattern cannot match: few rather than wrong."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.intake.logs.needed import may_hold, needed
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.shipped import formats

TEXT = [fmt for fmt in formats().values() if fmt.kind == "text"]


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        (r"^\S+ \[(\d+)\] kong: \"x", ('] kong: "x', " [")),
        ("ab+c", ("ab", "c")),
        ("ab?c", ("a", "c")),
        ("ab*?c", ("a", "c")),
        ("x{0,3}y", ("y",)),
        (r"a(?:bc|d)e", ("a", "e")),
        (r"a(?P<n>bc)+d", ("bc", "a", "d")),
        (r"(a(b|c)d)?e", ("e",)),
        (r"((ab)|c)d", ("d",)),
        (r"[]x]b[^]y]c", ("b", "c")),
        (r"a[\]x]b\)", ("b)", "a")),
        (r"one\ttwo", ("one\ttwo",)),
        (r"\x41bc\x{2603}d", ("bc", "d")),
        (r"\pLab\p{Greek}c\101d", ("ab", "c", "d")),
        (r"[[:alpha:]]ab[^[:^space:]]c", ("ab", "c")),
        (r"(a\Q)\Eb)?c", ()),
        ("ab|cd", ()),
        ("(?i)ab", ()),
        ("(?i:ab)cd", ()),
        (r"\d+\w*", ()),
    ],
)
def test_what_every_match_holds(pattern: str, texts: tuple[str, ...]) -> None:
    assert needed(pattern) == texts


@pytest.mark.parametrize("fmt", TEXT, ids=lambda fmt: fmt.id)
def test_each_sample_may_be_a_line_of_its_format(fmt: Format) -> None:
    assert len(fmt.needs) == len(fmt.patterns)
    assert all(may_hold(fmt.needs, sample.line) for sample in fmt.samples)


@pytest.mark.parametrize("fmt", TEXT, ids=lambda fmt: fmt.id)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_line_that_a_pattern_matches_lacks_what_it_needs(fmt: Format, data: st.DataObject) -> None:
    for pattern, texts in zip(fmt.patterns.values(), fmt.needs, strict=True):
        line = data.draw(st.from_regex(pattern, fullmatch=True))
        assert all(text in line for text in texts)


def test_a_format_without_needs_may_be_anywhere() -> None:
    assert may_hold((), "anything")
    assert may_hold((("a", "b"), ("c",)), "ac")
    assert not may_hold((("a", "b"), ("x",)), "ac")
