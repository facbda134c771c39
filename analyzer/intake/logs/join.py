"""What error logs tell beyond single requests: clocks without a zone, and workers that were killed.

Folding an error message into the access line of its exchange is the business of `analyzer.facts`; here is
what has to happen before that, with the table that reading fills for messages about no request.
"""

from __future__ import annotations

from typing import Any, Final

from analyzer.intake.logs.shipped import formats
from analyzer.intake.logs.streams import literal

# Both stamps are cut to whole seconds, and the access line is written after the error line.
NEAR_MS: Final = 2500
WORKER_MS: Final = 1500
ZONE_MS: Final = 900_000
EVENTS: Final = "log_events"


def create_events(con: Any) -> None:
    """The table of error-log messages about no request: workers killed, reloads."""
    con.execute(
        f'CREATE TABLE IF NOT EXISTS {EVENTS} (capture VARCHAR, "where" VARCHAR, ended_at TIMESTAMP,'
        " gateway VARCHAR, worker_message VARCHAR, closed_why VARCHAR)"
    )


def _error_formats() -> str:
    return ", ".join(literal(f.id) for f in formats().values() if f.role == "error")


def align_clocks(con: Any, table: str = "exchanges") -> float:
    """Move error-log rows whose log names no zone to the clock of the access log; returns the seconds.

    nginx writes its error log in local time. The shift is the whole number of quarter hours on which most
    pairs of the same client, request and product agree; without such pairs nothing moves.
    """
    errors = _error_formats()
    if not con.execute(f"SELECT 1 FROM {table} WHERE dialect IN ({errors}) LIMIT 1").fetchone():
        return 0.0
    apart = "(epoch_ms(e.ended_at) - epoch_ms(a.ended_at))"
    row = con.execute(
        f"""
        SELECT round({apart} / {ZONE_MS}.0) * {ZONE_MS // 1000} AS shift, count(DISTINCT e.n) AS votes
        FROM {table} e JOIN {table} a
          ON e.gateway = a.gateway AND e.client_ip = a.client_ip AND e.url = a.url AND e.method = a.method
        WHERE e.dialect IN ({errors}) AND a.dialect NOT IN ({errors}) AND abs({apart}) <= 14 * 3600000
          AND abs({apart} - round({apart} / {ZONE_MS}.0) * {ZONE_MS}) <= {NEAR_MS}
        GROUP BY shift ORDER BY votes DESC, abs(shift) LIMIT 1
        """
    ).fetchone()
    shift = float(row[0]) if row is not None else 0.0
    if shift:
        con.execute(
            f"UPDATE {table} SET ended_at = ended_at - to_seconds({shift}) WHERE dialect IN ({errors})"
        )
    return shift


def join_workers(con: Any, table: str = "exchanges") -> list[tuple[int, str]]:
    """Rows whose upstream hung up within a moment of a worker's end are the worker's doing.

    Sets worker_message and closed_why of those rows. Returns (`n` of the row, where the message stands).
    """
    create_events(con)
    if not con.execute(f"SELECT count(*) FROM {EVENTS}").fetchone()[0]:
        return []
    apart = "abs(epoch_ms(x.ended_at) - epoch_ms(v.ended_at))"
    rows = con.execute(
        f"""
        SELECT x.n, arg_min(v."where", {apart}), arg_min(v.worker_message, {apart})
        FROM {table} x JOIN {EVENTS} v ON {apart} <= {WORKER_MS}
        WHERE v.closed_why = 'worker-killed' AND x.closed_by = 'upstream'
          AND x.closed_phase IN ('headers', 'data') AND x.closed_why IN ('error', 'reset')
        GROUP BY x.n ORDER BY x.n
        """
    ).fetchall()
    for n, _, message in rows:
        con.execute(
            f"UPDATE {table} SET worker_message = ?, closed_why = 'worker-killed' WHERE n = ?", [message, n]
        )
    return [(n, place) for n, place, _ in rows]
