"""`hangup query`: SQL over a store, or over captures. The connection can read what it was given, and nothing else.

A store is opened read-only, external access is off and the configuration is locked: a query that somebody
sent along reads no file and writes none. All cells were redacted when they were stored.
"""

from __future__ import annotations

import csv
import io
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analyzer.duck import quiet
from analyzer.errors import CaptureError, HangupError, UsageError
from analyzer.options import Options

if TYPE_CHECKING:
    import duckdb

STORE: Final = "hangup.duckdb"
FORMATS: Final = ("table", "csv", "json", "parquet")
_SUFFIXES: Final = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".txt": "table"}
_MAGIC: Final = b"DUCK"
_PAGE: Final = 2048
_ROWS: Final = 1000  # in a table for people
_CELL: Final = 60
_MOST: Final = 1_000_000  # streams of captures
_LOCKED: Final = {
    "enable_external_access": "false", "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false", "allow_community_extensions": "false", "memory_limit": "1GB",
}  # fmt: skip


def query(
    sql: str,
    over: Sequence[str | Path],
    *,
    format: str | None = None,
    output: Path | None = None,
    options: Options | None = None,
) -> None:
    """Answer `sql` on stdout or into a file.

    over: one store, or its folder, with the tables `tickets`, `captures` and `streams`; or captures, with the
    tables `exchanges` and `streams`; empty is `hangup.duckdb` in this folder. Raises UsageError for a query
    that is wrong, CaptureError for captures that cannot be read.
    """
    chosen = _format(format, output)
    with opened(over, options or Options()) as db:
        answer(db, sql, chosen, output)


def opened(over: Sequence[str | Path], options: Options) -> duckdb.DuckDBPyConnection:
    """A locked connection over a store or over captures."""
    places = [Path(item) for item in over] or [Path(STORE)]
    places = [place / STORE if place.is_dir() and (place / STORE).is_file() else place for place in places]
    if not over and not places[0].is_file():
        raise UsageError(
            f"there is no {STORE} in this folder", expected="a store that hangup batch made, or captures"
        )
    if len(places) == 1 and _is_store(places[0]):
        return _locked(_store(places[0]))
    if any(_is_store(place) for place in places):
        raise UsageError("one store at a time, and not beside captures")
    return _locked(_captures([str(place) for place in places], options))


def answer(db: duckdb.DuckDBPyConnection, sql: str, format: str, output: Path | None) -> None:
    """Run the query and write what it gives."""
    import duckdb

    from analyzer.write import write_output

    try:
        found = _executed(db, sql)
        names = [column[0] for column in found.description or ()]
        if format == "parquet":
            data: bytes | str = _parquet(found)
        elif format == "csv":
            data = "".join(_csv(names, _rows(found)))
        elif format == "json":
            data = "".join(_json(names, _rows(found)))
        else:
            data = _table(names, _rows(found))
    except duckdb.Error as error:
        raise _wrong(error) from error
    if output is None:
        assert isinstance(data, str)  # Parquet goes to files only
        sys.stdout.write(data)
    else:
        write_output(data, output)


def _format(format: str | None, output: Path | None) -> str:
    chosen = format or _SUFFIXES.get(output.suffix.lower() if output else ".txt")
    if chosen is None:
        raise UsageError(
            "the suffix names no format",
            where=output,
            expected=f"one of {', '.join(_SUFFIXES)}",
            help="or say it: --format",
        )
    if chosen == "parquet" and output is None:
        raise UsageError("Parquet is a binary format", help="name a file: -o answer.parquet")
    return chosen


def _wrong(error: duckdb.Error) -> HangupError:
    from analyzer.safe import one_line

    lines = str(error).strip().splitlines() or [type(error).__name__]
    kind, _, rest = lines[0].partition(": ")
    hint = next((line.strip() for line in lines[1:] if line.startswith(("Did you", "Candidate"))), None)
    return UsageError(
        f"the query was refused ({kind.removesuffix(' Error').lower()}): {one_line(rest or kind, 400)}",
        help=None if hint is None else one_line(hint, 300),
    )


# ---------------------------------------------------------------------------------- what is asked


def _is_store(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(12)[8:12] == _MAGIC
    except OSError:
        return False


def _store(path: Path) -> duckdb.DuckDBPyConnection:
    """The store, read-only; brought up to date first where a run was interrupted."""
    db = _read_only(path)
    if _unfinished(db):
        from analyzer.batch.ledger import Ledger

        db.close()
        with Ledger(path) as ledger:
            ledger.fill()
        db = _read_only(path)
    return db


def _read_only(path: Path) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        return quiet(duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}))
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise UsageError(
                "another hangup has this store open", where=path, help="ask again when it is done"
            ) from error
        raise HangupError("this is not a store, or it cannot be opened", where=path) from error


def _unfinished(db: duckdb.DuckDBPyConnection) -> bool:
    import duckdb

    try:
        return bool(db.execute("SELECT count(*) FROM unfilled").fetchall()[0][0])
    except duckdb.Error:  # a store without tickets
        return False


def _locked(db: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    db.execute("SET TimeZone = 'UTC'")
    for name, value in _LOCKED.items():
        db.execute(f"SET {name} = '{value}'")
    db.execute("SET lock_configuration = true")
    return db


def _captures(paths: list[str], options: Options) -> duckdb.DuckDBPyConnection:
    """A database in memory: `exchanges` (of browsers all, of logs the streams) and `streams`, redacted."""
    import duckdb
    from msgspec.structs import replace

    from analyzer.batch.shape import SQL, insert
    from analyzer.columns import columns
    from analyzer.pipeline import examine
    from analyzer.redact import Redactor
    from analyzer.report.tables import row, table_columns

    examined = examine(
        paths, replace(options, everything=True, limit=_MOST, short_paths=True, drawings=False, redact=True)
    )
    for info in examined.report.captures:
        if info.error is not None:
            raise CaptureError(info.error, where=info.path)
    redactor = Redactor()
    of_streams = {name: SQL[kind] for name, kind in table_columns().items()}
    of_exchanges = {name: SQL[column.type] for name, column in columns().items()}
    db = quiet(duckdb.connect(":memory:", config={"enable_external_access": "false"}))
    db.execute("SET TimeZone = 'UTC'")
    for table, shape in (("streams", of_streams), ("exchanges", of_exchanges)):
        body = ", ".join(f'"{name}" {kind}' for name, kind in shape.items())
        db.execute(f"CREATE TABLE {table} ({body})")
    listed = [dict(zip(of_streams, row(stream), strict=True)) for stream in examined.report.streams]
    insert(db, "streams", of_streams, listed)

    def exchanges() -> Iterator[dict[str, Any]]:
        for capture in examined.captures:
            for recorded in capture.entries:
                shown = redactor.exchange(recorded.exchange)
                yield {name: getattr(shown, name) for name in of_exchanges}
        if not examined.captures:
            yield from listed

    insert(db, "exchanges", of_exchanges, exchanges())
    return db


# ---------------------------------------------------------------------------------- the answer


def _executed(db: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    """The query's result; instants with a zone as UTC without one, which need no further package to read."""
    statements = db.extract_statements(sql)
    if len(statements) != 1:
        raise UsageError(f"one query at a time, please; these are {len(statements)}")
    found = db.execute(statements[0])
    zoned = [column[0] for column in found.description or () if "TIME ZONE" in str(column[1]).upper()]
    if not zoned:
        return found
    casts = ", ".join(
        f'CAST("{name.replace(chr(34), chr(34) * 2)}" AS TIMESTAMP) AS "{name.replace(chr(34), chr(34) * 2)}"'
        for name in zoned
    )
    return db.execute(f"SELECT * REPLACE ({casts}) FROM ({sql.strip().rstrip(';')}\n)")


def _rows(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while page := found.fetchmany(_PAGE):
        yield from page


def _csv(names: list[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    from analyzer.report.tables import inert

    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([inert(name) for name in names])
    for row in rows:
        writer.writerow([_cell(value, inert) for value in row])
        if out.tell() > 1 << 20:
            yield out.getvalue()
            out.seek(0)
            out.truncate()
    yield out.getvalue()


def _cell(value: Any, fit: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return value
    return fit(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    if isinstance(value, list | tuple | dict):
        return json.dumps(_plain(value), ensure_ascii=False)
    return str(value)


def _plain(value: Any) -> Any:
    """A value as JSON has it: instants in ISO 8601 (UTC), bytes as their number, text without what is unseen."""
    from analyzer.safe import visible

    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {visible(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return visible(_text(value))


def _json(names: list[str], rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    first = True
    for row in rows:
        yield "[\n" if first else ",\n"
        first = False
        yield json.dumps(
            {name: _plain(value) for name, value in zip(names, row, strict=True)}, ensure_ascii=False
        )
    yield "[]\n" if first else "\n]\n"


def _table(names: list[str], rows: Iterator[tuple[Any, ...]]) -> str:
    from analyzer.safe import clipped

    shown: list[list[str]] = []
    right = [True] * len(names)
    more = 0
    for row in rows:
        if len(shown) >= _ROWS:
            more += 1
            continue
        right = [
            flag
            and (value is None or isinstance(value, int | float | Decimal))
            and not isinstance(value, bool)
            for flag, value in zip(right, row, strict=True)
        ]
        shown.append([str(_cell(value, lambda text: clipped(text, _CELL))) for value in row])
    heads = [clipped(name, _CELL) for name in names]
    widths = [max(map(len, column)) for column in zip(heads, *shown, strict=True)]

    def line(cells: list[str]) -> str:
        made = (
            cell.rjust(w) if r else cell.ljust(w) for cell, w, r in zip(cells, widths, right, strict=True)
        )
        return "  ".join(made).rstrip() + "\n"

    text = line(heads) + line(["-" * width for width in widths]) + "".join(map(line, shown))
    return text + (f"... and {more:,} more rows; --format csv writes all\n" if more else "")


def _parquet(found: duckdb.DuckDBPyConnection) -> bytes:
    """The answer as a Parquet file, written by a connection of its own: the other may not write."""
    import duckdb

    frame = found.df()
    with tempfile.TemporaryDirectory() as folder, quiet(duckdb.connect()) as db:
        path = Path(folder) / "answer.parquet"
        db.execute("SET TimeZone = 'UTC'")
        db.register("frame", frame)
        target = str(path).replace("'", "''")
        db.execute(f"COPY frame TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        return path.read_bytes()
