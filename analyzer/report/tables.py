"""The streams as a table: CSV that no spreadsheet executes, Parquet, and a pandas DataFrame.

One row per stream, worst first. The verdict's columns come first, then every column of the exchange
table under its own name; unrecorded is an empty cell, NULL or NA.
"""

from __future__ import annotations

import csv
import io
import math
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.columns import columns
from analyzer.duck import quiet
from analyzer.errors import UsageError
from analyzer.model import Report, Stream
from analyzer.report.json_v1 import timestamp, worst_first
from analyzer.safe import one_line

if TYPE_CHECKING:
    import pandas as pd

# name -> type as in `analyzer.columns`; what is in the exchange as well (`ending_by`) stays there.
VERDICT_COLUMNS: Final[dict[str, str]] = {
    "id": "text",
    "cause": "text",
    "party": "text",
    "severity": "text",
    "confidence": "text",
    "rule": "text",
    "title": "text",
    "explanation": "text",
    "settle": "text",  # the capture that would make the verdict certain; empty if it is
}
_DTYPES: Final[dict[str, Any]] = {
    "text": "string",
    "integer": "Int64",
    "number": "Float64",
    "boolean": "boolean",
    "timestamp": "datetime64[us, UTC]",
}
_SQL: Final = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}


def table_columns() -> dict[str, str]:
    """Every column of the table with its type, in order: text, integer, number, boolean, timestamp."""
    return {**VERDICT_COLUMNS, **{name: column.type for name, column in columns().items()}}


def row(stream: Stream) -> list[Any]:
    """One stream as the values of `table_columns`; None is unrecorded, times are aware UTC."""
    values = [_typed(stream.id)]
    values += [_typed(getattr(stream.verdict, name)) for name in VERDICT_COLUMNS if name != "id"]
    ending = {
        "ending_by": stream.ending.by,
        "ending_phase": stream.ending.phase,
        "ending_announced": stream.ending.announced,
        "ending_signal": stream.ending.signal,
    }
    for name in columns():
        values.append(_typed(ending.get(name, getattr(stream.exchange, name))))
    return values


def _typed(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return one_line(value)
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return value


def to_csv(report: Report) -> str:
    """RFC 4180 with a header line. Numbers stay numbers; text that a spreadsheet would run does not.

    A text cell that starts with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in
    front, also when blanks or quotes come first. Line ends inside a cell become ␊.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(table_columns())
    for stream in worst_first(report.streams):
        writer.writerow([_cell(value) for value in row(stream)])
    return out.getvalue()


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return timestamp(value) or ""
    return inert(str(value))


def inert(text: str) -> str:
    """`text` as a spreadsheet's plain text. Full-width signs count: some programs fold them."""
    first = text.lstrip(" \u00a0\u3000\"'")[:1]
    dangerous = text[:1] in tuple("\t\r\n␉␍␊") or first in tuple("=+-@\uff1d\uff0b\uff0d\uff20\u2212")
    shown = one_line(text)
    return f"'{shown}" if dangerous and first else shown


def streams_frame(report: Report) -> pd.DataFrame:
    """The table as a DataFrame with nullable dtypes: string, Int64, Float64, boolean, UTC datetimes.

    Columns and order as in `table_columns`, unrecorded is NA (NaT for times). `explanation` and
    `title` are in words; numbers keep the units in their names.
    """
    return frame([row(stream) for stream in worst_first(report.streams)], table_columns())


# Columns of `exchanges_frame`; times in ms since the first exchange of their capture.
EXCHANGE_COLUMNS: Final[dict[str, str]] = {
    "capture": "text", "where": "text", "method": "text", "url": "text", "status": "integer", "net_error": "text",
    "resource_type": "text", "content_type": "text", "start_ms": "number", "duration_ms": "number",
    "body_bytes": "integer", "stream_id": "text",
}  # fmt: skip


def exchanges_frame(report: Report) -> pd.DataFrame:
    """Every exchange of the browser captures as a DataFrame, in the order of recording, dtypes as in `streams_frame`.

    Columns as in `EXCHANGE_COLUMNS`; stream_id is the stream's id in `streams_frame`, NA for what is no stream.
    Lines of a proxy's log are not exchanges of their own here. Raises UsageError when the analysis did not
    keep them (`Options(details=True)` does).
    """
    if not report.entries and any(info.exchanges for info in report.captures if info.kind != "log"):
        raise UsageError(
            "this report does not hold the exchanges around its streams",
            help="analyze(paths, Options(details=True))",
        )
    rows = [[_typed(getattr(entry, name)) for name in EXCHANGE_COLUMNS] for entry in report.entries]
    return frame(rows, EXCHANGE_COLUMNS)


def frame(rows: Sequence[Sequence[Any]], kinds: Mapping[str, str]) -> pd.DataFrame:
    """Rows as a DataFrame. kinds: column names in order with their types, as in `table_columns`."""
    import pandas as pd

    data = {}
    for index, (name, kind) in enumerate(kinds.items()):
        values = [row[index] for row in rows]
        if kind == "timestamp":
            data[name] = pd.Series(pd.to_datetime(values, utc=True)).astype(_DTYPES[kind])
        else:
            data[name] = pd.Series(values, dtype=_DTYPES[kind])
    return pd.DataFrame(data)


def to_parquet(report: Report) -> bytes:
    """The table as a Parquet file (zstd), typed as in `analyzer.columns`, written by DuckDB."""
    import duckdb

    frame = streams_frame(report)
    kinds = table_columns()
    cast = ", ".join(f'CAST("{name}" AS {_SQL[kind]}) AS "{name}"' for name, kind in kinds.items())
    with tempfile.TemporaryDirectory() as folder, quiet(duckdb.connect()) as db:
        path = Path(folder) / "streams.parquet"
        target = str(path).replace("'", "''")
        db.execute("SET TimeZone = 'UTC'")
        db.register("frame", frame)
        # Only names of ours stand in the statement: columns, types and the temporary file.
        db.execute(f"COPY (SELECT {cast} FROM frame) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608
        return path.read_bytes()
