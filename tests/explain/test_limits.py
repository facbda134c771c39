"""The table of limits: complete rows, no two alike, and honest about what is not sure."""

from __future__ import annotations

import pytest

from analyzer.explain.limits import ENDING, MEASURES, Limit, duration, limits, near


def test_no_two_rows_have_the_same_key() -> None:
    keys = [row.key for row in limits()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("row", limits(), ids=lambda row: row.key)
def test_row_is_complete(row: Limit) -> None:
    assert row.measures in MEASURES
    assert row.where and row.source
    assert row.default_ms is None or row.default_ms > 0
    assert row.max_ms is None or row.default_ms is None or row.max_ms >= row.default_ms
    assert "://" not in row.source
    if not row.config_line:
        assert row.where.startswith("fixed"), "a row without a line must say that it cannot be changed"


@pytest.mark.parametrize("row", limits(), ids=lambda row: row.key)
def test_heartbeat_never_promises_to_beat_a_total_limit(row: Limit) -> None:
    if row.measures != "idle":
        assert not row.heartbeat_helps


@pytest.mark.parametrize(
    ("gateway", "measures", "ms"),
    [
        ("nginx", "idle", 60_000),  # proxy_read_timeout, ngx_http_proxy_module
        ("envoy", "total", 15_000),  # route timeout, Envoy FAQ
        ("envoy", "idle", 300_000),  # stream_idle_timeout, Envoy FAQ
        ("alb", "idle", 60_000),  # idle_timeout.timeout_seconds
        ("cloudflare", "idle", 125_000),  # Proxy Read Timeout since July 2026
        ("heroku", "first-byte", 30_000),  # H12
        ("heroku", "idle", 55_000),  # H15
        ("google-lb", "total", 30_000),  # timeoutSec
    ],
)
def test_documented_defaults_are_found(gateway: str, measures: str, ms: int) -> None:
    assert any(
        row.gateway == gateway and row.measures == measures and row.default_ms == ms for row in limits()
    )


def test_near_sorts_by_distance_and_keeps_to_the_clock_asked_for() -> None:
    found = near(60_400, ["idle"])
    assert found and all(row.measures == "idle" for row in found)
    gaps = [abs(60_400 - (row.default_ms or 0)) for row in found]
    assert gaps == sorted(gaps)


def test_near_tolerates_late_timers_more_than_early_ones() -> None:
    assert near(62_400, ["idle"], gateway="nginx")
    assert not near(59_600, ["idle"], gateway="nginx")


def test_near_leaves_unsure_rows_out_unless_asked() -> None:
    assert not near(100_100, ["idle"], gateway="render")
    assert near(100_100, ["idle"], gateway="render", only_sure=False)


def test_clocks_that_never_end_an_answer_are_not_among_the_ending_ones() -> None:
    assert frozenset({"idle", "total", "first-byte"}) == ENDING


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (None, "none"),
        (400, "400 ms"),
        (1500, "1.5 s"),
        (60_000, "60 s"),
        (90_000, "90 s"),
        (300_000, "5 min"),
        (3_600_000, "1 h"),
        (86_400_000, "1 d"),
    ],
)
def test_durations_read_like_the_product_documentation(ms: int | None, text: str) -> None:
    assert duration(ms) == text
