"""`analyze_many`: a queue of tickets from Python, with the same results as `hangup batch`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analyzer.batch.model import BatchSummary, State, Ticket
from analyzer.errors import UsageError
from analyzer.model import Report
from analyzer.options import Options

if TYPE_CHECKING:
    import pandas as pd

    from analyzer.batch.ledger import Ledger
    from analyzer.batch.place import Written
    from analyzer.batch.run import Workers
    from analyzer.batch.worker import Setup

_GROUP: Final = 500
# Columns of `Batch.frame` with their types: text, integer, number, timestamp (UTC). `tags` are joined by blanks.
FRAME_COLUMNS: Final[dict[str, str]] = {
    "ticket": "text", "customer": "text", "at": "timestamp", "tags": "text", "state": "text", "severity": "text",
    "headline": "text", "cause": "text", "party": "text", "confidence": "text", "rule": "text", "problem": "text",
    "captures": "integer", "exchanges": "integer", "streams": "integer", "failed": "integer", "degraded": "integer",
    "reason": "text", "seconds": "number",
}  # fmt: skip


class TicketVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one ticket came to. Values are those of its worst stream; None where there is none.

    state: done, unreadable or failed, with a reason for the latter two. at: when it was opened, UTC.
    severity: failed, degraded, info, ok, or none without streams. failed, degraded: streams. seconds: of work.
    customer: as the ticket system calls it; `Batch.frame` has what may be shown.
    """

    ticket: str
    customer: str | None
    at: datetime | None
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
    seconds: float


class Batch:
    """The result of many tickets. Iterating gives a `TicketVerdict` each, by ticket id.

    Reports and rows stay in the store and are read when asked for, so a batch may be larger than memory.
    For one thread. Use as a context manager, or `close` it when it has a store of its own.
    """

    def __init__(self, ledger: Ledger, version: str) -> None:
        self._ledger, self._version = ledger, version
        self._db = ledger.scope()

    def __enter__(self) -> Batch:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store."""
        self._db.close()
        self._ledger.close()

    def __len__(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM tickets").fetchall()[0][0])

    def __iter__(self) -> Iterator[TicketVerdict]:
        names = TicketVerdict.__struct_fields__
        listed = ", ".join("opened_at" if name == "at" else f'"{name}"' for name in names)
        last: str | None = None
        while True:
            rows = self._db.execute(
                f"SELECT {listed} FROM tickets WHERE ? IS NULL OR ticket > ? ORDER BY ticket LIMIT {_GROUP}",
                [last, last],
            ).fetchall()
            if not rows:
                return
            for row in rows:
                values = dict(zip(names, row, strict=True))
                values["tags"] = tuple(values["tags"])
                values["at"] = values["at"].replace(tzinfo=UTC) if values["at"] is not None else None
                yield TicketVerdict(**values)
            last = rows[-1][0]

    def report(self, ticket: str) -> Report | None:
        """The ticket's own report, as `analyze` gives it, redacted; None when nothing of it was read."""
        stored = self._ledger.document(ticket, "report")
        return None if stored is None else msgspec.json.decode(stored, type=Report)

    @cached_property
    def summary(self) -> BatchSummary:
        """What the tickets have in common."""
        from analyzer.batch.summary import summarize_batch

        return summarize_batch(self._db)

    def frame(self) -> pd.DataFrame:
        """One row per ticket, oldest first: columns as in `FRAME_COLUMNS`, nullable dtypes as in `streams_frame`.

        customer is what may be shown: a company for a mail address, a number for a person's. problem is the
        `id` of the problem in `summary.problems` that the ticket belongs to; NA for none.
        """
        from analyzer.report.tables import frame

        assert self.summary is not None  # it makes the tables that are asked here
        rows = self._db.execute(
            """SELECT t.ticket, t.who, t.moment, array_to_string(r.tags, ' '), t.state, t.severity, t.headline, t.cause,
              t.party, t.confidence, t.rule, p.name, t.captures, r.exchanges, t.streams, r.failed, r.degraded, t.reason, r.seconds
            FROM batch_t t JOIN tickets r ON r.ticket = t.ticket LEFT JOIN batch_p p ON p.ticket = t.ticket
            ORDER BY t.moment NULLS LAST, t.ticket"""
        ).fetchall()
        return frame([[_aware(value) for value in row] for row in rows], FRAME_COLUMNS)

    def streams_frame(self) -> pd.DataFrame:
        """One row per stream of every ticket: `ticket`, then the columns of `Report.streams_frame`."""
        from analyzer.batch.tables import stream_columns
        from analyzer.report.tables import frame

        kinds = stream_columns()
        listed = ", ".join(
            f'CAST("{name}" AS TIMESTAMP)' if kind == "timestamp" else f'"{name}"'
            for name, kind in kinds.items()
        )
        rows = self._db.execute(
            f"SELECT {listed} FROM streams ORDER BY ticket, TRY_CAST(substr(id, 2) AS BIGINT), id"
        ).fetchall()
        return frame([[_aware(value) for value in row] for row in rows], kinds)

    def write(self, folder: str | Path, *, xlsx: bool = False) -> Written:
        """Write what `hangup batch -o` writes: the page, a report and a reply per ticket, and the tables."""
        from analyzer.batch.output import write_batch

        return write_batch(Path(folder), self._db, self._ledger.document, version=self._version, xlsx=xlsx)

    def _repr_html_(self) -> str:
        from analyzer.report.notebook import panel

        summary = self.summary
        rows = [
            (item.id, f"{item.tickets:,}", f"{item.share:.0%}", item.title, item.text.replace("`", ""))
            for item in summary.problems[:10]
        ]
        return panel(summary.headline, summary.lead, ("problem", "tickets", "share", "what", "why"), rows)


def analyze_many(
    tickets: Iterable[Ticket | str | Path] | str | Path,
    options: Options | None = None,
    *,
    store: str | Path | None = None,
    jobs: int = 1,
    time_limit: float | None = None,
) -> Batch:
    """Analyse many tickets, each with all its captures together.

    tickets: `Ticket`s, or what `hangup batch` takes: folders, ZIPs, lists of tickets, patterns, addresses.
    options: rules, stream_paths and log_format are used; results are always redacted. store: a file in which
    results are kept, so that the next call with it does only what is new; None keeps them in memory. jobs:
    processes; 1 works in this one. time_limit: seconds for a ticket, with jobs above 1.

    A ticket that cannot be read is a row with a reason. Raises UsageError for a place that does not exist,
    RuleError for rules that are wrong, StoreError for a store that cannot be written.
    """
    import analyzer
    from analyzer.batch.ledger import Ledger
    from analyzer.batch.run import run

    setup = _setup(options or Options())
    found = _found([tickets] if isinstance(tickets, str | Path) else list(tickets))
    ledger = Ledger(None if store is None else Path(store))
    try:
        with _Workers(setup, jobs, time_limit) as workers:
            run(ledger, found, workers, setup, limits=f"{time_limit} s")
        return Batch(ledger, analyzer.__version__)
    except BaseException:
        ledger.close()
        raise


def _found(given: list[Ticket | str | Path]) -> Iterable[Ticket]:
    from analyzer.batch.sources import find_tickets

    made = [item for item in given if isinstance(item, Ticket)]
    places = [str(item) for item in given if not isinstance(item, Ticket)]
    if made and places:
        raise UsageError("tickets and places are mixed", expected="only Ticket objects, or only places")
    return made if made or not places else find_tickets(places)


def _setup(options: Options) -> Setup:
    from analyzer.batch.ticket import prepared
    from analyzer.batch.versions import judging_version, reading_version
    from analyzer.batch.worker import Setup

    rules = [Path(path).resolve() for path in options.rules]
    setup = Setup(
        rules=[str(path) for path in rules],
        stream_paths=list(options.stream_paths),
        log_format=options.log_format,
        reading=reading_version(options.stream_paths, options.log_format),
        ruleset=judging_version(rules),
        memory=None,
    )
    if rules:
        prepared(setup.options)  # rules that are wrong are complained about once, and here
    return setup


class _Workers:
    """This process, or a pool of others."""

    def __init__(self, setup: Setup, jobs: int, seconds: float | None) -> None:
        self._setup, self._jobs, self._seconds = setup, jobs, seconds
        self._pool: Any = None

    def __enter__(self) -> Workers:
        from analyzer.batch.pool import Pool
        from analyzer.batch.run import Here

        if self._jobs <= 1:
            return Here(self._setup)
        self._pool = Pool(self._setup, self._jobs, self._seconds)
        entered: Workers = self._pool.__enter__()
        return entered

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.__exit__(*error)


def _aware(value: Any) -> Any:
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value
