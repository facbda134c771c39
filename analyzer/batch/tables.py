"""The batch as tables: `tickets.csv` and `streams.parquet`, written in pieces, whatever the number of rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from analyzer.duck import quiet
from analyzer.report.json_v1 import timestamp
from analyzer.report.tables import inert, table_columns

CHUNK: Final = 200
# Column of tickets.csv -> SQL over batch_t (t), tickets (r), batch_f (f) and batch_p (p).
TICKET_COLUMNS: Final[dict[str, str]] = {
    "ticket": "t.ticket", "customer": "t.who", "at": "t.moment", "tags": "array_to_string(r.tags, ' ')", "state": "t.state",
    "severity": "t.severity", "headline": "t.headline", "cause": "t.cause", "party": "t.party",
    "confidence": "t.confidence", "rule": "t.rule", "problem": "p.name", "captures": "t.captures", "exchanges": "r.exchanges",
    "streams": "t.streams", "failed": "r.failed", "degraded": "r.degraded", "reason": "t.reason",
    "report": "CASE WHEN t.state = 'done' THEN 'tickets/' || f.folder || '/report.html' END",
}  # fmt: skip
_SORTED: Final = 1000  # streams at a time, about
_STRETCHES: Final = 64  # no more: for each the table is gone through
_ROW_GROUP: Final = 2048  # of streams.parquet: what is held while it is written
_SQL: Final = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMPTZ",
}  # fmt: skip


def ticket_rows(db: Any) -> Iterator[list[Any]]:
    """The rows of tickets.csv, by time and id. Needs `summarize_batch` and `folders.name_folders`.

    The connection is busy until the last row is taken.
    """
    cursor = db.execute(
        f"""SELECT {", ".join(TICKET_COLUMNS.values())}
        FROM batch_t t JOIN tickets r ON r.ticket = t.ticket JOIN batch_f f ON f.ticket = t.ticket
          LEFT JOIN batch_p p ON p.ticket = t.ticket
        ORDER BY t.moment NULLS LAST, t.ticket"""
    )
    while rows := cursor.fetchmany(CHUNK):
        for row in rows:
            yield list(row)


def write_tickets(db: Any, path: Path) -> None:
    """tickets.csv: RFC 4180, UTF-8, a header line; no cell that a spreadsheet would run."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TICKET_COLUMNS)
        for row in ticket_rows(db):
            writer.writerow([cell(value) for value in row])


def cell(value: Any) -> str | int | float:
    """A value as CSV shows it: missing is empty, instants are RFC 3339, text runs in no spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return timestamp(value.replace(tzinfo=value.tzinfo or UTC)) or ""
    return inert(str(value))


def stream_columns() -> dict[str, str]:
    """Columns of streams.parquet with their types: the ticket first, then those of the streams' table."""
    return {"ticket": "text", **{name: kind for name, kind in table_columns().items() if name != "ticket"}}


def write_streams(db: Any, path: Path) -> None:
    """streams.parquet: every stream of every ticket, by ticket and place, zstd, typed.

    Takes at most twice the memory that `db` may take, and raises duckdb's error when that is not enough.

    The ledger's database has no access to files, so the rows go through a database of their own, in pieces.
    """
    import duckdb

    kinds = stream_columns()
    used = _used(db, kinds)
    listed = ", ".join(f'CAST("{n}" AS TIMESTAMP)' if k == "timestamp" else f'"{n}"' for n, k in used.items())
    body = ", ".join(f'"{name}" {_SQL[kind]}' for name, kind in used.items())
    whole = ", ".join(f'"{n}"' if n in used else f'NULL::{_SQL[k]} AS "{n}"' for n, k in kinds.items())
    scratch = path.with_name(f"{path.name}.rows")
    target = str(path).replace("'", "''")
    memory = db.execute("SELECT current_setting('memory_limit')").fetchone()[0]
    try:
        config = {"threads": 1, "memory_limit": memory, "temp_directory": str(scratch)}
        with quiet(duckdb.connect(config=config)) as out:
            out.execute("SET TimeZone = 'UTC'")
            out.execute(f"CREATE TABLE streams ({body})")
            for after, last in _spans(db):
                db.execute(
                    f"SELECT {listed} FROM streams WHERE ($1 IS NULL OR ticket > $1) AND ticket <= $2"
                    " ORDER BY ticket, TRY_CAST(substr(id, 2) AS BIGINT), id",
                    [after, last],
                )
                _pour(db, out, used)
            out.execute(
                f"COPY (SELECT {whole} FROM streams) TO '{target}'"
                f" (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP})"
            )
    finally:
        scratch.unlink(missing_ok=True)
        scratch.with_name(f"{scratch.name}.wal").unlink(missing_ok=True)


def _spans(db: Any) -> list[tuple[str | None, str]]:
    """The tickets in stretches that are sorted one by one: after this one, up to that one.

    Sorting rows of two hundred columns all at once takes memory for all of them.
    """
    total = db.execute("SELECT count(*) FROM streams").fetchone()[0]
    enough = max(_SORTED, total // _STRETCHES)
    spans: list[tuple[str | None, str]] = []
    after: str | None = None
    last, count = "", 0
    found = db.execute("SELECT ticket, count(*) FROM streams GROUP BY ticket ORDER BY ticket")
    while rows := found.fetchmany(CHUNK):
        for ticket, streams in rows:
            last = ticket
            count += streams
            if count >= enough:
                spans.append((after, last))
                after, count = last, 0
    if count:
        spans.append((after, last))
    return spans


def _used(db: Any, kinds: dict[str, str]) -> dict[str, str]:
    """The columns that have a value anywhere: most of them are recorded by one kind of capture only."""
    counted = ", ".join(f'count("{name}")' for name in kinds)
    counts = db.execute(f"SELECT {counted} FROM streams").fetchone()
    return {
        name: kind
        for (name, kind), count in zip(kinds.items(), counts, strict=True)
        if count or name == "ticket"
    }


def _pour(db: Any, out: Any, kinds: dict[str, str]) -> None:
    names = ", ".join(f'"{name}"' for name in kinds)
    values = ", ".join(f"unnest(?::{'TIMESTAMP' if k == 'timestamp' else _SQL[k]}[])" for k in kinds.values())
    while rows := db.fetchmany(CHUNK):
        out.execute(
            f"INSERT INTO streams ({names}) SELECT {values}",
            [list(column) for column in zip(*rows, strict=True)],
        )
