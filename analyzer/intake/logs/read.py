"""A log file → rows of the exchange table. Two passes: one counts every line, one reads the streams.

Counting is a match without captures, which RE2 does at memory speed; captures, times and the closed
vocabularies are worked out only for lines that can be streams.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from analyzer.columns import columns as table_columns
from analyzer.errors import CaptureError
from analyzer.intake.logs.compile import Compiled, compile_format
from analyzer.intake.logs.detect import Detection, detect_lines, formats, sample_lines
from analyzer.intake.logs.lines import Damage, Source, fast_relation, plain_source, run_blocks
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.streams import LINE_WORDS, REQUEST_WORDS, glob_words, literal
from analyzer.model import CaptureInfo

SHOWN: Final = 5
# More streams than this, and healthy ones are sampled; the counts stay exact.
KEEP: Final = 200_000
# How many lines one pass may hold before it starts to sample while it reads.
HOLD: Final = 1_500_000

QUIET: Final = (
    "(coalesce(status BETWEEN 100 AND 399, false) AND coalesce(closed_by, 'none') = 'none'"
    " AND worker_message IS NULL)"
)


@dataclass(slots=True)
class LogResult:
    """What one log file held.

    lines = parsed + not_requests + unparsed. unparsed_lines: the first few, with the reason.
    streams, quiet: all of them, whether or not their rows were kept; quiet ones ended without a sign of
    trouble. rows: rows put into the table. sampled: one of so many quiet streams was kept; 1 keeps all.
    """

    info: CaptureInfo
    detection: Detection
    lines: int = 0
    parsed: int = 0
    not_requests: int = 0
    unparsed: int = 0
    unparsed_lines: list[tuple[int, str]] = field(default_factory=list)
    streams: int = 0
    quiet: int = 0
    rows: int = 0
    sampled: int = 1


@dataclass(slots=True)
class _Pass:
    """One way to get at the lines: the fast reader, or blocks."""

    con: Any
    source: Source
    relation: str | None
    damage: Damage = field(default_factory=Damage)

    def rows(self, sql: str, *, insert: bool = False) -> list[Any]:
        if self.relation is not None:
            found = self.con.execute(sql.replace("{lines}", self.relation))
            return [] if insert else list(found.fetchall())
        rows, self.damage = run_blocks(self.con, self.source, sql, insert=insert)
        return rows


def read_log(
    con: Any,
    source: str | Path | Source,
    *,
    format: str | Format | None = None,
    table: str = "exchanges",
    stream_paths: Sequence[str] = (),
    keep: int = KEEP,
) -> LogResult:
    """Read one log into `table` (made by `columns.create_table_sql`), one row per stream.

    con: a DuckDB connection. source: a path (gzip and zstd are undone) or a Source. format: the id of a
    shipped format or a Format; None detects it. stream_paths: globs of paths that are streams.
    Raises CaptureError if the file cannot be read or nothing in it is a known log line.
    """
    con.execute("SET TimeZone = 'UTC'")
    if not isinstance(source, Source):
        try:
            source = plain_source(source)
        except OSError as error:
            raise CaptureError(f"it cannot be read ({error.strerror})", where=str(source)) from None
    lines = sample_lines(_sample(source))
    detection = _detection(lines, source.name, format)
    if detection.format is None:
        raise CaptureError(
            "no known log format fits",
            where=source.name,
            expected="one of `hangup formats list`",
            help="give the format as it stands in the proxy's configuration: --log-format",
        )
    seen = "\n".join(lines)
    chosen = _compile(detection, format, seen)
    reader = _Pass(con, source, fast_relation(source))
    counts = _count(reader, chosen, stream_paths)
    if counts.unparsed and format is None:
        more = _more_formats(reader, chosen, counts, source.name)
        if more is not None:
            detection.others.append(more)
            chosen += _compile_one(more, None, seen)
            counts = _count(reader, chosen, stream_paths)
    info = CaptureInfo(path=source.name, kind="log", dialect=chosen[0].fmt.id, format=detection.why)
    result = LogResult(
        info,
        detection,
        lines=counts.lines,
        parsed=counts.parsed,
        not_requests=counts.ignored,
        unparsed=counts.unparsed,
    )
    result.unparsed_lines = _reasons(reader, chosen, counts)
    _fill(reader, chosen, counts, result, table, stream_paths, keep)
    info.lines, info.unparsed = result.lines, result.unparsed
    info.exchanges, info.streams = result.parsed, result.streams
    info.warnings = _warnings(result, reader.damage, chosen)
    return result


def _sample(source: Source) -> bytes:
    """Bytes to detect from: the head, and of a plain file also pieces from its middle and its end."""
    head = source.head()
    if source.path is None or source.size is None or source.size <= 4 * len(head):
        return head
    pieces = [head[: head.rfind(b"\n") + 1]]
    with source.open() as stream:
        for place in (source.size // 2, source.size - 65536):
            stream.seek(place)
            piece = stream.read(65536)
            pieces.append(piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1])
    return b"".join(pieces)


def _detection(lines: list[str], name: str, format: str | Format | None) -> Detection:
    if format is None:
        return detect_lines(lines, os.path.basename(name))
    fmt = formats().get(format) if isinstance(format, str) else format
    if fmt is None:
        raise CaptureError(f'there is no log format "{format}"', expected="one of `hangup formats list`")
    found = detect_lines(lines, os.path.basename(name), known={fmt.id: fmt})
    if found.format is None:
        found = Detection(fmt.id, f"{fmt.title}, as you said; no sampled line fits it")
    else:
        found.why += ", as you said"
    return found


def _compile(detection: Detection, format: str | Format | None, seen: str) -> list[Compiled]:
    chosen = _compile_one(detection, format, seen)
    for other in detection.others:
        chosen += _compile_one(other, None, seen)
    return chosen


def _compile_one(detection: Detection, format: str | Format | None, seen: str) -> list[Compiled]:
    fmt = format if isinstance(format, Format) else formats()[str(detection.format)]
    return [compile_format(fmt, detection.envelopes, header=detection.header, seen=seen)]


@dataclass(slots=True)
class _Counts:
    lines: int = 0
    bytes: int = 0
    by_format: list[int] = field(default_factory=list)
    ignored: int = 0
    unparsed: int = 0
    first: list[int] = field(default_factory=list)
    likely: int = 0

    @property
    def parsed(self) -> int:
        return sum(self.by_format)


def _class_sql(chosen: Sequence[Compiled]) -> str:
    """SQL of a line's class: n for the n-th format, -1 for no request, 0 for unparsed."""
    whens = [f"WHEN {c.matches} THEN {i}" for i, c in enumerate(chosen, 1)]
    ignored = [f"({c.ignored})" for c in chosen if c.ignored]
    whens += ["WHEN trim(line) = '' THEN -1", *(f"WHEN {i} THEN -1" for i in ignored)]
    if any(c.fmt.kind == "json-lines" for c in chosen):
        whens.append("WHEN starts_with(ltrim(line), '{') AND json_valid(line) THEN -1")
    return "CASE " + " ".join(whens) + " ELSE 0 END"


def _likely_sql(compiled: Compiled, globs: Sequence[str]) -> str:
    """A cheap test that no stream fails. Only formats that say what else to look for can have one."""
    if compiled.fmt.interest is None:
        return "true"
    words = REQUEST_WORDS if compiled.fmt.kind == "text" else LINE_WORDS
    tests = [f"regexp_matches(line, {literal('(?:' + words + ')|(?:' + compiled.fmt.interest + ')')})"]
    tests += [f"contains(line, {literal(word)})" for word in glob_words(globs)]
    return "(" + " OR ".join(tests) + ")"


def _count(reader: _Pass, chosen: Sequence[Compiled], globs: Sequence[str]) -> _Counts:
    each = ", ".join(f"count(*) FILTER (WHERE c = {i})" for i in range(1, len(chosen) + 1))
    sql = (
        "SELECT count(*), sum(strlen(line)), count(*) FILTER (WHERE c = -1), count(*) FILTER (WHERE c = 0),"
        f" min(no, {SHOWN}) FILTER (WHERE c = 0), {each}"
        f" FROM (SELECT no, line, {_class_sql(chosen)} AS c FROM {{lines}})"
    )
    import duckdb

    if reader.relation is not None:
        try:
            counts = _merge(reader.rows(sql))
        except duckdb.Error:
            counts = None
        size = reader.source.size or 0
        if counts is not None and counts.bytes + counts.lines * 1 in (size, size + 1):
            return counts
        if counts is not None and counts.bytes + counts.lines * 2 in (size, size + 2):
            return counts
        reader.relation = None  # something was skipped, changed or not UTF-8: read it in blocks
    return _merge(reader.rows(sql))


def _merge(rows: Sequence[Any]) -> _Counts:
    total = _Counts()
    for lines, size, ignored, unparsed, first, *each in rows:
        total.lines += lines
        total.bytes += size or 0
        total.ignored += ignored
        total.unparsed += unparsed
        total.first = sorted([*total.first, *(first or [])])[:SHOWN]
        total.by_format = [a + b for a, b in zip(total.by_format or [0] * len(each), each, strict=True)]
    return total


def _more_formats(
    reader: _Pass, chosen: Sequence[Compiled], counts: _Counts, name: str
) -> Detection | None:
    """A further format among the lines that none has claimed so far; None if nothing fits them."""
    numbers = _unclaimed(reader, chosen, 100)
    if not numbers:
        return None
    found = detect_lines([line for _, line in numbers], os.path.basename(name), depth=3)
    if found.format is None or found.format in {c.fmt.id for c in chosen}:
        return None
    return found


def _unclaimed(reader: _Pass, chosen: Sequence[Compiled], limit: int) -> list[tuple[int, str]]:
    sql = (
        f"SELECT no, line[:65536] FROM (SELECT no, line, {_class_sql(chosen)} AS c FROM {{lines}})"
        f" WHERE c = 0 LIMIT {limit}"
    )
    return sorted(reader.rows(sql))[:limit]


def _reasons(reader: _Pass, chosen: Sequence[Compiled], counts: _Counts) -> list[tuple[int, str]]:
    if not counts.unparsed:
        return []
    names = " or ".join(c.fmt.id for c in chosen)
    wanted = ", ".join(str(no) for no in counts.first)
    found = dict(reader.rows(f"SELECT no, line[:4096] FROM {{lines}} WHERE no IN ({wanted})"))
    reasons = []
    for no in counts.first:
        line = found.get(no, "")
        if "\0" in line or sum(ch < " " and ch != "\t" for ch in line) > 4:
            why = "binary"
        elif "\\x" in line and reader.damage.undecodable:
            why = f"not UTF-8, and does not fit {names}"
        elif no == counts.lines and not _ends_whole(reader):
            why = "the last line is cut off"
        elif line.startswith("{"):
            why = f"JSON that is broken or does not fit {names}"
        else:
            why = f"does not fit {names}"
        reasons.append((no, why))
    return reasons


def _ends_whole(reader: _Pass) -> bool:
    if reader.source.path is None or not reader.source.size:
        return not reader.damage.truncated
    with reader.source.open() as stream:
        stream.seek(reader.source.size - 1)
        return stream.read(1) == b"\n"


def _fill(
    reader: _Pass,
    chosen: Sequence[Compiled],
    counts: _Counts,
    result: LogResult,
    table: str,
    globs: Sequence[str],
    keep: int,
) -> None:
    con = reader.con
    stage = f"{table}_stage"
    wanted = [c for c, n in zip(chosen, counts.by_format, strict=True) if n]
    names: dict[str, None] = {"status": None, "closed_by": None, "worker_message": None}
    selects = []
    previous: list[str] = []
    for compiled in chosen:
        if compiled in wanted:
            where = " AND ".join([_likely_sql(compiled, globs), *(f"NOT {m}" for m in previous)])
            selects.append((compiled, compiled.select("{lines}", globs=globs, where=where)))
        previous.append(compiled.matches)
    types = {c.name: c.sql for c in table_columns().values()}
    for _, select in selects:
        described = con.execute(f"DESCRIBE {select.replace('{lines}', _EMPTY)}").fetchall()
        names.update(dict.fromkeys(row[0] for row in described if row[0] != "no"))
    cols = ", ".join(f'"{name}" {types[name]}' for name in names)
    con.execute(f"CREATE OR REPLACE TABLE {stage} (no BIGINT, format VARCHAR, {cols})")
    for compiled, select in selects:
        fmt = literal(compiled.fmt.id)
        reader.rows(f"INSERT INTO {stage} BY NAME SELECT {fmt} AS format, * FROM ({select})", insert=True)
    result.streams, result.quiet = con.execute(
        f"SELECT count(*), count(*) FILTER (WHERE {QUIET}) FROM {stage}"
    ).fetchone()
    result.sampled = max(1, -(-result.quiet // max(keep, 1)))
    chosen_rows = "true" if result.sampled == 1 else f"(NOT {QUIET} OR no % {result.sampled} = 0)"
    base = con.execute(f"SELECT coalesce(max(n) + 1, 0) FROM {table}").fetchone()[0]
    given = ", ".join(f'"{name}"' for name in names)
    path, name = literal(reader.source.name), literal(os.path.basename(reader.source.name))
    con.execute(
        f"INSERT INTO {table} BY NAME SELECT {base} + row_number() OVER (ORDER BY no) - 1 AS n, {path} AS capture,"
        f" 'log' AS capture_kind, format AS dialect, {name} || ':' || no AS where_, no AS position, {given}"
        f" FROM {stage} WHERE {chosen_rows} ORDER BY no".replace("AS where_", 'AS "where"')
    )
    result.rows = con.execute(f"SELECT count(*) FROM {table}").fetchone()[0] - base
    con.execute(f"DROP TABLE {stage}")


_EMPTY: Final = "(SELECT 1::BIGINT AS no, ''::VARCHAR AS line WHERE false)"


def _warnings(result: LogResult, damage: Damage, chosen: Sequence[Compiled]) -> list[str]:
    found = []
    if result.unparsed:
        first = "; ".join(f"line {no} ({why})" for no, why in result.unparsed_lines)
        lines = "line" if result.unparsed == 1 else "lines"
        found.append(f"{result.unparsed} of {result.lines} {lines} could not be read: {first}")
    if damage.long_lines:
        found.append(f"{damage.long_lines} lines are longer than 16 MB: only their beginning was read")
    if damage.broken:
        found.append("the compressed data is damaged or breaks off: what came before it was read")
    if result.detection.others:
        names = ", ".join(c.fmt.title for c in chosen[1:])
        found.append(f"the file mixes formats: also {names}")
    if result.sampled > 1:
        found.append(
            f"{result.quiet} streams ended without a sign of trouble; one in {result.sampled} of them was kept"
        )
    return found
