"""Which format a log is in: every format is tried on a sample, and the choice says why."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from analyzer.duck import cursor
from analyzer.intake.logs.compile import Compiled, compile_format, outline
from analyzer.intake.logs.envelopes import Envelope, peel, prefix_of
from analyzer.intake.logs.lines import sample_relation
from analyzer.intake.logs.needed import may_hold
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.shipped import formats

SAMPLE_LINES: Final = 240
ENOUGH: Final = 0.6


class Detection(msgspec.Struct):
    """What a sample looks like. format: None when nothing fits. share: of the sample's lines that fit.

    others: further formats that claim the lines which `format` does not (mixed logs).
    header: the `#Fields:` line of a W3C log.
    """

    format: str | None
    why: str
    share: float = 0.0
    envelopes: tuple[Envelope, ...] = ()
    header: str | None = None
    others: list[Detection] = msgspec.field(default_factory=list)

    @property
    def title(self) -> str:
        return formats()[self.format].title if self.format in formats() else str(self.format)


def sample_lines(data: bytes, limit: int = SAMPLE_LINES) -> list[str]:
    """Up to `limit` non-empty lines, spread over the sample; a piece of a line at its end is left out."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data[: len(data) & ~1].decode("utf-16", "replace")
    else:
        text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "backslashreplace")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if len(lines) > 1:
        lines.pop()
    lines = [line[:65536] for line in lines if line.strip()]
    if len(lines) > limit:
        step = len(lines) / limit
        lines = [lines[int(i * step)] for i in range(limit)]
    return lines


def detect(sample: bytes, name: str = "", *, known: Mapping[str, Format] | None = None) -> Detection:
    """The format of a log from its first bytes (256 KB are plenty) and its file name."""
    return detect_lines(sample_lines(sample), name, known=known)


def detect_lines(
    lines: list[str],
    name: str = "",
    *,
    known: Mapping[str, Format] | None = None,
    depth: int = 0,
    con: Any = None,
) -> Detection:
    """The same for lines. depth: of the formats already found in a mixed log. con: a connection to try them in."""
    if not lines:
        return Detection(None, "the log is empty")
    known = formats() if known is None else known
    header = next((line for line in lines if line.startswith("#Fields:")), None)
    envelopes, inner = peel(lines)
    counted = [line for line in lines if not line.startswith("#")] or lines
    candidates: list[tuple[int, Format, tuple[Envelope, ...]]] = []
    prefixed = bool(envelopes) and prefix_of(envelopes) is not None and header is None
    bare, unwrapped = _json(lines), _json(inner)
    text = "\n".join(counted)
    for wrapping in dict.fromkeys(((), envelopes)):
        if prefixed and not wrapping and bare is unwrapped:
            continue  # a prefix may be missing: what fits a line as it stands fits it behind one too
        kind = "json-lines" if (unwrapped if wrapping else bare) else "text"
        # What is written inside another notation is not there letter by letter.
        plain = not wrapping or prefix_of(wrapping) is not None
        if header is not None and not wrapping:
            candidates += [(n, f, ()) for f, n in _w3c(known, header, counted)]
        tried = [f for f in known.values() if f.kind == kind and (not plain or may_hold(f.needs, text))]
        candidates += [
            (n, f, wrapping) for f, n in zip(tried, _count(tried, wrapping, counted, con), strict=True)
        ]
    best = max((n for n, _, _ in candidates), default=0)
    if best == 0:
        return Detection(None, "no known format fits any of the sampled lines")
    close = [c for c in candidates if c[0] >= 0.9 * best]
    ids = {f.id for _, f, _ in close}
    named = {f.id for _, f, _ in close if f.names and re.search(f.names, name)}

    # CLF's loose head fits inside many envelopes too, so on a tie the envelope comes off
    def rank(candidate: tuple[int, Format, tuple[Envelope, ...]]) -> tuple[bool, bool, int, int]:
        hits, fmt, wrapping = candidate
        # of two formats with the same shape the one that claims more lines is right; on a tie, `after` says
        yields = any(n >= hits for n, rival, _ in close if rival.id in fmt.after)
        return (fmt.id in named, not yields, fmt.weight, len(wrapping))

    hits, fmt, wrapping = max(close, key=rank)
    share = hits / len(counted)
    rivals = sorted(ids - {fmt.id})
    why = f"{hits} of {len(counted)} sampled lines are {fmt.title}"
    if wrapping:
        why += ", inside " + ", ".join(e.title for e in wrapping)
    if fmt.id in named:
        why += "; the file name says so too"
    if rivals:
        fit = "would fit too and says less" if len(rivals) == 1 else "would fit too and say no more"
        why += f"; {', '.join(rivals)} {fit}"
    found = Detection(fmt.id, why, share, wrapping, header if fmt.kind == "w3c" else None)
    if share < 1 and depth < 3:
        compiled = compile_format(fmt, wrapping, header=found.header, seen="\n".join(counted))
        rest = _unmatched(compiled, counted, con)
        if rest and len(rest) < len(counted):
            more = detect_lines(rest, name, known=known, depth=depth + 1, con=con)
            if more.format is not None:
                found.others = [more, *more.others]
                more.others = []
    return found


def _json(lines: Sequence[str]) -> bool:
    """Most of them begin as JSON objects."""
    return sum(line.lstrip().startswith("{") for line in lines) * 2 >= len(lines)


def _w3c(known: Mapping[str, Format], header: str, lines: Sequence[str]) -> list[tuple[Format, int]]:
    fields = header.split(":", 1)[1].split()
    found = []
    for fmt in known.values():
        if fmt.kind != "w3c" or not set(fmt.signature.get("fields") or ()) <= set(fields):
            continue
        separator = "\t" if fmt.separator == "tab" else " "
        found.append((fmt, sum(len(line.split(separator)) == len(fields) for line in lines)))
    return found


@contextmanager
def _database(con: Any) -> Iterator[Any]:
    """The connection that is given, or one of its own."""
    if con is not None:
        yield con
        return
    con = cursor()
    try:
        con.execute("SET TimeZone = 'UTC'")
        yield con
    finally:
        con.close()


def _count(
    tried: Sequence[Format], envelopes: tuple[Envelope, ...], lines: Sequence[str], con: Any
) -> list[int]:
    if not tried:
        return []
    tests = [outline(fmt, envelopes).matches for fmt in tried]
    cols = ", ".join(f"count(*) FILTER (WHERE {test})" for test in tests)
    with _database(con) as database:
        database.execute("PRAGMA disable_optimizer")  # it takes longer than to run it as it stands
        try:
            row = database.execute(f"SELECT {cols} FROM {sample_relation(lines)}").fetchone()
        finally:
            database.execute("PRAGMA enable_optimizer")
    return [int(n) for n in row]


def _unmatched(compiled: Compiled, lines: Sequence[str], con: Any) -> list[str]:
    ignored = f" AND NOT ({compiled.ignored})" if compiled.ignored else ""
    with _database(con) as database:
        rows = database.execute(
            f"SELECT line FROM {sample_relation(lines)} WHERE NOT ({compiled.matches}){ignored}"
        ).fetchall()
    return [row[0] for row in rows]
