from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.safe import clipped, one_line, pretty_json, visible

INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


@given(st.text(alphabet=st.characters()))
def test_visible_leaves_nothing_invisible(text: str) -> None:
    shown = visible(text)
    assert not INVISIBLE.search(shown)
    shown.encode("utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("a\u202eb", "a\\u202eb"),
        ("\x00", "␀"),
        ("\x7f", "␡"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("line\r\nnext", "line␍\nnext"),
        ("👩\u200d👩", "👩\u200d👩"),
        ("ḟür ⟨cookie:1⟩ \ufffd", "ḟür ⟨cookie:1⟩ \ufffd"),
    ],
)
def test_visible_escapes_what_hides_and_keeps_what_shows(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_cut_text_says_how_much_is_missing() -> None:
    assert visible("x" * 1500, 100) == "x" * 100 + "… (1,400 more characters)"


def test_one_line_has_no_line_end() -> None:
    assert one_line("a\nb\tc") == "a␊b␉c"


def test_clipped_is_never_longer_than_asked() -> None:
    assert clipped("x" * 100, 10) == "x" * 9 + "…"
    assert clipped("short", 10) == "short"
    assert len(clipped("\x1b" * 10_000, 10)) == 10


def test_json_with_small_parts_stands_on_few_lines() -> None:
    text = pretty_json({"a": {"name": "x", "value": 1}, "b": ["y" * 60, "z" * 60]})
    assert '"a": {"name": "x", "value": 1}' in text
    assert text.count("\n") == 6


def test_json_that_is_deep_or_long_is_cut() -> None:
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]
    assert "…" in pretty_json(deep)
    assert len(pretty_json({"x": "a" * 1_000_000}, limit=500)) < 600
    assert len(pretty_json(["a" * 50] * 100_000, limit=500)) < 600
