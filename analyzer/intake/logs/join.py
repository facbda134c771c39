"""Error-log lines joined to the access-log line of the same exchange.

An access log says what was sent, an error log why it stopped. A line of the one belongs to a line of the
other when they share the connection, or else client, request and second. The error's account then
replaces the access line's guess from the status, and the error line stops being a row of its own. Where
two access lines fit equally well nothing is joined.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from analyzer.intake.logs.detect import formats
from analyzer.intake.logs.streams import literal

# Both stamps are cut to whole seconds, and the access line is written after the error line.
NEAR_S: Final = 2.5
WORKER_S: Final = 1.5
EVENTS: Final = "log_events"


@dataclass(slots=True)
class Joined:
    """joined: error lines that found their access line: (`n` of the row, where the error line stands).

    ambiguous: error lines that fit several access lines equally well. workers: rows explained by a
    worker's end. shift_s: what the error log's clock had to be moved by, because it names no zone.
    """

    joined: list[tuple[int, str]]
    ambiguous: int = 0
    workers: list[tuple[int, str]] | None = None
    shift_s: float = 0.0


def create_events(con: Any) -> None:
    """The table of error-log messages about no request: workers killed, reloads."""
    con.execute(
        f'CREATE TABLE IF NOT EXISTS {EVENTS} (capture VARCHAR, "where" VARCHAR, ended_at TIMESTAMP, gateway VARCHAR,'
        " worker_message VARCHAR, closed_why VARCHAR)"
    )


def join_errors(con: Any, table: str = "exchanges") -> Joined:
    """Join what error logs and access logs say of the same exchanges. Call it when all logs are read."""
    errors = _ids("error")
    found = Joined([], workers=[])
    if not con.execute(f"SELECT 1 FROM {table} WHERE dialect IN ({errors}) LIMIT 1").fetchone():
        found.workers = _workers(con, table)
        return found
    found.shift_s = _shift(con, table, errors)
    near = con.execute(
        f"""
        WITH pairs AS (
            SELECT e.n AS error, a.n AS access, e."where" AS place,
                   coalesce(e.connection_id = a.connection_id, false) AS same_connection,
                   coalesce(e.closed_by = a.closed_by, false) OR a.closed_by IS NULL AS agrees,
                   abs(epoch_ms(e.ended_at) - epoch_ms(a.ended_at)) / 1000.0 AS apart
            FROM {table} e JOIN {table} a
              ON e.gateway = a.gateway AND e.client_ip = a.client_ip
             AND (e.url = a.url OR e.url IS NULL OR e.path = a.path)
             AND coalesce(e.method = a.method, true)
            WHERE e.dialect IN ({errors}) AND a.dialect NOT IN ({errors})
              AND coalesce(e.upstream = a.upstream, true)
              AND (e.connection_id = a.connection_id OR e.connection_id IS NULL OR a.connection_id IS NULL)
        ), close AS (SELECT * FROM pairs WHERE apart <= {NEAR_S}),
        ranked AS (
            SELECT *, rank() OVER w AS place_in_error,
                   count(*) OVER (PARTITION BY error, same_connection, agrees, round(apart)) AS ties
            FROM close WINDOW w AS (PARTITION BY error ORDER BY same_connection DESC, agrees DESC, round(apart))
        )
        SELECT error, access, place, ties FROM ranked WHERE place_in_error = 1 ORDER BY error
        """
    ).fetchall()
    taken: set[int] = set()
    ambiguous: set[int] = set()
    for error, access, place, ties in near:
        if ties > 1:
            ambiguous.add(error)
        elif access not in taken:
            taken.add(access)
            _absorb(con, table, error, access)
            found.joined.append((access, place))
    found.ambiguous = len(ambiguous)
    found.workers = _workers(con, table)
    return found


def _ids(role: str) -> str:
    return ", ".join(literal(f.id) for f in formats().values() if f.role == role)


def _absorb(con: Any, table: str, error: int, access: int) -> None:
    taken = ("closed_by", "closed_phase", "closed_why", "worker_message", "upstream", "error_reason", "connection_id")
    sets = ", ".join(f"{c} = coalesce(e.{c}, {table}.{c})" for c in taken[:4])
    kept = ", ".join(f"{c} = coalesce({table}.{c}, e.{c})" for c in taken[4:])
    cols = ", ".join(taken)
    con.execute(
        f"UPDATE {table} SET {sets}, {kept} FROM (SELECT {cols} FROM {table} WHERE n = {error}) e"
        f" WHERE {table}.n = {access}"
    )
    con.execute(f"DELETE FROM {table} WHERE n = {error}")


def _shift(con: Any, table: str, errors: str) -> float:
    """Error logs without a zone are in local time. The shift, in quarter hours, that most pairs agree on."""
    row = con.execute(
        f"""
        SELECT round((epoch_ms(e.ended_at) - epoch_ms(a.ended_at)) / 900000.0) * 900 AS shift, count(DISTINCT e.n) AS votes
        FROM {table} e JOIN {table} a ON e.gateway = a.gateway AND e.client_ip = a.client_ip
         AND (e.url = a.url OR e.url IS NULL OR e.path = a.path) AND coalesce(e.method = a.method, true)
        WHERE e.dialect IN ({errors}) AND a.dialect NOT IN ({errors})
          AND abs(epoch_ms(e.ended_at) - epoch_ms(a.ended_at)) <= 14 * 3600000
          AND abs(((epoch_ms(e.ended_at) - epoch_ms(a.ended_at) + 450000) % 900000 + 900000) % 900000 - 450000) <= {NEAR_S * 1000}
        GROUP BY shift ORDER BY votes DESC, abs(shift) LIMIT 1
        """
    ).fetchone()
    if row is None or not row[0]:
        return 0.0
    con.execute(
        f"UPDATE {table} SET ended_at = ended_at - to_seconds({row[0]}), started_at = started_at - to_seconds({row[0]})"
        f" WHERE dialect IN ({errors})"
    )
    return float(row[0])


def _workers(con: Any, table: str) -> list[tuple[int, str]]:
    """Rows whose upstream hung up within a moment of a worker's end: the worker is the reason."""
    create_events(con)
    rows = con.execute(
        f"""
        SELECT x.n, arg_min(v."where", abs(epoch_ms(x.ended_at) - epoch_ms(v.ended_at))),
               arg_min(v.worker_message, abs(epoch_ms(x.ended_at) - epoch_ms(v.ended_at)))
        FROM {table} x JOIN {EVENTS} v ON abs(epoch_ms(x.ended_at) - epoch_ms(v.ended_at)) <= {WORKER_S * 1000}
        WHERE v.closed_why = 'worker-killed' AND x.closed_by = 'upstream' AND x.closed_phase IN ('headers', 'data')
          AND x.closed_why IN ('error', 'reset')
        GROUP BY x.n ORDER BY x.n
        """
    ).fetchall()
    for n, _, message in rows:
        con.execute(
            f"UPDATE {table} SET worker_message = {literal(message)}, closed_why = 'worker-killed' WHERE n = {n}"
        )
    return [(n, place) for n, place, _ in rows]
