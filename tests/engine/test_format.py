"""Numbers as people read them."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.engine.format import clean, clock, duration, number, percent, plural, size


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 ms"),
        (0.4, "under 1 ms"),
        (1, "1 ms"),
        (850, "850 ms"),
        (999.6, "1.0 s"),
        (1234, "1.2 s"),
        (60_000, "60.0 s"),
        (99_900, "99.9 s"),
        (100_000, "1 min 40 s"),
        (119_999, "2 min 0 s"),
        (3_599_900, "1 h 0 min"),
        (7_500_000, "2 h 5 min"),
        (3 * 86_400_000 + 4 * 3_600_000, "3 d 4 h"),
        (-1500, "-1.5 s"),
        (None, "an unrecorded time"),
        (math.nan, "an unrecorded time"),
        (math.inf, "an unrecorded time"),
    ],
)
def test_duration(ms: Any, text: str) -> None:
    assert duration(ms) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (512, "512 bytes"),
        (12_345, "12.3 kB"),
        (123_456, "123 kB"),
        (1_500_000, "1.5 MB"),
        (999_600, "1.0 MB"),
        (2 * 10**12, "2.0 TB"),
        (None, "an unrecorded size"),
        (10**400, "an unrecorded size"),
    ],
)
def test_size(count: Any, text: str) -> None:
    assert size(count) == text


def test_other_numbers() -> None:
    assert (number(1234567), number(0.5), number(2.0), number(None)) == (
        "1,234,567",
        "0.5",
        "2",
        "an unrecorded value",
    )
    assert number(1.239, 1) == "1.2"
    assert (percent(0.123), percent(0.012), percent(1), percent(None)) == (
        "12 %",
        "1.2 %",
        "100 %",
        "an unrecorded value",
    )
    assert (plural(1, "event"), plural(3, "event"), plural(0, "reply", "replies")) == (
        "1 event",
        "3 events",
        "0 replies",
    )
    assert plural(None, "event") == "an unrecorded number of events"


def test_clock_is_utc() -> None:
    moment = datetime(2026, 3, 2, 10, 15, 6, tzinfo=UTC)
    assert clock(moment) == clock(moment.astimezone(timezone(timedelta(hours=-7)))) == "10:15:06 UTC"
    assert clock(None) == "an unrecorded time"


@given(st.text())
def test_clean_text_has_no_control_characters_and_an_end(text: str) -> None:
    cleaned = clean(text, 20)
    assert cleaned.isprintable()
    assert len(cleaned) <= 21


def test_clean_drops_terminal_escapes_and_direction_overrides() -> None:
    assert clean("a\x1b[31mb\u202ec\r\nd") == "a [31mb c  d"


@given(st.floats(), st.one_of(st.none(), st.integers()))
def test_nothing_ever_says_none_or_nan(value: float, count: int | None) -> None:
    for text in (duration(value), size(value), number(value), percent(value), plural(count, "x")):
        assert "None" not in text
        assert "nan" not in text
