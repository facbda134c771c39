"""What the summary reads: two temporary tables over the ledger, one row per ticket and one per stream.

All counting is SQL over them, so memory does not grow with the number of tickets.
"""

from __future__ import annotations

import math
from typing import Any, Final

from analyzer.batch.mailboxes import PUBLIC

Row = tuple[Any, ...]
MEMBERS: Final = 200  # ticket ids that a group names; the others are counted

_EMAIL: Final = r"[^\s<>@,;:\"()]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)"
# Columns of the exchange table that the summary asks for. A redacted value (`⟨ip:1⟩`) counts within its
# own report only: number 1 of two tickets are two different things, so it is as good as not recorded.
_COLUMNS: Final = [
    "capture_kind",
    "dialect",
    "host",
    "http_version",
    "browser",
    "browser_version",
    "gateway",
    "provider",
    "protocol",
    "framing",
    "server_ip",
    "upstream",
    "edge_location",
    "route",
    "network_after",
    "client_proxy",
    "known_root",
    "duration_ms",
    "idle_before_end_ms",
    "body_bytes",
    "transfer_bytes",
]
_PLACES: Final = frozenset(["host", "server_ip", "upstream", "edge_location", "route"])


def prepare(db: Any) -> None:
    """Make `batch_t` (tickets) and `batch_s` (streams) as temporary tables of this connection.

    db: a DuckDB connection on the ledger's tables. `batch_t`: ticket, who (the customer as it may be shown),
    moment (opened, else the first stream's start; NULL without either), state, severity, cause, party, rule,
    confidence, reason, broken, streams, broken_streams, captures. `batch_s`: ticket, n (1 is the ticket's
    worst), cause, rule, severity, broken, fine, settle, started, ended and columns of the exchange table.
    """
    db.execute("SET TimeZone = 'UTC'")
    columns = ", ".join(
        f"CASE WHEN contains(s.{name}, '⟨') THEN NULL ELSE s.{name} END AS {name}"
        if name in _PLACES
        else f"s.{name}"
        for name in _COLUMNS
    )
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch_s AS
        SELECT s.ticket, s.cause, s.rule, s.severity, s.confidence, s.settle, {columns},
          s.severity IN ('failed', 'degraded') AS broken, s.severity IN ('ok', 'info') AS fine,
          CAST(s.started_at AS TIMESTAMP) AS started, CAST(s.ended_at AS TIMESTAMP) AS ended,
          row_number() OVER (PARTITION BY s.ticket ORDER BY
            list_position(['failed', 'degraded', 'info', 'ok'], s.severity), TRY_CAST(substr(s.id, 2) AS BIGINT), s.id) AS n
        FROM streams s"""
    )
    listed = ", ".join(f"'{domain}'" for domain in sorted(PUBLIC))
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch_t AS
        WITH raw AS (
          SELECT t.*, nullif(lower(regexp_extract(t.customer, '{_EMAIL}', 0, 'i')), '') AS mail,
            lower(regexp_extract(t.customer, '{_EMAIL}', 1, 'i')) AS domain,
            t.opened_at AS opened
          FROM tickets t),
        people AS (
          SELECT mail, row_number() OVER (ORDER BY min(opened) NULLS LAST, min(ticket)) AS number
          FROM raw WHERE mail IS NOT NULL AND domain IN ({listed}) GROUP BY mail),
        first AS (SELECT ticket, min(started) AS started FROM batch_s GROUP BY ticket)
        SELECT r.ticket,
          CASE WHEN p.number IS NOT NULL THEN 'person ' || p.number || ' (' || r.domain || ')'
               WHEN r.mail IS NOT NULL THEN r.domain ELSE nullif(trim(r.customer), '') END AS who,
          coalesce(r.opened, f.started) AS moment, r.state,
          -- The healthy lines of a log are counted and not listed.
          CASE WHEN r.severity = 'none' AND r.streams > 0 AND r.failed + r.degraded = 0 THEN 'ok' ELSE r.severity END AS severity,
          r.cause, r.party, r.rule, r.confidence, r.reason,
          r.severity IN ('failed', 'degraded') AS broken, coalesce(r.streams, 0) AS streams,
          coalesce(r.failed, 0) + coalesce(r.degraded, 0) AS broken_streams, r.captures, r.headline
        FROM raw r LEFT JOIN people p USING (mail) LEFT JOIN first f ON f.ticket = r.ticket"""
    )


def wilson(part: int, whole: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen `part` times in `whole`; (0, 1) when nothing was seen."""
    if whole <= 0:
        return 0.0, 1.0
    z = 1.959964
    share = part / whole
    middle = share + z * z / (2 * whole)
    reach = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole))
    scale = 1 + z * z / whole
    low, high = max(0.0, (middle - reach) / scale), min(1.0, (middle + reach) / scale)
    return (low if part else 0.0), (high if part < whole else 1.0)


def ids(db: Any, test: str, parameters: list[Any] | None = None, most: int = MEMBERS) -> list[str]:
    """Tickets of `batch_t` that pass `test`, oldest first."""
    return [
        row[0]
        for row in db.execute(
            f"SELECT ticket FROM batch_t WHERE {test} ORDER BY moment NULLS LAST, ticket LIMIT {most}",
            parameters or [],
        ).fetchall()
    ]


def one(db: Any, sql: str, parameters: list[Any] | None = None) -> Row:
    """The only row of a query."""
    found: Row = db.execute(sql, parameters or []).fetchone()
    return found
