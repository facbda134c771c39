"""Batches made by hand: the ledger's tables filled with tickets that look like a support queue's."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import duckdb

from analyzer.causes import CAUSES, SEVERITIES
from analyzer.report.tables import table_columns

START = datetime(2026, 3, 2, 8, 0, 0)
SQL = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "number": "DOUBLE",
    "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMPTZ",
}


@dataclass
class Case:
    """One ticket: its streams as columns, and its captures as (path, error)."""

    ticket: str
    streams: list[dict[str, Any]] = field(default_factory=list)
    customer: str | None = None
    at: str | None = None
    tags: tuple[str, ...] = ()
    state: str = "done"
    reason: str | None = None
    captures: list[tuple[str, str | None]] = field(default_factory=lambda: [("chat.har", None)])


def stream(cause: str, **columns: Any) -> dict[str, Any]:
    """A stream with that verdict; columns as in the exchange table."""
    known = CAUSES[cause]
    return {
        "cause": cause, "party": known.party, "severity": known.severity, "confidence": "certain", "rule": f"{cause}-rule",
        "title": known.title, "explanation": known.meaning, "capture": "chat.har", "capture_kind": "har", **columns,
    }  # fmt: skip


def ledger(cases: list[Case]) -> duckdb.DuckDBPyConnection:
    """An in-memory database with the tables that batch work keeps."""
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.execute(
        """CREATE TABLE tickets (ticket VARCHAR PRIMARY KEY, customer VARCHAR, "at" VARCHAR, tags VARCHAR[], state VARCHAR,
        reason VARCHAR, headline VARCHAR, severity VARCHAR, cause VARCHAR, party VARCHAR, confidence VARCHAR, rule VARCHAR,
        captures INTEGER, exchanges INTEGER, streams INTEGER, failed INTEGER, degraded INTEGER, seconds DOUBLE,
        analysed_at TIMESTAMP)"""
    )
    db.execute("CREATE TABLE captures (ticket VARCHAR, path VARCHAR, kind VARCHAR, error VARCHAR)")
    body = ", ".join(f'"{name}" {SQL[kind]}' for name, kind in table_columns().items() if name != "ticket")
    db.execute(f"CREATE TABLE streams (ticket VARCHAR, {body})")
    for case in cases:
        put(db, case)
    return db


def put(db: Any, case: Case) -> None:
    rows = sorted(case.streams, key=lambda s: SEVERITIES.index(s["severity"]))
    worst = rows[0] if rows else {}
    broken = [row["severity"] for row in rows]
    db.execute(
        "INSERT INTO tickets VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            case.ticket, case.customer, case.at, list(case.tags), case.state, case.reason, worst.get("title"),
            worst.get("severity", "none"), worst.get("cause"), worst.get("party"), worst.get("confidence"), worst.get("rule"),
            len(case.captures), len(rows), len(rows), broken.count("failed"), broken.count("degraded"), 0.1, START,
        ],
    )  # fmt: skip
    for path, error in case.captures:
        db.execute("INSERT INTO captures VALUES (?, ?, 'har', ?)", [case.ticket, path, error])
    for place, row in enumerate(rows):
        values = {"ticket": case.ticket, "id": f"s{place + 1}", **row}
        names = ", ".join(f'"{name}"' for name in values)
        db.execute(
            f"INSERT INTO streams ({names}) VALUES ({', '.join('?' * len(values))})", list(values.values())
        )


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
                    f"{at.isoformat(timespec='seconds')}Z", ("streaming",))  # fmt: skip
        if kind > 0.96:
            case.streams, case.state, case.reason = [], "unreadable", "none of its attachments could be read"
            case.captures = [("screenshot.png", "it is an image, not a capture")]
        cases.append(case)
    return cases
