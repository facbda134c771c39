"""Format strings as they stand in the proxies' configuration files."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from analyzer.errors import UsageError
from analyzer.intake.logs.custom import compile_user_format
from analyzer.intake.logs.proof import connect, read_sample
from analyzer.intake.logs.schema import Sample
from tests.intake.logs.conftest import Read

NGINX = """log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                      '$status $body_bytes_sent "$http_referer" '
                      '"$http_user_agent" "$http_x_forwarded_for" $request_time $upstream_response_time $upstream_addr rid=$request_id';"""
NGINX_JSON = """log_format j escape=json '{"t":"$time_iso8601","s":$status,"u":"$request_uri","m":"$request_method","d":$request_time,"us":"$upstream_status","done":"$request_completion"}';"""
APACHE = r'LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{Referer}i\" \"%{User-Agent}i\" %D %X" vhost'
HAPROXY = 'log-format "%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"'
HAPROXY_HOST = (
    'log-format "%ci:%cp [%tr] %ft %b/%s %[req.hdr(host)] %TR/%Tw/%Tc/%Tr/%Ta %ST %B %tsc %hr %{+Q}r"'
)
ENVOY = r'[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS% %BYTES_SENT% %DURATION% "%REQ(X-REQUEST-ID)%" "%UPSTREAM_HOST%"\n'
GOACCESS = '%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T'

CASES: list[tuple[str, str, dict[str, Any]]] = [
    (
        NGINX,
        '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "POST /v1/chat/completions HTTP/1.1" 504 0 "-" "Mozilla/5.0 x" "-" 60.004 30.000, 30.001 10.1.2.3:80, 10.1.2.4:80 rid=abc',
        {
            "status": 504,
            "duration_ms": 60004.0,
            "upstream_response_ms": 30001.0,
            "upstream": "10.1.2.4:80",
            "upstream_tries": 2,
            "request_id": "abc",
            "closed_by": "proxy",
            "closed_phase": "headers",
            "http_version": "1.1",
        },
    ),
    (
        NGINX_JSON,
        '{"t":"2026-11-22T15:50:16+00:00","s":200,"u":"/api/stream?x","m":"GET","d":12.5,"us":"200","done":""}',
        {
            "status": 200,
            "path": "/api/stream",
            "duration_ms": 12500.0,
            "closed_by": "client",
            "closed_phase": "data",
        },
    ),
    (
        APACHE,
        'www.example.com:443 203.0.113.9 - - [22/Nov/2026:15:49:16 +0000] "POST /v1/chat HTTP/1.1" 200 18213 "-" "Mozilla/5.0" 60123456 X',
        {
            "host": "www.example.com",
            "duration_ms": 60123.456,
            "connection_status": "X",
            "transfer_bytes": 18213,
            "closed_phase": "data",
        },
    ),
    (
        HAPROXY,
        '203.0.113.9:33321 [22/Nov/2026:15:49:34.655] fe_https~ be_llm/s1 0/0/1/702/58213 200 9120 - - sD-- 12/12/8/3/0 0/0 "POST /v1/chat/completions HTTP/2.0"',
        {
            "upstream": "be_llm/s1",
            "ttfb_ms": 702.0,
            "termination_state": "sD--",
            "closed_by": "proxy",
            "closed_why": "idle-timeout",
        },
    ),
    (
        HAPROXY_HOST,
        '203.0.113.9:33321 [22/Nov/2026:15:49:34.655] fe_https~ be_llm/s2 site.example.com 0/0/1/702/58213 200 9120 CD-- {x} "POST /v1/chat/completions HTTP/2.0"',
        {"upstream": "be_llm/s2", "duration_ms": 58213.0, "closed_by": "client", "status": 200},
    ),
    (
        ENVOY,
        '[2026-11-22T15:49:34.123Z] "POST /v1/chat/completions HTTP/2" 200 UC upstream_reset_after_response_started{x} 9120 58213 "5b2f" "10.1.2.3:8080"',
        {
            "response_flags": "UC",
            "http_version": "2",
            "closed_by": "upstream",
            "closed_phase": "data",
            "request_id": "5b2f",
        },
    ),
    (
        GOACCESS,
        '203.0.113.9 - - [22/Nov/2026:15:50:16 +0000] "POST /v1/chat/completions HTTP/1.1" 499 0 "-" "Mozilla/5.0 x" 60.004',
        {"status": 499, "duration_ms": 60004.0, "closed_by": "client", "client_ip": "203.0.113.9"},
    ),
]


@pytest.mark.parametrize(
    ("text", "line", "expect"),
    CASES,
    ids=["nginx", "nginx-json", "apache", "haproxy", "haproxy-host", "envoy", "goaccess"],
)
def test_format_string_reads_its_line(text: str, line: str, expect: dict[str, Any]) -> None:
    row = read_sample(connect(), compile_user_format(text), Sample(line, {}))
    assert row is not None
    assert {name: row[name] for name in expect} == expect


def test_names_of_goaccess_and_ids_of_shipped_formats_are_accepted() -> None:
    assert compile_user_format("COMBINED").id == "nginx-combined"
    assert compile_user_format("istio").id == "istio"


def test_text_that_is_no_format_names_the_nearest_id() -> None:
    with pytest.raises(UsageError, match='nearest is "nginx-timed"'):
        compile_user_format("nginx-time")


def test_column_that_the_format_does_not_log_says_nothing() -> None:
    fmt = compile_user_format(
        "$remote_addr [$time_local] $request_method $request_uri $status $request_time $upstream_response_time"
    )
    line = "203.0.113.9 [22/Nov/2026:15:50:16 +0000] POST /v1/chat/completions 502 0.004 0.004"
    row = read_sample(connect(), fmt, Sample(line, {}))
    assert row is not None
    assert (row["closed_by"], row["closed_phase"]) == ("upstream", "headers")


def test_log_is_read_with_the_users_format(read: Read) -> None:
    line = "2026-11-22T15:50:16+00:00|GET|/api/stream|200|61.002|OK\n"
    result, rows = read(
        line * 3,
        format="$time_iso8601|$request_method|$request_uri|$status|$request_time|$request_completion",
    )
    assert (result.lines, result.parsed) == (3, 3)
    assert rows[0]["duration_ms"] == 61002.0
    assert "as you said" in (result.info.format or "")


@pytest.mark.parametrize(
    ("text", "line", "host", "url"),
    [
        (
            '$http_x_forwarded_for $host [$time_iso8601] "$request_method $scheme://$host$request_uri $server_protocol" $status $request_time',
            '192.0.2.1 chat.example.com [2026-11-22T15:50:16+05:30] "POST https://chat.example.com/v1/chat?x=1 HTTP/2.0" 504 60.004',
            "chat.example.com",
            "/v1/chat?x=1",
        ),
        (
            "$remote_addr [$time_local] $request_method $host$uri$is_args$args $status $request_time",
            "192.0.2.1 [22/Nov/2026:15:50:16 +0000] POST chat.example.com/v1/chat?x=1 504 60.004",
            "chat.example.com",
            "/v1/chat?x=1",
        ),
        (
            '%v %a %t "%m %U%q %H" %>s %B %{ms}T',
            'chat.example.com 192.0.2.1 [22/Nov/2026:15:49:16 +0000] "POST /v1/chat?x=1 HTTP/2" 504 247 60004',
            "chat.example.com",
            "/v1/chat?x=1",
        ),
        (
            "%START_TIME% %REQ(:METHOD)% %REQ(:AUTHORITY)%%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %RESPONSE_CODE% %RESPONSE_FLAGS% %DURATION%ms",
            "2026-11-22T15:49:34.123Z POST chat.example.com/v1/chat?x=1 504 UT 60004ms",
            "chat.example.com",
            "/v1/chat?x=1",
        ),
    ],
    ids=["nginx", "nginx-args", "apache", "envoy"],
)
def test_host_and_target_that_stand_together_are_told_apart(
    text: str, line: str, host: str, url: str
) -> None:
    row = read_sample(connect(), compile_user_format(text), Sample(line, {}))
    assert row is not None
    assert (row["host"], row["url"], row["status"], row["duration_ms"]) == (host, url, 504, 60004.0)


@pytest.mark.parametrize(
    ("text", "line", "expect"),
    [
        (
            '$remote_addr $http_x_forwarded_for [$time_local] "$request" $status ($request_time)',
            '192.0.2.1 203.0.113.9, 10.0.0.1 [22/Nov/2026:15:50:16 +0000] "POST /v1/chat HTTP/2.0" 504 (60.004)',
            {"client_ip": "192.0.2.1", "status": 504, "duration_ms": 60004.0},
        ),
        (
            '%{X-Forwarded-For}i %h %t "%r" %>s %D',
            '203.0.113.9, 10.0.0.1 192.0.2.1 [22/Nov/2026:15:49:16 +0000] "POST /v1/chat HTTP/1.1" 504 60004000',
            {"client_ip": "192.0.2.1", "status": 504, "duration_ms": 60004.0},
        ),
        (
            "[%{%Y-%m-%d %T}t.%{usec_frac}t %{%z}t] %v %m %U%q %>s %D",
            "[2026-11-22 15:49:16.123456 +0000] chat.example.com POST /v1/chat?x=1 504 60004000",
            {"url": "/v1/chat?x=1", "status": 504, "started_at": datetime(2026, 11, 22, 15, 49, 16)},
        ),
        (
            '%{end:msec}t %h "%r" %>s %b %{us}T',
            '1795362616000 192.0.2.1 "POST /v1/chat HTTP/1.1" 504 0 60004000',
            {"ended_at": datetime(2026, 11, 22, 15, 50, 16), "duration_ms": 60004.0},
        ),
        (
            r"log-format %{+Q}o\ %{-Q}ci\ -\ -\ [%trg]\ %r\ %ST\ %B\ \"\"\ \"\"\ %cp\ %ms\ %ft\ %b\ %s\ %TR\ %Tw\ %Tc\ %Tr\ %Ta\ %tsc\ %ac",
            '192.0.2.1 - - [22/Nov/2026:15:49:34 +0000] "POST /v1/chat HTTP/1.1" 200 9001 "" "" 40101 487 "web~" "llm" "s1" 0 0 1 300 50321 "sD--" 1',
            {
                "client_ip": "192.0.2.1",
                "url": "/v1/chat",
                "duration_ms": 50321.0,
                "closed_why": "idle-timeout",
            },
        ),
        (
            "%ci [%tr] %r %ST %Ta %tsc",
            "192.0.2.1 [22/Nov/2026:15:49:34.655] POST /v1/chat HTTP/1.1 200 50321 sD--",
            {"url": "/v1/chat", "status": 200, "closed_why": "idle-timeout"},
        ),
    ],
    ids=[
        "nginx-forwarded",
        "apache-forwarded",
        "apache-strftime",
        "apache-epoch",
        "haproxy-quotes",
        "haproxy-request",
    ],
)
def test_values_with_spaces_and_times_of_ones_own_are_read(
    text: str, line: str, expect: dict[str, Any]
) -> None:
    row = read_sample(connect(), compile_user_format(text), Sample(line, {}))
    assert row is not None
    assert {name: row[name] for name in expect} == expect
