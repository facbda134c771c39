"""A format's proof of itself: its samples give exactly the expected values, its rejects are refused, and
no other format claims its samples unless it says so (`after`)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analyzer.duck import quiet
from analyzer.intake.logs.compile import compile_format
from analyzer.intake.logs.envelopes import peel
from analyzer.intake.logs.schema import Format, Sample


def connect() -> Any:
    """A connection that reads stamps without a zone as UTC."""
    import duckdb

    con = quiet(duckdb.connect())
    con.execute("SET TimeZone = 'UTC'")
    return con


def read_sample(con: Any, fmt: Format, sample: Sample) -> dict[str, Any] | None:
    """The row of one sample line, by column; None when the format does not match it."""
    envelopes, _ = peel([sample.line])
    for wrapping in ((), envelopes) if envelopes else ((),):
        compiled = compile_format(fmt, wrapping, header=sample.header, seen=sample.line)
        lines = "(SELECT 1 AS no, $line AS line)"
        sql, _ = compiled.select(lines, where=compiled.matches, streams_only=False)
        cursor = con.execute(sql, {"line": sample.line})
        row = cursor.fetchone()
        if row is not None:
            names = [item[0] for item in cursor.description]
            return dict(zip(names, row, strict=True))
    return None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        text = value.isoformat(" ")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value


def check_format(fmt: Format, others: Mapping[str, Format] | None = None) -> list[str]:
    """Everything that is wrong with a format's samples, rejects and borders, in sentences; [] is good."""
    con = connect()
    problems = []
    if not fmt.samples:
        problems.append("there is no sample")
    for index, sample in enumerate(fmt.samples, 1):
        row = read_sample(con, fmt, sample)
        if row is None:
            problems.append(f"sample {index} is not matched by any pattern")
            continue
        for name, want in sample.expect.items():
            got = _plain(row.get(name))
            if got != want:
                problems.append(f"sample {index}: {name} is {got!r}, expected {want!r}")
        problems += [f"sample {index} is claimed by {name} too" for name in _claims(con, fmt, sample, others)]
    for index, (line, because) in enumerate(fmt.rejects, 1):
        if read_sample(con, fmt, Sample(line, {})) is not None:
            problems.append(f"reject {index} is matched although: {because}")
    for name, pattern in fmt.patterns.items():
        if not any(_matches(con, pattern, sample.line) for sample in fmt.samples):
            problems.append(f'pattern "{name}" is matched by no sample')
    con.close()
    return problems


def _claims(con: Any, fmt: Format, sample: Sample, others: Mapping[str, Format] | None) -> list[str]:
    """The other formats that match a sample and may not."""
    rivals = [
        other
        for other in (others or {}).values()
        if other.id != fmt.id
        and other.kind != "w3c"
        and other.id not in fmt.after
        and fmt.id not in other.after
    ]
    if not rivals:
        return []
    envelopes, _ = peel([sample.line])
    wrappings = ((), envelopes) if envelopes else ((),)
    tests = [
        " OR ".join(f"({compile_format(rival, w, seen=sample.line).matches})" for w in wrappings)
        for rival in rivals
    ]
    found = con.execute(f"SELECT {', '.join(tests)} FROM (SELECT $line AS line)", {"line": sample.line})
    return [rival.id for rival, claimed in zip(rivals, found.fetchone(), strict=True) if claimed]


def _matches(con: Any, pattern: str, line: str) -> bool:
    _, (inner,) = peel([line])
    found = con.execute(
        "SELECT regexp_matches($line, $p) OR regexp_matches($inner, $p)",
        {"line": line, "inner": inner, "p": pattern},
    ).fetchone()
    return bool(found[0])
