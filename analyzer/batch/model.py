"""The values that cross the borders inside batch work. All plain, none knows how it was made."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from analyzer.model import CaptureInfo, Summary

State = Literal["done", "unreadable", "failed"]
# done: at least one capture was read. unreadable: none was. failed: the work on it was ended.


class Attachment(msgspec.Struct, frozen=True):
    """One file of a ticket.

    url: a path or an address that fsspec opens. members: names inside that file, where it is a ZIP, from
    the outside in; empty for the file itself. name: how reports call it, without folders of this machine.
    """

    url: str
    name: str
    members: tuple[str, ...] = ()


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One case as the ticket system knows it. None where its export does not say.

    id: unique in its batch. at: when it was opened, ISO 8601 in UTC. problems: attachments that the
    source names and that cannot be had, each with a reason.
    """

    id: str
    attachments: tuple[Attachment, ...] = ()
    customer: str | None = None
    at: str | None = None
    tags: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


class TicketResult(msgspec.Struct, kw_only=True):
    """What the work on one ticket gave. Redacted throughout, so it may be stored and sent.

    streams: one dict per stream: the columns of `analyzer.report.tables.table_columns()`. report: the
    `Report` as JSON, to render again from. documents: rendered files by kind (`html`, `markdown`).
    reason: for people, when the state is not `done`. seconds: of work. summary: the report's counts; None
    without a report. content: SHA-256 over what was read, None when it was not hashed. complete: the report
    holds all that another rule set needs to judge the ticket again.
    """

    ticket: str
    state: State
    reason: str | None = None
    captures: list[CaptureInfo] = msgspec.field(default_factory=list)
    streams: list[dict[str, Any]] = msgspec.field(default_factory=list)
    headline: str | None = None
    severity: str = "none"
    cause: str | None = None
    party: str | None = None
    confidence: str | None = None
    rule: str | None = None
    report: bytes | None = None
    documents: dict[str, bytes] = msgspec.field(default_factory=dict)
    seconds: float = 0.0
    summary: Summary | None = None
    content: str | None = None
    complete: bool = False


# ---------------------------------------------------------------------------------- the summary


class Problem(msgspec.Struct, kw_only=True):
    """One problem that several tickets have. A ticket counts for at most one problem: its own verdict's.

    kind: `cluster` where the tickets share more than a cause (a duration, an instant, a machine), `cause`
    where nothing but the cause is common. share: of all tickets, 0 to 1. customers: how many are touched,
    None where the source names none. members: ticket ids, oldest first; the others are counted in `more`.
    shared: what they have in common, as in `analyzer.model.Cluster`; baseline: what the others look like.
    """

    id: str
    kind: Literal["cluster", "cause"]
    cause: str
    party: str
    title: str
    text: str
    tickets: int
    share: float
    customers: int | None = None
    baseline: str = ""
    shared: dict[str, Any] = msgspec.field(default_factory=dict)
    members: list[str] = msgspec.field(default_factory=list)
    more: int = 0


class CauseCount(msgspec.Struct, kw_only=True):
    """A cause: tickets whose own verdict it is, and streams with it in all tickets."""

    cause: str
    title: str
    party: str
    severity: str
    tickets: int
    streams: int


class Bucket(msgspec.Struct, kw_only=True):
    """The tickets of one stretch of time. start: ISO 8601, UTC. Counts of 0 are left out."""

    start: str
    tickets: int = 0
    broken: int = 0
    by_cause: dict[str, int] = msgspec.field(default_factory=dict)
    by_party: dict[str, int] = msgspec.field(default_factory=dict)


class Trend(msgspec.Struct, kw_only=True):
    """Tickets over time. step: length of a bucket, chosen by the span; None when no ticket has a time.

    A ticket counts at the time at which it was opened, else at its first stream's. undated: tickets with
    neither. left_out: dated tickets before the first bucket.
    """

    step: Literal["hour", "day", "week", "month", "year"] | None = None
    buckets: list[Bucket] = msgspec.field(default_factory=list)
    undated: int = 0
    left_out: int = 0


class Share(msgspec.Struct, kw_only=True):
    """One value of a column. tickets, streams: that have it; broken: those that failed or were degraded.

    Streams are those of browser captures: of a log only the broken ones are listed, which says nothing
    about a share. low, high: the 95 % interval (Wilson) of the share of broken streams among those with
    this value; None without such streams. cause: of most of the broken ones, logs included.
    """

    value: str
    tickets: int
    broken_tickets: int
    streams: int
    broken_streams: int
    low: float | None = None
    high: float | None = None
    cause: str | None = None


class Breakdown(msgspec.Struct, kw_only=True):
    """The streams by the values of one column, most broken tickets first.

    more: values that are left out. unknown: streams that do not record it.
    """

    by: str
    title: str
    values: list[Share] = msgspec.field(default_factory=list)
    more: int = 0
    unknown: int = 0


class CustomerRow(msgspec.Struct, kw_only=True):
    """One customer, as it may be shown. rate: broken tickets among theirs; None below five tickets.

    low, high: its 95 % interval (Wilson), also for few tickets. notable: even the low end is above the
    rate of all tickets together.
    """

    customer: str
    tickets: int
    broken: int
    streams: int
    broken_streams: int
    low: float
    high: float
    rate: float | None = None
    notable: bool = False
    cause: str | None = None


class Question(msgspec.Struct, kw_only=True):
    """What to ask the people behind some tickets for. kind: why it is asked.

    `unexplained`: no rule explains it; `no-stream`: the captures hold no stream; `unsure`: something
    else fits as well.
    """

    kind: Literal["unexplained", "no-stream", "unsure"]
    ask: str
    tickets: int
    members: list[str] = msgspec.field(default_factory=list)
    more: int = 0


class Unreadable(msgspec.Struct, kw_only=True):
    """An attachment that could not be read, or a ticket whose work was ended; capture None is the latter."""

    ticket: str
    capture: str | None
    reason: str


class BatchSummary(msgspec.Struct, kw_only=True):
    """What the tickets have in common: the values behind `index.html` and `summary.json`.

    broken: tickets whose verdict is failed or degraded; innocent: those with streams and none of them
    broken; without_streams: read, and there was no stream; unexplained: broken, in none of the problems, and
    no rule says why. unreadable is cut at 1,000 rows;
    unreadable_total counts all. customers is None where the source names none.
    """

    tickets: int = 0
    by_state: dict[str, int] = msgspec.field(default_factory=dict)
    headline: str = ""
    lead: str = ""
    broken: int = 0
    innocent: int = 0
    without_streams: int = 0
    unexplained: int = 0
    streams: int = 0
    broken_streams: int = 0
    captures: int = 0
    first_at: str | None = None
    last_at: str | None = None
    problems: list[Problem] = msgspec.field(default_factory=list)
    causes: list[CauseCount] = msgspec.field(default_factory=list)
    by_party: dict[str, int] = msgspec.field(default_factory=dict)
    trend: Trend = msgspec.field(default_factory=Trend)
    breakdowns: list[Breakdown] = msgspec.field(default_factory=list)
    customers: list[CustomerRow] | None = None
    customers_total: int = 0
    questions: list[Question] = msgspec.field(default_factory=list)
    unreadable: list[Unreadable] = msgspec.field(default_factory=list)
    unreadable_total: int = 0
