"""CSV, Parquet and the DataFrame: typed, complete, and inert in a spreadsheet."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from analyzer.columns import columns
from analyzer.report.tables import inert, streams_frame, table_columns, to_csv, to_parquet
from tests.report.reports import HOSTILE, many, report


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_a_column_for_every_column_of_the_exchange() -> None:
    (row,) = rows(to_csv(report()))
    assert set(columns()) <= set(row)
    assert row["cause"] == "gateway-idle-timeout"
    assert row["ending_by"] == "proxy"


def test_csv_keeps_numbers_as_numbers_and_unrecorded_empty() -> None:
    value = report()
    value.streams[0].exchange.token_expired_ms = -1500.5
    (row,) = rows(to_csv(value))
    assert row["duration_ms"] == "60212.5"
    assert row["token_expired_ms"] == "-1500.5"
    assert row["status"] == "200"
    assert row["upstream_status"] == ""
    assert row["ending_announced"] == "false"
    assert row["started_at"] == "2026-03-02T10:15:01.123Z"


# OWASP, CSV injection: the characters that start a formula.
@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", '"=1', "'=1", "＝1", "−1"]
)
def test_a_formula_becomes_text(cell: str) -> None:
    assert inert(cell).startswith("'")


@pytest.mark.parametrize("cell", ["POST", "https://h/?a=1", "", "a-b", "60 s", "$.log.entries[1]"])
def test_ordinary_text_stays_as_it_is(cell: str) -> None:
    assert inert(cell) == cell


def test_no_cell_of_a_hostile_report_starts_a_formula() -> None:
    value = report(text=HOSTILE)
    value.streams[0].exchange.url = "\t=cmd|' /C calc'!A0"
    value.streams[0].verdict.title = "@x\r\n=y"
    text = to_csv(value)
    (row,) = rows(text)
    for name, cell in row.items():
        if columns().get(name) is None or columns()[name].type == "text":
            assert cell[:1] not in tuple("=+-@\t\r"), name
    assert row["error_text"].startswith("'=HYPERLINK")
    assert text.count("\r\n") == 2


def test_frame_has_the_documented_dtypes_also_when_empty() -> None:
    for value in (many(5), report([])):
        frame = streams_frame(value)
        assert list(frame.columns) == list(table_columns())
        assert str(frame["events"].dtype) == "Int64"
        assert str(frame["duration_ms"].dtype) == "Float64"
        assert str(frame["is_stream"].dtype) == "boolean"
        assert str(frame["cause"].dtype) == "string"
        assert str(frame["started_at"].dtype) == "datetime64[us, UTC]"


def test_frame_has_na_where_nothing_was_recorded() -> None:
    frame = streams_frame(report())
    assert frame.loc[0, "upstream_status"] is pd.NA
    assert frame.loc[0, "events"] == 17
    assert pd.isna(frame.loc[0, "ended_at"])


def test_parquet_has_typed_columns_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "streams.parquet"
    path.write_bytes(to_parquet(many(6)))
    with duckdb.connect() as db:
        kinds = dict(
            db.execute(f"SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM '{path}')").fetchall()
        )
        counted = db.execute(
            f"SELECT count(*), count(upstream_status), sum(events) FROM '{path}' WHERE severity = 'failed'"
        ).fetchone()
    assert kinds["events"] == "BIGINT"
    assert kinds["duration_ms"] == "DOUBLE"
    assert kinds["started_at"] == "TIMESTAMP WITH TIME ZONE"
    assert counted == (1, 0, 17)


def test_parquet_of_no_streams_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "streams.parquet"
    path.write_bytes(to_parquet(report([])))
    with duckdb.connect() as db:
        assert db.execute(f"SELECT count(*) FROM '{path}'").fetchone() == (0,)
