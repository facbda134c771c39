"""A NetLog beside a HAR of the same run: the stream is told once, with what both know."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.facts.netlog_merge import merge
from analyzer.intake import open_inputs, read_har, read_netlog
from analyzer.model import Capture
from analyzer.pipeline import Options, analyze
from tests.intake.netlogs import BEGIN, URL, Log, answer, begin, fail, finish
from tests.intake.samples import as_bytes, entry, har


def reset() -> Log:
    log = answer(begin(Log()))
    log.add(
        1550, "HTTP2_SESSION-1", "HTTP2_SESSION_RECV_RST_STREAM", stream_id=3, error_code="2 (INTERNAL_ERROR)"
    )
    return fail(log, 1550, -337)


def seen(started: str = "2026-03-02T10:15:00.020Z", **changes: Any) -> dict[str, Any]:
    """The same exchange, as the HAR of the DevTools has it."""
    response = {"_error": "net::ERR_HTTP2_PROTOCOL_ERROR", "httpVersion": "h2"}
    made = {
        "startedDateTime": started,
        "request": {"url": URL, "method": "POST"},
        "response": response,
        **changes,
    }
    return entry(**made)


def both(tmp_path: Path, log: Log, *entries: dict[str, Any]) -> list[Path]:
    (tmp_path / "capture.har").write_bytes(as_bytes(har(*entries)))
    (tmp_path / "netlog.json").write_text(log.text())
    return [tmp_path / "capture.har", tmp_path / "netlog.json"]


def captures(paths: list[Path]) -> tuple[Capture, Capture]:
    first, second = open_inputs(paths)
    return read_har(first), read_netlog(second)


@pytest.mark.parametrize("order", [1, -1], ids=["HAR first", "NetLog first"])
def test_one_stream_with_evidence_from_both_files(tmp_path: Path, order: int) -> None:
    report = analyze(both(tmp_path, reset(), seen())[::order])
    (stream,) = report.streams
    assert stream.exchange.capture_kind == "har" and stream.verdict.cause == "http2-stream-reset"
    assert stream.verdict.confidence == "certain"
    places = {item.column: item.where for item in stream.verdict.evidence}
    assert places["net_error"] == "$.log.entries[0]"
    assert places["h2_error_code"].endswith("netlog.json $.events[22]")
    assert "INTERNAL_ERROR" in stream.verdict.explanation
    info = next(info for info in report.captures if info.kind == "netlog")
    assert info.streams == 0 and "1 of its 1 exchanges are also in" in info.warnings[-1]
    assert report.summary.streams == 1


def test_a_netlog_alone_names_the_event_of_each_value(tmp_path: Path) -> None:
    (stream,) = analyze(both(tmp_path, reset(), seen())[1:]).streams
    places = {item.column: item.where for item in stream.verdict.evidence}
    assert places["h2_error_code"] == "$.events[22]" and places["duration_ms"] == "$.events[0]"


def test_what_the_har_has_stays_and_what_it_lacks_is_filled(tmp_path: Path) -> None:
    browser, log = captures(both(tmp_path, reset(), seen(serverIPAddress="")))
    merge([browser, log])
    row = browser.entries[0].exchange
    assert row.duration_ms == 1011.0 and row.http_version == "2"
    assert row.transfer_bytes is not None and row.idle_before_end_ms == 50.0
    assert row.client_proxy == "direct"
    assert "duration_ms" not in browser.entries[0].places


def test_runs_of_different_hours_are_not_mixed(tmp_path: Path) -> None:
    report = analyze(both(tmp_path, reset(), seen("2026-03-02T11:15:00.020Z")))
    assert len(report.streams) == 2
    assert any("not recorded in the same run" in w for info in report.captures for w in info.warnings)


def test_a_clock_that_is_off_for_all_of_a_capture_does_not_part_them(tmp_path: Path) -> None:
    _, log = captures(both(tmp_path, reset(), seen("2026-03-02T10:15:05.000Z")))
    browser, _ = captures(both(tmp_path, reset(), seen("2026-03-02T10:15:05.000Z")))
    assert len(merge([browser, log]).mates) == 1


def test_calls_of_one_address_are_told_apart_by_their_times(tmp_path: Path) -> None:
    log = Log()
    for number, at in ((1, 1000), (2, 6000), (3, 11000)):
        name = f"URL_REQUEST-{number}"
        begin(log, name=name, at=at)
        answer(log, name=name, at=at, reads=((at + 400, 100 * number),))
        finish(log, at + 500, name=name)
    healthy = {"_error": None}
    entries = [seen(f"2026-03-02T10:15:{second:02d}.010Z", response=healthy) for second in (5, 10)]
    browser, netlog = captures(both(tmp_path, log, *entries))
    merged = merge([browser, netlog])
    pairs = {
        (o.exchange.position, m.exchange.started_at.second)
        for o in netlog.entries
        if (m := merged.mates.get(id(o)))
    }
    assert pairs == {(1, 5), (2, 10)}


def test_exchanges_with_different_statuses_are_two(tmp_path: Path) -> None:
    browser, log = captures(both(tmp_path, reset(), seen(response={"status": 503})))
    assert merge([browser, log]).mates == {}


def test_a_har_that_was_saved_too_early_learns_how_it_ended(tmp_path: Path) -> None:
    open_still = seen(
        response={"_error": None, "httpVersion": "h2"}, content={"text": None, "size": 0},
        _eventSourceMessages=[{"time": 1772446500.4, "eventName": "message", "eventId": "", "data": "a"}],
        timings={"receive": 0}, time=300.0,
    )  # fmt: skip
    browser, log = captures(both(tmp_path, reset(), open_still))
    row = browser.entries[0].exchange
    if row.end_recorded is not False:
        row.end_recorded = False
    merge([browser, log])
    assert (row.net_error, row.end_recorded, row.duration_ms) == (
        "net::ERR_HTTP2_PROTOCOL_ERROR",
        True,
        550.0,
    )


def test_the_second_row_stays_when_the_har_does_not_list_the_stream(tmp_path: Path) -> None:
    plain = seen(
        response={"headers": [], "_error": None},
        content={"mimeType": "", "text": "", "size": 0},
        request={"url": URL, "method": "POST"},
    )
    report = analyze(both(tmp_path, reset(), plain), Options())
    assert [stream.exchange.capture_kind for stream in report.streams] == ["netlog"]


def test_errands_of_the_browser_that_fail_at_that_moment_are_no_evidence(tmp_path: Path) -> None:
    log = answer(begin(Log()), h2=False)
    url = "https://updates.browser.example/check"
    log.add(1500, "URL_REQUEST-9", "REQUEST_ALIVE", BEGIN, url=url)
    log.add(
        1500,
        "URL_REQUEST-9",
        "URL_REQUEST_START_JOB",
        BEGIN,
        url=url,
        method="GET",
        initiator="not an origin",
    )
    fail(log, 1505, -105, name="URL_REQUEST-9")
    (tmp_path / "netlog.json").write_text(fail(log, 1550, -101).text())
    (stream,) = analyze([tmp_path / "netlog.json"]).streams
    assert stream.exchange.hosts_failing_same_moment == 0
    assert stream.verdict.cause == "connection-reset"
