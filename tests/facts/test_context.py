"""What only the whole capture can tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from analyzer.columns import Exchange
from analyzer.facts.context import add_context, add_run_context
from analyzer.model import Recorded

T0 = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def at(start_s: float, length_s: float, **row: object) -> Recorded:
    base: dict[str, object] = {
        "method": "POST", "host": "a.test", "path": "/chat", "url": "https://a.test/chat", "status": 200,
        "started_at": T0 + timedelta(seconds=start_s), "ended_at": T0 + timedelta(seconds=start_s + length_s),
        "duration_ms": length_s * 1000,
    }  # fmt: skip
    return Recorded(Exchange(**{**base, **row}))  # type: ignore[arg-type]


def test_failures_of_other_hosts_in_the_same_second_are_counted() -> None:
    mine = at(0, 10, net_error="net::ERR_CONNECTION_RESET")
    other = at(2, 8.3, host="b.test", net_error="net::ERR_CONNECTION_RESET")
    later = at(2, 30, host="c.test", net_error="net::ERR_CONNECTION_RESET")
    add_context([mine, other, later], [mine])
    assert (mine.exchange.failures_same_moment, mine.exchange.hosts_failing_same_moment) == (1, 1)


def test_an_origin_that_is_no_url_has_no_service_worker() -> None:
    mine = at(0, 10, via_service_worker=True)
    mine.request_headers = [("origin", "http://['-5'")]
    add_context([mine], [mine])
    assert mine.exchange.service_worker_active is False


def test_an_abort_is_no_failure_of_the_network() -> None:
    mine = at(0, 10, net_error="net::ERR_CONNECTION_RESET")
    stopped = at(2, 8.2, host="b.test", net_error="net::ERR_ABORTED")
    add_context([mine, stopped], [mine])
    assert mine.exchange.failures_same_moment == 0


def test_streams_of_one_connection_that_die_together_are_counted() -> None:
    pair = [at(0, 10, net_error="net::ERR_CONNECTION_CLOSED", connection_id="7") for _ in range(3)]
    add_context(pair, pair)
    assert pair[0].exchange.same_connection_deaths == 2


def test_the_preflight_of_a_request_is_found() -> None:
    mine = at(0, 1, status=0, net_error="net::ERR_FAILED")
    preflight = at(0.001, 0.2, method="OPTIONS", status=403)
    add_context([mine, preflight], [mine])
    assert mine.exchange.preflight_status == 403


def test_a_run_goes_on_under_its_own_id() -> None:
    mine = at(0, 10, path="/threads/7/runs/stream", net_error="net::ERR_CONNECTION_RESET")
    resumed = at(
        10.5, 3, method="GET", path="/threads/7/runs/r1/stream", terminal_marker="seen", resumed=True
    )
    other = at(0, 10, path="/threads/8/runs/stream", net_error="net::ERR_CONNECTION_RESET")
    add_context([mine, resumed, other], [mine, resumed, other])
    assert (mine.exchange.resume_completed, other.exchange.resume_completed) == (True, None)


def test_a_navigation_and_a_stop_call_are_measured_from_the_end() -> None:
    mine = at(0, 10, net_error="net::ERR_ABORTED")
    document = at(10.2, 0.1, method="GET", path="/next", resource_type="document")
    stop = at(9.9, 0.1, path="/chat/stop_response")
    add_context([mine, document, stop], [mine])
    assert round(mine.exchange.navigated_after_ms or 0) == 200
    assert round(mine.exchange.stop_call_ms or 0) == 100


def test_a_resumed_request_that_completed_is_noticed() -> None:
    mine = at(0, 10, net_error="net::ERR_HTTP2_PROTOCOL_ERROR", terminal_marker="missing")
    resumed = at(10.5, 3, path="/chat/resume", terminal_marker="seen")
    add_context([mine, resumed], [mine, resumed])
    assert mine.exchange.resume_completed is True


def test_six_streams_that_hold_the_connections_are_counted() -> None:
    holders = [at(0, 30, method="GET", path=f"/events/{i}", http_version="1.1") for i in range(6)]
    waiting = at(1, 9, http_version="1.1", blocked_ms=8000.0)
    add_context([*holders, waiting], [*holders, waiting])
    assert waiting.exchange.starved_by == 6


def test_a_stream_that_was_open_at_the_end_of_the_capture_held_its_connection_until_then() -> None:
    holders = [
        at(0, 2, method="GET", path=f"/events/{i}", http_version="1.1", end_recorded=False) for i in range(6)
    ]
    waiting = at(1, 9, http_version="1.1", blocked_ms=8000.0)
    add_context([*holders, waiting], [*holders, waiting])
    assert waiting.exchange.starved_by == 6


def test_equal_ages_are_counted_apart_for_client_aborts_and_cuts() -> None:
    aborted = [
        Exchange(net_error="net::ERR_ABORTED", ending_by="client", duration_ms=60_000.0 + i) for i in range(4)
    ]
    cut = [
        Exchange(net_error="net::ERR_CONNECTION_RESET", ending_by="unknown", duration_ms=60_000.0)
        for _ in range(2)
    ]
    add_run_context([*aborted, *cut])
    assert aborted[0].series_same_duration == 4
    assert cut[0].series_same_duration == 2


def test_completed_streams_are_in_no_series() -> None:
    done = [Exchange(terminal_marker="seen", status=200, duration_ms=60_000.0) for _ in range(5)]
    add_run_context(done)
    assert done[0].series_same_duration is None


def test_streams_that_held_the_connections_are_named() -> None:
    held = [
        at(0, 60, method="GET", path=f"/events/{n}", where=f"$.log.entries[{n}]", http_version="1.1")
        for n in range(6)
    ]
    short = at(0, 2, method="GET", path="/short", where="$.log.entries[6]", http_version="1.1")
    mine = at(1, 70, path="/chat", where="$.log.entries[7]", http_version="1.1", blocked_ms=59_000.0)
    add_context([*held, short, mine], [*held, short, mine])
    assert mine.exchange.starved_by == 6
    named = mine.exchange.starved_by_streams or ""
    assert all(f"/events/{n} ($.log.entries[{n}])" in named for n in range(6))
    assert "/short" not in named and "/chat" not in named


def test_tcp_to_the_same_host_is_noticed_where_http_3_failed() -> None:
    mine = at(0, 10, net_error="net::ERR_QUIC_PROTOCOL_ERROR", http_version="3")
    over_tcp = at(12, 1, http_version="2")
    elsewhere = at(0, 10, host="b.test", net_error="net::ERR_QUIC_PROTOCOL_ERROR", http_version="3")
    add_context([mine, over_tcp, elsewhere], [mine, over_tcp, elsewhere])
    assert (mine.exchange.tcp_worked, elsewhere.exchange.tcp_worked, over_tcp.exchange.tcp_worked) == (
        True,
        False,
        None,
    )
