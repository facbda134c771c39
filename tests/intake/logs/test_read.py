"""Reading whole files: every line is counted, streams become rows, damage is told with its place."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from analyzer.errors import CaptureError, UsageError
from analyzer.intake.logs import Source, read_log
from analyzer.intake.logs.envelopes import peel
from tests.intake.logs.conftest import Read

HEALTHY = (
    '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "GET /assets/app.js HTTP/1.1" 200 12 "-" "curl/8.5.0"\n'
)
STREAM = '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "POST /v1/chat/completions HTTP/1.1" 504 12 "-" "curl/8.5.0"\n'


def counts(result: Any) -> tuple[int, int, int, int]:
    return result.lines, result.parsed, result.not_requests, result.unparsed


def test_only_streams_become_rows_and_every_line_is_counted(read: Read) -> None:
    result, rows = read(HEALTHY * 3 + STREAM + HEALTHY)
    assert counts(result) == (5, 5, 0, 0)
    assert [(r["where"], r["position"], r["status"], r["stream_why"]) for r in rows] == [
        ("access.log:4", 4, 504, "endpoint")
    ]
    assert rows[0]["capture_kind"] == "log"
    assert rows[0]["dialect"] == "nginx-combined"
    assert rows[0]["ended_at"] == datetime(2026, 11, 22, 15, 50, 16)
    assert (result.info.lines, result.info.unparsed, result.info.streams) == (5, 0, 1)


def test_log_without_final_line_end_is_read_whole(read: Read) -> None:
    result, rows = read(HEALTHY + STREAM.rstrip("\n"))
    assert counts(result) == (2, 2, 0, 0)
    assert rows[0]["where"] == "access.log:2"


def test_truncated_last_line_is_reported_by_number(read: Read) -> None:
    result, _ = read(HEALTHY * 3 + STREAM[:60])
    assert counts(result) == (4, 3, 0, 1)
    assert result.unparsed_lines == [(4, "the last line is cut off")]
    assert "line 4 (the last line is cut off)" in result.info.warnings[0]


def test_binary_rubbish_is_one_unparsed_line_and_the_rest_is_kept(read: Read) -> None:
    result, rows = read(HEALTHY.encode() + bytes(range(10)) * 50 + b"\xff\xfe\n" + STREAM.encode())
    assert result.parsed == 2
    assert rows[0]["where"] == f"access.log:{result.lines}"
    assert result.unparsed_lines[0][1] == "binary"


def test_bytes_that_are_not_utf8_lose_no_line(read: Read) -> None:
    latin = (
        '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "GET /stream?q=\xe9 HTTP/1.1" 502 12 "-" "x"\n'.encode(
            "latin-1"
        )
    )
    result, rows = read(HEALTHY.encode() + latin + STREAM.encode())
    assert counts(result) == (3, 3, 0, 0)
    assert rows[0]["url"] == "/stream?q=\\xe9"
    assert [r["position"] for r in rows] == [2, 3]


def test_blank_lines_and_windows_line_ends_keep_the_numbers(read: Read) -> None:
    result, rows = read((HEALTHY + "\n\n" + STREAM).replace("\n", "\r\n"))
    assert counts(result) == (4, 2, 2, 0)
    assert rows[0]["where"] == "access.log:4"
    assert rows[0]["user_agent"] == "curl/8.5.0"


def test_megabyte_line_is_counted_and_hurts_nobody(read: Read) -> None:
    result, rows = read(HEALTHY + "x" * 3_000_000 + "\n" + STREAM)
    assert counts(result) == (3, 2, 0, 1)
    assert rows[0]["where"] == "access.log:3"


def test_line_without_end_is_cut_and_told(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    from analyzer.intake.logs import lines

    monkeypatch.setattr(lines, "LONGEST", 1 << 20)
    monkeypatch.setattr(lines, "BLOCK", 1 << 18)
    result, rows = read(HEALTHY + "x" * 5_000_000 + "\n" + STREAM + HEALTHY)
    assert counts(result) == (4, 3, 0, 1)
    assert rows[0]["where"] == "access.log:3"
    assert any("longer than" in w for w in result.info.warnings)


def test_blocks_and_fast_reader_agree(
    read: Read, con: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analyzer.intake.logs import lines

    content = "".join(STREAM.replace("504", str(s)) + HEALTHY * 7 for s in (200, 499, 502, 504) * 60)
    _, fast = read(content)
    con.execute("DELETE FROM exchanges")
    monkeypatch.setattr(lines, "BLOCK", 20_000)
    with gzip.open(tmp_path / "other.gz", "wb") as out:
        out.write(content.encode())
    result = read_log(con, tmp_path / "other.gz")
    slow = con.execute("SELECT position, status, closed_by, ended_at FROM exchanges ORDER BY n").fetchall()
    assert [(r["position"], r["status"], r["closed_by"], r["ended_at"]) for r in fast] == slow
    assert counts(result) == (1920, 1920, 0, 0)


@pytest.mark.parametrize("packed", ["gzip", "zstd"])
def test_compressed_log_is_read(read: Read, packed: str) -> None:
    data = (HEALTHY + STREAM).encode()
    body = gzip.compress(data) if packed == "gzip" else zstandard.ZstdCompressor().compress(data)
    result, rows = read(body, "access.log.1.gz")
    assert counts(result) == (2, 2, 0, 0)
    assert rows[0]["where"] == "access.log.1.gz:2"


def test_damaged_gzip_is_read_up_to_the_damage(read: Read) -> None:
    import random

    noise = random.Random(7)
    lines = "".join(HEALTHY.replace("app.js", f"{noise.random()}.js") for _ in range(20_000))
    body = gzip.compress((STREAM + lines).encode())
    result, rows = read(body[: len(body) // 2])
    assert rows[0]["position"] == 1
    assert 1 < result.parsed < 20_000
    assert any("damaged" in w for w in result.info.warnings)


def test_growing_file_is_read_up_to_the_size_it_had(con: Any, tmp_path: Path) -> None:
    from analyzer.intake.logs.lines import plain_source

    path = tmp_path / "access.log"
    path.write_text(HEALTHY + STREAM)
    source = plain_source(path)
    with path.open("a") as out:
        out.write(STREAM * 10)
    assert counts(read_log(con, source)) == (2, 2, 0, 0)


def test_stream_of_bytes_without_a_path_is_read(con: Any) -> None:
    import io

    source = Source("-", lambda: io.BytesIO((HEALTHY + STREAM).encode()))
    assert counts(read_log(con, source)) == (2, 2, 0, 0)
    assert con.execute('SELECT "where" FROM exchanges').fetchone() == ("-:2",)


def test_utf16_log_is_read(read: Read) -> None:
    result, rows = read((HEALTHY + STREAM).encode("utf-16"))
    assert result.parsed == 2
    assert rows[0]["status"] == 504


def test_mixed_formats_are_each_read_and_told(read: Read) -> None:
    error = (
        "2026/11/22 15:50:16 [error] 7#7: *3 upstream timed out (110: Connection timed out) while reading response header"
        ' from upstream, client: 203.0.113.9, server: _, request: "POST /v1/chat/completions HTTP/1.1", upstream: "http://10.0.0.1:80/"\n'
    )
    result, rows = read(HEALTHY * 500 + error + STREAM + HEALTHY * 500)
    assert counts(result) == (1002, 1002, 0, 0)
    assert [(r["dialect"], r["position"]) for r in rows] == [("nginx-error", 501), ("nginx-combined", 502)]
    assert any("mixes formats" in w for w in result.info.warnings)


def test_clock_that_jumps_back_keeps_the_order_of_lines(read: Read) -> None:
    _, rows = read(STREAM + STREAM.replace("15:50:16", "14:00:00") + STREAM)
    assert [r["position"] for r in rows] == [1, 2, 3]
    assert rows[1]["ended_at"] < rows[0]["ended_at"]


def test_file_that_is_no_log_is_refused(read: Read) -> None:
    with pytest.raises(CaptureError, match="no known log format"):
        read("this is\nno log at all\n")


def test_empty_log_is_refused(read: Read) -> None:
    with pytest.raises(CaptureError):
        read("")


def test_missing_file_is_a_capture_error(con: Any, tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match="cannot be read"):
        read_log(con, tmp_path / "none.log")


def test_unknown_format_is_a_usage_error(read: Read) -> None:
    with pytest.raises(UsageError, match="no log format"):
        read(HEALTHY, format="nginx-combind")


def test_stream_path_globs_make_streams(read: Read) -> None:
    line = HEALTHY.replace("/assets/app.js", "/feedme/42")
    assert read(line)[1] == []
    _, rows = read(line, stream_paths=["/feedme/*"])
    assert [r["stream_why"] for r in rows] == ["stream-path"]


def test_quiet_streams_are_sampled_and_troubled_ones_kept(read: Read) -> None:
    ok = STREAM.replace("504", "200")
    result, rows = read(ok * 400 + STREAM * 3 + ok * 400, keep=100)
    assert (result.streams, result.quiet, result.sampled) == (803, 800, 8)
    assert sum(r["status"] == 504 for r in rows) == 3
    assert len(rows) == result.rows <= 104


@pytest.mark.parametrize(
    "wrap",
    [
        "2026-11-22T15:50:17.123456789Z stdout F {}",
        "Nov 22 15:50:17 web1 nginx: {}",
        "<190>Nov 22 15:50:17 web1 nginx[12]: {}",
        "<190>1 2026-11-22T15:50:17.123Z web1 nginx 12 - - {}",
        "2026-11-22T15:50:17.123456+00:00 web1 nginx[12]: {}",
        "web-1  | {}",
    ],
)
def test_prefixes_are_taken_off(read: Read, wrap: str) -> None:
    content = "".join(wrap.format(line) + "\n" for line in (HEALTHY.strip(), STREAM.strip()))
    result, rows = read(content)
    assert counts(result) == (2, 2, 0, 0)
    assert rows[0]["path"] == "/v1/chat/completions"
    assert len(result.detection.envelopes) == 1


@pytest.mark.parametrize(
    "record",
    [
        lambda line: {"log": line, "stream": "stdout", "time": "2026-11-22T15:50:17.1Z"},
        lambda line: {"__REALTIME_TIMESTAMP": "1795362617123456", "_PID": "1", "MESSAGE": line.rstrip("\n")},
        lambda line: {"message": line.rstrip("\n"), "stream": "stdout", "time": "2026-11-22T15:50:17.1Z"},
        lambda line: {"textPayload": line.rstrip("\n"), "timestamp": "2026-11-22T15:50:17.1Z"},
    ],
)
def test_json_records_are_taken_off(read: Read, record: Any) -> None:
    result, rows = read("".join(json.dumps(record(line)) + "\n" for line in (HEALTHY, STREAM)))
    assert counts(result) == (2, 2, 0, 0)
    assert rows[0]["status"] == 504


def test_envelopes_nest(read: Read) -> None:
    inner = "<190>Nov 22 15:50:17 web1 nginx: " + STREAM
    result, rows = read(
        json.dumps({"log": inner, "stream": "stdout", "time": "2026-11-22T15:50:17.1Z"}) + "\n"
    )
    assert [e.id for e in result.detection.envelopes] == ["docker", "syslog-3164"]
    assert rows[0]["status"] == 504


def test_format_without_a_clock_takes_the_envelopes(read: Read) -> None:
    line = 'INFO:     203.0.113.9:51234 - "POST /v1/chat/completions HTTP/1.1" 200 OK'
    _, rows = read(f"2026-11-22T15:50:17.5Z stdout F {line}\n")
    assert rows[0]["ended_at"] == datetime(2026, 11, 22, 15, 50, 17, 500_000)


def test_w3c_columns_follow_the_files_own_header(read: Read) -> None:
    content = (
        "#Software: Microsoft Internet Information Services 10.0\n#Fields: date time cs-method cs-uri-stem sc-status time-taken\n"
        "2026-11-22 15:50:16 GET /events 502 60011\n"
    )
    result, rows = read(content)
    assert counts(result) == (3, 1, 2, 0)
    assert (rows[0]["status"], rows[0]["duration_ms"]) == (502, 60011.0)


def test_w3c_header_that_changes_midway_is_followed(read: Read) -> None:
    content = (
        "#Fields: date time cs-method cs-uri-stem sc-status time-taken\n2026-11-22 15:50:16 GET /events 502 60011\n"
        "#Fields: date time cs-method cs-uri-stem c-ip sc-status time-taken\n2026-11-22 15:50:17 GET /events 203.0.113.9 504 60012\n"
    )
    result, rows = read(content)
    assert counts(result) == (4, 2, 2, 0)
    assert [(r["status"], r["client_ip"]) for r in rows] == [(502, None), (504, "203.0.113.9")]


def test_partial_container_lines_are_put_together(read: Read) -> None:
    head, tail = STREAM.strip()[:70], STREAM.strip()[70:]
    content = (
        f"2026-11-22T15:50:17.1Z stdout F {HEALTHY.strip()}\n2026-11-22T15:50:17.2Z stdout P {head}\n"
        f"2026-11-22T15:50:17.2Z stdout F {tail}\n2026-11-22T15:50:17.3Z stdout F {STREAM.strip()}\n"
    )
    result, rows = read(content)
    assert [(r["position"], r["status"]) for r in rows] == [(3, 504), (4, 504)]
    assert result.unparsed == 0


def test_structured_data_of_syslog_may_hold_an_escaped_bracket() -> None:
    head = r'<190>1 2026-09-14T07:31:12.5Z edge nginx 71 access [meta@32473 k="v\]\"x"] '
    line = '192.0.2.1 - - [14/Sep/2026:07:31:12 +0000] "POST /v1/chat HTTP/1.1" 504 0 "-" "node"'
    envelopes, inner = peel([head + line])
    assert [envelope.id for envelope in envelopes] == ["syslog-5424"]
    assert inner == [line]


@pytest.mark.parametrize(
    ("wrap", "name"),
    [
        (lambda line: json.dumps({"labels": {}, "line": line, "timestamp": "2026-09-14T07:31:12Z"}), "loki"),
        (lambda line: f"ACCESS {line}", "emissary"),
    ],
    ids=["loki", "emissary"],
)
def test_line_inside_another_wrapper_is_found(wrap: Any, name: str) -> None:
    line = '[2026-09-14T07:31:12.487Z] "POST /v1/chat HTTP/2" 200 UC 0 3000 12001 400 "192.0.2.1" "c" "r2" "a.io" "10.0.0.1:80"'
    envelopes, inner = peel([wrap(line)])
    assert ([envelope.id for envelope in envelopes], inner) == ([name], [line])


def test_rows_of_a_long_log_are_in_the_order_of_its_lines(read: Read) -> None:
    """More lines than the database reads at once, in threads of its own."""
    line = '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "POST /v1/messages HTTP/1.1" {} 0 "-" "-"'
    content = "\n".join(line.format(502 if no % 50 == 0 else 200) for no in range(1, 400_001)) + "\n"
    result, rows = read(content)
    assert result.lines == 400_000
    broken = [row["position"] for row in rows if row["status"] == 502]
    assert broken == list(range(50, 400_001, 50))
