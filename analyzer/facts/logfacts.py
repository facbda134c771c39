"""What only the whole log can tell: messages that belong to a line, one exchange in two logs, limits.

Everything is SQL over the exchange table, because a log has millions of lines. A proxy writes an
error message and an access line about the same hang-up: together they are one row, so that one hang-up
is one stream.
"""

# ruff: noqa: S608 - the SQL is built from column names and literals of this program.
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from analyzer.columns import Exchange, columns
from analyzer.facts.limits import OVER_MS, UNDER_MS, candidates
from analyzer.model import Phase, Timeline

# What a message tells of an exchange, and what a second access log may know of it.
_MESSAGE: Final = (
    "closed_by",
    "closed_phase",
    "closed_why",
    "worker_message",
    "upstream",
    "connection_id",
    "host",
)
_LATE_S: Final = 2  # a message is written before its access line, both with whole seconds
# The bounds of a peak: a timer fires a little late, never early by more than the clock's grain.
_PEAK_UNDER_MS: Final = 60.0
_PEAK_OVER_MS: Final = 400.0


def join_messages(con: Any, table: str) -> None:
    """Fold the rows of error messages into the rows of their exchanges.

    A message belongs to an access line of the same product, method, target and client when it was
    written while the exchange ran or within two seconds of its end; the connection number decides where
    both have one. Several messages of one exchange: the last one that names an ending counts. Messages
    without an access line stay rows of their own, one for each exchange.
    """
    errors = _error_dialects(con, table)
    if not errors:
        return
    listed = ", ".join(f"'{dialect}'" for dialect in errors)
    is_error = f"dialect IN ({listed})"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE messages AS SELECT n, position, capture, gateway, method, url, client_ip,"
        f" ended_at, {', '.join(_MESSAGE)} FROM {table} WHERE {is_error}"
    )
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE folded AS
        SELECT m.n AS message, a.n AS line FROM messages m JOIN {table} a
        ON a.method = m.method AND a.url = m.url AND a.gateway = m.gateway AND NOT a.{is_error}
        AND coalesce(a.client_ip = m.client_ip, true)
        AND coalesce(a.connection_id = m.connection_id, true)
        AND m.ended_at <= coalesce(a.ended_at, a.started_at) + INTERVAL {_LATE_S} SECOND
        AND m.ended_at >= coalesce(CASE WHEN m.closed_by IS NULL THEN a.started_at END,
                                   a.ended_at, a.started_at) - INTERVAL {_LATE_S} SECOND
        QUALIFY row_number() OVER (PARTITION BY m.n ORDER BY
            abs(epoch_ms(m.ended_at) - epoch_ms(coalesce(a.ended_at, a.started_at))), a.n) = 1"""
    )
    # Messages about the same connection and request that met no access line: one row for each exchange.
    con.execute(
        """INSERT INTO folded
        SELECT n, keeper FROM (
            SELECT n, first_value(n) OVER (PARTITION BY capture, connection_id, method, url, client_ip, grain
                ORDER BY (closed_by IS NULL), position DESC) AS keeper
            FROM (SELECT *, epoch_ms(ended_at) // 600000 AS grain FROM messages
                  WHERE n NOT IN (SELECT message FROM folded) AND connection_id IS NOT NULL)
        ) WHERE n <> keeper"""
    )
    best = ", ".join(
        f"arg_max(m.{name}, (m.closed_by IS NOT NULL, m.ended_at, m.position)) AS {name}" for name in _MESSAGE
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT f.line AS n, {best},"
        " bool_or(m.worker_message = 'buffered-to-disk') AS buffered"
        " FROM folded f JOIN messages m ON m.n = f.message GROUP BY f.line"
    )
    sets = ", ".join(
        f"{name} = coalesce(t.{name}, x.{name})" for name in _MESSAGE if name not in ("host", "connection_id")
    )
    keep = ", ".join(f"{name} = coalesce(x.{name}, t.{name})" for name in ("host", "connection_id"))
    con.execute(f"UPDATE {table} x SET {sets}, {keep} FROM told t WHERE x.n = t.n")
    con.execute(f"DELETE FROM {table} WHERE n IN (SELECT message FROM folded)")
    for name in ("messages", "folded", "told"):
        con.execute(f"DROP TABLE {name}")


def join_files(con: Any, table: str) -> None:
    """Several logs of one run: fold messages, then access logs that tell of the same exchange twice.

    Two lines of one product in two files are one exchange when method, target, status and size agree,
    they end within a second, and nothing else in either file fits as well.
    """
    join_messages(con, table)
    same = " AND ".join(f"a.{name} = b.{name}" for name in ("gateway", "method", "url", "status"))
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE twins AS
        WITH found AS (
            SELECT a.n AS keeper, b.n AS other, count(*) OVER (PARTITION BY a.n, b.capture) AS x,
                   count(*) OVER (PARTITION BY b.n, a.capture) AS y
            FROM {table} a JOIN {table} b ON {same} AND a.capture < b.capture
            AND coalesce(a.client_ip = b.client_ip, true) AND coalesce(a.body_bytes = b.body_bytes, true)
            AND abs(epoch_ms(a.ended_at) - epoch_ms(b.ended_at)) <= 1000
            AND coalesce(abs(a.duration_ms - b.duration_ms) < 100, true)
        ) SELECT min(keeper) AS keeper, other FROM found WHERE x = 1 AND y = 1 GROUP BY other"""
    )
    con.execute("DELETE FROM twins WHERE keeper IN (SELECT other FROM twins)")
    if con.execute("SELECT count(*) FROM twins").fetchone()[0]:
        keys = {"capture", "capture_kind", "dialect", "where", "position", "is_stream", "stream_why"}
        names = [name for name in columns() if name not in keys]
        best = ", ".join(f'any_value(b."{name}") AS "{name}"' for name in names)
        con.execute(
            f"CREATE OR REPLACE TEMP TABLE told AS SELECT t.keeper AS n, {best}"
            f" FROM twins t JOIN {table} b ON b.n = t.other GROUP BY t.keeper"
        )
        sets = ", ".join(f'"{name}" = coalesce(x."{name}", t."{name}")' for name in names)
        con.execute(f"UPDATE {table} x SET {sets} FROM told t WHERE x.n = t.n")
        con.execute(f"DELETE FROM {table} WHERE n IN (SELECT other FROM twins)")
        con.execute("DROP TABLE told")
    con.execute("DROP TABLE twins")


def add_context(con: Any, table: str) -> None:
    """Fill limit_ms, series_same_duration and series_same_bytes for the rows whose ending needs them.

    Counted among the streams that the log says were cut, per party that closed; for lines that say
    nothing of their end (a 200 of a product that cannot record a cut), limit_ms is filled only where far
    more of them lasted just that long than the times around it would give by chance.
    """
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE facts_now AS
        SELECT n, limit_ms, CASE WHEN duration_ms >= 1000 THEN
            count(*) OVER (PARTITION BY closed_by, closed_phase ORDER BY duration_ms
            RANGE BETWEEN 1000 PRECEDING AND 1000 FOLLOWING) END AS same_duration,
            CASE WHEN body_bytes > 0 THEN count(*) OVER (PARTITION BY closed_by, closed_phase, body_bytes) END AS same_bytes
        FROM (SELECT n, duration_ms, body_bytes, closed_by, closed_phase, {_fits("duration_ms", (*candidates("total"), *candidates("idle")))} AS limit_ms
              FROM {table} WHERE closed_by IN ('client', 'proxy', 'upstream') AND duration_ms IS NOT NULL)"""
    )
    con.execute(
        f"UPDATE {table} x SET limit_ms = f.limit_ms, series_same_duration = f.same_duration,"
        " series_same_bytes = f.same_bytes FROM facts_now f WHERE x.n = f.n"
    )
    con.execute("DROP TABLE facts_now")
    _silent_peaks(con, table)


def _silent_peaks(con: Any, table: str) -> None:
    """Peaks of the duration among lines without any word on their end."""
    mute = (
        "closed_by IS NULL AND worker_message IS NULL AND duration_ms >= 5000"
        " AND (status BETWEEN 200 AND 299 OR status = 101)"
    )
    limits = sorted({*candidates("total")})
    values = ", ".join(f"({limit})" for limit in limits)
    peaks = con.execute(
        f"""SELECT l.v, gateway,
            count(*) FILTER (WHERE duration_ms BETWEEN l.v - {_PEAK_UNDER_MS} AND l.v + {_PEAK_OVER_MS}) AS at_it,
            count(*) FILTER (WHERE duration_ms BETWEEN l.v * 0.8 AND l.v * 1.2) AS around
        FROM {table} JOIN (VALUES {values}) l(v) ON duration_ms BETWEEN l.v * 0.8 AND l.v * 1.2
        WHERE {mute} GROUP BY l.v, gateway HAVING at_it >= 1"""
    ).fetchall()
    for limit, gateway, at_it, around in peaks:
        rest = around - at_it
        expected = rest * (_PEAK_UNDER_MS + _PEAK_OVER_MS) / (0.4 * limit)
        if at_it < 3 and rest:
            continue
        if at_it < 4 * expected + 3 * (expected > 0.2):
            continue
        con.execute(
            f"UPDATE {table} SET limit_ms = ?, series_same_duration = ? WHERE {mute}"
            f" AND gateway IS NOT DISTINCT FROM ? AND duration_ms BETWEEN ? AND ?",
            [limit, at_it, gateway, limit - _PEAK_UNDER_MS, limit + _PEAK_OVER_MS],
        )


def _fits(column: str, limits: Iterable[float]) -> str:
    whens = " ".join(
        f"WHEN {column} BETWEEN {limit - UNDER_MS} AND {limit + OVER_MS} THEN {limit}"
        for limit in sorted(set(limits))
    )
    return f"CASE {whens} END"


def _error_dialects(con: Any, table: str) -> list[str]:
    """The formats in the table that hold messages instead of exchanges."""
    from analyzer.intake.logs import formats

    known: Mapping[str, Any] = formats()
    found = [row[0] for row in con.execute(f"SELECT DISTINCT dialect FROM {table}").fetchall()]
    return sorted(name for name in found if name in known and known[name].role == "error")


def draw_line(row: Exchange) -> Timeline:
    """The timeline of one log line, from the times that the proxy wrote. Times in ms since the start."""
    total = row.duration_ms
    phases: list[Phase] = []
    at = 0.0
    for kind, end in (("connect", row.upstream_connect_ms), ("wait", row.ttfb_ms), ("receive", total)):
        if end is not None and end > at:
            phases.append(Phase(kind, at, end))
            at = end
    broke = row.closed_by in ("client", "proxy", "upstream") or (row.status or 0) >= 400
    limits = []
    if row.limit_ms is not None:
        limits.append((row.limit_ms, ", ".join({**candidates("idle"), **candidates("total")}.get(row.limit_ms, ())[:2])))
    return Timeline(total_ms=total, phases=phases, cut_ms=total if broke else None, limits=limits)
