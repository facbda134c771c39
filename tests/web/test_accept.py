"""Which media type a client likes best (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.web.accept import best

OFFERED = ("application/json", "text/html", "text/markdown")


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/html"),
        ("text/*;q=0.3, text/html;q=0.7, */*;q=0.5", "text/html"),
        ("text/markdown", "text/markdown"),
        ("TEXT/HTML", "text/html"),
        ("text/html;q=0", None),
        ("text/html;q=0, */*;q=0.1", "application/json"),
        ("application/json;q=0.1, text/markdown;q=0.2", "text/markdown"),
        ("text/html; level=1; q=0.5, text/markdown;q=0.6", "text/markdown"),
        ("image/png", None),
        ("text/html;q=high, text/markdown", "text/markdown"),
        ("text/html;q=nan", None),
        ("nonsense", "application/json"),
    ],
)
def test_best_of_a_header(header: str | None, chosen: str | None) -> None:
    assert best(header, OFFERED) == chosen


@given(st.text(max_size=200))
def test_any_header_has_an_answer(header: str) -> None:
    assert best(header, OFFERED) in (*OFFERED, None)
