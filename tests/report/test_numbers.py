from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from analyzer.report.numbers import clock, duration, instant, instant_to_second, number, plural, size


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, None), (float("nan"), None), (0, "0 ms"), (0.4, "0.4 ms"), (12.4, "12 ms"), (999.4, "999 ms"), (999.6, "1.00 s"),
        (1240, "1.24 s"), (9996, "10.0 s"), (60_012, "60.0 s"), (119_949, "119.9 s"), (119_960, "2 min"), (125_000, "2 min 5 s"),
        (3_600_000, "60 min"), (7_200_000, "2 h"), (7_500_000, "2 h 5 min"), (-40, "−40 ms"),
    ],
)  # fmt: skip
def test_duration_is_short_and_has_its_unit(ms: float | None, text: str | None) -> None:
    said = duration(ms)
    assert (said and said.replace("\u00a0", " ")) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, None), (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (6223, "6.2 kB"), (999_600, "1.0 MB"), (147_000, "147 kB"), (5e13, "50.0 TB")],
)  # fmt: skip
def test_size_is_in_powers_of_1000(count: float | None, text: str | None) -> None:
    said = size(count)
    assert (said and said.replace("\u00a0", " ")) == text


def test_counts_are_grouped_and_agree_with_their_noun() -> None:
    assert number(1234567) == "1,234,567"
    assert number(None) is None
    assert plural(1, "stream") == "1\u00a0stream"
    assert plural(2, "stream") == "2\u00a0streams"
    assert plural(1200, "entry", "entries") == "1,200\u00a0entries"


def test_instants_are_in_utc_whatever_they_came_in() -> None:
    at = datetime(2026, 3, 2, 11, 15, 3, 120_999, tzinfo=timezone(timedelta(hours=1)))
    assert instant(at) == "2026-03-02 10:15:03.120\u00a0UTC"
    assert instant(datetime(2026, 3, 2, 10, 15, 3)) == "2026-03-02 10:15:03.000\u00a0UTC"
    assert clock(at) == "10:15:03\u00a0UTC"
    assert instant_to_second(at.astimezone(UTC)) == "2026-03-02 10:15:03\u00a0UTC"
    assert instant(None) is None and clock(None) is None
