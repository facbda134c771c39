"""Chromium's DevTools export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.intake.samples import DROP, START_S, entry, har, headers, read, read_one


def event(at: float, data: Any = "x", name: str = "message") -> dict[str, Any]:
    made = {"time": START_S + at, "eventName": name, "eventId": "", "data": data}
    return {key: value for key, value in made.items() if value is not DROP}


NO_ANSWER = {
    "response": {"status": 0, "statusText": "", "httpVersion": "", "headers": [], "_transferSize": 0},
    "content": {"size": 0, "mimeType": "x-unknown", "text": DROP},
    "timings": {"blocked": 1500.0, "send": 0, "wait": 0, "receive": 0, "_blocked_queueing": 240.0},
    "time": 1500.0,
}


def unanswered(error: str) -> dict[str, Any]:
    made = entry(**{**NO_ANSWER, "response": {**NO_ANSWER["response"], "_error": error}})  # type: ignore[dict-item]
    made["request"]["httpVersion"] = ""
    return made


def unfinished(**changes: Any) -> dict[str, Any]:
    return entry(content={"text": DROP}, _eventSourceMessages=[event(0.3), event(1.0)], **changes)


def test_a_finished_stream(tmp_path: Path) -> None:
    row = read_one(tmp_path, entry()).exchange
    assert row.dialect == "chrome-devtools"
    assert (row.status, row.net_error, row.failure_text, row.errors_recorded) == (200, None, None, True)
    assert (row.duration_ms, row.blocked_ms, row.queued_ms) == (1011.0, 10.0, 4.0)
    assert (row.send_ms, row.ttfb_ms, row.receive_ms, row.active_ms) == (1.0, 200.0, 800.0, 1001.0)
    assert (row.dns_ms, row.connect_ms, row.tls_ms, row.connection_reused) == (None, None, None, True)
    assert (row.connection_id, row.http_version, row.end_recorded) == ("7", "1.1", True)
    assert (row.body_bytes, row.transfer_bytes, row.body_recorded, row.from_cache) == (9, 109, True, False)
    assert (row.resource_type, row.initiator, row.method, row.host) == (
        "fetch",
        "script",
        "GET",
        "api.example",
    )
    assert row.started_at is not None
    assert row.ended_at is not None
    assert (row.ended_at - row.started_at).total_seconds() == 1.011


def test_a_new_connection_is_not_reused(tmp_path: Path) -> None:
    row = read_one(tmp_path, entry(timings={"dns": 1.0, "connect": 20.0, "ssl": 15.0})).exchange
    assert row.connection_reused is False
    assert (row.connect_ms, row.tls_ms, row.active_ms) == (20.0, 15.0, 980.0)


def test_a_cut_keeps_its_status_and_names_the_error(tmp_path: Path) -> None:
    made = entry(response={"_error": "net::ERR_INCOMPLETE_CHUNKED_ENCODING"}, content={"text": DROP})
    recorded = read_one(tmp_path, made)
    row = recorded.exchange
    assert (row.status, row.net_error) == (200, "net::ERR_INCOMPLETE_CHUNKED_ENCODING")
    assert (row.end_recorded, row.body_recorded, recorded.body()) == (True, False, None)


def test_without_an_answer_the_whole_life_is_no_queueing(tmp_path: Path) -> None:
    row = read_one(tmp_path, unanswered("net::ERR_TIMED_OUT")).exchange
    assert (row.status, row.net_error, row.http_version) == (0, "net::ERR_TIMED_OUT", None)
    assert (row.duration_ms, row.queued_ms, row.active_ms) == (1500.0, 240.0, 1260.0)
    assert (row.blocked_ms, row.ttfb_ms, row.receive_ms, row.connection_reused) == (None, None, None, None)


def test_an_answer_the_browser_withheld_has_no_times(tmp_path: Path) -> None:
    timings = {"send": 0, "wait": 0, "receive": 0}
    row = read_one(tmp_path, entry(response={"_error": "net::ERR_FAILED"}, timings=timings)).exchange
    assert (row.status, row.net_error, row.ttfb_ms) == (200, "net::ERR_FAILED", None)


def test_a_stream_still_open_at_export(tmp_path: Path) -> None:
    capture = read(tmp_path, har(entry(), unfinished()))
    assert [r.exchange.end_recorded for r in capture.entries] == [True, False]
    assert capture.entries[1].exchange.ended_at is None
    assert capture.entries[1].exchange.body_recorded is True


def test_after_a_navigation_a_missing_body_says_nothing(tmp_path: Path) -> None:
    later = entry(_resourceType="document", startedDateTime="2026-03-02T10:16:00.000Z")
    assert read(tmp_path, har(unfinished(), later)).entries[0].exchange.end_recorded is None


def test_a_later_frame_is_no_navigation(tmp_path: Path) -> None:
    frame = entry(
        _resourceType="document",
        startedDateTime="2026-03-02T10:16:00.000Z",
        request={"headers": headers(sec_fetch_dest="iframe")},
    )
    assert read(tmp_path, har(unfinished(), frame)).entries[0].exchange.end_recorded is False


def test_a_copy_without_bodies_says_nothing_of_its_streams(tmp_path: Path) -> None:
    copied = har(entry(content={"text": DROP, "size": 400}), unfinished())
    assert read(tmp_path, copied).entries[1].exchange.end_recorded is None


def test_events_are_on_the_clock_of_the_request(tmp_path: Path) -> None:
    made = entry(
        _eventSourceMessages=[event(0.0003), event(0.25, name="ping"), event(0.75, data=None), event(-5)]
    )
    events = read_one(tmp_path, made).events
    assert events is not None
    assert [(e.type, e.data, e.at_ms) for e in events] == [
        ("message", "x", None),  # stamped with the request's start: the time is not known
        ("ping", "x", pytest.approx(250.0, abs=0.001)),
        ("message", None, pytest.approx(750.0, abs=0.001)),
        ("message", "x", None),
    ]


def test_a_sanitized_export_is_told_by_its_stripped_events(tmp_path: Path) -> None:
    stripped = entry(_eventSourceMessages=[event(0.3, data=DROP, name="message_stop")])
    recorded = read_one(tmp_path, stripped)
    assert recorded.exchange.dialect == "chrome-devtools-sanitized"
    assert recorded.exchange.auth_sent is None
    assert recorded.events is not None
    assert (recorded.events[0].type, recorded.events[0].data) == ("message_stop", None)


def test_an_export_with_cookies_is_not_sanitized(tmp_path: Path) -> None:
    capture = read(tmp_path, har(entry(request={"headers": headers(cookie="a=b")}), entry()))
    assert capture.info.dialect == "chrome-devtools"
    assert [r.exchange.auth_sent for r in capture.entries] == [False, False]


def test_without_any_credential_an_absent_one_is_unknown(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry()).exchange.auth_sent is None


def test_an_old_export_has_the_connection_in_connection(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(_connectionId=DROP, connection="4711")).exchange.connection_id == "4711"
    assert read_one(tmp_path, entry(_connectionId=DROP, connection="443")).exchange.connection_id is None


def test_an_export_older_than_errors_cannot_record_them(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(response={"_error": DROP})).exchange.errors_recorded is False


@pytest.mark.parametrize(
    ("url", "expected"), [("chrome-extension://abcdef/inject.js", "abcdef"), ("https://a/x.js", None)]
)
def test_the_script_that_called_last_is_the_initiator(tmp_path: Path, url, expected) -> None:
    frames = [
        {"functionName": "", "url": ""},
        {"functionName": "f", "url": url},
        {"url": "chrome-extension://zzz/a.js"},
    ]
    made = entry(_initiator={"type": "script", "stack": {"callFrames": frames}})
    assert read_one(tmp_path, made).exchange.initiator_extension == expected


def web_socket(receive: float, messages: list[dict[str, Any]], **response: Any) -> dict[str, Any]:
    return entry(
        _resourceType="websocket",
        _webSocketMessages=messages,
        request={"url": "wss://api.example/ws"},
        response={"status": 101, **response},
        content={"size": 0, "text": DROP, "mimeType": "x-unknown"},
        timings={"blocked": -1, "send": 0, "wait": 1000.0, "receive": receive},
        time=1000.0 + receive,
    )


FRAMES = [
    {"type": "send", "time": START_S + 0.1, "opcode": 1, "data": "hi"},
    {"type": "receive", "time": START_S + 1.0, "opcode": 2, "data": "AAE="},
]


@pytest.mark.parametrize(("receive", "ended"), [(0, False), (60_015.4, True)])
def test_a_web_socket_ends_after_its_last_frame_or_is_open(tmp_path: Path, receive, ended) -> None:
    recorded = read_one(tmp_path, web_socket(receive, FRAMES))
    row = recorded.exchange
    assert (row.end_recorded, row.ttfb_ms, row.receive_ms, row.status) == (ended, None, None, 101)
    assert recorded.messages is not None
    assert [(m.direction, m.opcode, m.at_ms) for m in recorded.messages] == [
        ("send", 1, 100.0),
        ("receive", 2, 1000.0),
    ]


@pytest.mark.parametrize(
    ("words", "status", "net"),
    [
        ("Error during WebSocket handshake: Unexpected response code: 403", 403, None),
        ("HTTP Authentication failed; no valid credentials available", 401, None),
        ("Error in connection establishment: net::ERR_CONNECTION_REFUSED", 0, "net::ERR_CONNECTION_REFUSED"),
        ("Connection closed before receiving a handshake response", 0, "net::ERR_CONNECTION_CLOSED"),
        ("WebSocket is closed before the connection is established.", 0, "net::ERR_ABORTED"),
    ],
)
def test_a_refused_upgrade_says_why_in_its_only_message(tmp_path: Path, words, status, net) -> None:
    message = {"type": "error", "time": START_S + 0.1, "opcode": -1, "data": words}
    row = read_one(tmp_path, web_socket(0.6, [message], status=0, headers=[])).exchange
    assert (row.status, row.net_error) == (status, net)
    assert (row.failure_text is None) == (net is not None)
    assert row.end_recorded is True


@pytest.mark.parametrize(("mark", "cached"), [("memory", True), ("disk", True), (DROP, False)])
def test_the_cache_is_named(tmp_path: Path, mark, cached) -> None:
    row = read_one(tmp_path, entry(_fromCache=mark)).exchange
    assert row.from_cache is cached
    assert row.connection_reused is (None if cached else True)
