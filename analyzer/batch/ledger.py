"""What is known about the tickets of a queue, in the store's file: one row each, durable as soon as it is put.

Four tables answer questions: `tickets`, `captures` and `streams` (one row per ticket, attachment and stream),
and `ticket_data` with each ticket's report and documents, compressed. `captures` and `streams` are made from
`ticket_data` in groups, because a row of two hundred columns costs as much by itself as a thousand together;
`fill` brings them up to date and everyone who reads calls it first. They can always be made again. Instants
are UTC, without a zone.

A ticket's id is its key: one store is for one queue.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analyzer.batch.model import State, Ticket, TicketResult
from analyzer.model import CaptureInfo
from analyzer.store import Store

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
)
DOCUMENTS: Final = ("report", "html", "markdown")
GROUP: Final = 256  # tickets that are looked up or filled in at a time
_RUN_MEMORY: Final = "160MB"  # pages of the file that a run keeps: it comes by each ticket once
_QUESTION_MEMORY: Final = "1GB"  # for what is asked about all of them
_ROWS: Final = 4096  # streams that are filled in at a time
_LARGEST: Final = 1 << 30
SQL: Final = {
    "text": "VARCHAR", "integer": "BIGINT", "number": "DOUBLE", "boolean": "BOOLEAN", "timestamp": "TIMESTAMP",
}  # fmt: skip
_CAPTURES: Final = {
    "path": "VARCHAR", "kind": "VARCHAR", "dialect": "VARCHAR", "format": "VARCHAR", "creator": "VARCHAR",
    "exchanges": "BIGINT", "streams": "BIGINT", "lines": "BIGINT", "unparsed": "BIGINT", "warnings": "VARCHAR[]",
    "error": "VARCHAR",
}  # fmt: skip


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket as it goes into the tables; its values are those of the table `tickets`, its blobs compressed."""

    ticket: str
    customer: str | None
    at: str | None
    tags: tuple[str, ...]
    state: State
    reason: str | None
    headline: str | None
    severity: str
    cause: str | None
    party: str | None
    confidence: str | None
    rule: str | None
    captures: int
    exchanges: int
    streams: int
    failed: int
    degraded: int
    content: str | None
    source: str | None
    reading: str
    ruleset: str
    complete: bool
    seconds: float
    captures_data: bytes
    streams_data: bytes
    documents: dict[str, bytes]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What decides whether a ticket needs work. source: state of its files; see `run`."""

    ticket: str
    customer: str | None
    at: datetime | None
    tags: tuple[str, ...]
    state: State
    content: str | None
    source: str | None
    reading: str
    ruleset: str
    complete: bool


def entry(ticket: Ticket, result: TicketResult, *, source: str | None, reading: str, ruleset: str) -> Entry:
    """A result, ready to be put: what is large is compressed here, where the work was done."""
    import zstandard

    packer = zstandard.ZstdCompressor(level=6)
    documents = dict(result.documents)
    if result.report is not None:
        documents["report"] = result.report
    summary = result.summary
    return Entry(
        ticket=ticket.id, customer=ticket.customer, at=ticket.at, tags=ticket.tags, state=result.state,
        reason=result.reason, headline=result.headline, severity=result.severity, cause=result.cause,
        party=result.party, confidence=result.confidence, rule=result.rule, captures=len(result.captures),
        exchanges=sum(capture.exchanges for capture in result.captures),
        streams=summary.streams if summary else len(result.streams), failed=summary.failed if summary else 0,
        degraded=summary.degraded if summary else 0, content=result.content, source=source, reading=reading,
        ruleset=ruleset, complete=result.complete, seconds=result.seconds,
        captures_data=packer.compress(msgspec.msgpack.encode(result.captures)),
        streams_data=packer.compress(msgspec.msgpack.encode(result.streams)),
        documents={kind: packer.compress(data) for kind, data in documents.items() if kind in DOCUMENTS},
    )  # fmt: skip


class Ledger:
    """The tickets in a store. For one thread; open in one process at a time."""

    def __init__(self, path: Path | None) -> None:
        """path: the store's file, made if missing; None keeps it in memory. Raises as `Store`."""
        self._store = Store(path, {"batch": MIGRATIONS})
        self._seen: list[str] = []
        try:
            self._shape()
        except BaseException:
            self._store.close()
            raise

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._store.close()

    # ------------------------------------------------------------------ writing

    def put(self, entries: Sequence[Entry], known: Container[str] | None = None) -> None:
        """Store tickets, in place of what was known about them: all or none. Durable on return.

        known: the tickets among them that are there already; None looks.
        """
        now = datetime.now(UTC).replace(tzinfo=None)
        with self._store.transaction() as db:
            for one in entries:
                # By its key, and only if it is there: a new ticket costs the same however many there are.
                there: object = (
                    db.execute("SELECT 1 FROM tickets WHERE ticket = ?", [one.ticket]).fetchone()
                    if known is None
                    else one.ticket in known
                )
                if there:
                    db.execute("DELETE FROM ticket_data WHERE ticket = ?", [one.ticket])
                    db.execute("DELETE FROM tickets WHERE ticket = ?", [one.ticket])
                db.execute(
                    f"INSERT INTO tickets VALUES ({', '.join('?' * 24)})",
                    [
                        one.ticket, one.customer, moment(one.at), list(one.tags), one.state, one.reason,
                        one.headline, one.severity, one.cause, one.party, one.confidence, one.rule, one.captures,
                        one.exchanges, one.streams, one.failed, one.degraded, one.content, one.source,
                        one.reading, one.ruleset, one.complete, one.seconds, now,
                    ],
                )  # fmt: skip
                db.execute(
                    "INSERT INTO ticket_data VALUES (?, ?, ?, ?, ?, ?)",
                    [
                        one.ticket,
                        one.captures_data,
                        one.streams_data,
                        *(one.documents.get(k) for k in DOCUMENTS),
                    ],
                )
            db.execute("INSERT INTO unfilled SELECT unnest(?::VARCHAR[])", [[one.ticket for one in entries]])

    def describe(self, tickets: Iterable[tuple[Ticket, str | None]]) -> None:
        """Tickets that need no work, though their export or the place of their files says something new."""
        with self._store.transaction() as db:
            for ticket, source in tickets:
                db.execute(
                    "UPDATE tickets SET customer = ?, opened_at = ?, tags = ?, source = ? WHERE ticket = ?",
                    [ticket.customer, moment(ticket.at), list(ticket.tags), source, ticket.id],
                )

    def forget(self, tickets: Sequence[str]) -> None:
        """Delete tickets and everything about them, also from the file's own pages. Before `begin`."""
        with self._store.transaction() as db:
            for group in _groups(tickets, GROUP):
                for table in ("streams", "captures", "unfilled", "ticket_data", "tickets"):
                    db.execute(f"DELETE FROM {table} WHERE ticket IN (SELECT unnest(?::VARCHAR[]))", [group])
        self._store.rewrite()

    def retain(self, days: float, now: datetime | None = None) -> list[str]:
        """Forget tickets older than so many days, counted from when they were opened, where the ticket system
        says that, else from when they were analysed. Returns their ids.
        """
        limit = oldest(days, now)
        rows = self._store.rows(
            "SELECT ticket FROM tickets WHERE coalesce(opened_at, analysed_at) < ? ORDER BY ticket",
            [limit.replace(tzinfo=None)],
        )
        gone = [row["ticket"] for row in rows]
        if gone:
            self.forget(gone)
        return gone

    # ------------------------------------------------------------------ reading

    def known(self, tickets: Sequence[str]) -> dict[str, Known]:
        """What is stored of these tickets, by id."""
        rows = self._store.rows(
            'SELECT ticket, customer, opened_at AS "at", tags, state, content, source, reading, ruleset, complete FROM tickets'
            " WHERE ticket IN (SELECT unnest(?::VARCHAR[]))",
            [list(tickets)],
        )
        return {row["ticket"]: Known(**{**row, "tags": tuple(row["tags"])}) for row in rows}

    def document(self, ticket: str, kind: str) -> bytes | None:
        """`report` (the redacted `Report` as JSON), `html` or `markdown` of a ticket; None if there is none."""
        if kind not in DOCUMENTS:
            return None
        rows = self._store.rows(f"SELECT {kind} AS data FROM ticket_data WHERE ticket = ?", [ticket])
        return unpacked(rows[0]["data"]) if rows and rows[0]["data"] is not None else None

    def packed_report(self, ticket: str) -> bytes | None:
        """The report of a ticket, compressed as it is stored: see `unpacked`."""
        rows = self._store.rows("SELECT report FROM ticket_data WHERE ticket = ?", [ticket])
        data: bytes | None = rows[0]["report"] if rows else None
        return data

    def fill(self) -> None:
        """Bring `captures` and `streams` up to date with the tickets. Cheap when they are."""
        with self._store.transaction() as db:
            db.execute(f"SET memory_limit = '{_QUESTION_MEMORY}'")
        while group := self._unfilled():
            rows = self._store.rows(
                "SELECT ticket, captures, streams FROM ticket_data WHERE ticket IN (SELECT unnest(?::VARCHAR[]))",
                [group],
            )
            with self._store.transaction() as db:
                for table in ("captures", "streams", "unfilled"):
                    db.execute(f"DELETE FROM {table} WHERE ticket IN (SELECT unnest(?::VARCHAR[]))", [group])
                insert(db, "captures", {"ticket": "VARCHAR", **_CAPTURES}, _captures_of(rows))
                insert(db, "streams", {"ticket": "VARCHAR", **stream_columns()}, _streams_of(rows))

    def _unfilled(self) -> list[str]:
        """Some tickets whose streams are not in the table yet: few enough for their rows to fit in memory."""
        rows = self._store.rows(
            "SELECT DISTINCT ticket, least(t.streams, ?) AS streams FROM unfilled JOIN tickets t USING (ticket)"
            f" LIMIT {GROUP}",
            [_ROWS],
        )
        group: list[str] = []
        count = 0
        for row in rows:
            count += row["streams"]
            if group and count > _ROWS:
                break
            group.append(row["ticket"])
        return group

    def begin(self) -> None:
        """Begin a run: no ticket is part of its result yet."""
        with self._store.transaction() as db:
            db.execute("CREATE OR REPLACE TEMP TABLE seen (ticket VARCHAR)")
            db.execute(f"SET memory_limit = '{_RUN_MEMORY}'")

    def see(self, tickets: Sequence[str]) -> None:
        """These tickets are part of the run's result."""
        self._seen += tickets
        if len(self._seen) >= GROUP:
            self._note()

    def _note(self) -> None:
        if self._seen:
            with self._store.transaction() as db:
                db.execute("INSERT INTO seen SELECT unnest(?::VARCHAR[])", [self._seen])
            self._seen = []

    def scope(self) -> duckdb.DuckDBPyConnection:
        """A connection on which `tickets`, `captures` and `streams` are those of this run only.

        It has temporary tables and views of its own. Needs `begin`. Close it before the ledger.
        """
        self.fill()
        self._note()
        with self._store.transaction() as db:
            own = db.cursor()
            own.execute("SET TimeZone = 'UTC'")
            own.execute("CREATE TEMP TABLE scope (ticket VARCHAR)")
            found = db.execute("SELECT ticket FROM seen")
            while rows := found.fetchmany(4096):
                own.execute("INSERT INTO scope SELECT unnest(?::VARCHAR[])", [[row[0] for row in rows]])
        catalog = own.execute("SELECT current_database()").fetchall()[0][0].replace('"', '""')
        for table, also in (("tickets", ', opened_at AS "at"'), ("captures", ""), ("streams", "")):
            own.execute(
                f'CREATE TEMP VIEW {table} AS SELECT *{also} FROM "{catalog}".main.{table}'
                " WHERE ticket IN (FROM scope)"
            )
        return own

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query of the program's own."""
        return self._store.rows(sql, parameters)

    # ------------------------------------------------------------------ the derived tables

    def _shape(self) -> None:
        """Make `captures` and `streams`; again, when this version of hangup knows other columns."""
        wanted = {"captures": _CAPTURES, "streams": stream_columns()}
        with self._store.transaction() as db:
            for table, columns in wanted.items():
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


def moment(at: str | None) -> datetime | None:
    """A ticket's time as the tables keep it, UTC without a zone; None for none and for what is none."""
    if at is None:
        return None
    try:
        parsed = datetime.fromisoformat(at)
    except ValueError:
        return None
    return parsed.astimezone(UTC).replace(tzinfo=None) if parsed.tzinfo else parsed


def oldest(days: float, now: datetime | None = None) -> datetime:
    """The moment before which a ticket is older than so many days, UTC."""
    return (now or datetime.now(UTC)) - timedelta(days=days)


def unpacked(data: bytes) -> bytes:
    """The bytes of a compressed document."""
    import zstandard

    return zstandard.ZstdDecompressor().decompress(data, max_output_size=_LARGEST)


def stream_columns() -> dict[str, str]:
    """The columns of `streams` after the ticket, with their SQL types."""
    from analyzer.report.tables import table_columns

    return {name: SQL[kind] for name, kind in table_columns().items() if name != "ticket"}


def _captures_of(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for capture in msgspec.msgpack.decode(unpacked(row["captures"]), type=list[CaptureInfo]):
            yield {**msgspec.structs.asdict(capture), "ticket": row["ticket"]}


def _streams_of(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for stream in msgspec.msgpack.decode(unpacked(row["streams"])):
            yield {**stream, "ticket": row["ticket"]}


def insert(
    db: duckdb.DuckDBPyConnection, table: str, columns: dict[str, str], rows: Iterable[dict[str, Any]]
) -> None:
    """Append rows, column by column; columns without any value cost nothing. columns: with their SQL types."""
    for group in _groups(rows, 4096):
        selected, values = [], []
        for name, kind in columns.items():
            column = [row.get(name) for row in group]
            if all(value is None for value in column):
                selected.append(f"NULL::{kind}")
            else:
                selected.append(f"unnest(?::{kind}[])")
                values.append(column)
        db.execute(f"INSERT INTO {table} SELECT {', '.join(selected)}", values)


def _groups(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for item in items:
        group.append(item)
        if len(group) >= size:
            yield group
            group = []
    if group:
        yield group
