"""The page about many tickets: what its template receives, and the file itself.

One file like a ticket's own report: no request to anywhere, a strict policy, everything escaped. It links
to the tickets' reports by relative paths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from markupsafe import Markup

from analyzer.batch import charts
from analyzer.batch.model import BatchSummary, Breakdown, CustomerRow, Problem, Question, Share
from analyzer.batch.summary import leading
from analyzer.causes import CAUSES, SEVERITIES
from analyzer.report.html import environment, policy, source
from analyzer.report.numbers import NBSP, duration, plural, size
from analyzer.report.prose import prose
from analyzer.report.view_stream import PARTY_WORDS
from analyzer.safe import clipped, one_line

ROWS: Final = 2000  # tickets in the table; tickets.csv has them all
_NAMED: Final = 40  # tickets that a card names
_UNREAD: Final = 200
_VALUES: Final = 8  # of a breakdown; summary.json has more
_STYLES: Final = (
    "report/css/tokens.css", "report/css/page.css", "report/css/drawings.css", "batch/batch.css", "report/css/print.css",
    "batch/print.css",
)  # fmt: skip
_SCRIPT: Final = "batch/batch.js"
_PARTIES: Final[dict[str, str]] = {str(party): words for party, words in PARTY_WORDS.items()}
_TONES: Final = {
    "failed": "failed", "degraded": "degraded", "info": "nobody’s fault", "ok": "completed", "none": "no stream",
    "unread": "not read",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One row of the table. link: the ticket's report, None when it has none. sort: for the script."""

    ticket: str
    link: str | None
    tone: str
    word: str
    said: str
    cause: str
    who: str
    customer: str
    opened: str
    sort_opened: str
    streams: str
    sort_streams: int


@dataclass(frozen=True, slots=True)
class Files:
    """What lies beside the page."""

    xlsx: bool = False


Link = Callable[[str], str | None]


def render_page(
    summary: BatchSummary, rows: Sequence[TicketRow], link: Link, *, version: str, files: Files | None = None
) -> str:
    """`index.html`. link: the relative URL of a ticket's report; None for a ticket that has none."""
    style, script = assets()
    return (
        environment()
        .get_template("batch/index.html.j2")
        .render(
            v=View(summary, rows, link, version, files or Files()),
            style=Markup(style),  # noqa: S704 -- our own file
            script=Markup(script),  # noqa: S704 -- our own file
            policy=policy(style, script),
        )
    )


@cache
def assets() -> tuple[str, str]:
    """The style sheet and the script, exactly as they stand in the page."""
    return "".join(source(part) for part in _STYLES), source(_SCRIPT)


def worst_rows(db: Any, link: Link, *, most: int = ROWS) -> list[TicketRow]:
    """The tickets of the table, worst first, the newest first among equals. Needs `working.prepare`."""
    cursor = db.execute(
        f"""SELECT ticket, state, severity, cause, party, broken, who, moment, headline, reason, streams, broken_streams
        FROM batch_t ORDER BY CASE WHEN state = 'done' THEN
          coalesce(list_position(['failed', 'degraded'], severity), list_position(['info', 'ok'], severity) + 4, 4)
          ELSE 3 END, moment DESC NULLS LAST, ticket LIMIT {most}"""
    )
    names = [column[0] for column in cursor.description]
    rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    return [ticket_row(row, link(row["ticket"])) for row in rows]


def ticket_row(row: dict[str, Any], link: str | None) -> TicketRow:
    """A row of `batch_t` for the table."""
    state, severity = row["state"], row["severity"] or "none"
    tone = severity if state == "done" else "unread"
    cause = row["cause"]
    said = row["headline"] if state == "done" else row["reason"]
    opened: datetime | None = row["moment"]
    return TicketRow(
        ticket=one_line(row["ticket"], 120),
        link=link,
        tone=tone if tone in SEVERITIES else "none",
        word=_TONES.get(tone, tone),
        said=one_line(said or ("Nothing failed." if tone == "ok" else "No stream was found."), 300),
        cause=cause or "",
        who=PARTY_WORDS[row["party"]] if row["party"] in PARTY_WORDS and row["broken"] else "",
        customer=one_line(row["who"] or "", 80),
        opened=f"{opened:%Y-%m-%d %H:%M}" if opened else "",
        sort_opened=f"{opened:%Y%m%d%H%M%S}" if opened else "",
        streams=f"{row['broken_streams']:,} of {row['streams']:,}" if row["streams"] else "",
        sort_streams=row["broken_streams"],
    )


class View:
    """Everything that the template prints. Strings are plain text or safe `Markup`."""

    def __init__(
        self, summary: BatchSummary, rows: Sequence[TicketRow], link: Link, version: str, files: Files
    ) -> None:
        self._link = link
        self.s = summary
        self.version, self.files = version, files
        self.tone = "failed" if summary.broken else "ok"
        self.headline, self.lead = summary.headline, summary.lead
        self.span = _span(summary)
        self.parts = _parts(summary)
        self.queue = charts.queue_bar(self.parts) if summary.tickets else None
        self.problems = [self._problem(item) for item in summary.problems]
        self.trend = charts.over_time(summary.trend)
        self.parties = self._multiples(summary.by_party, party=True)
        self.causes = self._multiples(
            {item.cause: item.tickets for item in summary.causes if item.severity in ("failed", "degraded")},
            party=False,
        )
        self.buckets = [
            (
                charts.when(b.start, summary.trend.step or "day"),
                b.tickets,
                b.broken,
                _counts(b.by_party),
                _counts(b.by_cause),
            )
            for b in summary.trend.buckets
        ]
        self.breakdowns = [self._breakdown(item) for item in summary.breakdowns if not _same(item)]
        self.same = [
            (_inside(item.title), one_line(item.values[0].value, 80))
            for item in summary.breakdowns
            if _same(item)
        ]
        self.customers = [self._customer(row, summary) for row in summary.customers or []]
        self.questions = [self._question(item) for item in summary.questions]
        self.innocent = [
            (item.title, item.cause, plural(item.tickets, "ticket"), CAUSES[item.cause].meaning)
            for item in summary.causes
            if item.tickets and item.severity in ("info", "ok")
        ]
        counted = summary.innocent - sum(i.tickets for i in summary.causes if i.severity in ("info", "ok"))
        if counted > 0:
            meaning = "All that the log tells of streams is counted, and none of them failed."
            self.innocent.append(("Every stream in a log ended well", "", plural(counted, "ticket"), meaning))
        self.unreadable = [
            (
                self.ticket(row.ticket),
                one_line(row.capture, 120) if row.capture else "",
                one_line(row.reason, 300),
            )
            for row in summary.unreadable[:_UNREAD]
        ]
        self.unreadable_more = max(0, summary.unreadable_total - len(self.unreadable))
        self.rows = rows
        self.rows_more = max(0, summary.tickets - len(rows))

    def ticket(self, ticket: str) -> tuple[str, str | None]:
        """A ticket's name and the link to its report."""
        return clipped(ticket, 40), self._link(ticket)

    def _named(self, members: Sequence[str], more: int) -> dict[str, Any]:
        shown = [self.ticket(name) for name in members[:_NAMED]]
        return {"members": shown, "more": more + len(members) - len(shown)}

    def _problem(self, item: Problem) -> dict[str, Any]:
        who = _PARTIES.get(item.party, item.party)
        facts = [(_label(name), _value(name, value)) for name, value in item.shared.items()]
        return {
            "id": item.id, "title": item.title, "cause": item.cause, "who": who,
            "tickets": plural(item.tickets, "ticket"), "share": _percent(item.share),
            "customers": plural(item.customers, "customer") if item.customers else "",
            "text": prose(item.text), "baseline": prose(item.baseline) if item.baseline else None,
            "shared": facts, "tone": CAUSES[item.cause].severity, **self._named(item.members, item.more),
        }  # fmt: skip

    def _question(self, item: Question) -> dict[str, Any]:
        why = {
            "unexplained": "Nothing in the capture says why",
            "no-stream": "No stream in the capture",
            "unsure": "Only possible so far: this would settle it",
        }
        return {
            "why": why[item.kind], "ask": prose(item.ask), "tickets": plural(item.tickets, "ticket"),
            **self._named(item.members, item.more),
        }  # fmt: skip

    def _multiples(self, counts: dict[str, int], *, party: bool) -> list[tuple[str, Markup, int]]:
        buckets = self.s.trend.buckets
        if len(buckets) < 2:
            return []
        names = [name for name, count in sorted(counts.items(), key=lambda i: (-i[1], i[0])) if count][:6]
        lines = {name: charts.series(buckets, name, party=party) for name in names}
        top = max((max(line) for line in lines.values()), default=1)
        made = []
        for place, (name, line) in enumerate(lines.items()):
            title = _PARTIES[name] if party else CAUSES[name].title
            made.append(
                (title, charts.small(f"{'p' if party else 'c'}t{place}", title, line, top), sum(line))
            )
        return made

    def _breakdown(self, item: Breakdown) -> dict[str, Any]:
        top = max((value.tickets for value in item.values), default=1)
        notes = []
        more = item.more + len(item.values[_VALUES:])
        if more:
            notes.append(f"{more:,} more values are left out")
        if item.unknown:
            notes.append(f"{plural(item.unknown, 'stream')} did not record it")
        return {
            "title": item.title, "by": item.by, "note": "; ".join(notes),
            "values": [
                self._value(value, top, item.values[place - 1].cause if place else None)
                for place, value in enumerate(item.values[:_VALUES])
            ],
        }  # fmt: skip

    def _value(self, item: Share, top: int, above: str | None) -> dict[str, Any]:
        # The same cause line after line would hide the line that differs.
        return {
            "value": one_line(item.value, 80),
            "bar": charts.share_bar(item.broken_tickets, item.tickets, top),
            "tickets": f"{item.broken_tickets:,} of {item.tickets:,}",
            "share": _interval(item.broken_streams, item.streams, item.low, item.high),
            "cause": CAUSES[item.cause].title if item.cause in CAUSES and item.cause != above else "",
        }

    def _customer(self, item: CustomerRow, summary: BatchSummary) -> dict[str, Any]:
        top = max(row.tickets for row in summary.customers or [item])
        return {
            "name": one_line(item.customer, 80),
            "bar": charts.share_bar(item.broken, item.tickets, top),
            "tickets": f"{item.broken:,} of {item.tickets:,}",
            "rate": "too few to say"
            if item.rate is None
            else f"{_percent(item.rate)} ({_range(item.low, item.high)})",
            "notable": item.notable,
            "cause": CAUSES[item.cause].title if item.cause in CAUSES else "",
        }


def _same(item: Breakdown) -> bool:
    return len(item.values) == 1 and not item.unknown


def _parts(summary: BatchSummary) -> list[charts.Part]:
    """The queue as it is drawn; every ticket is in exactly one part."""
    named = leading(summary)
    parts = [charts.Part(str(place + 1), item.tickets, item.title) for place, item in enumerate(named)]
    told = sum(item.tickets for item in named)
    others = sum(item.tickets for item in summary.problems) - told
    lost = sum(count for state, count in summary.by_state.items() if state != "done")
    parts += [
        charts.Part("more", others, "Other problems of several tickets"),
        charts.Part(
            "rest", summary.broken - told - others - summary.unexplained, "Broke in a way of their own"
        ),
        charts.Part("why", summary.unexplained, "Broke, and nobody can say why yet"),
        charts.Part("ok", summary.innocent, "Nothing broke"),
        charts.Part("none", summary.without_streams, "No stream in the captures"),
        charts.Part("lost", lost, "Could not be read"),
    ]
    return [part for part in parts if part.tickets > 0]


def _span(summary: BatchSummary) -> str:
    if summary.first_at is None or summary.last_at is None:
        return ""
    first, last = summary.first_at[:10], summary.last_at[:10]
    return first if first == last else f"{first} to {last}"


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda i: (-i[1], i[0]))
    )


def _percent(share: float) -> str:
    return f"{share * 100:.0f}{NBSP}%" if share >= 0.01 or share == 0 else f"under 1{NBSP}%"


def _range(low: float, high: float) -> str:
    return f"{low * 100:.0f}–{high * 100:.0f}{NBSP}%"


def _interval(part: int, whole: int, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return ""
    return f"{part:,} of {whole:,} ({_range(low, high)})"


_LABELS: Final = {
    "duration_ms": "Lasted", "idle_ms": "Silence before the end", "bytes": "Size", "at": "At", "server_ip": "Server address",
    "http_version": "HTTP version", "edge_location": "Edge location",
}  # fmt: skip


def _inside(title: str) -> str:
    """A title as it reads inside a sentence: `HTTP version` keeps its capitals."""
    return title if title[1:2].isupper() else title[:1].lower() + title[1:]


def _label(name: str) -> str:
    if name.startswith("also_"):
        return f"Also: {_inside(_label(name.removeprefix('also_')))}"
    return _LABELS.get(name, name.replace("_", " ").capitalize())


def _value(name: str, value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_value(name, item) for item in value)
    if name.endswith("_ms") and isinstance(value, int | float):
        return duration(value) or ""
    if name.endswith("bytes") and isinstance(value, int | float):
        return size(value) or ""
    if name == "at":
        return f"{str(value)[:19].replace('T', ' ')}{NBSP}UTC"
    return one_line(f"{value:,}" if isinstance(value, int) else value, 120)
