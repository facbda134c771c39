"""Questions in SQL: anything may be asked, nothing may be touched."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from analyzer.batch.ledger import Ledger
from analyzer.batch.model import Ticket, TicketResult
from analyzer.batch.query import query
from analyzer.errors import CaptureError, HangupError, UsageError
from analyzer.options import Options
from analyzer.resources import folder
from tests.batch.test_ledger import made

SAMPLE = folder("sample_hars") / "nginx-idle-60s.har"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store as an interrupted run leaves it: its tables of streams are not filled yet."""
    from analyzer.batch.ledger import entry

    path = tmp_path / "hangup.duckdb"
    with Ledger(path) as ledger:
        ledger.put([made("T-1", at="2026-03-02T09:00:00Z"), made("T-2")])
        hostile = TicketResult(
            ticket="=cmd()", state="failed", reason="\x1b[31mred\x1b[0m and\nnext",
        )  # fmt: skip
        ledger.put([entry(Ticket(id="=cmd()"), hostile, source=None, reading="r", ruleset="j")])
    return path


def asked(
    capsys: pytest.CaptureFixture[str], sql: str, over: list[str | Path], format: str | None = None
) -> str:
    query(sql, over, format=format)
    return capsys.readouterr().out


def test_a_store_answers_about_tickets_and_streams(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT ticket, cause, duration_ms FROM streams ORDER BY ticket"
    told = json.loads(asked(capsys, sql, [store], "json"))
    assert told == [
        {"ticket": ticket, "cause": "gateway-idle-timeout", "duration_ms": 60_000.5}
        for ticket in ("T-1", "T-2")
    ]


def test_the_folder_of_results_stands_for_its_store(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert json.loads(asked(capsys, "SELECT count(*) AS n FROM tickets", [store.parent], "json")) == [
        {"n": 3}
    ]


def test_without_a_place_the_store_of_this_folder_is_asked(
    store: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(store.parent)
    assert "3" in asked(capsys, "SELECT count(*) AS n FROM tickets", [])
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    with pytest.raises(UsageError, match=r"there is no hangup\.duckdb"):
        query("SELECT 1", [])


def test_captures_answer_about_all_their_exchanges(capsys: pytest.CaptureFixture[str]) -> None:
    har = json.loads(SAMPLE.read_bytes())
    sql = "SELECT count(*) AS n, count(*) FILTER (is_stream) AS streams FROM exchanges"
    told = json.loads(asked(capsys, sql, [SAMPLE], "json"))
    assert told == [{"n": len(har["log"]["entries"]), "streams": 1}]
    sql = "SELECT cause, started_at FROM streams"
    assert json.loads(asked(capsys, sql, [SAMPLE], "json"))[0]["cause"] == "gateway-idle-timeout"


def test_a_log_answers_about_its_streams(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "access.log"
    line = '192.0.2.1 - - [02/Mar/2026:08:00:0{} +0000] "GET /v1/stream HTTP/1.1" {} 160 "-" "curl/8"\n'
    log.write_text(line.format(1, 504) + line.format(2, 200))
    query(
        "SELECT status, client_ip FROM exchanges WHERE status = 504", [log], format="csv",
        options=Options(stream_paths=("/v1/*",)),
    )  # fmt: skip
    told = capsys.readouterr().out
    assert told.startswith("status,client_ip\r\n504,")
    assert "192.0.2.1" not in told


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM tickets",
        "DROP TABLE tickets",
        "CREATE TABLE x (a INTEGER)",
        "UPDATE tickets SET cause = 'x'",
        "SELECT * FROM read_text('/etc/hostname')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "COPY tickets TO 'out.csv'",
        "COPY (SELECT 1) TO '/dev/stdout'",
        "ATTACH 'other.duckdb'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "SET memory_limit = '100GB'",
        "EXPORT DATABASE 'x'",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        "SELECT nothing FROM tickets",
        "",
    ],
)
def test_what_would_touch_anything_is_refused(
    store: Path, sql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    query("SELECT 1", [store], output=tmp_path / "a.json")  # an interrupted run's store is finished first
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError):
        query(sql, [store])
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_captures_are_as_closed_as_a_store(tmp_path: Path) -> None:
    target = tmp_path / "out.csv"
    for sql in (
        f"COPY exchanges TO '{target}'",
        "SELECT * FROM read_text('/etc/hostname')",
        "INSTALL httpfs",
    ):
        with pytest.raises(UsageError):
            query(sql, [SAMPLE])
    assert not target.exists()


def test_csv_runs_nothing_in_a_spreadsheet(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = asked(capsys, "SELECT ticket, reason, streams FROM tickets ORDER BY ticket DESC", [store], "csv")
    cells = list(csv.reader(io.StringIO(told)))
    assert cells[0] == ["ticket", "reason", "streams"]
    assert ["'=cmd()", "␛[31mred␛[0m and␊next", "0"] in cells


@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_nothing_moves_the_cursor_of_a_terminal(
    store: Path, capsys: pytest.CaptureFixture[str], format: str
) -> None:
    told = asked(
        capsys, "SELECT reason AS \"a\x1b[2Jb\", ['\x1b'], {'k': '\x07'} FROM tickets", [store], format
    )
    assert not {"\x1b", "\x07"} & set(told)


def test_missing_is_empty_or_null(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = "SELECT NULL AS a, 1.5 AS b, true AS c, TIMESTAMP '2026-03-02 08:00:00' AS d"
    assert asked(capsys, sql, [store], "csv") == "a,b,c,d\r\n,1.5,true,2026-03-02T08:00:00\r\n"
    assert json.loads(asked(capsys, sql, [store], "json")) == [
        {"a": None, "b": 1.5, "c": True, "d": "2026-03-02T08:00:00Z"}
    ]
    assert json.loads(asked(capsys, "SELECT 1 AS a WHERE false", [store], "json")) == []


def test_instants_with_a_zone_are_told_in_utc(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql = 'SELECT TIMESTAMPTZ \'2026-03-02 10:00:00+02\' AS "a""b"'
    assert json.loads(asked(capsys, sql, [store], "json")) == [{'a"b': "2026-03-02T08:00:00Z"}]


def test_parquet_goes_to_a_file_with_its_types(store: Path, tmp_path: Path) -> None:
    out = tmp_path / "answer.parquet"
    query("SELECT ticket, streams, opened_at FROM tickets ORDER BY ticket", [store], output=out)
    with duckdb.connect() as db:
        found = db.execute(f"SELECT * FROM '{out}'")
        types = [str(column[1]) for column in found.description]
        assert len(found.fetchall()) == 3
    assert types[0] == "VARCHAR"
    assert types[1] == "BIGINT"
    assert types[2].startswith("TIMESTAMP")
    with pytest.raises(UsageError, match="binary"):
        query("SELECT 1", [store], format="parquet")


def test_a_long_answer_is_cut_for_people_and_says_so(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = asked(capsys, "SELECT range AS n FROM range(1500)", [store])
    assert told.splitlines()[-1] == "... and 500 more rows; --format csv writes all"
    assert len(asked(capsys, "SELECT range AS n FROM range(1500)", [store], "csv").splitlines()) == 1501


def test_what_is_neither_store_nor_capture_is_said(tmp_path: Path, store: Path) -> None:
    (tmp_path / "note.txt").write_text("hello")
    with pytest.raises(CaptureError):
        query("SELECT 1", [tmp_path / "note.txt"])
    with pytest.raises(UsageError, match="one store"):
        query("SELECT 1", [store, SAMPLE])
    with pytest.raises(UsageError, match="suffix"):
        query("SELECT 1", [store], output=tmp_path / "x.docx")
    (tmp_path / "bad.duckdb").write_bytes(b"12345678DUCK" + b"x" * 5000)
    with pytest.raises(HangupError):
        query("SELECT 1", [tmp_path / "bad.duckdb"])
