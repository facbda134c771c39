"""The values that cross the borders inside batch work. All plain, none knows how it was made."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from analyzer.model import CaptureInfo, Cluster

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
    reason: for people, when the state is not `done`. seconds: of work.
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


class BatchSummary(msgspec.Struct, kw_only=True):
    """What the tickets have in common: the values behind `index.html` and `summary.json`."""

    tickets: int = 0
    by_state: dict[str, int] = msgspec.field(default_factory=dict)
    headline: str = ""
    clusters: list[Cluster] = msgspec.field(default_factory=list)
