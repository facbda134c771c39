"""JSON values of unknown quality."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.intake import values

anything = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)
)


@given(anything)
def test_numbers_are_finite_or_none(value) -> None:
    for found in (values.number(value), values.duration(value), values.size(value), values.integer(value)):
        assert found is None or math.isfinite(found)


def test_booleans_are_no_numbers() -> None:
    assert values.number(True) is None
    assert values.size(False) is None


@given(st.text())
def test_any_text_is_an_instant_in_utc_or_none(text: str) -> None:
    found = values.instant(text)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    "given_",
    [
        "2026-03-02T10:15:00.1234567Z",
        "2026-03-02 10:15:00,1234567+0000",
        "2026-03-02T12:15:00.123456700+02:00",
    ],
)
def test_fractions_of_any_length_are_read(given_: str) -> None:
    assert values.instant(given_) == datetime(2026, 3, 2, 10, 15, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://Api.Example/v1/x?y#z", ("https", "api.example", 443, "/v1/x")),
        ("http://user:pass@h:8080", ("http", "h", 8080, "/")),
        ("wss://[2001:db8::1]:9/ws", ("wss", "2001:db8::1", 9, "/ws")),
        ("https://[broken", ("https", "broken", 443, "/")),
        ("https://h:99999999/x", ("https", "h:99999999", 443, "/x")),
        ("data:text/plain,hello", ("data", None, None, None)),
        ("/relative", (None, None, None, None)),
        ("", (None, None, None, None)),
        (None, (None, None, None, None)),
    ],
)
def test_url_parts(url, expected) -> None:
    assert values.url_parts(url) == expected


@given(st.text())
def test_any_text_as_a_url_raises_nothing(text: str) -> None:
    values.url_parts(text)
    values.origin("https://" + text)
    values.ip_address(text)
    values.http_date(text)


def test_web_sockets_share_the_origin_of_their_page() -> None:
    assert values.origin("wss://a.example/x") == values.origin("https://a.example")
    assert values.origin("ws://a.example/x") != values.origin("https://a.example")
