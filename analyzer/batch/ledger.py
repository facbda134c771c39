"""What is known about the tickets of a queue, in the store's file: one row each, durable as soon as it is put.

Three tables answer questions: `tickets`, `captures` and `streams` (one row per ticket, attachment and stream).
Each ticket's report, documents and what these are made from lie in `pieces`, compressed, under the ticket's number;
a piece is short, because the database holds thousands of rows at once while it writes. `captures` and
`streams` are made from them in groups, because a row of two hundred columns costs as much by itself as a thousand
together; `fill` brings them up to date and everyone who reads calls it first. They can always be made again.
Instants are UTC, without a zone.

A ticket's id is its key: one store is for one queue.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analyzer.batch.model import State, Ticket, TicketResult
from analyzer.batch.shape import CAPTURES, MIGRATIONS, insert, shape, stream_columns
from analyzer.model import CaptureInfo
from analyzer.store import Store, StoreError

if TYPE_CHECKING:
    import duckdb

DOCUMENTS: Final = ("report", "html", "markdown")
_DERIVED: Final = ("captures", "streams")  # kinds of what the tables are made from
GROUP: Final = 256  # tickets that are looked up or filled in at a time
_PIECE: Final = 4000  # bytes: what the database keeps in the row itself, not beside it
_PIECES: Final = 512  # that are handed to it at a time
# What the database may take: of a file it keeps as many pages as there is room for, and a run comes by each once.
_RUN_MEMORY: Final = "32MB"
_FILL_MEMORY: Final = "32MB"
QUESTION_MEMORY: Final = ("32MB", "64MB", "256MB", "1GB")  # more for those that sort more than fits
_ROWS: Final = 4096  # streams that are filled in at a time
_LARGEST: Final = 1 << 30


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
            with self._store.transaction() as db:
                shape(db)
            self._last: int = self._store.rows("SELECT coalesce(max(number), 0) AS n FROM tickets")[0]["n"]
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
        try:
            self._put(entries, known)
        except StoreError as error:
            if not error.memory:
                raise
            self._store.limit()  # they are larger than most: there is no sense in refusing them again and again
            self._put(entries, None)

    def _put(self, entries: Sequence[Entry], known: Container[str] | None) -> None:
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
                    self._drop_pieces(db, one.ticket)
                    db.execute("DELETE FROM tickets WHERE ticket = ?", [one.ticket])
                self._last += 1
                db.execute(
                    f"INSERT INTO tickets VALUES ({', '.join('?' * 25)})",
                    [
                        one.ticket, one.customer, moment(one.at), list(one.tags), one.state, one.reason,
                        one.headline, one.severity, one.cause, one.party, one.confidence, one.rule, one.captures,
                        one.exchanges, one.streams, one.failed, one.degraded, one.content, one.source,
                        one.reading, one.ruleset, one.complete, one.seconds, now, self._last,
                    ],
                )  # fmt: skip
                data = {"captures": one.captures_data, "streams": one.streams_data, **one.documents}
                for group in _groups(_pieces(data), _PIECES):
                    db.execute(
                        f"INSERT INTO pieces SELECT {self._last}, unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::BLOB[])",
                        [list(column) for column in zip(*group, strict=True)],
                    )
            db.execute("INSERT INTO unfilled SELECT unnest(?::VARCHAR[])", [[one.ticket for one in entries]])

    @staticmethod
    def _drop_pieces(db: duckdb.DuckDBPyConnection, ticket: str) -> None:
        found = db.execute("SELECT number FROM tickets WHERE ticket = ?", [ticket]).fetchone()
        if found:
            db.execute("DELETE FROM pieces WHERE number = ?", [found[0]])

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
                among = "ticket IN (SELECT unnest(?::VARCHAR[]))"
                db.execute(
                    f"DELETE FROM pieces WHERE number IN (SELECT number FROM tickets WHERE {among})", [group]
                )
                for table in ("streams", "captures", "unfilled", "tickets"):
                    db.execute(f"DELETE FROM {table} WHERE {among}", [group])
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
        data = self._packed(ticket, kind)
        return None if data is None else unpacked(data)

    def packed_report(self, ticket: str) -> bytes | None:
        """The report of a ticket, compressed as it is stored: see `unpacked`."""
        return self._packed(ticket, "report")

    def _packed(self, ticket: str, kind: str) -> bytes | None:
        found = self._store.rows("SELECT number FROM tickets WHERE ticket = ?", [ticket])
        if not found:
            return None
        rows = self._store.rows(
            "SELECT n, data FROM pieces WHERE number = ? AND kind = ?", [found[0]["number"], kind]
        )
        rows.sort(key=itemgetter("n"))
        return b"".join(row["data"] for row in rows) if rows else None

    def fill(self) -> None:
        """Bring `captures` and `streams` up to date with the tickets. Cheap when they are."""
        self._store.limit(_FILL_MEMORY, threads=1)
        try:
            self._fill()
        except StoreError as error:
            if not error.memory:
                raise
            self._store.limit()
            self._fill()

    def _fill(self) -> None:
        while group := self._unfilled():
            rows = self._derived(group)
            with self._store.transaction() as db:
                for table in ("captures", "streams", "unfilled"):
                    db.execute(
                        f"DELETE FROM {table} WHERE ticket IN (SELECT unnest(?::VARCHAR[]))", [list(group)]
                    )
                insert(db, "captures", {"ticket": "VARCHAR", **CAPTURES}, _captures_of(rows))
                insert(db, "streams", {"ticket": "VARCHAR", **stream_columns()}, _streams_of(rows))

    def _unfilled(self) -> dict[str, int]:
        """Some tickets whose streams are not in the table yet, with their numbers: few enough for their rows to
        fit in memory, and such as lie side by side.
        """
        rows = self._store.rows(
            "SELECT ticket, number, least(streams, ?) AS streams FROM tickets"
            f" WHERE ticket IN (FROM unfilled) ORDER BY number LIMIT {GROUP}",
            [_ROWS],
        )
        group: dict[str, int] = {}
        count = 0
        for row in rows:
            count += row["streams"]
            if group and count > _ROWS:
                break
            group[row["ticket"]] = row["number"]
        return group

    def _derived(self, group: dict[str, int]) -> list[dict[str, Any]]:
        """What the tables are made from: `ticket`, and `captures` and `streams` as they are stored."""
        numbers = list(group.values())
        found: dict[int, dict[str, list[bytes]]] = {
            number: {kind: [] for kind in _DERIVED} for number in numbers
        }
        for row in self._store.rows(
            "SELECT number, kind, data FROM pieces WHERE number BETWEEN ? AND ? AND kind IN ('captures', 'streams')"
            " AND number IN (SELECT unnest(?::BIGINT[])) ORDER BY number, kind, n",
            [numbers[0], numbers[-1], numbers],
        ):
            found[row["number"]][row["kind"]].append(row["data"])
        return [
            {"ticket": ticket, **{kind: b"".join(data) for kind, data in found[number].items()}}
            for ticket, number in group.items()
        ]

    def begin(self) -> None:
        """Begin a run: no ticket is part of its result yet."""
        with self._store.transaction() as db:
            db.execute("CREATE OR REPLACE TEMP TABLE seen (ticket VARCHAR)")
        self._store.limit(_RUN_MEMORY, threads=1)

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

        It has temporary tables and views of its own. Needs `begin`. Close it before the ledger. It may take as
        much memory as the last of `QUESTION_MEMORY` says; see `allow`.
        """
        self.fill()
        self._note()
        with self._store.transaction() as db:
            catalog = db.execute("SELECT current_database()").fetchall()[0][0]
            own = db.cursor()
            own.execute("SET TimeZone = 'UTC'")
            own.execute("CREATE TEMP TABLE scope (ticket VARCHAR)")
            found = db.execute("SELECT ticket FROM seen")
            while rows := found.fetchmany(4096):
                own.execute("INSERT INTO scope SELECT unnest(?::VARCHAR[])", [[row[0] for row in rows]])
        for table, also in (("tickets", ', opened_at AS "at"'), ("captures", ""), ("streams", "")):
            own.execute(
                f"CREATE TEMP VIEW {table} AS SELECT *{also} FROM {catalog}.main.{table}"
                " WHERE ticket IN (FROM scope)"
            )
        self._store.settle()
        self.allow(QUESTION_MEMORY[-1])
        return own

    def allow(self, memory: str) -> None:
        """What questions may take from now on: one of `QUESTION_MEMORY`. Who needs more gets duckdb's error."""
        self._store.limit(memory, threads=1 if memory == QUESTION_MEMORY[0] else 2)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """The rows of a query of the program's own."""
        return self._store.rows(sql, parameters)


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


def _pieces(data: dict[str, bytes]) -> Iterator[tuple[str, int, bytes]]:
    """Blobs by kind as rows of `pieces`: kind, n from 0, bytes."""
    for kind, whole in data.items():
        for start in range(0, len(whole), _PIECE):
            yield kind, start // _PIECE, whole[start : start + _PIECE]


def _captures_of(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for capture in msgspec.msgpack.decode(unpacked(row["captures"]), type=list[CaptureInfo]):
            yield {**msgspec.structs.asdict(capture), "ticket": row["ticket"]}


def _streams_of(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for row in rows:
        for stream in msgspec.msgpack.decode(unpacked(row["streams"])):
            yield {**stream, "ticket": row["ticket"]}


def _groups(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for item in items:
        group.append(item)
        if len(group) >= size:
            yield group
            group = []
    if group:
        yield group
