"""The pass over every line: what each one is, and which can be streams.

A match without captures runs at memory speed in RE2, and unnumbered lines are read side by side: the
number of a line is its place in the table that this pass makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from analyzer.intake.logs.compile import Compiled
from analyzer.intake.logs.envelopes import Envelope, mender
from analyzer.intake.logs.lines import Damage, Source, fast_relation, run_blocks
from analyzer.intake.logs.streams import LINE_WORDS, REQUEST_WORDS, glob_words, literal

SHOWN: Final = 5
# Text of likely lines that may be held in memory between the two passes.
HOLD_BYTES: Final = 256 * 1024 * 1024


@dataclass(slots=True)
class Reader:
    """One way to get at the lines: the fast reader, or blocks. envelope: the one that may cut lines."""

    con: Any
    source: Source
    fast: bool
    envelope: Envelope | None = None
    damage: Damage = field(default_factory=Damage)

    def rows(self, sql: str, *, insert: bool = False, numbered: bool = True) -> list[Any]:
        """Run sql over `{lines}`. numbered: it needs `no`; reading side by side has to do without."""
        if self.fast:
            relation = fast_relation(self.source, numbered=numbered)
            found = self.con.execute(sql.replace("{lines}", str(relation)))
            return [] if insert else list(found.fetchall())
        mend = mender(self.envelope) if self.envelope else None
        rows, self.damage = run_blocks(self.con, self.source, sql, insert=insert, mend=mend)
        return rows


@dataclass(slots=True)
class Marks:
    """What the lines of a file are.

    by_format: lines of each format, in order. first: numbers of the first lines that nothing fits.
    table: holds class and, when `held`, the text of the lines that can be streams.
    """

    table: str
    held: bool
    fast: bool
    lines: int = 0
    bytes: int = 0
    by_format: list[int] = field(default_factory=list)
    ignored: int = 0
    unparsed: int = 0
    likely: int = 0
    first: list[int] = field(default_factory=list)

    @property
    def parsed(self) -> int:
        return sum(self.by_format)

    def relation(self, number: int) -> str:
        """SQL of the held lines `(no, line)` of the n-th format."""
        no = "rowid + 1 AS no" if self.fast else "no"
        return f"(SELECT {no}, line FROM {self.table} WHERE c = {number} AND line IS NOT NULL)"


def class_sql(chosen: Sequence[Compiled]) -> str:
    """SQL of a line's class: n for the n-th format, -1 for no request, 0 for what nothing fits."""
    whens = [f"WHEN {c.matches} THEN {i}" for i, c in enumerate(chosen, 1)]
    whens += ["WHEN trim(line) = '' THEN -1", *(f"WHEN {c.ignored} THEN -1" for c in chosen if c.ignored)]
    if any(c.fmt.kind == "json-lines" for c in chosen):
        whens.append("WHEN starts_with(ltrim(line), '{') AND json_valid(line) THEN -1")
    return "CAST(CASE " + " ".join(whens) + " ELSE 0 END AS TINYINT)"


def likely_sql(compiled: Compiled, globs: Sequence[str]) -> str:
    """A cheap test that no stream fails. Only a format that says what else to look for can have one."""
    if compiled.fmt.interest is None:
        return "true"
    words = REQUEST_WORDS if compiled.fmt.kind == "text" else LINE_WORDS
    pattern = f"(?:{words})|(?:{compiled.fmt.interest})"
    tests = [f"regexp_matches(line, {literal(pattern)})"]
    tests += [f"contains(line, {literal(word)})" for word in glob_words(globs)]
    return "(" + " OR ".join(tests) + ")"


def mark(
    reader: Reader, chosen: Sequence[Compiled], globs: Sequence[str], table: str, sample: Sequence[str]
) -> Marks:
    """Class every line. sample: some lines of the file, to judge how much can be held."""
    import duckdb

    hold = _share(reader.con, chosen[0], globs, sample) * _bytes(reader.source) <= HOLD_BYTES
    if reader.fast:
        try:
            marks = _mark(reader, chosen, globs, table, hold)
        except duckdb.Error:
            marks = None
        cut = marks is not None and marks.unparsed and reader.envelope is not None
        if marks is not None and not cut and _adds_up(marks, reader.source.size or 0):
            return marks
        reader.fast = False  # something was skipped, cut, has grown, or is not UTF-8: read it in blocks
    return _mark(reader, chosen, globs, table, hold)


def _adds_up(marks: Marks, size: int) -> bool:
    """Every byte of the file came back: the text, and one (or two) per line end; the last may lack it."""
    return any(marks.bytes + marks.lines * end - size in (0, end) for end in (1, 2))


def _bytes(source: Source) -> int:
    return source.size * (1 if source.path is not None else 12) if source.size else HOLD_BYTES * 2


def _share(con: Any, compiled: Compiled, globs: Sequence[str], sample: Sequence[str]) -> float:
    if compiled.fmt.interest is None or not sample:
        return 1.0
    row = con.execute(
        f"SELECT avg(CAST({likely_sql(compiled, globs)} AS INTEGER)) FROM (SELECT unnest($lines) AS line)",
        {"lines": list(sample)},
    ).fetchone()
    return float(row[0]) + 0.02


def _mark(reader: Reader, chosen: Sequence[Compiled], globs: Sequence[str], table: str, hold: bool) -> Marks:
    con = reader.con
    likely = " ".join(f"WHEN c = {i} AND {likely_sql(c, globs)} THEN line" for i, c in enumerate(chosen, 1))
    text = f"CASE {likely} END" if hold else "NULL::VARCHAR"
    number = "" if reader.fast else "no, "
    select = (
        f"SELECT {number}{text} AS line, c, CAST(strlen(line) AS UINTEGER) AS size"
        f" FROM (SELECT {number}line, {class_sql(chosen)} AS c FROM {{lines}})"
    )
    if reader.fast:
        reader.rows(f"CREATE OR REPLACE TABLE {table} AS {select}", insert=True, numbered=False)
    else:
        con.execute(f"CREATE OR REPLACE TABLE {table} (no BIGINT, line VARCHAR, c TINYINT, size UINTEGER)")
        reader.rows(f"INSERT INTO {table} {select}", insert=True)
    no = "rowid + 1" if reader.fast else "no"
    each = ", ".join(f"count(*) FILTER (WHERE c = {i})" for i in range(1, len(chosen) + 1))
    lines, size, ignored, unparsed, held, first, *by_format = con.execute(
        f"SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE c = -1), count(*) FILTER (WHERE c = 0),"
        f" count(line), min({no}, {SHOWN}) FILTER (WHERE c = 0), {each} FROM {table}"
    ).fetchone()
    return Marks(
        table,
        hold,
        reader.fast,
        lines,
        int(size),
        list(by_format),
        ignored,
        unparsed,
        held,
        sorted(first or []),
    )


def unclaimed(reader: Reader, chosen: Sequence[Compiled], limit: int) -> list[tuple[int, str]]:
    """Some of the lines that nothing fits, with their numbers."""
    sql = (
        f"SELECT no, line[:65536] FROM (SELECT no, line, {class_sql(chosen)} AS c FROM {{lines}})"
        f" WHERE c = 0 LIMIT {limit}"
    )
    return sorted(reader.rows(sql))[:limit]


def reasons(reader: Reader, chosen: Sequence[Compiled], marks: Marks) -> list[tuple[int, str]]:
    """Why the first unread lines could not be read. Never quotes them."""
    if not marks.unparsed:
        return []
    names = " or ".join(c.fmt.id for c in chosen)
    found = dict(unclaimed(reader, chosen, SHOWN))
    told = []
    for no in marks.first:
        line = found.get(no, "")
        if "\0" in line or sum(ch < " " and ch != "\t" for ch in line) > 4:
            why = "binary"
        elif "\\x" in line and reader.damage.undecodable:
            why = f"not UTF-8, and does not fit {names}"
        elif no == marks.lines and not _ends_whole(reader):
            why = "the last line is cut off"
        elif line.startswith("{"):
            why = f"JSON that is broken or does not fit {names}"
        else:
            why = f"does not fit {names}"
        told.append((no, why))
    return told


def _ends_whole(reader: Reader) -> bool:
    if reader.source.path is None or not reader.source.size:
        return not reader.damage.truncated
    with reader.source.open() as stream:
        stream.seek(reader.source.size - 1)
        return stream.read(1) == b"\n"
