"""Safari, proxies, clients and lab recorders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.pipeline import analyze
from tests.intake.samples import DROP, START_S, as_bytes, entry, har, headers, only_input, read, read_one


def plain(**changes: Any) -> dict[str, Any]:
    """An entry without DevTools' own fields."""
    own = dict.fromkeys(("_initiator", "_resourceType", "_connectionId", "connection"), DROP)
    made = entry(**{**own, **changes})
    for key in ("_error", "_transferSize"):
        if key not in changes.get("response", {}):
            made["response"].pop(key, None)
    made["timings"].pop("_blocked_queueing", None)
    return made


# ---------------------------------------------------------------------------------- Safari


@pytest.mark.parametrize(
    ("words", "net"),
    [
        ("The network connection was lost.", "net::ERR_CONNECTION_CLOSED"),
        ("The request timed out.", "net::ERR_TIMED_OUT"),
        ("cancelled", "net::ERR_ABORTED"),
        (
            "The operation couldn’t be completed. (NSURLErrorDomain error -1009.)",
            "net::ERR_INTERNET_DISCONNECTED",
        ),
        ("La connexion réseau a été perdue.", "net::ERR_CONNECTION_CLOSED"),
        ("Es besteht anscheinend keine Verbindung zum Internet.", "net::ERR_INTERNET_DISCONNECTED"),
        ("请求超时。", "net::ERR_TIMED_OUT"),
        ("キャンセルしました", "net::ERR_ABORTED"),
        ("Le réseau a disparu.", None),
    ],
)
def test_safari_words_become_names_where_they_are_certain(tmp_path: Path, words, net) -> None:
    made = plain(response={"_error": words}, _fetchType="Network Load", connection="3")
    row = read_one(tmp_path, made, creator="WebKit Web Inspector").exchange
    assert (row.dialect, row.net_error, row.errors_recorded, row.end_recorded) == ("safari", net, True, True)
    assert row.failure_text == (words if net is None else None)
    assert row.connection_id == "3"


@pytest.mark.parametrize(
    ("kind", "cached", "worker"),
    [("Network Load", False, False), ("Disk Cache", True, False), ("Service Worker", False, True)],
)
def test_safari_names_who_answered(tmp_path: Path, kind, cached, worker) -> None:
    row = read_one(tmp_path, plain(_fetchType=kind), creator="WebKit Web Inspector").exchange
    assert (row.from_cache, row.via_service_worker) == (cached, worker)


@pytest.mark.parametrize(
    ("reason", "net", "text"),
    [
        ("java.net.UnknownHostException: a.example", "net::ERR_NAME_NOT_RESOLVED", None),
        ("java.net.ConnectException: Connection refused", "net::ERR_CONNECTION_REFUSED", None),
        ("something new", None, "Charles Error Report"),
    ],
)
def test_an_error_report_of_charles_is_no_answer(tmp_path: Path, reason, net, text) -> None:
    page = f"<html><head><title>Charles Error Report</title></head><body>{reason}</body></html>"
    made = plain(response={"status": 503, "_charlesStatus": "COMPLETE"}, content={"text": page})
    row = read_one(tmp_path, made, creator="Charles Proxy").exchange
    assert (row.status, row.net_error, row.failure_text) == (0, net, text)


# ---------------------------------------------------------------------------------- mitmproxy


def mitmproxy(tmp_path: Path, **changes: Any):
    timings = {
        "connect": -1.0,
        "ssl": -1.0,
        "send": 1.0,
        "wait": 200.0,
        "receive": 800.0,
        **changes.pop("timings", {}),
    }
    made = plain(**changes)
    made["timings"] = timings
    return read_one(tmp_path, made, creator="mitmproxy")


def test_mitmproxy_counts_the_handshake_beside_the_connection(tmp_path: Path) -> None:
    row = mitmproxy(tmp_path, timings={"connect": 30.0, "ssl": 20.0}, time=1051.0).exchange
    assert (row.connect_ms, row.tls_ms, row.active_ms, row.connection_reused) == (50.0, 20.0, 1001.0, False)
    assert (row.dialect, row.end_recorded, row.errors_recorded) == ("mitmproxy", True, False)


def test_mitmproxy_gives_the_encoded_size(tmp_path: Path) -> None:
    assert mitmproxy(tmp_path, content={"size": 400, "compression": 600}).exchange.body_bytes == 1000


def test_mitmproxy_cannot_tell_a_broken_body_from_a_streamed_one(tmp_path: Path) -> None:
    recorded = mitmproxy(tmp_path, content={"size": 0, "text": ""}, timings={"receive": 0}, time=201.0)
    row = recorded.exchange
    assert (row.status, row.duration_ms, row.receive_ms, row.end_recorded) == (200, None, None, None)
    assert (row.body_bytes, row.body_recorded, recorded.body()) == (None, False, None)


@pytest.mark.parametrize(
    ("error", "net", "ended"),
    [("[Errno 111] Connection refused", "net::ERR_CONNECTION_REFUSED", True), (None, None, False)],
)
def test_mitmproxy_records_errors_before_the_answer_only(tmp_path: Path, error, net, ended) -> None:
    row = mitmproxy(
        tmp_path, response={"status": 0, "content": {}, "_error": error, "_transferSize": 0}
    ).exchange
    assert (row.status, row.net_error, row.errors_recorded, row.end_recorded) == (0, net, True, ended)


def test_mitmproxy_times_only_the_handshake_of_a_web_socket(tmp_path: Path) -> None:
    frames = [{"type": "receive", "time": START_S + 2.0, "opcode": 1, "data": "x"}]
    recorded = mitmproxy(tmp_path, _webSocketMessages=frames, response={"status": 101})
    assert recorded.exchange.duration_ms is None
    assert recorded.exchange.resource_type == "websocket"
    assert recorded.messages is not None
    assert recorded.messages[0].at_ms == 2000.0


# ---------------------------------------------------------------------------------- other proxies


@pytest.mark.parametrize(("state", "text"), [("COMPLETE", None), ("EXCEPTION", "EXCEPTION")])
def test_charles_says_whether_it_completed(tmp_path: Path, state, text) -> None:
    row = read_one(tmp_path, plain(response={"_charlesStatus": state}), creator="Charles Proxy").exchange
    assert (row.dialect, row.status, row.failure_text, row.errors_recorded) == ("charles", 200, text, True)


def test_fiddler_names_the_side_of_the_server(tmp_path: Path) -> None:
    made = plain(connection="ClientPort:19719;EgressPort:19742", timings={"connect": 0, "ssl": 0, "dns": 0})
    row = read_one(
        tmp_path, made | {"connection": "ClientPort:19719;EgressPort:19742"}, creator="Fiddler"
    ).exchange
    assert (row.dialect, row.connection_id, row.connect_ms, row.errors_recorded) == (
        "fiddler",
        "19742",
        None,
        False,
    )


@pytest.mark.parametrize(
    ("words", "net", "text"),
    [
        ("[Fiddler] DNS Lookup for \"a.example\" failed. No such host is known", "net::ERR_NAME_NOT_RESOLVED", None),
        ("[Fiddler] The connection to 'a' failed. <br />Error: ConnectionRefused (0x274d).", "net::ERR_CONNECTION_REFUSED", None),
        ("[Fiddler] ReadResponse() failed: no complete response. Server returned 0 bytes.", "net::ERR_EMPTY_RESPONSE", None),
        ("[Fiddler] Something new.<br>", None, "[Fiddler] Something new."),
    ],
)  # fmt: skip
def test_a_reply_of_fiddlers_own_is_a_failure(tmp_path: Path, words, net, text) -> None:
    made = plain(response={"status": 502}, content={"text": words})
    row = read_one(tmp_path, made, creator="Fiddler").exchange
    assert (row.status, row.net_error, row.failure_text) == (0, net, text)


def test_a_bad_gateway_that_fiddler_passed_on_is_a_status(tmp_path: Path) -> None:
    made = plain(response={"status": 502}, content={"text": "Bad Gateway"})
    row = read_one(tmp_path, made, creator="Fiddler").exchange
    assert (row.status, row.net_error, row.failure_text) == (502, None, None)


def test_failed_handshakes_beside_the_entries_are_said(tmp_path: Path) -> None:
    capture = read(tmp_path, har(plain(), creator="HTTP Toolkit", _tlsErrors=[{"cause": "closed"}, {}]))
    assert capture.info.warnings == [
        "$.log._tlsErrors: 2 TLS handshakes failed before any request; they are no exchanges"
    ]


def test_http_toolkit_has_close_codes(tmp_path: Path) -> None:
    close = {"code": 1011, "reason": "x", "timestamp": START_S + 60.0}
    made = plain(
        _webSocketClose=close, request={"url": "wss://a.example/ws"}, response={"status": 101}, time=-1
    )
    row = read_one(tmp_path, made, creator="HTTP Toolkit").exchange
    assert (row.dialect, row.close_code, row.duration_ms, row.end_recorded) == (
        "http-toolkit",
        1011,
        60_000.0,
        True,
    )


@pytest.mark.parametrize(("time", "text", "ended"), [(4000, "aborted", True), (-1, None, False)])
def test_http_toolkit_writes_status_zero_for_aborted_and_for_running(
    tmp_path: Path, time, text, ended
) -> None:
    made = plain(
        response={"status": 0},
        content={"size": 0, "mimeType": "application/x-unknown", "text": DROP},
        time=time,
    )
    row = read_one(tmp_path, made, creator="HTTP Toolkit").exchange
    assert (row.status, row.failure_text, row.end_recorded) == (0, text, ended)


@pytest.mark.parametrize(
    ("message", "net"),
    [
        ("Unable to resolve host: a.example", "net::ERR_NAME_NOT_RESOLVED"),
        ("Unable to connect to host", "net::ERR_CONNECTION_FAILED"),
        ("Response timed out", "net::ERR_TIMED_OUT"),
        ("No response received", "net::ERR_EMPTY_RESPONSE"),
    ],
)
def test_browserup_words(tmp_path: Path, message, net) -> None:
    made = plain(response={"status": 0, "_errorMessage": message, "httpVersion": "unknown"})
    row = read_one(tmp_path, made, creator="BrowserUp Proxy").exchange
    assert (row.dialect, row.net_error, row.http_version) == ("browserup", net, None)


# ---------------------------------------------------------------------------------- lab recorders


def test_chrome_har_chunks_are_put_on_the_clock_of_the_request(tmp_path: Path) -> None:
    made = plain(
        _chunks=[{"ts": 500, "bytes": 10}, {"ts": 1700, "bytes": 20}, {"ts": 3000}], pageref="page_1"
    )
    page = {"id": "page_1", "startedDateTime": "2026-03-02T10:14:59.000Z", "pageTimings": {}}
    made["_initiator"] = "https://a.example/app.js"
    made["_initiator_type"] = "script"
    recorded = read_one(tmp_path, made, creator="Browsertime", pages=[page])
    assert recorded.chunks is not None
    assert [(chunk.at_ms, chunk.size) for chunk in recorded.chunks] == [(700.0, 20)]
    assert (recorded.exchange.dialect, recorded.exchange.errors_recorded) == ("chrome-har", False)
    assert recorded.exchange.initiator == "script"


def test_webpagetest_fields(tmp_path: Path) -> None:
    made = plain(
        _responseCode=200,
        _socket=12,
        _protocol="HTTP/2",
        request={"httpVersion": ""},
        response={"httpVersion": ""},
    )
    row = read_one(tmp_path, made, creator="WebPagetest").exchange
    assert (row.dialect, row.connection_id, row.http_version) == ("webpagetest", "12", "2")


@pytest.mark.parametrize(
    ("ok", "state", "text", "ended"),
    [
        (True, "finished", None, True),
        (False, "finished", "not ok", True),
        (True, "headers_received", None, None),
    ],
)
def test_splash_says_how_far_it_got(tmp_path: Path, ok, state, text, ended) -> None:
    made = plain(_splash_processing_state=state, response={"ok": ok})
    row = read_one(tmp_path, made, creator="Splash").exchange
    assert (row.dialect, row.failure_text, row.end_recorded) == ("splash", text, ended)


def test_cypress_never_exports_an_error_and_writes_empty_lists(tmp_path: Path) -> None:
    made = entry(_webSocketMessages=[], _eventSourceMessages=[])
    recorded = read_one(tmp_path, made, creator="@neuralegion/cypress-har-generator")
    assert (recorded.exchange.dialect, recorded.exchange.errors_recorded) == ("cypress", False)
    assert (recorded.events, recorded.messages, recorded.exchange.resource_type) == (None, None, "fetch")


# ---------------------------------------------------------------------------------- API clients, old browsers


def test_insomnia_knows_only_the_whole(tmp_path: Path) -> None:
    made = plain(
        timings={"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 70.4, "receive": 0, "ssl": -1}
    )
    made["time"] = 70.4
    row = read_one(tmp_path, made, creator="Insomnia REST Client").exchange
    assert (row.dialect, row.duration_ms, row.ttfb_ms, row.receive_ms) == ("insomnia", 70.4, None, None)


def test_an_insomnia_stream_that_came_whole_is_not_called_buffered(tmp_path: Path) -> None:
    made = plain(
        timings={"blocked": -1, "dns": -1, "connect": -1, "send": 0, "wait": 61000, "receive": 0, "ssl": -1}
    )
    made["time"] = 61000
    path = tmp_path / "insomnia.har"
    path.write_bytes(as_bytes(har(made, creator="Insomnia REST Client")))
    assert [s.verdict.cause for s in analyze([path]).streams] == ["completed"]


def test_internet_explorer_is_read_with_its_own_mistakes(tmp_path: Path) -> None:
    made = plain(request={"cookies": {"name": "a", "value": "b"}}, response={"redirectionURL": ""})
    made["timings"] = {
        "send": 31,
        "wait": -16,
        "receive": 15,
        "blocked": -1,
        "dns": -1,
        "ssl": -1,
        "connect": -1,
    }
    row = read_one(tmp_path, made, creator="Internet Explorer Network Inspector").exchange
    assert (row.dialect, row.errors_recorded) == ("internet-explorer", False)
    assert (row.send_ms, row.ttfb_ms, row.receive_ms) == (31.0, None, 15.0)


@pytest.mark.parametrize(
    ("creator", "dialect", "recorded"), [("Firebug", "firebug", False), ("Proxyman", "proxyman", None)]
)
def test_what_records_no_errors_claims_none(tmp_path: Path, creator, dialect, recorded) -> None:
    row = read_one(tmp_path, plain(), creator=creator).exchange
    assert (row.dialect, row.errors_recorded) == (dialect, recorded)


def test_a_session_of_charles_as_json_is_named(tmp_path: Path) -> None:
    data = as_bytes([{"status": "COMPLETE", "protocolVersion": "HTTP/1.1", "durations": {"total": 12}}])
    found = only_input(tmp_path, data, "a.chlsj")
    assert (found.kind, "Charles" in found.reason) == ("unknown", True)


def test_a_session_of_proxyman_is_named(tmp_path: Path) -> None:
    data = as_bytes(
        {"name": "1", "isSSL": True, "request": {"method": {"name": "GET"}}, "response": {}, "timing": {}}
    )
    found = only_input(tmp_path, data, "request_0")
    assert (found.kind, "Proxyman" in found.reason) == ("unknown", True)


# ---------------------------------------------------------------------------------- telling them apart


@pytest.mark.parametrize(
    ("changes", "dialect"),
    [
        ({"response": {"_charlesStatus": "COMPLETE"}}, "charles"),
        ({"_frameref": "x"}, "playwright"),
        ({"response": {"_failureText": "x"}}, "playwright"),
        ({"_fetchType": "Network Load"}, "safari"),
        ({"_responseCode": 200}, "webpagetest"),
        ({"_chunks": [{"ts": 1, "bytes": 1}]}, "chrome-har"),
        ({"_splash_processing_state": "finished"}, "splash"),
        ({"timings": {"_blocked_queueing": 1}}, "generic"),
        ({"response": {"_errorMessage": "x"}}, "browserup"),
        ({}, "generic"),
    ],
)  # fmt: skip
def test_without_a_creator_an_exporters_own_fields_give_it_away(tmp_path: Path, changes, dialect) -> None:
    assert read_one(tmp_path, plain(**changes), creator=None).exchange.dialect == dialect


def test_without_a_creator_queueing_gives_chrome_away(tmp_path: Path) -> None:
    assert read_one(tmp_path, entry(), creator=None).exchange.dialect == "chrome-devtools"


def test_an_unknown_creator_is_generic_and_claims_little(tmp_path: Path) -> None:
    row = read_one(tmp_path, plain(response={"headers": headers(x="1")}), creator="Some Tool").exchange
    assert (row.dialect, row.errors_recorded, row.end_recorded, row.connection_reused) == (
        "generic",
        None,
        None,
        None,
    )
    assert (row.duration_ms, row.ttfb_ms) == (1011.0, 200.0)
