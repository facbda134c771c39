"""The table that logs fill: narrow, and wider where a format says more."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import analyzer
from analyzer.columns import columns
from analyzer.facts.logfacts import fetched_rows
from analyzer.intake.logs.shipped import formats
from analyzer.intake.logs.table import LOGGED, columns_of, create_logged_sql, widen


def test_what_the_shipped_formats_fill_is_there_from_the_start() -> None:
    filled = {name for fmt in formats().values() for name in fmt.columns if name != "request"}
    assert filled <= set(LOGGED) <= set(columns())


def test_a_column_is_added_once_and_rows_lack_the_others() -> None:
    con = duckdb.connect(":memory:")
    con.execute(create_logged_sql())
    widen(con, "exchanges", ["h2_error_code", "status"])
    widen(con, "exchanges", ["h2_error_code"])
    assert columns_of(con, "exchanges") == [*LOGGED, "h2_error_code"]
    con.execute("INSERT INTO exchanges (n, h2_error_code) VALUES (0, 8)")
    rows, recorded = fetched_rows(con, "exchanges", [0])
    assert (recorded, rows[0].h2_error_code, rows[0].events) == (["h2_error_code"], "8", None)
    rows, recorded = fetched_rows(con, "exchanges", [0], ["status", "h2_error_code"])
    assert (recorded, rows[0].h2_error_code, rows[0].status) == (["status", "h2_error_code"], "8", None)


@pytest.mark.parametrize("column", ["terminal_marker", "h2_error_code"])
def test_a_users_format_may_fill_any_column(tmp_path: Path, column: str) -> None:
    said = "seen" if column == "terminal_marker" else "8"
    format_file = tmp_path / "mine.yaml"
    format_file.write_text(
        "id: mine\ntitle: mine\nkind: text\nproduct: mine\n"
        "patterns: {main: '^(?P<ts>\\S+) (?P<path>/\\S*) (?P<status>\\d+) (?P<more>\\S+)$'}\n"
        "clock: {field: ts, format: iso, marks: end, resolution_ms: 1}\n"
        f"columns: {{url: path, status: status, {column}: more}}\n"
        f"samples: [{{line: '2026-11-22T10:00:00.000Z /v1/chat/completions 502 {said}', expect: {{status: 502}}}}]\n"
    )
    log = tmp_path / "access.log"
    log.write_text(f"2026-11-22T10:00:00.000Z /v1/chat/completions 502 {said}\n" * 3)
    report = analyzer.analyze([log], options=analyzer.Options(log_format=str(format_file), everything=True))
    assert [str(getattr(stream.exchange, column)) for stream in report.streams] == [said] * 3
