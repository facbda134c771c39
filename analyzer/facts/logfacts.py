"""What only the whole log can tell: messages that belong to a line, one exchange in two logs, limits.

Everything is SQL over the exchange table, because a log has millions of lines. A proxy writes an
error message and an access line about the same hang-up: together they are one row, so that one hang-up
is one stream.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from typing import Any, Final

from analyzer.columns import Exchange, columns
from analyzer.facts.limits import OVER_MS, UNDER_MS, candidates
from analyzer.intake.logs.table import columns_of
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
# Products that are nginx underneath write their messages in nginx's error log.
_FAMILY: Final = "CASE WHEN gateway IN ('openresty', 'ingress-nginx', 'kong', 'tengine', 'angie') THEN 'nginx' ELSE gateway END"
_LATE_S: Final = 2  # a message is written before its access line, both with whole seconds
# The bounds of a peak: a timer fires a little late, never early by more than the clock's grain.
_PEAK_UNDER_MS: Final = 60.0
_PEAK_OVER_MS: Final = 400.0


def join_messages(con: Any, table: str) -> dict[int, str]:
    """Fold the rows of error messages into the rows of their exchanges; where each row's message stands.

    A message is a row that has a worker_message and no status. It belongs to an access line of the same
    product, method, target and client when it was written while the exchange ran or within two seconds of
    its end; the connection number decides where both have one. Several messages of one exchange: the last
    one that names an ending counts. Messages without an access line stay rows, one for each exchange.
    """
    if not con.execute(f"SELECT count(worker_message) FROM {table}").fetchone()[0]:
        return {}
    con.execute(
        f'CREATE OR REPLACE TEMP TABLE messages AS SELECT n, "where" AS place, position, capture, {_FAMILY} AS family, method, url,'
        f" client_ip, ended_at, {', '.join(_MESSAGE)} FROM {table}"
        " WHERE worker_message IS NOT NULL AND status IS NULL AND ended_at IS NOT NULL"
    )
    places: dict[int, str] = {}
    if con.execute("SELECT count(*) FROM messages").fetchone()[0]:
        places = _fold(con, table)
    con.execute("DROP TABLE messages")
    return places


def _fold(con: Any, table: str) -> dict[int, str]:
    # One hash join on the target, one on the client for messages that do not name the target (Apache).
    pairs = []
    for key in ("a.url = m.url", "m.url IS NULL AND a.client_ip = m.client_ip"):
        pairs.append(
            f"""SELECT m.n AS message, a.n AS line,
                abs(epoch_ms(m.ended_at) - epoch_ms(a.last_at)) AS apart
            FROM messages m JOIN lines_now a ON {key} AND a.family = m.family
            AND coalesce(a.method = m.method, true) AND coalesce(a.client_ip = m.client_ip, true)
            AND coalesce(a.connection_id = m.connection_id, true)
            AND m.ended_at <= a.last_at + INTERVAL {_LATE_S} SECOND
            AND m.ended_at >= coalesce(CASE WHEN m.closed_by IS NULL THEN a.started_at END, a.last_at)
                              - INTERVAL {_LATE_S} SECOND"""
        )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE lines_now AS SELECT n, {_FAMILY} AS family, method, url, client_ip,"
        f" connection_id, started_at, coalesce(ended_at, started_at) AS last_at FROM {table}"
        " WHERE status IS NOT NULL"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE folded AS SELECT message, line FROM ({' UNION ALL '.join(pairs)})"
        " QUALIFY row_number() OVER (PARTITION BY message ORDER BY apart, line) = 1"
    )
    # One line, one connection: messages of another connection that chose the same line are of another
    # exchange, whose own line cannot be told. They stay rows.
    con.execute(
        """DELETE FROM folded WHERE message IN (
            SELECT message FROM (
                SELECT f.message, m.connection_id AS own,
                       arg_min(m.connection_id, m.position) OVER (PARTITION BY f.line) AS first
                FROM folded f JOIN messages m ON m.n = f.message
            ) WHERE own <> first)"""
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
    order = "(m.closed_by IS NOT NULL, m.ended_at, m.position)"
    best = ", ".join(f"arg_max(m.{name}, {order}) AS {name}" for name in _MESSAGE)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE told AS SELECT f.line AS n, arg_max(m.place, {order}) AS place, {best}"
        " FROM folded f JOIN messages m ON m.n = f.message GROUP BY f.line"
    )
    own = ("host", "connection_id")  # what the access line says of these is better
    sets = [f"{name} = coalesce(t.{name}, x.{name})" for name in _MESSAGE if name not in own]
    sets += [f"{name} = coalesce(x.{name}, t.{name})" for name in own]
    con.execute(f"UPDATE {table} x SET {', '.join(sets)} FROM told t WHERE x.n = t.n")
    con.execute(f"DELETE FROM {table} WHERE n IN (SELECT message FROM folded)")
    places = dict(con.execute("SELECT n, place FROM told").fetchall())
    for name in ("folded", "told", "lines_now"):
        con.execute(f"DROP TABLE {name}")
    return places


def join_twins(con: Any, table: str) -> None:
    """Access logs of one run that tell of the same exchange twice: one row for each exchange.

    Two lines of one product in two files are one exchange when method, target, status and size agree,
    they end within a second, and nothing else in either file fits as well.
    """
    shared = ("gateway", "method", "url", "status")
    fetched = f"n, capture, {', '.join(shared)}, client_ip, body_bytes, duration_ms, ended_at, epoch_ms(ended_at) // 1000"
    same = " AND ".join(f"a.{name} = b.{name}" for name in shared)
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE twins AS
        WITH one AS (SELECT {fetched} AS second FROM {table} WHERE ended_at IS NOT NULL),
        other AS (SELECT {fetched} + d AS second FROM {table} CROSS JOIN (VALUES (-1), (0), (1)) x(d)
                  WHERE ended_at IS NOT NULL),
        found AS (
            SELECT a.n AS keeper, b.n AS other, count(*) OVER (PARTITION BY a.n, b.capture) AS x,
                   count(*) OVER (PARTITION BY b.n, a.capture) AS y
            FROM one a JOIN other b ON {same} AND a.second = b.second AND a.capture < b.capture
            AND coalesce(a.client_ip = b.client_ip, true) AND coalesce(a.body_bytes = b.body_bytes, true)
            AND abs(epoch_ms(a.ended_at) - epoch_ms(b.ended_at)) <= 1000
            AND coalesce(abs(a.duration_ms - b.duration_ms) < 100, true)
        ) SELECT min(keeper) AS keeper, other FROM found WHERE x = 1 AND y = 1 GROUP BY other"""
    )
    con.execute("DELETE FROM twins WHERE keeper IN (SELECT other FROM twins)")
    if con.execute("SELECT count(*) FROM twins").fetchone()[0]:
        keys = {"capture", "capture_kind", "dialect", "where", "position", "is_stream", "stream_why"}
        names = [name for name in columns_of(con, table) if name not in keys]
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

    Counted among the streams that the log says were cut, by who closed and when. series_same_duration is
    filled only where the half second around it holds far more of them than the seconds around that would
    give by chance: among ten thousand readers who left, some always left at the same age. For lines that
    say nothing of their end (a 200 of a product that cannot record a cut) the same holds for limit_ms.
    """
    if not con.execute(f"SELECT count(duration_ms) FROM {table}").fetchone()[0]:
        return  # nginx's own format, say: without a duration nothing of this can be told
    con.execute(
        f"""CREATE OR REPLACE TEMP TABLE facts_now AS
        SELECT n, limit_ms, CASE WHEN same >= 3 AND same >= 1 + 4 * (around - same) / 9.0 THEN same END AS same_duration,
               CASE WHEN body_bytes > 0 AND same_bytes >= 3 THEN same_bytes END AS same_bytes
        FROM (SELECT *, count(*) OVER (PARTITION BY closed_by, closed_phase ORDER BY duration_ms
                    RANGE BETWEEN 500 PRECEDING AND 500 FOLLOWING) AS same,
                count(*) OVER (PARTITION BY closed_by, closed_phase ORDER BY duration_ms
                    RANGE BETWEEN 5000 PRECEDING AND 5000 FOLLOWING) AS around,
                count(*) OVER (PARTITION BY closed_by, closed_phase, body_bytes) AS same_bytes
              FROM (SELECT n, duration_ms, coalesce(body_bytes, transfer_bytes) AS body_bytes, closed_by, closed_phase,
                    {_fits("duration_ms", (*candidates("total"), *candidates("idle")))} AS limit_ms
                    FROM {table} WHERE closed_by IN ('client', 'proxy', 'upstream') AND duration_ms IS NOT NULL))"""
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
    values = ", ".join(f"({float(limit)}::DOUBLE)" for limit in limits)
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
    """SQL of the limit that a time fits, the nearest where it fits two: `limits.fits` for a whole table."""
    ordered = sorted({float(limit) for limit in limits})
    whens = []
    for place, limit in enumerate(ordered):
        low, high = limit - UNDER_MS, limit + OVER_MS
        if place:
            low = max(low, (ordered[place - 1] + limit) / 2)
        if place + 1 < len(ordered):
            high = min(high, (limit + ordered[place + 1]) / 2)
        whens.append(f"WHEN {column} BETWEEN {low} AND {high} THEN {limit}")
    return f"CASE {' '.join(whens)} END"


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
        limits.append(
            (row.limit_ms, ", ".join({**candidates("idle"), **candidates("total")}.get(row.limit_ms, ())[:2]))
        )
    return Timeline(total_ms=total, phases=phases, cut_ms=total if broke else None, limits=limits)


def rows_of(con: Any, table: str, numbers: Sequence[int]) -> dict[int, Exchange]:
    """Rows of the table as exchanges, by number."""
    return fetched_rows(con, table, numbers)[0]


def fetched_rows(
    con: Any, table: str, numbers: Sequence[int], recorded: Sequence[str] | None = None
) -> tuple[dict[int, Exchange], list[str]]:
    """Rows of the table as exchanges, by number, and the columns that any row records: only these are fetched.

    recorded: these columns, where they are known.
    """
    if not numbers:
        return {}, []
    con.execute(
        "CREATE OR REPLACE TEMP TABLE wanted_rows AS SELECT unnest(?::BIGINT[]) AS n", [list(numbers)]
    )
    used = _recorded(con, table) if recorded is None else list(recorded)
    listed = ", ".join(f't."{name}"' for name in used)
    fetched = con.execute(f"SELECT n, {listed} FROM {table} t JOIN wanted_rows USING (n)").fetchall()
    dated = [name for name in used if columns()[name].type == "timestamp"]
    rows: dict[int, Exchange] = {}
    for n, *values in fetched:
        row = rows[n] = Exchange()
        for name, value in zip(used, values, strict=True):
            if value is not None:
                setattr(row, name, value)
        for name in dated:
            at = getattr(row, name)
            if at is not None and at.tzinfo is None:
                setattr(row, name, at.replace(tzinfo=UTC))
    return rows, used


def _recorded(con: Any, table: str) -> list[str]:
    names = columns_of(con, table)
    counted = ", ".join(f'count("{name}")' for name in names)
    counts = con.execute(f"SELECT {counted} FROM {table}").fetchone()
    return [name for name, count in zip(names, counts, strict=True) if count]
