"""Both sides of one exchange: matched by id, else by what both must agree on; never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from analyzer.columns import Exchange, create_table_sql
from analyzer.facts.matching import estimate_skew, match
from analyzer.model import Capture, CaptureInfo, Recorded, Verdict

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def con() -> Iterator[Any]:
    made = duckdb.connect(":memory:")
    made.execute("SET TimeZone = 'UTC'")
    made.execute(create_table_sql("exchanges"))
    yield made
    made.close()


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def line(con: Any, n: int, start_s: float, duration_ms: float, **values: Any) -> None:
    row = {
        "capture": "a.log", "where": f"a.log:{n}", "method": "POST", "path": "/api/chat", "status": 200,
        "gateway": "nginx", "started_at": at(start_s).replace(tzinfo=None), "duration_ms": duration_ms,
        "ended_at": at(start_s + duration_ms / 1000).replace(tzinfo=None), **values,
    }  # fmt: skip
    names = ", ".join(f'"{name}"' for name in row)
    con.execute(
        f"INSERT INTO exchanges (n, {names}) VALUES ({n}, {', '.join('?' * len(row))})",
        list(row.values()),
    )


def stream(
    start_s: float, duration_ms: float, headers: dict[str, str] | None = None, **values: Any
) -> Recorded:
    given: dict[str, Any] = {
        "capture": "a.har", "where": "$.log.entries[0]", "method": "POST", "path": "/api/chat", "status": 200,
        "started_at": at(start_s), "ended_at": at(start_s + duration_ms / 1000), "duration_ms": duration_ms,
        "host": "app.example.com", **values,
    }  # fmt: skip
    return Recorded(Exchange(**given), response_headers=list((headers or {}).items()))


def capture(*streams: Recorded) -> list[tuple[Capture, Recorded]]:
    one = Capture(CaptureInfo(path="a.har"))
    return [(one, recorded) for recorded in streams]


def test_a_request_id_decides_whatever_the_clocks_say(con: Any) -> None:
    line(con, 1, 5000.0, 9000.0, request_id="abc-1", closed_by="client")
    line(con, 2, 0.0, 3000.0, request_id="abc-2")
    found = capture(stream(0.0, 3000.0, {"x-request-id": "ABC-1"}))
    pairs = match(con, "exchanges", found)
    assert pairs.lines == [1]
    assert pairs.found[0][0].by == "request id"
    assert found[0][1].exchange.closed_by == "client"


@pytest.mark.parametrize(
    ("header", "logged"),
    [
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("Root=1-5da09932-2c342a443bfb96249aa50ed7;Self=1-x", "Root=1-5da09932-2c342a443bfb96249aa50ed7"),
        ("9a2f3c4d5e6f7a8b-FRA", "9a2f3c4d5e6f7a8b"),
    ],
)
def test_ids_are_compared_as_each_side_writes_them(con: Any, header: str, logged: str) -> None:
    line(con, 1, 5000.0, 9000.0, gateway_request_id=logged, path="/other")
    name = "traceparent" if header.startswith("00-") else "cf-ray" if "FRA" in header else "x-amzn-trace-id"
    assert match(con, "exchanges", capture(stream(0.0, 3000.0, {name: header}))).lines == [1]


def test_clocks_apart_are_estimated_from_all_streams(con: Any) -> None:
    for n, start in enumerate((0.0, 20.0, 47.0), 1):
        line(con, n, start - 83.0, 4000.0 + n)
    found = capture(*(stream(start, 4000.0 + n) for n, start in enumerate((0.0, 20.0, 47.0), 1)))
    pairs = match(con, "exchanges", found)
    assert pairs.lines == [1, 2, 3]
    assert all(pair.skew_ms == pytest.approx(-83_000, abs=10) for (pair,) in pairs.found.values())


def test_two_equal_lines_are_left_unmatched_and_named(con: Any) -> None:
    line(con, 1, 0.0, 4000.0)
    line(con, 2, 0.2, 4000.0)
    found = capture(stream(0.1, 4000.0))
    assert match(con, "exchanges", found).lines == []
    assert "a.log:1 and a.log:2" in found[0][0].info.warnings[0]


def test_a_stream_without_a_line_is_named(con: Any) -> None:
    line(con, 1, 0.0, 4000.0, path="/other")
    found = capture(stream(0.0, 4000.0))
    assert match(con, "exchanges", found).lines == []
    assert "fit no line" in found[0][0].info.warnings[0]


def test_another_status_is_another_exchange(con: Any) -> None:
    line(con, 1, 0.0, 4000.0, status=404)
    assert match(con, "exchanges", capture(stream(0.0, 4000.0))).lines == []


def test_another_browser_is_another_exchange(con: Any) -> None:
    line(con, 1, 0.0, 4000.0, user_agent="curl/8.5.0")
    assert match(con, "exchanges", capture(stream(0.0, 4000.0, user_agent="Mozilla/5.0"))).lines == []


def test_a_status_that_the_browser_never_saw_comes_from_the_log(con: Any) -> None:
    line(con, 1, 19.0, 60_001.0, status=504, closed_by="proxy", closed_phase="headers", closed_why="timeout")
    found = capture(stream(0.0, 60_030.0, status=0))
    pairs = match(con, "exchanges", found)
    assert found[0][1].exchange.status == 504
    assert "status" in pairs.found[0][0].copied


def test_a_gateway_in_front_that_gave_up_meets_the_499_behind_it(con: Any) -> None:
    line(con, 1, 0.0, 100_010.0, status=499, closed_by="client", closed_phase="headers", closed_why="abort")
    found = capture(stream(0.0, 100_100.0, status=524, gateway="cloudflare"))
    pairs = match(con, "exchanges", found)
    assert pairs.lines == [1]
    assert found[0][1].exchange.gateway == "cloudflare"
    assert pairs.found[0][0].answered_in_front


def test_what_the_browser_recorded_stays(con: Any) -> None:
    line(con, 1, 0.0, 4000.0, ttfb_ms=5.0, upstream="10.1.2.3:80")
    found = capture(stream(0.0, 4000.0, ttfb_ms=300.0))
    match(con, "exchanges", found)
    assert found[0][1].exchange.ttfb_ms == 300.0
    assert found[0][1].exchange.upstream == "10.1.2.3:80"


def test_a_verdict_names_both_places_and_the_clocks(con: Any) -> None:
    line(con, 1, -83.0, 4000.0, closed_by="client", closed_phase="data", closed_why="abort")
    pairs = match(con, "exchanges", capture(stream(0.0, 4000.0, net_error="net::ERR_CONNECTION_RESET")))
    verdict = Verdict(
        cause="connection-reset", party="network", severity="failed", confidence="likely", rule="r", title="t",
        explanation="It broke.",
    )  # fmt: skip
    pairs.tell([verdict])
    assert "a.log:1" in verdict.explanation
    assert "83 s behind" in verdict.explanation
    assert verdict.evidence[-1].where == "a.log:1"


def test_skew_prefers_what_most_streams_agree_on() -> None:
    assert estimate_skew({0: [-83_000.0, 5.0], 1: [-82_800.0], 2: [-83_100.0, 70_000.0]}) == -83_000.0


def test_skew_of_one_stream_with_several_lines_is_unknown() -> None:
    assert estimate_skew({0: [-83_000.0, 60_000.0]}) is None


def test_skew_of_one_stream_is_known_where_one_line_is_in_step() -> None:
    assert estimate_skew({0: [120.0, 60_000.0]}) == 120.0


def test_no_lines_no_skew() -> None:
    assert estimate_skew({}) is None


def log_without_durations(con: Any, n: int, end_s: float, **values: Any) -> None:
    line(con, n, 0.0, 0.0, **({"started_at": None, "ended_at": at(end_s).replace(tzinfo=None)} | values))
    con.execute("UPDATE exchanges SET duration_ms = NULL")


def test_line_without_a_duration_is_matched_by_its_end_when_the_clocks_agree(con: Any) -> None:
    log_without_durations(con, 1, 30.4, closed_by="upstream", closed_phase="data", status=None)
    found = capture(stream(0.0, 31_000.0))
    assert match(con, "exchanges", found).lines == [1]
    assert found[0][1].exchange.closed_by == "upstream"


def test_line_without_a_duration_at_another_time_may_be_about_anybody(con: Any) -> None:
    log_without_durations(con, 1, 4000.0, status=504)
    assert match(con, "exchanges", capture(stream(0.0, 31_000.0, status=504))).lines == []


def test_three_streams_at_one_distance_tell_the_skew_without_durations(con: Any) -> None:
    starts = (0.0, 50.0, 140.0)
    for n, start in enumerate(starts, 1):
        log_without_durations(con, n, start + 4.0 + 83.0)
    pairs = match(con, "exchanges", capture(*(stream(start, 4000.0) for start in starts)))
    assert pairs.lines == [1, 2, 3]


def test_two_lines_without_durations_in_one_second_are_left_unmatched(con: Any) -> None:
    log_without_durations(con, 1, 4.0, client_ip="192.0.2.1")
    log_without_durations(con, 2, 5.0, client_ip="192.0.2.2")
    assert match(con, "exchanges", capture(stream(0.0, 4000.0))).lines == []
