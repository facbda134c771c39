"""One large log, read in parts by several processes, with the result of reading it in one.

A part is a range of bytes between two line ends. Its reader makes the rows of its streams; put together they
are numbered anew and judged as one log: messages of an error log, peaks of durations and clusters are worked
out over all of them, so nothing depends on where the cuts are. What is counted from the size of the file, such
as which of many quiet streams are kept, follows the whole file too.

A log is read in one where that could not hold: when it is compressed or small, when its columns are named by
lines of its own (W3C), when its collector has cut lines in two, and when a part shows a format that the
sample of the whole did not.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

from analyzer.columns import columns, create_table_sql
from analyzer.duck import quiet
from analyzer.errors import CaptureError
from analyzer.intake.logs import Detection, LogResult, Source, read, read_log
from analyzer.intake.logs import marks as marking
from analyzer.intake.logs.compile import Compiled
from analyzer.intake.logs.custom import compile_user_format
from analyzer.intake.logs.detect import sample_lines
from analyzer.intake.logs.fill import HOLD_ROWS, KEEP, QUIET, fill
from analyzer.intake.logs.join import EVENTS, create_events
from analyzer.intake.logs.lines import LONGEST, Damage, fast_relation, plain_source
from analyzer.intake.logs.marks import KEEP_SURE, SHOWN, Reader, mark, reasons
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.streams import literal
from analyzer.intake.logs.table import widen
from analyzer.model import CaptureInfo

PART_BYTES: Final = 64 * 1024 * 1024
_MOST_PARTS: Final = 4096
_ALL: Final = 2**62
_STEP: Final = 1024 * 1024
_MEMORY: Final = "1GB"


class LogPart(msgspec.Struct, frozen=True, kw_only=True):
    """One range of a log, with what its reader must know of the whole.

    path: of the log, as all readers see it; size: of the whole log in bytes. start, stop: the range. sample:
    lines of the whole log, from which its format was found. format: what the user said of it, as text.
    """

    path: str
    name: str
    size: int
    start: int
    stop: int
    sample: list[str]
    format: str | None = None
    globs: tuple[str, ...] = ()
    keep: int = KEEP


class PartRows(msgspec.Struct, kw_only=True):
    """What a part holds. rows, events: Parquet, not redacted: they are joined with other logs first.

    fast: it was read in the fast way, that is, nothing in it needed a second look. more: it shows a format
    that the sample did not. unparsed_lines: the first few, numbered within the part.
    """

    lines: int
    parsed: int
    ignored: int
    unparsed: int
    unparsed_lines: list[tuple[int, str]]
    streams: int
    quiet: int
    left_out: int
    fast: bool
    more: bool
    long_lines: int
    broken: str | None
    rows: bytes
    events: bytes


Run = Callable[[Sequence[LogPart]], Iterable[PartRows]]


def read_split(
    con: Any,
    source: str | Path | Source,
    *,
    run: Run,
    format: str | Format | None = None,
    table: str = "exchanges",
    stream_paths: Sequence[str] = (),
    keep: int = KEEP,
    part_bytes: int = PART_BYTES,
) -> LogResult:
    """As `read_log`, with the parts of a large log read by `run`.

    run: gives the rows of the parts it gets, in their order, from wherever they are read. A log that cannot
    be split is read here. Raises what `read_log` raises.
    """

    def whole() -> LogResult:
        return read_log(con, source, format=format, table=table, stream_paths=stream_paths, keep=keep)

    if isinstance(format, Format):
        return whole()  # an object of this process; its text could travel
    if not isinstance(source, Source):
        try:
            source = plain_source(source)
        except OSError as error:
            raise CaptureError(f"it cannot be read ({error.strerror})", where=str(source)) from None
    parts = plan(source, format=format, stream_paths=stream_paths, keep=keep, part_bytes=part_bytes)
    if len(parts) < 2:
        return whole()
    con.execute("SET TimeZone = 'UTC'")
    chosen, detection = _chosen(parts[0])
    if chosen[0].fmt.kind == "w3c":
        return whole()
    cutting = bool(detection.envelopes) and detection.envelopes[0].id in ("cri", "docker")
    union = _Union(con, table, source.name)
    try:
        for found in run(parts):
            odd = found.more or (cutting and found.unparsed) or (found.left_out and not found.fast)
            if odd:
                return whole()
            union.add(found)
        return union.finish(parts[0], detection, chosen, keep)
    finally:
        union.close()


def plan(
    source: Source,
    *,
    format: str | None = None,
    stream_paths: Sequence[str] = (),
    keep: int = KEEP,
    part_bytes: int = PART_BYTES,
) -> list[LogPart]:
    """The parts of a log, in order; one or none for a log that is small or no plain file."""
    if source.path is None or not source.size or source.size < 2 * part_bytes:
        return []
    size = source.size
    step = max(part_bytes, -(-size // _MOST_PARTS))
    with source.open() as stream:
        borders = [0]
        while borders[-1] + step < size:
            border = _line_start(stream, borders[-1] + step)
            if border is None or border >= size:
                break
            borders.append(border)
    sample = sample_lines(read._sample(source))
    path = str(source.path.absolute())
    return [
        LogPart(
            path=path, name=source.name, size=size, start=start, stop=stop, sample=sample, format=format,
            globs=tuple(stream_paths), keep=keep,
        )
        for start, stop in zip(borders, [*borders[1:], size], strict=True)
    ]  # fmt: skip


def read_part(part: LogPart) -> PartRows:
    """The rows of one part. Raises CaptureError when the log is not there, or is not the one that was planned."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
        slice_path = Path(room, "part.log")
        _cut(part, slice_path)
        config: dict[str, Any] = {"memory_limit": _MEMORY, "temp_directory": str(Path(room, "spill"))}
        con = quiet(duckdb.connect(":memory:", config=config))
        try:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(create_table_sql("exchanges"))
            source = Source(part.name, lambda: slice_path.open("rb"), slice_path, part.stop - part.start)
            return _rows(con, source, part, Path(room))
        finally:
            con.close()


def _rows(con: Any, source: Source, part: LogPart, room: Path) -> PartRows:
    chosen, detection = _chosen(part)
    outer = detection.envelopes[0] if detection.envelopes else None
    cutting = outer if outer is not None and outer.id in ("cri", "docker") else None
    reader = Reader(con, source, fast_relation(source) is not None, cutting)
    # As many of its quiet streams as are its share of the whole.
    share: Any = min(part.keep, KEEP_SURE) * (part.stop - part.start) / part.size
    marks = mark(reader, chosen, part.globs, "exchanges_marks", part.sample, share, part.size)
    more = bool(marks.unparsed) and part.format is None
    if more:
        more = read._more_formats(reader, chosen, source.name) is not None
    told = reasons(reader, chosen, marks)
    streams, quiet, _, _ = fill(reader, chosen, marks, "exchanges", part.globs, _ALL)
    create_events(con)
    files = room / "rows.parquet", room / "events.parquet"
    for file, query in zip(
        files, ("SELECT * FROM exchanges ORDER BY n", f"SELECT * FROM {EVENTS}"), strict=True
    ):
        con.execute(f"COPY ({query}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION zstd)")
    return PartRows(
        lines=marks.lines, parsed=marks.parsed, ignored=marks.ignored, unparsed=marks.unparsed, unparsed_lines=told,
        streams=streams, quiet=quiet, left_out=marks.sure - marks.sure_kept, fast=marks.fast, more=more,
        long_lines=reader.damage.long_lines, broken=reader.damage.broken,
        rows=files[0].read_bytes(), events=files[1].read_bytes(),
    )  # fmt: skip


def _chosen(part: LogPart) -> tuple[list[Compiled], Detection]:
    """The formats of the whole log, from the same sample wherever this runs."""
    given = compile_user_format(part.format) if part.format is not None else None
    detection = read._detection(part.sample, part.name, given)
    if detection.format is None:
        raise CaptureError(
            "no known log format fits",
            where=part.name,
            expected="one of `hangup formats list`",
            help="give the format as it stands in the proxy's configuration: --log-format",
        )
    return read._compile(detection, given, "\n".join(part.sample)), detection


def _line_start(stream: BinaryIO, at: int) -> int | None:
    """The first beginning of a line at or after `at`; None without one within the longest line."""
    stream.seek(at - 1)
    left, place = LONGEST, at - 1
    while left > 0 and (piece := stream.read(min(_STEP, left))):
        found = piece.find(b"\n")
        if found >= 0:
            return place + found + 1
        place += len(piece)
        left -= len(piece)
    return None


def _cut(part: LogPart, target: Path) -> None:
    """The part's bytes in a file of their own: DuckDB reads files, and reads them side by side."""
    try:
        with Path(part.path).open("rb") as stream:
            if os.fstat(stream.fileno()).st_size < part.size:
                raise CaptureError("it is not the log that was planned", where=part.name)
            stream.seek(part.start)
            left = part.stop - part.start
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                while left > 0 and (piece := stream.read(min(_STEP, left))):
                    file.write(piece)
                    left -= len(piece)
    except OSError as error:
        raise CaptureError(f"it cannot be read ({error.strerror})", where=part.name) from error
    if left:
        raise CaptureError("it became shorter while it was read", where=part.name)


class _Union:
    """The parts put together, with the numbers of lines in the whole log."""

    def __init__(self, con: Any, table: str, name: str) -> None:
        self._con, self._table, self._name = con, table, name
        self._stage = f"{table}_parts"
        self._lines = self._parsed = self._ignored = self._unparsed = self._left_out = 0
        self._first: list[tuple[int, str]] = []
        self._damage = Damage()
        con.execute(create_table_sql(self._stage).replace("CREATE TABLE", "CREATE OR REPLACE TABLE"))
        create_events(con)
        con.execute(f"CREATE OR REPLACE TEMP TABLE part_events AS FROM {EVENTS} WHERE false")

    def add(self, part: PartRows) -> None:
        """The next part, in order."""
        offset = self._lines
        with tempfile.TemporaryDirectory(prefix="hangup-part-") as room:
            files = Path(room, "rows.parquet"), Path(room, "events.parquet")
            for file, data in zip(files, (part.rows, part.events), strict=True):
                file.write_bytes(data)
            rows, events = (literal(str(file)) for file in files)
            name = literal(Path(self._name).name)
            self._con.execute(
                f"INSERT INTO {self._stage} BY NAME SELECT * REPLACE (position + {offset} AS position,"
                f" {name} || ':' || (position + {offset}) AS \"where\") FROM read_parquet({rows}) ORDER BY position"
            )
            self._con.execute(
                f"INSERT INTO part_events SELECT * REPLACE ({name} || ':' ||"
                f' (CAST(regexp_extract("where", \'(\\d+)$\', 1) AS BIGINT) + {offset}) AS "where")'
                f" FROM read_parquet({events})"
            )
        self._first += [(offset + no, why) for no, why in part.unparsed_lines]
        self._lines += part.lines
        self._parsed += part.parsed
        self._ignored += part.ignored
        self._unparsed += part.unparsed
        self._left_out += part.left_out
        self._damage.long_lines += part.long_lines
        self._damage.broken = self._damage.broken or part.broken

    def finish(self, first: LogPart, detection: Detection, chosen: list[Compiled], keep: int) -> LogResult:
        """The rows into the table, thinned as a log that is read in one, and what the log held."""
        con, table, stage = self._con, self._table, self._stage
        source = plain_source(first.path, first.name)
        whole = marking._plan(Reader(con, source, True), chosen, first.globs, first.sample, keep)
        thin = 1 if whole.hold else max(1, -(-self._parsed // HOLD_ROWS))
        streams, quiet = con.execute(
            f"SELECT count(*), count(*) FILTER (WHERE {QUIET}) FROM {stage}"
        ).fetchone()
        step = max(thin, -(-quiet // max(keep, 1)), 1)
        step = -(-step // thin) * thin
        wanted = "true" if step == 1 else f"(NOT {QUIET} OR position % {step} = 0)"
        base = con.execute(f"SELECT coalesce(max(n) + 1, 0) FROM {table}").fetchone()[0]
        widen(con, table, columns())
        con.execute(
            f"INSERT INTO {table} BY NAME SELECT * REPLACE ({base} + row_number() OVER (ORDER BY position) - 1 AS n)"
            f" FROM {stage} WHERE {wanted} ORDER BY position"
        )
        con.execute(f"INSERT INTO {EVENTS} FROM part_events")
        rows = con.execute(f"SELECT count(*) FROM {table}").fetchone()[0] - base
        streams, quiet = streams + self._left_out, quiet + self._left_out
        kept = rows - (streams - quiet)
        info = CaptureInfo(path=first.name, kind="log", dialect=chosen[0].fmt.id, format=detection.why)
        result = LogResult(
            info, detection, lines=self._lines, parsed=self._parsed, not_requests=self._ignored,
            unparsed=self._unparsed, unparsed_lines=self._first[:SHOWN], streams=streams, quiet=quiet, rows=rows,
            sampled=max(1, round(quiet / max(kept, 1))),
        )  # fmt: skip
        info.lines, info.unparsed = result.lines, result.unparsed
        info.exchanges, info.streams = result.parsed, result.streams
        info.warnings = read._warnings(result, self._damage, chosen)
        return result

    def close(self) -> None:
        """Nothing of the parts stays."""
        self._con.execute(f"DROP TABLE IF EXISTS {self._stage}")
        self._con.execute("DROP TABLE IF EXISTS part_events")


def here(parts: Iterable[LogPart]) -> Iterator[PartRows]:
    """Read the parts in this process, one after the other."""
    for part in parts:
        yield read_part(part)
