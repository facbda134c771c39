"""The pass over every line: what each one is, and which can be streams.

A match without captures runs at memory speed in RE2, and unnumbered lines are read side by side: the
number of a line is its place in the table that this pass makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from analyzer.intake.logs.compile import Compiled
from analyzer.intake.logs.envelopes import Envelope, mender
from analyzer.intake.logs.lines import Damage, Source, fast_relation, run_blocks, sample_relation
from analyzer.intake.logs.streams import LINE_WORDS, REQUEST_WORDS, glob_words, literal, sure_sql

SHOWN: Final = 5
# Text of likely lines that may be held in memory between the two passes.
HOLD_BYTES: Final = 256 * 1024 * 1024
# Above this, lines that cannot be streams are counted by their shape: to test them in full takes longer than
# all else together.
SHAPE_FROM: Final = 64 * 1024 * 1024
# Surely quiet streams that are kept of one file: enough for a baseline and for a list.
KEEP_SURE: Final = 1_000
# Lines at the beginning of a log of unknown length of which all are kept.
KEEP_START: Final = 10_000


class Reader(msgspec.Struct):
    """One way to get at the lines: the fast reader, or blocks. envelope: the one that may cut lines."""

    con: Any
    source: Source
    fast: bool
    envelope: Envelope | None = None
    damage: Damage = msgspec.field(default_factory=Damage)

    def rows(self, sql: str, *, insert: bool = False, numbered: bool = True) -> list[Any]:
        """Run sql over `{lines}`. numbered: it needs `no`; reading side by side has to do without.

        A file that the fast reader refuses is read in blocks from then on; where something is inserted, that
        is the caller's to do, because half of it may be there.
        """
        if self.fast:
            from analyzer.duck import driver

            relation = fast_relation(self.source, numbered=numbered)
            try:
                found = self.con.execute(sql.replace("{lines}", str(relation)))
                return [] if insert else list(found.fetchall())
            except driver().Error:
                if insert:
                    raise
                self.fast = False
        mend = mender(self.envelope) if self.envelope else None
        rows, self.damage = run_blocks(self.con, self.source, sql, insert=insert, mend=mend)
        return rows


class Marks(msgspec.Struct):
    """What the lines of a file are.

    by_format: lines of each format, in order. first: numbers of the first lines that nothing fits.
    table: holds class and, when `held`, the text of the lines that can be streams.
    sure: lines that are streams and quiet by a look at the raw line; of these only sure_kept were kept.
    where: SQL that the lines to be read fulfil, when they are not held.
    """

    table: str
    held: bool
    fast: bool
    where: list[str]
    lines: int = 0
    bytes: int = 0
    by_format: list[int] = msgspec.field(default_factory=list)
    ignored: int = 0
    unparsed: int = 0
    first: list[int] = msgspec.field(default_factory=list)
    sure: int = 0
    sure_kept: int = 0

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
    interest, calm = compiled.fmt.interest, compiled.fmt.calm
    if not compiled.fmt.sifted:
        return "true"
    patterns = [REQUEST_WORDS if compiled.fmt.kind == "text" else LINE_WORDS]
    if interest is not None:
        if patterns[0].startswith('"') and interest.startswith('"') and "|" not in interest:
            # One pattern, for what both begin with is found many times faster than what only one of them does.
            patterns = [f'"(?:{patterns[0][1:]}|{interest[1:]})']
        else:
            patterns.append(interest)
    tests = [f"regexp_matches(line, {literal(pattern)})" for pattern in patterns]
    tests += [f"contains(line, {literal(word)})" for word in glob_words(globs)]
    if calm is not None:
        tests.append(f"NOT regexp_matches(line, {literal(calm)})")
    return f"({' OR '.join(tests)})"


def mark(
    reader: Reader,
    chosen: Sequence[Compiled],
    globs: Sequence[str],
    table: str,
    sample: Sequence[str],
    keep: int,
    whole: int | None = None,
) -> Marks:
    """Class every line. sample: some lines of the file, to judge how much of it can be held.

    keep: about how many of the surely quiet streams to keep. whole: bytes of the log of which this is a part.
    """
    from analyzer.duck import driver

    plan = _plan(reader, chosen, globs, sample, keep, whole)
    if reader.fast:
        try:
            marks = _mark(reader, chosen, plan, table)
        except driver().Error:
            marks = None
        cut = marks is not None and marks.unparsed and reader.envelope is not None
        if marks is not None and not cut and _adds_up(marks, reader.source.size or 0):
            return marks
        reader.fast = False  # something was skipped, cut, has grown, or is not UTF-8: read it in blocks
    return _mark(reader, chosen, plan, table)


def _adds_up(marks: Marks, size: int) -> bool:
    """Every byte of the file came back: the text, and one (or two) per line end; the last may lack it."""
    return any(marks.bytes + marks.lines * end - size in (0, end) for end in (1, 2))


def _bytes(source: Source) -> int:
    return source.size * (1 if source.path is not None else 12) if source.size else HOLD_BYTES * 2


class _Plan(msgspec.Struct):
    """likely, sure: SQL per format. step: one of how many sure lines is kept. hold: whether text is held.

    by_shape: whether a line that cannot be a stream is counted by its shape alone.
    """

    likely: list[str]
    sure: list[str]
    step: int
    hold: bool
    by_shape: bool

    def sampled(self, numbered: bool) -> str:
        """SQL: a sure line is one of those to keep. A log of unknown length has its beginning kept too."""
        if self.step == 1:
            return "true"
        start = f"no <= {KEEP_START} OR " if numbered else ""
        return f"({start}hash(line) % {self.step} = 0)"


def _plan(
    reader: Reader,
    chosen: Sequence[Compiled],
    globs: Sequence[str],
    sample: Sequence[str],
    keep: int,
    whole: int | None = None,
) -> _Plan:
    likely = [likely_sql(c, globs) for c in chosen]
    quick = [c.fmt.quiet is not None and all(e.key is None for e in c.envelopes) for c in chosen]
    sure = [
        sure_sql(str(c.fmt.quiet), _lasted(c)) if q else "false" for c, q in zip(chosen, quick, strict=True)
    ]
    size = _bytes(reader.source)
    share = sure_share = 1.0
    step = 1
    if chosen[0].fmt.sifted and sample:
        average = sum(len(line) + 1 for line in sample) / len(sample)
        kind = f"CASE WHEN {likely[0]} THEN CASE WHEN {sure[0]} THEN 2 ELSE 1 END ELSE 0 END"
        share, sure_share = reader.con.execute(
            f"SELECT avg(CAST(kind > 0 AS INTEGER)), avg(CAST(kind = 2 AS INTEGER))"
            f" FROM (SELECT {kind} AS kind FROM {sample_relation(sample)})"
        ).fetchone()
        step = max(1, round(sure_share * size / average / max(1, min(keep, KEEP_SURE))))
        share = share - sure_share + sure_share / step + 0.02
    return _Plan(likely, sure, step, share * size <= HOLD_BYTES, (whole or size) > SHAPE_FROM)


def _lasted(compiled: Compiled) -> str | None:
    """What `sure_sql` wants to know of a format."""
    timed = "duration_ms" in compiled.fmt.columns or compiled.fmt.kind != "text"
    return compiled.fmt.lasted if timed else ""


def _mark(reader: Reader, chosen: Sequence[Compiled], plan: _Plan, table: str) -> Marks:
    con = reader.con
    number = "" if reader.fast else "no, "
    sampled = plan.sampled(not reader.fast)
    text = "CASE WHEN kind > 1 AND c > 0 THEN line END" if plan.hold else "NULL::VARCHAR"
    select = f"SELECT {number}{text} AS line, c, kind, size FROM ({_classed(chosen, plan, number, sampled)})"
    if reader.fast:
        reader.rows(f"CREATE OR REPLACE TABLE {table} AS {select}", insert=True, numbered=False)
    else:
        con.execute(
            f"CREATE OR REPLACE TABLE {table} (no BIGINT, line VARCHAR, c TINYINT, kind TINYINT, size UINTEGER)"
        )
        reader.rows(f"INSERT INTO {table} {select}", insert=True)
    lines = size = sure = sure_kept = 0
    by_class: dict[int, int] = {}
    for c, kind, count, length in con.execute(
        f"SELECT c, kind, count(*), sum(size) FROM {table} GROUP BY c, kind"
    ).fetchall():
        lines += count
        size += length
        by_class[c] = by_class.get(c, 0) + count
        sure += count if kind in (1, 2) else 0
        sure_kept += count if kind == 2 else 0
    unparsed = by_class.get(0, 0)
    no = "rowid + 1" if reader.fast else "no"
    first = (
        con.execute(f"SELECT min({no}, {SHOWN}) FROM {table} WHERE c = 0").fetchone()[0] if unparsed else []
    )
    return Marks(
        table=table,
        held=plan.hold,
        fast=reader.fast,
        where=[
            f"{likely} AND (NOT {sure} OR {sampled})"
            for likely, sure in zip(plan.likely, plan.sure, strict=True)
        ],
        lines=lines,
        bytes=int(size),
        by_format=[by_class.get(number, 0) for number in range(1, len(chosen) + 1)],
        ignored=by_class.get(-1, 0),
        unparsed=unparsed,
        first=sorted(first),
        sure=sure,
        sure_kept=sure_kept,
    )


def _classed(chosen: Sequence[Compiled], plan: _Plan, number: str, sampled: str) -> str:
    """SELECT line, kind, c, size: cheap tests first, and costly ones only where they decide.

    kind: 0 no stream, 1 a quiet stream that is only counted, 2 one that is kept as well, 3 a line that has to
    be read. In a large log the shape of a line is enough where it is not read any further; a mixed or a small
    log has every line tested in full.
    """
    size = "CAST(strlen(line) AS UINTEGER) AS size"
    if len(chosen) == 1 and chosen[0].fmt.sifted:
        shape = chosen[0].fmt.shape if plan.by_shape else None
        fits = f"kind <= 1 AND line LIKE {literal(shape)}" if shape else "false"
        # Each test is a WHEN: as a column, or inside NOT, every part of a condition is worked out for every line.
        sure = f"CASE WHEN {plan.sure[0]} THEN CASE WHEN {sampled} THEN 2 ELSE 1 END ELSE 3 END"
        kind = f"CASE WHEN {plan.likely[0]} THEN {sure} ELSE 0 END::TINYINT"
        return (
            f"SELECT {number}line, kind, CASE WHEN {fits} THEN CAST(1 AS TINYINT) ELSE {class_sql(chosen)} END AS c,"
            f" {size} FROM (SELECT {number}line, {kind} AS kind FROM {{lines}})"
        )
    likely = " ".join(f"WHEN {i} THEN {sql}" for i, sql in enumerate(plan.likely, 1))
    return (
        f"SELECT {number}line, CASE WHEN CASE c {likely} ELSE false END THEN 3 ELSE 0 END::TINYINT AS kind, c, {size}"
        f" FROM (SELECT {number}line, {class_sql(chosen)} AS c FROM {{lines}})"
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
