"""Chromium's NetLog: each request is an exchange, with what carried it and how that ended."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyzer.errors import CaptureError
from analyzer.intake import open_inputs, read_netlog
from tests.intake.netlogs import BEGIN, END, URL, Log, answer, begin, fail, finish, one, read

REAL = Path(__file__).parent / "data" / "goaway.netlog.json.gz"


def ordinary() -> Log:
    return finish(answer(begin(Log())), 1600)


# ---------------------------------------------------------------------------------- one exchange


def test_a_request_becomes_an_exchange_with_times_from_its_events(tmp_path: Path) -> None:
    recorded = one(tmp_path, ordinary())
    row = recorded.exchange
    assert (row.method, row.url, row.host, row.status, row.http_version) == (
        "POST",
        URL,
        "api.example",
        200,
        "2",
    )
    assert row.started_at == datetime(2026, 3, 2, 10, 15, 0, tzinfo=UTC)
    assert row.ended_at == datetime(2026, 3, 2, 10, 15, 0, 600_000, tzinfo=UTC)
    assert (row.duration_ms, row.ttfb_ms, row.receive_ms, row.active_ms) == (600.0, 190.0, 400.0, 590.0)
    assert (row.body_bytes, row.transfer_bytes) == (500, 500)
    assert (row.last_event_ms, row.idle_before_end_ms, row.max_gap_ms) == (500.0, 100.0, 100.0)
    assert row.net_error is None and row.end_recorded is True and row.errors_recorded is True
    assert row.content_type == "text/event-stream" and row.server == "nginx"
    assert row.resource_type == "fetch" and row.cross_origin is True and row.auth_sent is True
    assert row.where == "$.events[0]" and row.dialect == "chrome-netlog"
    assert [(chunk.at_ms, chunk.size) for chunk in recorded.chunks or ()] == [(400.0, 300), (500.0, 200)]
    assert row.body_recorded is False and recorded.body() is None


def test_numbers_given_as_numbers_mean_the_same(tmp_path: Path) -> None:
    log = ordinary()
    for event in log.events:
        event["time"] = int(event["time"])
    assert one(tmp_path, log).exchange.duration_ms == 600.0


def test_a_page_that_aborts_is_the_client_although_the_log_has_no_number(tmp_path: Path) -> None:
    log = answer(begin(Log()))
    log.add(1700, "URL_REQUEST-1", "CORS_REQUEST", END)
    log.add(1700, "URL_REQUEST-1", "CANCELLED").add(1701, "URL_REQUEST-1", "REQUEST_ALIVE", END)
    row = one(tmp_path, log).exchange
    assert row.net_error == "net::ERR_ABORTED"
    assert row.duration_ms == 700.0


def test_letting_go_of_an_answer_that_was_read_to_its_end_is_no_abort(tmp_path: Path) -> None:
    log = answer(begin(Log())).add(1600, "URL_REQUEST-1", "HTTP_TRANSACTION_READ_BODY", END)
    log.add(1601, "URL_REQUEST-1", "CANCELLED").add(1601, "URL_REQUEST-1", "REQUEST_ALIVE", END)
    assert one(tmp_path, log).exchange.net_error is None


def test_a_loader_that_lets_go_while_headers_arrive_has_refused_them(tmp_path: Path) -> None:
    log = answer(begin(Log()), reads=())
    log.add(1210, "URL_REQUEST-1", "URL_REQUEST_DELEGATE_RESPONSE_STARTED", BEGIN)
    log.add(1211, "URL_REQUEST-1", "CORS_REQUEST", END)
    log.add(1211, "URL_REQUEST-1", "URL_REQUEST_DELEGATE_RESPONSE_STARTED", END)
    log.add(1211, "URL_REQUEST-1", "CANCELLED").add(1212, "URL_REQUEST-1", "REQUEST_ALIVE", END)
    row = one(tmp_path, log).exchange
    assert (row.net_error, row.status, row.cors_allowed) == ("net::ERR_FAILED", 200, False)


def test_a_preflight_that_fails_ends_its_request(tmp_path: Path) -> None:
    log = Log()
    headers = {"headers": [], "line": "POST /v1/stream HTTP/1.1\r\n"}
    log.add(1000, "URL_REQUEST-1", "CORS_REQUEST", BEGIN, url=URL, request_headers=headers)
    begin(log, name="URL_REQUEST-2", method="OPTIONS", at=1001)
    log.add(1001, "URL_REQUEST-2", "CREATED_BY", to="URL_REQUEST-1")
    fail(log, 1005, -105, name="URL_REQUEST-2")
    log.add(1006, "URL_REQUEST-1", "CORS_PREFLIGHT_ERROR", error="ERR_NAME_NOT_RESOLVED")
    log.add(1006, "URL_REQUEST-1", "CORS_REQUEST", END)
    call, preflight = (recorded.exchange for recorded in read(tmp_path, log).entries)
    assert (call.method, call.status, call.net_error) == ("POST", 0, "net::ERR_NAME_NOT_RESOLVED")
    assert call.end_recorded is True
    assert (preflight.method, preflight.resource_type) == ("OPTIONS", "preflight")


def test_a_redirect_makes_two_exchanges_of_one_source(tmp_path: Path) -> None:
    log = begin(Log(), method="GET")
    log.add(
        1100,
        "URL_REQUEST-1",
        "HTTP_TRANSACTION_READ_RESPONSE_HEADERS",
        headers=["HTTP/1.1 302 Found", "location: /b"],
    )
    log.add(1101, "URL_REQUEST-1", "URL_REQUEST_REDIRECTED", location=URL + "/b")
    log.add(1102, "URL_REQUEST-1", "URL_REQUEST_START_JOB", BEGIN, url=URL + "/b", method="GET")
    log.add(1200, "URL_REQUEST-1", "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", headers=["HTTP/1.1 204"])
    finish(log, 1300)
    first, second = (recorded.exchange for recorded in read(tmp_path, log).entries)
    assert (first.status, first.url, first.duration_ms) == (302, URL, 101.0)
    assert (second.status, second.url, second.duration_ms) == (204, URL + "/b", 198.0)


def test_a_request_without_an_end_was_still_open(tmp_path: Path) -> None:
    row = one(tmp_path, answer(begin(Log()))).exchange
    assert row.end_recorded is False and row.net_error is None
    assert row.ended_at is None and row.idle_before_end_ms is None
    assert row.duration_ms == 500.0  # as far as the log goes


def test_a_log_that_overwrote_a_beginning_still_knows_when_it_was(tmp_path: Path) -> None:
    log = ordinary()
    log.events = log.events[3:]  # a bounded log keeps only the latest events
    assert read(tmp_path, log).entries == []  # without a URL it is no exchange
    log = ordinary()
    del log.events[0]
    del log.events[1]
    row = one(tmp_path, log).exchange
    assert row.duration_ms == 600.0  # from the source's start_time


def test_a_cached_answer_has_no_status_of_its_own(tmp_path: Path) -> None:
    log = begin(Log(), method="GET")
    log.add(1010, "URL_REQUEST-1", "HTTP_CACHE_READ_INFO", BEGIN).add(
        1011, "URL_REQUEST-1", "HTTP_CACHE_READ_INFO", END
    )
    log.add(1012, "URL_REQUEST-1", "URL_REQUEST_JOB_FILTERED_BYTES_READ", byte_count=550)
    row = one(tmp_path, finish(log, 1020)).exchange
    assert row.from_cache is True and row.status is None and row.body_bytes == 550


def test_errands_of_the_browser_itself_are_marked(tmp_path: Path) -> None:
    log = begin(Log())
    log.events[2]["params"]["initiator"] = "not an origin"
    assert one(tmp_path, fail(log, 1010, -105)).exchange.initiator == "browser"


def test_a_log_with_raw_bytes_gives_the_body(tmp_path: Path) -> None:
    log = answer(begin(Log()), reads=())
    for at, piece in ((1400, b"data: a\n\n"), (1500, b"data: b\n\n")):
        given = {"byte_count": len(piece), "bytes": base64.b64encode(piece).decode()}
        log.add(at, "URL_REQUEST-1", "URL_REQUEST_JOB_FILTERED_BYTES_READ", **given)
    recorded = one(tmp_path, finish(log, 1600))
    assert recorded.body() == b"data: a\n\ndata: b\n\n"
    assert recorded.exchange.body_recorded is True


def test_a_body_with_a_gap_is_no_body(tmp_path: Path) -> None:
    log = answer(begin(Log()), reads=())
    log.add(1400, "URL_REQUEST-1", "URL_REQUEST_JOB_FILTERED_BYTES_READ", byte_count=4, bytes="ZGF0YQ==")
    log.add(1500, "URL_REQUEST-1", "URL_REQUEST_JOB_FILTERED_BYTES_READ", byte_count=9, bytes="ZGF0YQ==")
    recorded = one(tmp_path, finish(log, 1600))
    assert recorded.body() is None and recorded.exchange.body_bytes == 13


# ---------------------------------------------------------------------------------- files


def test_a_log_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    text = ordinary().text(closed=False)
    capture = read(tmp_path, text + '{"params":{"byte_co')
    assert capture.entries[0].exchange.duration_ms == 600.0
    assert len(capture.info.warnings) == 2
    assert "cut off" in capture.info.warnings[1]


@pytest.mark.parametrize("step", [None, 2], ids=["one line", "pretty"])
def test_a_log_that_was_reformatted_is_read_whole(tmp_path: Path, step: int | None) -> None:
    text = json.dumps(json.loads(ordinary().text()), indent=step)
    capture = read(tmp_path, text)
    assert capture.entries[0].exchange.duration_ms == 600.0 and capture.info.warnings == []
    cut = read(tmp_path, text[: text.rindex("}", 0, text.index("polledData"))])
    assert len(cut.entries) == 1 and "cut off" in cut.info.warnings[-1]


def test_gzip_and_a_byte_order_mark_cost_nothing(tmp_path: Path) -> None:
    capture = read(tmp_path, gzip.compress(b"\xef\xbb\xbf" + ordinary().text().encode()), "netlog.json.gz")
    assert len(capture.entries) == 1 and capture.info.warnings == []


def test_a_damaged_event_costs_itself_and_a_warning(tmp_path: Path) -> None:
    lines = ordinary().text().split("\n")
    lines.insert(4, '{"nonsense":,')
    capture = read(tmp_path, "\n".join(lines))
    assert len(capture.entries) == 1
    assert capture.info.warnings == ["$.events[2]: it is no event that can be read; it is left out"]


def test_a_log_without_events_says_where_they_may_be(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as error:
        read(tmp_path, Log().add(1, "NONE-1", "X").text().partition('{"phase')[0])
    assert "size limit" in error.value.message


def test_a_log_without_a_table_of_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaptureError) as error:
        read(tmp_path, '{"constants":{"logFormatVersion":1,"logEventTypes":{}},\n"events": [\n{}]}')
    assert "event names" in error.value.message


def test_without_a_clock_durations_remain(tmp_path: Path) -> None:
    text = ordinary().text().replace('"timeTickOffset"', '"somethingElse"')
    capture = read(tmp_path, text)
    row = capture.entries[0].exchange
    assert row.started_at is None and row.duration_ms == 600.0
    assert "timeTickOffset" in capture.info.warnings[0]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_byte_that_is_changed_or_cut_brings_the_reader_down(tmp_path: Path, data: st.DataObject) -> None:
    text = bytearray(ordinary().text().encode())
    for _ in range(data.draw(st.integers(0, 4))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.json"
    path.write_bytes(text[: data.draw(st.integers(0, len(text)))])
    for inp in open_inputs([path]):
        if inp.kind == "netlog":
            try:
                read_netlog(inp)
            except CaptureError as error:
                assert "api.example" not in str(error)


def test_a_real_log_tells_who_hung_up() -> None:
    (inp,) = open_inputs([REAL])
    capture = read_netlog(inp)
    assert capture.info.warnings == [] and capture.info.creator.startswith("Chromium ")
    row = next(
        r.exchange for r in capture.entries if r.exchange.method == "POST" and r.exchange.status == 200
    )
    assert (row.net_error, row.goaway_code, row.goaway_before_ms) == (
        "net::ERR_CONNECTION_CLOSED",
        "NO_ERROR",
        51.0,
    )
    assert (row.body_bytes, row.http_version, row.idle_before_end_ms) == (4364, "2", 95.0)


def test_nothing_secret_of_a_netlog_leaves_in_a_report(tmp_path: Path) -> None:
    from analyzer.pipeline import Options, analyze
    from analyzer.report.render import render

    canary = "sk-live-Zx81QpLm04TrVb27NcKd93"
    log = begin(Log(), url=f"{URL}?api_key={canary}")
    log.add(1002, "URL_REQUEST-1", "DELEGATE_INFO", BEGIN, delegate_blocked_by=f"extension {canary}")
    answer(log)
    log.add(1540, "HTTP2_SESSION-1", "HTTP2_SESSION_RECV_GOAWAY", error_code=0, debug_data=f"token={canary}")
    log.add(1550, "HTTP2_SESSION-1", "HTTP2_SESSION_CLOSE", net_error=-100, description=f"bearer {canary}")
    for event in log.events:
        headers = event.get("params", {}).get("headers")
        if isinstance(headers, list):
            headers += [f"authorization: Bearer {canary}", f"set-cookie: a={canary}", f"x-other: {canary}"]
    path = tmp_path / "netlog.json"
    path.write_text(fail(log, 1550, -100).text())
    report = analyze([path], Options(details=True))
    assert report.streams[0].verdict.rule == "goaway"
    for chosen in ("terminal", "html", "json", "markdown", "csv", "junit"):
        shown = render(report, chosen, version="0", width=200)
        assert canary not in (shown if isinstance(shown, str) else shown.decode()), chosen
