"""The pass over the lines that can be streams: their columns, into the exchange table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from analyzer.columns import columns as table_columns
from analyzer.intake.logs.compile import Compiled
from analyzer.intake.logs.join import EVENTS, create_events
from analyzer.intake.logs.marks import Marks, Reader
from analyzer.intake.logs.streams import literal
from analyzer.intake.logs.table import widen

# More quiet streams than this, and they are sampled; the counts stay exact.
KEEP: Final = 200_000
# Streams that the staging table may hold before sampling starts while reading.
HOLD_ROWS: Final = 1_500_000

QUIET: Final = (
    "(coalesce(status BETWEEN 100 AND 399, false) AND coalesce(closed_by, 'none') = 'none'"
    " AND worker_message IS NULL)"
)
_NEEDED: Final = ("status", "closed_by", "closed_why", "worker_message", "is_stream", "ended_at", "gateway")


def fill(
    reader: Reader, chosen: Sequence[Compiled], marks: Marks, table: str, globs: Sequence[str], keep: int
) -> tuple[int, int, int, int]:
    """Put the streams into the table, in the order of their lines.

    Returns: streams in the file; those among them that ended without a sign of trouble; rows put into
    the table; and one of how many quiet ones was kept.
    """
    con = reader.con
    stage = f"{table}_stage"
    types = {c.name: c.sql for c in table_columns().values()}
    names: dict[str, None] = dict.fromkeys(_NEEDED)
    statements: list[str] = []
    earlier: list[str] = []
    thin = max(1, -(-marks.parsed // HOLD_ROWS)) if not marks.held else 1
    for number, (compiled, lines) in enumerate(zip(chosen, marks.by_format, strict=True), 1):
        if lines:
            where = "true"
            if not marks.held:
                where = " AND ".join(
                    [marks.where[number - 1], compiled.matches, *(f"NOT {m}" for m in earlier)]
                )
            source = marks.relation(number) if marks.held else "{lines}"
            events = compiled.fmt.role == "error"  # a killed worker is no request, but explains one
            select, given = compiled.select(source, globs=globs, where=where, streams_only=not events)
            names.update(dict.fromkeys(given))
            missing = "".join(f", NULL::{types[n]} AS {n}" for n in _NEEDED if n not in given)
            statements.append(f"SELECT {literal(compiled.fmt.id)} AS format, *{missing} FROM ({select})")
        earlier.append(compiled.matches)
    cols = ", ".join(f'"{name}" {types[name]}' for name in names)
    con.execute(f"CREATE OR REPLACE TABLE {stage} (no BIGINT, format VARCHAR, {cols})")
    streams = quiet = 0
    for statement in statements:
        if thin > 1:
            counted = reader.rows(f"SELECT count(*), count(*) FILTER (WHERE {QUIET}) FROM ({statement})")
            streams += sum(row[0] for row in counted)
            quiet += sum(row[1] for row in counted)
            statement = f"SELECT * FROM ({statement}) WHERE NOT {QUIET} OR no % {thin} = 0"
        insert = f"INSERT INTO {stage} BY NAME {statement}"
        if marks.held:
            _insert(con, insert)
        else:
            reader.rows(insert, insert=True)
    _events(reader, stage)
    held, held_quiet = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {QUIET}) FROM {stage}"
    ).fetchone()
    if thin == 1:
        streams, quiet = held, held_quiet
    left_out = marks.sure - marks.sure_kept
    step = max(thin, -(-quiet // max(keep, 1)), 1)
    step = -(-step // thin) * thin  # a multiple, so that what was thinned out before stays evenly spread
    rows_wanted = "true" if step == 1 else f"(NOT {QUIET} OR no % {step} = 0)"
    base = con.execute(f"SELECT coalesce(max(n) + 1, 0) FROM {table}").fetchone()[0]
    given_cols = ", ".join(f'"{name}"' for name in names)
    path, name = literal(reader.source.name), literal(Path(reader.source.name).name)
    widen(con, table, names)
    con.execute(
        f"INSERT INTO {table} BY NAME SELECT {base} + row_number() OVER (ORDER BY no) - 1 AS n, {path} AS capture,"
        f" 'log' AS capture_kind, format AS dialect, {name} || ':' || no AS \"where\", no AS position, {given_cols}"
        f" FROM {stage} WHERE {rows_wanted} ORDER BY no"
    )
    rows = con.execute(f"SELECT count(*) FROM {table}").fetchone()[0] - base
    con.execute(f"DROP TABLE {stage}")
    streams, quiet = streams + left_out, quiet + left_out
    kept = rows - (streams - quiet)
    return streams, quiet, rows, max(1, round(quiet / max(kept, 1)))


def _insert(con: Any, insert: str) -> None:
    """From the few lines that are held. To push the filter down works every text out twice, and takes long to plan."""
    con.execute("SET disabled_optimizers = 'filter_pushdown'")
    try:
        con.execute(insert)
    finally:
        con.execute("RESET disabled_optimizers")


def _events(reader: Reader, stage: str) -> None:
    """Messages about no request go to their own table."""
    create_events(reader.con)
    path, name = literal(reader.source.name), literal(Path(reader.source.name).name)
    reader.con.execute(
        f"INSERT INTO {EVENTS} SELECT {path}, {name} || ':' || no, ended_at, gateway, worker_message, closed_why"
        f" FROM {stage} WHERE NOT is_stream AND worker_message IS NOT NULL"
    )
    reader.con.execute(f"DELETE FROM {stage} WHERE NOT is_stream")
