"""Instants after instants, to the end of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.moments import after

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_the_instant_so_many_ms_later() -> None:
    assert after(NOON, 1500.5) == datetime(2026, 11, 23, 12, 0, 1, 500500, tzinfo=UTC)


def test_there_is_none_where_the_calendar_ends() -> None:
    assert after(NOON, 1e15) is None
    assert after(NOON, 1e300) is None
