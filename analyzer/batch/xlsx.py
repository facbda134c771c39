"""The batch as an Excel workbook. Needs the extra `xlsx`.

Text is text: nothing is written as a formula or a link, whatever it begins with. A text that a spreadsheet
would run when the sheet is saved as CSV gets an apostrophe in front, as in tickets.csv.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from analyzer.batch.model import BatchSummary
from analyzer.batch.tables import CHUNK, TICKET_COLUMNS, stream_columns, ticket_rows
from analyzer.causes import CAUSES
from analyzer.errors import UsageError
from analyzer.report.tables import inert

MOST: Final = 1_048_575  # rows that a sheet has below its header
_LONGEST: Final = 32_767  # characters of a cell
# A sheet is for people: the columns that say what happened. streams.parquet has them all.
STREAM_COLUMNS: Final = [
    "ticket",
    "id",
    "severity",
    "cause",
    "party",
    "confidence",
    "rule",
    "title",
    "explanation",
    "settle",
    "started_at",
    "ended_at",
    "method",
    "url",
    "host",
    "status",
    "net_error",
    "http_version",
    "browser",
    "browser_version",
    "gateway",
    "provider",
    "protocol",
    "framing",
    "dialect",
    "capture",
    "where",
    "duration_ms",
    "ttfb_ms",
    "idle_before_end_ms",
    "events",
    "body_bytes",
    "finish_reason",
    "close_code",
    "grpc_status",
    "upstream_status",
    "closed_by",
    "closed_why",
]


def write_xlsx(db: Any, summary: BatchSummary, path: Path) -> None:
    """The workbook: summary, tickets, streams, problems, unreadable. Needs what `tables.ticket_rows` needs.

    Rows beyond what a sheet can hold are left out, and its last line says so. The same tickets give the
    same bytes. Raises UsageError when the extra is not installed.
    """
    try:
        import xlsxwriter
    except ImportError as error:
        raise UsageError(
            "an Excel workbook needs a package that is not installed", help="pip install 'hangup[xlsx]'"
        ) from error
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(str(path), {**options, "tmpdir": str(path.parent)})
    book.set_properties({"title": "hangup", "created": datetime(2020, 1, 1, tzinfo=UTC)})
    try:
        bold, date = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        writer = _Sheets(book, bold, date)
        writer.sheet("summary", ("what", "value"), _summary(summary), (34, 90))
        writer.sheet("tickets", tuple(TICKET_COLUMNS), ticket_rows(db), (18, 22, 19, 16, 10, 10, 50))
        writer.sheet("streams", tuple(STREAM_COLUMNS), _streams(db), (18, 8, 10, 22, 12, 12, 28, 50))
        writer.sheet(
            "problems",
            (
                "id",
                "kind",
                "cause",
                "party",
                "title",
                "tickets",
                "share",
                "customers",
                "text",
                "baseline",
                "members",
            ),
            _problems(summary),
            (6, 9, 22, 12, 40, 8, 8, 10, 80, 60, 60),
        )
        unreadable = ([row.ticket, row.capture, row.reason] for row in summary.unreadable)
        writer.sheet("unreadable", ("ticket", "attachment", "reason"), unreadable, (18, 40, 80))
    finally:
        book.close()


class _Sheets:
    def __init__(self, book: Any, bold: Any, date: Any) -> None:
        self._book, self._bold, self._date = book, bold, date

    def sheet(
        self, name: str, header: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[int]
    ) -> None:
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 1)
        for column, width in enumerate(widths):
            sheet.set_column(column, column, width)
        for column, title in enumerate(header):
            sheet.write_string(0, column, title, self._bold)
        number = 0
        for row in rows:
            if number == MOST - 1:
                sheet.write_string(MOST, 0, "more rows than a sheet can hold; the other files have them all")
                number += sum(1 for _ in rows)  # let go of the connection
                break
            number += 1
            for column, value in enumerate(row):
                self._cell(sheet, number, column, value)
        sheet.autofilter(0, 0, min(max(number, 1), MOST), len(header) - 1)

    def _cell(self, sheet: Any, row: int, column: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool):
            sheet.write_boolean(row, column, value)
        elif isinstance(value, int | float):
            sheet.write_number(row, column, value)
        elif isinstance(value, datetime):
            naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
            if naive.year >= 1900:
                sheet.write_datetime(row, column, naive, self._date)
            else:
                sheet.write_string(row, column, f"{naive.isoformat()}Z")
        else:
            sheet.write_string(row, column, _text(value))


def _text(value: Any) -> str:
    shown = inert(str(value))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


def _summary(summary: BatchSummary) -> Iterable[Sequence[Any]]:
    yield "headline", summary.headline
    yield "", summary.lead
    yield "first ticket (UTC)", summary.first_at
    yield "last ticket (UTC)", summary.last_at
    for name in (
        "tickets",
        "broken",
        "innocent",
        "without_streams",
        "unexplained",
        "captures",
        "streams",
        "broken_streams",
    ):
        yield name.replace("_", " "), getattr(summary, name)
    for state, count in summary.by_state.items():
        yield f"state: {state}", count
    for cause in summary.causes:
        yield f"cause: {cause.cause}", cause.tickets
    for row in summary.customers or []:
        yield f"broken tickets of {row.customer}", row.broken
    for question in summary.questions:
        yield f"ask ({question.tickets} tickets)", question.ask


def _problems(summary: BatchSummary) -> Iterable[Sequence[Any]]:
    for item in summary.problems:
        members = ", ".join(item.members) + (f" and {item.more} more" if item.more else "")
        yield (
            item.id, item.kind, item.cause, item.party, CAUSES[item.cause].title, item.tickets, item.share, item.customers,
            item.text.replace("`", ""), item.baseline.replace("`", ""), members,
        )  # fmt: skip


def _streams(db: Any) -> Iterable[Sequence[Any]]:
    kinds = stream_columns()
    listed = ", ".join(
        f'CAST("{name}" AS TIMESTAMP)' if kinds[name] == "timestamp" else f'"{name}"'
        for name in STREAM_COLUMNS
    )
    db.execute(f"SELECT {listed} FROM streams ORDER BY ticket, TRY_CAST(substr(id, 2) AS BIGINT), id")
    while rows := db.fetchmany(CHUNK):
        yield from rows
