"""Firefox's network monitor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.intake.samples import DROP, entry, headers, read_one


def firefox(**changes: Any) -> dict[str, Any]:
    made = entry(_initiator=DROP, _resourceType=DROP, _connectionId=DROP, _securityState="secure", **changes)
    for key in ("_error", "_transferSize"):
        made["response"].pop(key, None)
    made["timings"].pop("_blocked_queueing", None)
    return made


def read_row(tmp_path: Path, made: dict[str, Any]):
    return read_one(
        tmp_path, made, creator="Firefox", browser={"name": "Firefox", "version": "153.7.0"}
    ).exchange


def test_no_error_in_the_file_is_no_proof_of_none(tmp_path: Path) -> None:
    row = read_row(tmp_path, firefox())
    assert (row.dialect, row.errors_recorded, row.net_error, row.end_recorded) == (
        "firefox",
        False,
        None,
        True,
    )
    assert (row.browser, row.browser_version) == ("firefox", "153")


def test_zero_means_that_a_phase_did_not_happen(tmp_path: Path) -> None:
    row = read_row(tmp_path, firefox(timings={"dns": 0, "connect": 0, "ssl": 0, "blocked": 0}))
    assert (row.dns_ms, row.connect_ms, row.tls_ms, row.connection_reused) == (None, None, None, True)
    assert read_row(tmp_path, firefox(timings={"connect": 12, "ssl": 20})).connection_reused is False


def test_the_port_is_no_connection(tmp_path: Path) -> None:
    assert read_row(tmp_path, firefox(connection="8443")).connection_id is None


def test_empty_timings_with_an_answer_are_a_request_still_open(tmp_path: Path) -> None:
    row = read_row(tmp_path, firefox(timings={}, time=0))
    assert (row.end_recorded, row.duration_ms, row.ended_at) == (False, None, None)


@pytest.mark.parametrize(("status", "time"), [(0, 0), (200, None)])
def test_empty_timings_otherwise_say_nothing(tmp_path: Path, status, time) -> None:
    assert (
        read_row(tmp_path, firefox(timings={}, time=time, response={"status": status})).end_recorded is None
    )


def test_status_zero_may_come_with_a_body(tmp_path: Path) -> None:
    recorded = read_one(tmp_path, firefox(response={"status": 0}, timings={}, time=None), creator="Firefox")
    assert recorded.exchange.status == 0
    assert recorded.body() == b"data: x\n\n"


@pytest.mark.parametrize("version", ["HTTP/2", "HTTP/3"])
def test_a_multiplexed_body_of_unknown_length_has_no_known_duration(tmp_path: Path, version) -> None:
    made = firefox(response={"httpVersion": version}, timings={"receive": 0}, time=211)
    row = read_row(tmp_path, made)
    assert (row.ttfb_ms, row.receive_ms, row.duration_ms, row.ended_at) == (200.0, None, None, None)
    assert row.end_recorded is True


def test_a_body_of_declared_length_may_have_come_at_once(tmp_path: Path) -> None:
    response = {"httpVersion": "HTTP/2", "headers": headers(content_length="9")}
    row = read_row(tmp_path, firefox(response=response, timings={"receive": 0}, time=211))
    assert (row.receive_ms, row.duration_ms) == (0.0, 211.0)


def test_over_http_1_a_receive_of_zero_is_true(tmp_path: Path) -> None:
    assert read_row(tmp_path, firefox(timings={"receive": 0}, time=211)).duration_ms == 211.0


def test_without_a_creator_the_security_state_gives_it_away(tmp_path: Path) -> None:
    assert read_one(tmp_path, firefox(), creator=None).exchange.dialect == "firefox"
