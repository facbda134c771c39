"""Which capture to ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from analyzer.columns import Exchange
from analyzer.engine.settle import settle_text, window

START = datetime(2026, 3, 2, 10, 15, 4, tzinfo=UTC)


def test_window_is_the_seconds_around_the_end() -> None:
    assert window(Exchange(ended_at=START)) == "10:15:03-10:15:05 UTC"


def test_window_uses_start_and_duration_when_the_end_is_not_recorded() -> None:
    assert window(Exchange(started_at=START, duration_ms=60_000.0)) == "10:16:03-10:16:05 UTC"


def test_window_without_any_end_begins_at_the_start() -> None:
    assert window(Exchange(started_at=START)) == "10:15:04-10:25:04 UTC"


def test_window_is_in_utc() -> None:
    east = START.astimezone(timezone(timedelta(hours=5)))
    assert window(Exchange(ended_at=east)) == "10:15:03-10:15:05 UTC"


def test_no_times_no_window() -> None:
    assert window(Exchange()) is None
    assert window(Exchange(ended_at=datetime.max.replace(tzinfo=UTC))) is None


def test_trouble_on_the_network_asks_for_the_browsers_own_log() -> None:
    assert "chrome://net-export" in settle_text(Exchange(capture_kind="har", browser="chrome"), "network")
    assert "about:logging" in settle_text(Exchange(capture_kind="har", browser="firefox"), "network")
    assert "edge://net-export" in settle_text(Exchange(capture_kind="har", browser="edge"), "browser")


def test_trouble_at_the_gateway_asks_for_its_error_log() -> None:
    text = settle_text(Exchange(capture_kind="har", ended_at=START), "gateway")
    assert text.startswith("Send the gateway's error log for 10:15:03-10:15:05 UTC; or export the NetLog")


def test_netlog_is_not_settled_by_a_netlog() -> None:
    assert "net-export" not in settle_text(Exchange(capture_kind="netlog"), "gateway")


def test_log_line_asks_for_a_har() -> None:
    text = settle_text(Exchange(capture_kind="log", ended_at=START), "origin")
    assert "Save a HAR" in text
    assert "10:15:03-10:15:05 UTC" in text


def test_open_stream_asks_for_a_later_capture() -> None:
    assert "after the stream has ended" in settle_text(Exchange(end_recorded=False), "none")
    assert "with the response bodies" in settle_text(Exchange(body_recorded=False), "none")
