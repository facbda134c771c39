"""Logs through the whole pipeline: one hang-up is one stream, with a verdict that names the setting."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from pathlib import Path

import pytest

from analyzer import pipeline_logs
from analyzer.errors import CaptureError, RuleError
from analyzer.model import Report
from analyzer.pipeline import Options, analyze

UA = "Mozilla/5.0 (X11; Linux x86_64)"


def combined(
    second: int, status: int, path: str = "/api/chat/stream", size: int = 4364, client: str = "192.0.2.9"
) -> str:
    return (
        f'{client} - - [02/Mar/2026:10:{second // 60:02d}:{second % 60:02d} +0000] "POST {path} HTTP/1.1" {status} {size}'
        f' "-" "{UA}"'
    )


def error(
    second: int, message: str, connection: int = 3, client: str = "192.0.2.9", path: str = "/api/chat/stream"
) -> str:
    return (
        f"2026/03/02 10:{second // 60:02d}:{second % 60:02d} [error] 31#31: *{connection} {message}, client: {client},"
        f' server: _, request: "POST {path} HTTP/1.1", upstream: "http://10.1.2.3:8080{path}", host: "app.example.com"'
    )


def haproxy(second: int, state: str, total: int, status: int = 200, first: str = "203") -> str:
    return (
        f"192.0.2.9:49196 [02/Mar/2026:10:{second // 60:02d}:{second % 60:02d}.797] fe_https~ be_api/api1 0/0/0/{first}/{total}"
        f' {status} 3994 - - {state} 2/2/0/0/0 0/0 "POST /api/chat/stream HTTP/1.1"'
    )


TIMED_OUT = "upstream timed out (110: Connection timed out) while reading upstream"


def write(folder: Path, name: str, *lines: str) -> Path:
    path = folder / name
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


def causes(report: Report) -> list[tuple[str, str | None]]:
    return [(stream.verdict.cause, stream.verdict.rule) for stream in report.streams]


def test_a_plain_200_raises_no_alarm_and_is_counted(tmp_path: Path) -> None:
    log = write(tmp_path, "access.log", combined(1, 200), combined(5, 200), combined(6, 200, "/logo.png"))
    report = analyze([log])
    assert report.streams == []
    assert (report.summary.streams, report.summary.ok) == (2, 2)
    assert report.captures[0].lines == 3


def test_everything_lists_the_healthy_ones(tmp_path: Path) -> None:
    log = write(tmp_path, "access.log", combined(1, 200), combined(5, 200))
    report = analyze([log], Options(everything=True))
    assert [stream.verdict.cause for stream in report.streams] == ["completed", "completed"]


def test_the_list_stops_at_the_limit_and_the_counts_do_not(tmp_path: Path) -> None:
    log = write(tmp_path, "access.log", *(combined(i, 504) for i in range(1, 31)))
    report = analyze([log], Options(limit=10))
    assert len(report.streams) == 10
    assert report.summary.failed == 30
    assert report.clusters[0].size == 30


def test_access_and_error_log_tell_of_one_hang_up(tmp_path: Path) -> None:
    access = write(tmp_path, "access.log", combined(2, 200), combined(62, 200), combined(70, 200))
    errors = write(tmp_path, "error.log", error(62, TIMED_OUT))
    report = analyze([access, errors])
    assert causes(report) == [("gateway-idle-timeout", "nginx-proxy-read-timeout")]
    assert report.summary.streams == 3
    (stream,) = report.streams
    assert stream.exchange.where == "access.log:2"
    assert "error.log:1" in {item.where for item in stream.verdict.evidence}
    assert any("proxy_read_timeout 3600s" in line for line in stream.verdict.fix.operator)


@pytest.mark.parametrize("name", ["access", "error"])
def test_each_log_alone_gives_its_own_verdict(tmp_path: Path, name: str) -> None:
    lines = {"access": combined(62, 504), "error": error(62, TIMED_OUT)}
    report = analyze([write(tmp_path, f"{name}.log", lines[name])])
    assert [cause for cause, _ in causes(report)] == [
        "gateway-timeout" if name == "access" else "gateway-idle-timeout"
    ]


def test_two_clients_in_one_second_stay_two_streams(tmp_path: Path) -> None:
    access = write(
        tmp_path, "access.log", combined(62, 200, client="192.0.2.1"), combined(62, 200, client="192.0.2.2")
    )
    errors = write(
        tmp_path, "error.log", error(62, TIMED_OUT, 3, "192.0.2.1"),
        error(62, "upstream prematurely closed connection while reading upstream", 4, "192.0.2.2"),
    )  # fmt: skip
    report = analyze([access, errors])
    assert sorted(cause for cause, _ in causes(report)) == ["connection-cut", "gateway-idle-timeout"]
    assert report.summary.streams == 2


def test_messages_about_one_request_are_one_stream(tmp_path: Path) -> None:
    buffered = (
        "an upstream response is buffered to a temporary file /var/cache/nginx/1 while reading upstream"
    )
    report = analyze([write(tmp_path, "error.log", error(20, buffered), error(62, TIMED_OUT))])
    assert causes(report) == [("gateway-idle-timeout", "nginx-proxy-read-timeout")]


def test_a_message_in_another_hour_belongs_to_another_exchange(tmp_path: Path) -> None:
    access = write(tmp_path, "access.log", combined(2, 200))
    errors = write(tmp_path, "error.log", error(1500, TIMED_OUT))
    assert analyze([access, errors]).summary.streams == 2


@pytest.mark.parametrize(
    ("state", "status", "cause"),
    [
        ("----", 200, None),
        ("sD--", 200, "gateway-idle-timeout"),
        ("sH--", 504, "gateway-timeout"),
        ("SD--", 200, "connection-cut"),
        ("SH--", 502, "bad-gateway"),
        ("SC--", 503, "service-unavailable"),
        ("CD--", 200, "stopped-by-user"),
        ("cD--", 200, "stopped-by-user"),
        ("CL--", 200, "completed"),
        ("DD--", 200, "server-going-away"),
        ("KD--", 200, "server-going-away"),
        ("RC--", 503, "service-unavailable"),
    ],
)
def test_haproxy_states_mean_what_its_manual_says(
    tmp_path: Path, state: str, status: int, cause: str | None
) -> None:
    first = "-1" if state[1] in "HC" else "203"
    report = analyze(
        [write(tmp_path, "haproxy.log", haproxy(1, state, 4849, status, first))], Options(everything=True)
    )
    assert [found for found, _ in causes(report)] == [cause or "completed"]


def test_the_same_exchange_in_two_access_logs_is_one_stream(tmp_path: Path) -> None:
    plain = combined(62, 502, size=559)
    timed = plain + ' rt=0.001 uct="-" uht="-" urt="0.000" us="502" ua="10.1.2.3:1" rc=OK'
    report = analyze([write(tmp_path, "a.log", plain), write(tmp_path, "b.log", timed)])
    assert report.summary.streams == 1
    assert report.streams[0].exchange.upstream is not None


def test_unparsed_lines_are_named_with_their_number(tmp_path: Path) -> None:
    log = write(tmp_path, "access.log", *(combined(i, 200) for i in range(9)), "rubbish", combined(9, 504))
    report = analyze([log])
    assert report.captures[0].unparsed == 1
    assert any("line 10" in warning for warning in report.captures[0].warnings)


def test_a_format_string_from_the_configuration_reads_the_log(tmp_path: Path) -> None:
    log = write(tmp_path, "x.log", "203.0.113.9 1772445662.123 POST /v1/chat/completions 504 60.010")
    given = "log_format x $remote_addr $msec $request_method $request_uri $status $request_time;"
    assert [cause for cause, _ in causes(analyze([log], Options(log_format=given)))] == ["gateway-timeout"]


def test_a_compressed_log_is_read_like_a_plain_one(tmp_path: Path) -> None:
    path = tmp_path / "access.log.gz"
    path.write_bytes(gzip.compress((combined(1, 504) + "\n").encode()))
    assert [cause for cause, _ in causes(analyze([path]))] == ["gateway-timeout"]


def test_a_file_in_no_known_format_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="no known log format"):
        analyze([write(tmp_path, "notes.log", "hello", "world", "again")])


def test_one_unreadable_log_does_not_stop_the_others(tmp_path: Path) -> None:
    report = analyze([write(tmp_path, "a.log", "hello", "world"), write(tmp_path, "b.log", combined(1, 504))])
    assert [info.error is None for info in report.captures] == [False, True]
    assert report.summary.failed == 1


def test_client_addresses_do_not_leave(tmp_path: Path) -> None:
    log = write(tmp_path, "access.log", *(combined(i, 504, client="203.0.113.77") for i in range(1, 5)))
    from analyzer.report.json_v1 import to_json

    assert b"203.0.113.77" not in to_json(analyze([log]), version="0")


def har(folder: Path, total_ms: float = 60_100.0, **response: object) -> Path:
    entry = {
        "startedDateTime": "2026-03-02T10:00:02.000Z", "time": total_ms,
        "request": {
            "method": "POST", "url": "https://app.example.com/api/chat/stream", "httpVersion": "http/2.0",
            "headers": [{"name": "accept", "value": "text/event-stream"}, {"name": "user-agent", "value": UA}],
            "queryString": [], "cookies": [], "headersSize": -1, "bodySize": 0,
        },
        "response": {
            "status": 200, "statusText": "", "httpVersion": "http/2.0", "cookies": [], "redirectURL": "",
            "headers": [{"name": "content-type", "value": "text/event-stream"}], "headersSize": -1, "bodySize": -1,
            "content": {"size": 0, "mimeType": "text/event-stream"}, **response,
        },
        "cache": {}, "timings": {"send": 0.1, "wait": 200.0, "receive": total_ms - 200.1},
    }  # fmt: skip
    path = folder / "chat.har"
    log = {
        "version": "1.2",
        "creator": {"name": "WebInspector", "version": "537.36"},
        "pages": [],
        "entries": [entry],
    }
    path.write_text(json.dumps({"log": log}))
    return path


def test_browser_and_proxy_give_one_verdict_from_both(tmp_path: Path) -> None:
    capture = har(tmp_path, _error="net::ERR_HTTP2_PROTOCOL_ERROR")
    timed = ' rt=60.010 uct="0.001" uht="0.200" urt="60.010" us="200" rc=OK'
    access = write(tmp_path, "access.log", combined(62, 200) + timed, combined(30, 200, "/health") + timed)
    errors = write(tmp_path, "error.log", error(62, TIMED_OUT))
    report = analyze([capture, access, errors])
    assert causes(report) == [("gateway-idle-timeout", "nginx-proxy-read-timeout")]
    (stream,) = report.streams
    assert stream.exchange.url == "https://app.example.com/api/chat/stream"
    places = {item.where for item in stream.verdict.evidence}
    assert {"$.log.entries[0]", "access.log:1", "error.log:1"} <= places


def test_each_blaming_the_other_means_something_between_them(tmp_path: Path) -> None:
    capture = har(tmp_path, _error="net::ERR_CONNECTION_RESET")
    log = write(tmp_path, "haproxy.log", haproxy(2, "CD--", 60_090))
    report = analyze([capture, log])
    assert causes(report) == [("connection-reset", "both-sides-blame-each-other")]
    assert report.summary.by_party == {"network": 1}


def test_streams_of_both_sides_are_ordered_together(tmp_path: Path) -> None:
    capture = har(tmp_path, 41_300.0, _error="net::ERR_ABORTED")
    log = write(tmp_path, "access.log", combined(900, 504), combined(901, 499))
    report = analyze([capture, log])
    assert [stream.id for stream in report.streams] == ["s1", "s2", "s3"]
    assert [stream.verdict.severity for stream in report.streams] == ["failed", "info", "info"]
    assert report.summary.streams == 3


def test_a_plain_log_is_read_from_its_file_whatever_it_is_called_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.intake.logs import lines

    path = tmp_path / "access.log"
    path.write_text(
        '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "POST /v1/messages HTTP/1.1" 504 160 "-" "curl/8.5.0"\n'
    )
    monkeypatch.setattr(lines, "blocks", lambda *_: pytest.fail("the fast reader was passed by"))
    report = analyze([path], Options(short_paths=True))
    assert report.streams[0].exchange.where == "access.log:1"


def test_what_is_loaded_beside_a_large_log_judges_as_if_loaded_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "access.log"
    log.write_text("\n".join(combined(n, (200, 502, 499)[n % 3]) for n in range(90)) + "\n")
    after = analyze([log], Options(everything=True))
    monkeypatch.setattr("analyzer.pipeline_logs._LARGE", 0)
    beside = analyze([log], Options(everything=True))
    assert beside.streams == after.streams
    assert beside.summary == after.summary


def test_rules_of_ones_own_count_beside_a_large_log_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analyzer.pipeline_logs._LARGE", 0)
    log = tmp_path / "access.log"
    log.write_text(combined(1, 502) + "\n")
    (tmp_path / "broken.yaml").write_text("id: broken\n")
    with pytest.raises(RuleError):
        analyze([log], Options(rules=(tmp_path / "broken.yaml",)))


@pytest.mark.parametrize("variable", ["TMPDIR", "TEMP", "TMP"])
@pytest.mark.parametrize("named", [None, "here", "missing", "."])
def test_what_spills_goes_where_temporary_files_go(
    variable: str, named: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    if named is not None:
        monkeypatch.setenv(variable, named if named == "." else str(tmp_path / named))
    monkeypatch.setattr(tempfile, "tempdir", None)
    assert pipeline_logs._temporary() == tempfile.gettempdir()


def test_nobody_can_make_the_folder_for_what_spills_beforehand() -> None:
    cons = [pipeline_logs._opened() for _ in range(2)]
    folders = {con.execute("SELECT current_setting('temp_directory')").fetchone()[0] for con in cons}
    assert len(folders) == 2
    assert not any(os.path.exists(folder) for folder in folders)


def test_a_cluster_is_compared_with_all_that_ended_well_though_few_were_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.intake.logs import marks

    monkeypatch.setattr(marks, "KEEP_SURE", 20)
    quiet = [haproxy(n % 3000, "----", 5000 + n) for n in range(400)]
    broken = [haproxy(n, "sH--", 50_001, 504, "-1").replace("/api1", "/api2") for n in range(30)]
    log = write(tmp_path, "haproxy.log", *quiet[:200], *broken, *quiet[200:])
    report = analyze([log])
    assert (report.summary.streams, report.summary.ok) == (430, 400)
    (cluster,) = report.clusters
    kept = int(cluster.baseline.split()[2])
    assert cluster.size == 30
    assert cluster.baseline.startswith(
        f"None of {kept} healthy streams that were looked at are on `be_api/api2`"
    )
    assert 5 <= kept <= 60
