"""A log read in parts gives the report of the log read in one, wherever the cuts are."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from analyzer.batch.split import LogPart, PartRows, _Union, here, plan, read_split
from analyzer.intake.logs import LogResult, Source, read_log
from analyzer.intake.logs.lines import plain_source
from analyzer.options import Options
from analyzer.pipeline import analyze

AGENT = "Mozilla/5.0 (X11; Linux x86_64)"


def nginx(second: int, status: int, path: str = "/api/chat/stream", client: int = 9) -> str:
    return (
        f'192.0.2.{client} - - [02/Mar/2026:10:{second // 60 % 60:02d}:{second % 60:02d} +0000] "POST {path} HTTP/1.1"'
        f' {status} {4000 + second % 7} "-" "{AGENT}"'
    )


def nginx_error(second: int, connection: int, client: int = 9) -> str:
    return (
        f"2026/03/02 10:{second // 60 % 60:02d}:{second % 60:02d} [error] 31#31: *{connection} upstream timed out"
        f" (110: Connection timed out) while reading upstream, client: 192.0.2.{client}, server: _, request:"
        ' "POST /api/chat/stream HTTP/1.1", upstream: "http://10.1.2.3:8080/api/chat/stream", host: "app.example.com"'
    )


def haproxy(second: int, state: str, total: int) -> str:
    return (
        f"192.0.2.9:49196 [02/Mar/2026:10:{second // 60 % 60:02d}:{second % 60:02d}.797] fe_https~ be_api/api1"
        f' 0/0/0/203/{total} 200 3994 - - {state} 2/2/0/0/0 0/0 "POST /api/chat/stream HTTP/1.1"'
    )


def envoy(second: int, flags: str, duration: int, status: int = 200) -> str:
    return (
        f'[2026-03-02T10:{second // 60 % 60:02d}:{second % 60:02d}.100Z] "POST /v1/chat/completions HTTP/2" {status} {flags} 120'
        f' 3994 {duration} 203 "192.0.2.9" "{AGENT}" "11111111-2222-4333-8444-{second:012d}" "app.example.com" "10.1.2.3:8080"'
    )


def wrapped(line: str, second: int) -> str:
    return json.dumps(
        {
            "log": line + "\n",
            "stream": "stdout",
            "time": f"2026-03-02T10:{second // 60 % 60:02d}:{second % 60:02d}.000000000Z",
        }
    )


ACCESS = [nginx(n, 504 if n % 9 == 0 else 200, client=n % 5) for n in range(400)]
LOGS: dict[str, dict[str, list[str]]] = {
    "nginx with its error log": {
        "access.log": [*ACCESS[:200], *(nginx(n, 200, "/logo.png") for n in range(50)), *ACCESS[200:]],
        "error.log": [nginx_error(n, n, n % 5) for n in range(0, 400, 18)],
    },
    "haproxy": {"haproxy.log": [haproxy(n, "sD--" if n % 4 == 0 else "----", 60_003 + n % 3 if n % 4 == 0 else 4000 + n * 13) for n in range(300)]},
    "envoy": {"envoy.log": [envoy(n, "UT" if n % 6 == 0 else "-", 15_000 + n % 9 if n % 6 == 0 else 900 + 7 * n, 504 if n % 6 == 0 else 200) for n in range(300)]},
    "wrapped by the container runtime": {"container.log": [wrapped(line, n) for n, line in enumerate(ACCESS)]},
    "lines that nothing fits": {"access.log": [*ACCESS[:150], "garbage", *ACCESS[150:300], "\x00\x01\x02\x03\x04\x05", "more garbage", *ACCESS[300:]]},
    "blank lines and bytes that are no text": {"access.log": [*ACCESS[:100], "", *ACCESS[100:200], ACCESS[0].replace("chat", "ch\udcffat"), *ACCESS[200:]]},
    "another format from the middle on": {"both.log": [*ACCESS, *(haproxy(n, "sD--", 60_003) for n in range(300))]},
}  # fmt: skip


def write(folder: Path, logs: dict[str, list[str]], end: str = "\n", last: str = "\n") -> None:
    for name, lines in logs.items():
        (folder / name).write_bytes(end.join(lines).encode("utf-8", "surrogateescape") + last.encode())


def report_of(folder: Path, options: Options) -> Any:
    report = analyze([folder], options)
    report.generated_at = ""
    return msgspec.to_builtins(report)


@pytest.mark.parametrize("name", LOGS)
def test_the_report_is_the_same(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, LOGS[name])
    joined: list[str] = []
    finish = _Union.finish

    def counted(self: _Union, first: LogPart, *rest: Any) -> LogResult:
        joined.append(Path(first.name).name)
        return finish(self, first, *rest)

    monkeypatch.setattr(_Union, "finish", counted)
    split = Options(everything=True, log_reader=partial(read_split, run=here, part_bytes=9_001))
    assert report_of(tmp_path, split) == report_of(tmp_path, Options(everything=True))
    # Where a part shows another format than the sample, it was read in one after all.
    large = [path.name for path in sorted(tmp_path.iterdir()) if path.stat().st_size > 20_000]
    assert joined == large


@pytest.mark.parametrize(("end", "last"), [("\r\n", "\r\n"), ("\n", ""), ("\n", "\n192.0.2.9 - - [02/Mar")])
def test_ends_of_lines_and_a_cut_last_line_change_nothing(end: str, last: str, tmp_path: Path) -> None:
    write(tmp_path, {"access.log": ACCESS}, end, last)
    split = Options(everything=True, log_reader=partial(read_split, run=here, part_bytes=13_000))
    assert report_of(tmp_path, split) == report_of(tmp_path, Options(everything=True))


def test_a_format_that_the_user_gives_reaches_the_parts(tmp_path: Path) -> None:
    lines = [
        f"{n} POST /api/chat/stream {504 if n % 3 == 0 else 200} 60.00{n % 10}"
        for n in range(1_772_445_600, 1_772_446_200)
    ]
    write(tmp_path, {"own.log": lines})
    given = "$msec $request_method $request_uri $status $request_time"
    split = Options(log_format=given, log_reader=partial(read_split, run=here, part_bytes=13_000))
    found = report_of(tmp_path, split)
    assert found == report_of(tmp_path, Options(log_format=given))
    assert found["summary"]["streams"] == 600


def both(path: Path, keep: int, part_bytes: int) -> tuple[LogResult, list[Any], LogResult, list[Any]]:
    import duckdb

    from analyzer.columns import create_table_sql

    found: list[Any] = []
    for reader in (read_log, partial(read_split, run=here, part_bytes=part_bytes)):
        con = duckdb.connect()
        con.execute(create_table_sql())
        found.append(reader(con, plain_source(path), keep=keep))
        found.append(
            con.execute(
                'SELECT n, position, "where", url, status, ended_at FROM exchanges ORDER BY n'
            ).fetchall()
        )
        con.close()
    return found[0], found[1], found[2], found[3]


def test_quiet_streams_are_thinned_as_in_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "access.log": [
                nginx(n, 504 if n % 90 == 0 else 200, f"/api/chat/stream?n={n}") for n in range(6000)
            ]
        },
    )
    whole, rows, split, split_rows = both(tmp_path / "access.log", 300, 40_000)
    assert whole.sampled > 1
    assert split_rows == rows
    assert msgspec.to_builtins(split.info) == msgspec.to_builtins(whole.info)
    assert (split.lines, split.parsed, split.streams, split.quiet, split.rows, split.sampled) == (
        whole.lines, whole.parsed, whole.streams, whole.quiet, whole.rows, whole.sampled,
    )  # fmt: skip


def test_parts_are_whole_lines_and_cover_the_file(tmp_path: Path) -> None:
    write(tmp_path, {"access.log": ACCESS})
    path = tmp_path / "access.log"
    parts = plan(plain_source(path), part_bytes=3_000)
    assert len(parts) > 5
    assert parts[0].start == 0
    assert parts[-1].stop == path.stat().st_size
    data = path.read_bytes()
    for part, following in pairwise(parts):
        assert part.stop == following.start
        assert data[part.stop - 1 : part.stop] == b"\n"


def test_what_cannot_be_split_is_read_in_one(tmp_path: Path) -> None:
    import gzip

    write(tmp_path, {"access.log": ACCESS})
    path = tmp_path / "access.log"
    assert plan(plain_source(path)) == []  # small
    (tmp_path / "a.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert plan(plain_source(tmp_path / "a.gz"), part_bytes=100) == []
    assert plan(Source("-", lambda: path.open("rb")), part_bytes=100) == []
    w3c = ["#Fields: date time cs-method cs-uri-stem sc-status time-taken"]
    w3c += [f"2026-03-02 10:00:{n % 60:02d} POST /api/chat/stream 504 60000" for n in range(300)]
    folder = tmp_path / "iis"
    folder.mkdir()
    write(folder, {"u_ex260302.log": w3c})
    seen: list[LogPart] = []

    def watched(parts: Any) -> Any:
        seen.extend(parts)
        yield from here(parts)

    split = Options(log_reader=partial(read_split, run=watched, part_bytes=2_000))
    assert report_of(folder, split) == report_of(folder, Options())
    assert seen == []


def test_a_part_travels_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, {"access.log": ACCESS})
    part = plan(plain_source(tmp_path / "access.log"), part_bytes=13_000)[1]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(part), type=LogPart) == part
    (rows,) = here([part])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(rows), type=PartRows) == rows


@pytest.mark.parametrize("change", [{"more": True}, {"left_out": 3, "fast": False}])
def test_a_part_that_does_not_fit_the_plan_makes_the_log_be_read_in_one(
    change: dict[str, Any], tmp_path: Path
) -> None:
    write(tmp_path, {"access.log": ACCESS})

    def odd(parts: Any) -> Any:
        for found in here(parts[:2]):
            yield msgspec.structs.replace(found, **change)

    split = Options(log_reader=partial(read_split, run=odd, part_bytes=13_000))
    assert report_of(tmp_path, split) == report_of(tmp_path, Options())
