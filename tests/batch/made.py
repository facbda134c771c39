"""Batches made by hand: the ledger's tables filled with tickets that look like a support queue's."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.batch.ledger import Ledger, entry
from analyzer.batch.model import State, Ticket, TicketResult
from analyzer.causes import CAUSES, SEVERITIES
from analyzer.model import CaptureInfo, Summary

START = datetime(2026, 3, 2, 8, 0, 0, tzinfo=UTC)


@dataclass
class Case:
    """One ticket: its streams as columns, and its captures as (path, error)."""

    ticket: str
    streams: list[dict[str, Any]] = field(default_factory=list)
    customer: str | None = None
    at: str | None = None
    tags: tuple[str, ...] = ()
    state: State = "done"
    reason: str | None = None
    captures: list[tuple[str, str | None]] = field(default_factory=lambda: [("chat.har", None)])
    counted: int = 0  # healthy streams of a log, which are not listed
    report: bytes | None = None
    html: bytes | None = None


def stream(cause: str, **columns: Any) -> dict[str, Any]:
    """A stream with that verdict; columns as in the exchange table."""
    known = CAUSES[cause]
    return {
        "cause": cause, "party": known.party, "severity": known.severity, "confidence": "certain", "rule": f"{cause}-rule",
        "title": known.title, "explanation": known.meaning, "capture": "chat.har", "capture_kind": "har", **columns,
    }  # fmt: skip


def result(case: Case) -> TicketResult:
    """The case as the work on it would have given it."""
    rows = [
        {"id": f"s{place + 1}", **row}
        for place, row in enumerate(sorted(case.streams, key=lambda s: SEVERITIES.index(s["severity"])))
    ]
    counts: dict[str, Any] = dict(Counter(row["severity"] for row in rows))
    worst = rows[0] if rows else {}
    return TicketResult(
        ticket=case.ticket,
        state=case.state,
        reason=case.reason,
        captures=[
            CaptureInfo(path=path, error=error, exchanges=len(rows), streams=len(rows))
            for path, error in case.captures
        ],
        streams=rows,
        headline=worst.get("title"),
        severity=worst.get("severity", "none"),
        cause=worst.get("cause"),
        party=worst.get("party"),
        confidence=worst.get("confidence"),
        rule=worst.get("rule"),
        report=case.report,
        documents={"html": case.html} if case.html else {},
        seconds=0.1,
        summary=Summary(streams=len(rows) + case.counted, **counts),
        content="0" * 64,
        complete=True,
    )


def ledger(cases: list[Case], path: Path | None = None) -> Ledger:
    """A ledger that holds the cases. Close it."""
    made = Ledger(path)
    put(made, cases)
    return made


def put(into: Ledger, cases: list[Case]) -> None:
    """Store cases, in place of those with the same ids."""
    entries = [
        entry(
            Ticket(id=case.ticket, customer=case.customer, at=case.at, tags=case.tags),
            result(case), source=None, reading="r", ruleset="j",
        )
        for case in cases
    ]  # fmt: skip
    for start in range(0, len(entries), 500):
        into.put(entries[start : start + 500])


def scope(made: Ledger, cases: list[Case]) -> Any:
    """A connection that sees these cases of the ledger. Close it first."""
    made.begin()
    made.see([case.ticket for case in cases])
    return made.scope()


@contextmanager
def opened(cases: list[Case]) -> Iterator[Any]:
    """A connection that sees the cases as `tickets`, `captures` and `streams`."""
    with ledger(cases) as made:
        db = scope(made, cases)
        try:
            yield db
        finally:
            db.close()


def queue(count: int = 60, seed: int = 7) -> list[Case]:
    """A queue with three problems, some innocent tickets, and some that cannot be read."""
    rng = random.Random(seed)
    cases = []
    for number in range(count):
        at = START + timedelta(hours=rng.uniform(0, 24 * 20))
        browser = {
            "browser": rng.choice(["chrome", "firefox", "safari"]),
            "browser_version": str(rng.randint(130, 141)),
        }
        base = {"started_at": at, "http_version": rng.choice(["1.1", "2", "3"]), "host": "chat.example.com", "provider": "openai",
                "dialect": "chrome-devtools", "protocol": "openai-chat", **browser}  # fmt: skip
        kind = rng.random()
        streams = [
            stream(
                "completed",
                duration_ms=rng.uniform(2e3, 90e3),
                gateway=rng.choice(["nginx", "cloudflare"]),
                **base,
            )
        ]
        if kind < 0.35:
            length = 61_000 + rng.uniform(-200, 200)
            streams.append(
                stream("gateway-idle-timeout", gateway="nginx", upstream="api-7", duration_ms=length,
                       idle_before_end_ms=60_000 + rng.uniform(-50, 50), ended_at=at + timedelta(milliseconds=length), **base)
            )  # fmt: skip
        elif kind < 0.55:
            streams.append(
                stream("session-expired", gateway="cloudflare", duration_ms=rng.uniform(50, 900), **base)
            )
        elif kind < 0.7:
            streams.append(stream("provider-overloaded", duration_ms=rng.uniform(50, 9000), **base))
        elif kind < 0.76:
            ask = (
                f"Send the gateway's error log for 10:15:{number % 60:02d}-10:15:{(number + 2) % 60:02d} UTC."
            )
            streams.append(
                stream("unexplained", settle=ask, duration_ms=rng.uniform(50, 9e4), **base)
                | {"confidence": "possible"}
            )
        elif kind < 0.8:
            streams = []
        elif kind < 0.84:
            streams.append(stream("stopped-by-user", duration_ms=5000.0, **base))
        case = Case(f"T-{1000 + number}", streams, rng.choice(["Acme", "Globex", "jane@initech.example", "bob@gmail.com", None]),
                    at.isoformat(timespec="seconds"), ("streaming",))  # fmt: skip
        if kind > 0.96:
            case.streams, case.state, case.reason = [], "unreadable", "none of its attachments could be read"
            case.captures = [("screenshot.png", "it is an image, not a capture")]
        cases.append(case)
    return cases
