from __future__ import annotations

from analyzer.columns import Exchange
from analyzer.model import Timeline
from analyzer.report.measures import measures


def line(total: float, last: float | None, *limits: float) -> Timeline:
    return Timeline(
        total_ms=total,
        cut_ms=total,
        silence_from_ms=last,
        limits=[(limit, f"L{limit:.0f}") for limit in limits],
    )


def test_limit_on_silence_counts_from_the_last_byte() -> None:
    (found,) = measures(line(74_012, 14_000, 60_000), Exchange())
    assert found.fits and found.from_last and (found.start_ms, found.end_ms) == (14_000, 74_000)


def test_limit_that_fits_silence_and_total_is_shown_both_ways() -> None:
    row = Exchange(idle_limit_ms=60_000, idle_limit_of="nginx proxy_read_timeout", limit_ms=60_000)
    found = measures(line(60_935, 1_200, 60_000), row)
    assert [(m.from_last, m.label) for m in found] == [(True, "nginx proxy_read_timeout"), (False, "L60000")]


def test_limit_that_the_stream_outlived_does_not_fit() -> None:
    found = measures(line(100_100, None, 30_000, 60_000, 100_000, 120_000), Exchange())
    assert [(m.limit_ms, m.fits) for m in found] == [(100_000, True), (30_000, False), (60_000, False)]


def test_stream_that_was_not_cut_has_no_limits() -> None:
    assert measures(Timeline(total_ms=60_000, limits=[(60_000, "x")]), Exchange(limit_ms=60_000)) == []
