"""Playwright's HAR."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.intake.samples import DROP, START_S, entry, har, read, read_one


def recorded_by(tmp_path: Path, **changes: Any):
    made = entry(
        _initiator=DROP,
        _connectionId=DROP,
        connection=DROP,
        _frameref="frame@1",
        _monotonicTime=1.5,
        **changes,
    )
    for key in ("blocked", "_blocked_queueing"):
        made["timings"].pop(key, None)
    made["response"].pop("_error", None)
    return read_one(tmp_path, made, creator="Playwright", browser={"name": "chromium", "version": "156.0.1"})


CUT = {"content": {"size": -1, "text": DROP}, "timings": {"receive": -1}, "time": 200.0}


def test_the_handshake_is_not_counted_twice(tmp_path: Path) -> None:
    timings = {"dns": 1.0, "connect": 30.0, "ssl": 20.0, "send": 0, "wait": 100.0, "receive": 50.0}
    row = recorded_by(tmp_path, timings=timings, time=201.0).exchange
    assert (row.duration_ms, row.active_ms, row.connection_reused) == (181.0, 150.0, False)
    assert (row.dialect, row.http_version, row.end_recorded, row.errors_recorded) == (
        "playwright",
        "1.1",
        True,
        True,
    )


def test_a_cut_has_a_failure_text_and_no_duration(tmp_path: Path) -> None:
    failed = {"_failureText": "net::ERR_HTTP2_PROTOCOL_ERROR", "_transferSize": -1, "bodySize": -1}
    recorded = recorded_by(tmp_path, response=failed, **CUT)
    row = recorded.exchange
    assert (row.status, row.net_error, row.end_recorded) == (200, "net::ERR_HTTP2_PROTOCOL_ERROR", True)
    assert (row.duration_ms, row.ended_at, row.body_bytes, row.transfer_bytes) == (None, None, None, None)
    assert row.http_version is None  # HTTP/1.1 is only the fallback
    assert recorded.body() is None


@pytest.mark.parametrize("status", [200, -1])
def test_what_had_not_ended_and_not_failed_is_still_open(tmp_path: Path, status) -> None:
    row = recorded_by(tmp_path, response={"status": status}, **CUT).exchange
    assert row.end_recorded is False
    assert row.status == max(status, 0)


@pytest.mark.parametrize(
    ("words", "net", "text"),
    [
        ("NS_BINDING_ABORTED", "NS_BINDING_ABORTED", None),
        ("NS_ERROR_NET_PARTIAL_TRANSFER", "NS_ERROR_NET_PARTIAL_TRANSFER", None),
        ("SEC_ERROR_UNKNOWN_ISSUER", "SEC_ERROR_UNKNOWN_ISSUER", None),
        ("MOZILLA_PKIX_ERROR_MITM_DETECTED", "MOZILLA_PKIX_ERROR_MITM_DETECTED", None),
        ("Load request cancelled", "net::ERR_ABORTED", None),
        ("Message Corrupt", "net::ERR_EMPTY_RESPONSE", None),
        ("Unacceptable TLS certificate", "net::ERR_CERT_INVALID", None),
        ("Server returned nothing (no headers, no data)", "net::ERR_EMPTY_RESPONSE", None),
        ("Stream error in the HTTP/2 framing layer", "net::ERR_HTTP2_PROTOCOL_ERROR", None),
        ("Failure when receiving data from the peer", None, "Failure when receiving data from the peer"),
        ("Preflight response is not successful. Status code: 401", None, "Preflight response is not successful. Status code: 401"),
        ("Die Netzwerkverbindung wurde unterbrochen.", "net::ERR_CONNECTION_CLOSED", None),
    ],
)  # fmt: skip
def test_each_engine_has_its_own_words(tmp_path: Path, words, net, text) -> None:
    row = recorded_by(tmp_path, response={"_failureText": words}, **CUT).exchange
    assert (row.net_error, row.failure_text) == (net, text)


def test_messages_carry_milliseconds(tmp_path: Path) -> None:
    frames = [{"type": "receive", "time": START_S * 1000 + 250, "opcode": 1, "data": "x"}]
    messages = recorded_by(tmp_path, _resourceType="websocket", _webSocketMessages=frames).messages
    assert messages is not None
    assert messages[0].at_ms == 250.0


NOTHING_TIMED = {"send": -1, "wait": -1, "receive": -1}


def test_a_slim_har_times_nothing_and_knows_an_end_by_its_body(tmp_path: Path) -> None:
    assert recorded_by(tmp_path, timings=NOTHING_TIMED, time=-1).exchange.end_recorded is True
    without = recorded_by(tmp_path, timings=NOTHING_TIMED, time=-1, content={"text": DROP, "size": -1})
    assert without.exchange.end_recorded is None


@pytest.mark.parametrize("lines", [2, 0])
def test_messages_may_be_in_a_file_of_their_own(tmp_path: Path, lines: int) -> None:
    name = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.jsonl"
    made = entry(_resourceType="websocket", content={"text": DROP, "_file": name, "size": -1})
    if lines:
        item = {"type": "receive", "time": START_S * 1000 + 250, "opcode": 1, "data": "hello"}
        (tmp_path / name).write_text("\n".join([json.dumps(item)] * lines) + "\n", encoding="utf-8")
    capture = read(tmp_path, har(made, creator="Playwright"))
    found = capture.entries[0].messages
    if lines:
        assert found is not None and [(m.data, m.at_ms) for m in found] == [("hello", 250.0)] * 2
    else:
        assert found is None and any("missing" in text for text in capture.info.warnings)
