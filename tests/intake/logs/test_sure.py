"""What a look at a line's text says of it, the full reading says too: such lines are counted unread."""

from __future__ import annotations

import re
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.intake.logs import streams
from analyzer.intake.logs.compile import compile_format
from analyzer.intake.logs.fill import QUIET
from analyzer.intake.logs.marks import _lasted, likely_sql
from analyzer.intake.logs.shipped import formats

CON = duckdb.connect(config={"threads": 1})
QUICK = sorted(name for name, fmt in formats().items() if fmt.quiet is not None)
SIFTED = sorted(name for name, fmt in formats().items() if fmt.sifted)
PROMISES = st.one_of(
    *(
        st.from_regex(re.compile(p, re.ASCII), fullmatch=True)
        for p in (streams.STRONG, streams.WEAK_GET, streams.WEAK_POST)
    ),
    st.from_regex(re.compile(r"[a-z0-9/_.:-]{0,12}", re.ASCII), fullmatch=True),
    st.from_regex(re.compile(r"(?:[a-z]{1,3}\.)?[A-Z][a-z]{0,3}/[A-Z][a-z]{0,3}", re.ASCII), fullmatch=True),
)
TARGETS = st.builds(
    lambda head, promise, tail: head + promise.lstrip("/") + tail,
    st.sampled_from(
        ["/", "/api/", "/v1/", "/static/", "https://host.example/", "https://stream.example:8443/", "/a?u=/"]
    ),
    PROMISES,
    st.sampled_from(["", "/x", ".js", "?a=1", "?next=/app.css", ".png?stream=true", "#top"]),
).filter(lambda target: re.fullmatch(r"[!#-~]+", target) is not None)
LINES = {
    "apache-combined": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48 "-" "curl"',
    "apache-common": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48',
    "nginx-combined": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48 "-" "curl"',
    "kong": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48 "-" "curl" kong_request_id: "b6"',
    "haproxy-http": "9.9.9.9:50369 [20/Nov/2026:00:00:01.017] fe be/s1 0/0/1/17/{d} {s} 303 - - ---- 1/1/0/0/0 0/0"
    ' "{m} {t} HTTP/1.1"',
    "apache-timed": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48 "-" "curl" {d}000 +',
    "traefik-clf": '9.9.9.9 - - [22/Nov/2026:15:50:16 +0000] "{m} {t} HTTP/1.1" {s} 48 "-" "curl" 7 "r" "http://u" {d}ms',
}  # fmt: skip
REQUESTS = {
    "target": TARGETS,
    "method": st.sampled_from(["GET", "POST", "PUT", "HEAD", "OPTIONS"]),
    "status": st.sampled_from([101, 200, 204, 304, 404, 499, 502]),
    "took": st.sampled_from([12, 2999, 3000, 3001, 29_999, 120_000]),
}


def test_every_format_with_that_look_is_tried() -> None:
    assert sorted(LINES) == SIFTED
    assert set(QUICK) <= set(SIFTED)


@pytest.mark.parametrize("name", QUICK)
@settings(max_examples=150)
@given(**REQUESTS)
def test_what_is_counted_unread_is_a_quiet_stream(
    name: str, target: str, method: str, status: int, took: int
) -> None:
    compiled = compile_format(formats()[name], ())
    line = LINES[name].format(m=method, t=target, s=status, d=took)
    sure = streams.sure_sql(str(compiled.fmt.quiet), _lasted(compiled))
    assert _one(f"SELECT {compiled.matches} FROM (SELECT $line AS line)", line) == (True,)
    if _one(f"SELECT {sure} FROM (SELECT $line AS line)", line) == (True,):
        select, names = compiled.select("(SELECT 1 AS no, $line AS line)", streams_only=False)
        missing = [
            f"NULL AS {n}" for n in ("status", "closed_by", "closed_why", "worker_message") if n not in names
        ]
        found = _one(
            f"SELECT is_stream, {QUIET} FROM (SELECT {', '.join(['*', *missing])} FROM ({select}))", line
        )
        assert found == (True, True), line


@pytest.mark.parametrize("name", SIFTED)
@settings(max_examples=150)
@given(**REQUESTS)
def test_what_is_never_read_is_no_stream(name: str, target: str, method: str, status: int, took: int) -> None:
    compiled = compile_format(formats()[name], ())
    line = LINES[name].format(m=method, t=target, s=status, d=took)
    assert _one(f"SELECT {compiled.matches} FROM (SELECT $line AS line)", line) == (True,)
    if _one(f"SELECT {likely_sql(compiled, ())} FROM (SELECT $line AS line)", line) == (False,):
        select, _ = compiled.select("(SELECT 1 AS no, $line AS line)", streams_only=False)
        assert _one(f"SELECT is_stream FROM ({select})", line) == (False,), line


def _one(sql: str, line: str) -> Any:
    return CON.execute(sql, {"line": line}).fetchone()
