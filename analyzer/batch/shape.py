"""The tables of the ledger: their schema by version, and those whose columns are what this version of hangup knows."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import duckdb

# Never edited once released, only added to; see analyzer.store.
MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        """CREATE TABLE tickets (
             ticket VARCHAR PRIMARY KEY, customer VARCHAR, opened_at TIMESTAMP, tags VARCHAR[] NOT NULL,
             state VARCHAR NOT NULL, reason VARCHAR, headline VARCHAR, severity VARCHAR NOT NULL,
             cause VARCHAR, party VARCHAR, confidence VARCHAR, rule VARCHAR,
             captures INTEGER NOT NULL, exchanges BIGINT NOT NULL, streams BIGINT NOT NULL,
             failed BIGINT NOT NULL, degraded BIGINT NOT NULL,
             content VARCHAR, source VARCHAR, reading VARCHAR NOT NULL, ruleset VARCHAR NOT NULL,
             complete BOOLEAN NOT NULL, seconds DOUBLE NOT NULL, analysed_at TIMESTAMP NOT NULL)""",
        """CREATE TABLE ticket_data (
             ticket VARCHAR PRIMARY KEY, captures BLOB NOT NULL, streams BLOB NOT NULL, report BLOB,
             html BLOB, markdown BLOB)""",
        "CREATE TABLE unfilled (ticket VARCHAR NOT NULL)",
    ),
    (
        "ALTER TABLE tickets ADD COLUMN number BIGINT",
        "UPDATE tickets SET number = rowid + 1",
        "CREATE TABLE pieces (number BIGINT NOT NULL, kind VARCHAR NOT NULL, n INTEGER NOT NULL, data BLOB NOT NULL)",
        """INSERT INTO pieces SELECT number, kind, n, data[n * 4000 + 1 : (n + 1) * 4000]
             FROM (SELECT number, unnest(['captures', 'streams', 'report', 'html', 'markdown']) AS kind,
                 unnest([d.captures, d.streams, report, html, markdown]) AS data FROM ticket_data d JOIN tickets USING (ticket)),
               LATERAL (SELECT unnest(range((octet_length(data) + 3999) // 4000)) AS n)
             WHERE data IS NOT NULL""",
        "DROP TABLE ticket_data",
    ),
)
SQL: Final = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP",
}  # fmt: skip
CAPTURES: Final = {
    "path": "VARCHAR", "kind": "VARCHAR", "dialect": "VARCHAR", "format": "VARCHAR", "creator": "VARCHAR",
    "exchanges": "BIGINT", "streams": "BIGINT", "lines": "BIGINT", "unparsed": "BIGINT", "warnings": "VARCHAR[]",
    "error": "VARCHAR",
}  # fmt: skip
_TOGETHER: Final = 4096  # rows of a statement


def shape(db: duckdb.DuckDBPyConnection) -> None:
    """Make `captures` and `streams`; again, when this version of hangup knows other columns."""
    for table, columns in (("captures", CAPTURES), ("streams", stream_columns())):
        have = db.execute(
            "SELECT column_name, data_type FROM duckdb_columns()"
            " WHERE table_name = ? AND NOT internal ORDER BY column_index",
            [table],
        ).fetchall()
        if [name for name, _ in have] == ["ticket", *columns]:
            continue
        db.execute(f"DROP TABLE IF EXISTS {table}")
        body = "".join(f', "{name}" {kind}' for name, kind in columns.items())
        db.execute(f"CREATE TABLE {table} (ticket VARCHAR NOT NULL{body})")
        db.execute("DELETE FROM unfilled")
        db.execute("INSERT INTO unfilled SELECT ticket FROM tickets")


def stream_columns() -> dict[str, str]:
    """The columns of `streams` after the ticket, with their SQL types."""
    from analyzer.report.tables import table_columns

    return {name: SQL[kind] for name, kind in table_columns().items() if name != "ticket"}


def insert(
    db: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: Iterable[dict[str, Any]]
) -> None:
    """Append rows, column by column; columns without any value cost nothing. columns: with their SQL types."""
    left = iter(rows)
    while group := list(islice(left, _TOGETHER)):
        selected, values = [], []
        for name, kind in columns.items():
            column = [row.get(name) for row in group]
            if all(value is None for value in column):
                selected.append(f"NULL::{kind}")
            else:
                selected.append(f"unnest(?::{kind}[])")
                values.append(column)
        db.execute(f"INSERT INTO {table} SELECT {', '.join(selected)}", values)
