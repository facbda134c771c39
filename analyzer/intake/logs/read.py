"""A log file → rows of the exchange table. Two passes: one counts every line, one reads the streams.

Counting is a match without captures, which RE2 does at memory speed; captures, times and the closed
vocabularies are worked out only for lines that can be streams.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from analyzer.errors import CaptureError
from analyzer.intake.logs.compile import Compiled, compile_format
from analyzer.intake.logs.detect import Detection, detect_lines, sample_lines
from analyzer.intake.logs.fill import KEEP, fill
from analyzer.intake.logs.lines import Damage, Source, fast_relation, plain_source
from analyzer.intake.logs.marks import Reader, mark, reasons, unclaimed
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.shipped import formats
from analyzer.model import CaptureInfo


class LogResult(msgspec.Struct):
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
    unparsed_lines: list[tuple[int, str]] = msgspec.field(default_factory=list)
    streams: int = 0
    quiet: int = 0
    rows: int = 0
    sampled: int = 1


def read_log(
    con: Any,
    source: str | Path | Source,
    *,
    format: str | Format | None = None,
    table: str = "exchanges",
    stream_paths: Sequence[str] = (),
    keep: int = KEEP,
) -> LogResult:
    """Read one log into `table` (made by `create_logged_sql`, or with all columns), one row per stream.

    con: a DuckDB connection. source: a path (gzip and zstd are undone) or a Source. format: what
    `compile_user_format` takes, or a Format; None detects it. stream_paths: globs of paths that are streams.
    Raises CaptureError if the file cannot be read or nothing in it is a known log line.
    """
    con.execute("SET TimeZone = 'UTC'")
    if not isinstance(source, Source):
        try:
            source = plain_source(source)
        except OSError as error:
            raise CaptureError(f"it cannot be read ({error.strerror})", where=str(source)) from None
    if isinstance(format, str):
        from analyzer.intake.logs.custom import compile_user_format

        format = compile_user_format(format)
    lines = sample_lines(_sample(source))
    detection = _detection(lines, source.name, format, con)
    if detection.format is None:
        raise CaptureError(
            "no known log format fits",
            where=source.name,
            expected="one of `hangup formats list`",
            help="give the format as it stands in the proxy's configuration: --log-format",
        )
    seen = "\n".join(lines)
    chosen = _compile(detection, format, seen)
    outer = detection.envelopes[0] if detection.envelopes else None
    cutting = outer if outer is not None and outer.id in ("cri", "docker") else None
    reader = Reader(con, source, fast_relation(source) is not None, cutting)
    if chosen[0].fmt.kind == "w3c":
        chosen = _sections(reader, chosen)
    marks_table = f"{table}_marks"
    marks = mark(reader, chosen, stream_paths, marks_table, lines, keep)
    if marks.unparsed and format is None:
        more = _more_formats(reader, chosen, source.name)
        if more is not None:
            detection.others.append(more)
            chosen += _compile_one(more, None, seen)
            marks = mark(reader, chosen, stream_paths, marks_table, lines, keep)
    info = CaptureInfo(path=source.name, kind="log", dialect=chosen[0].fmt.id, format=detection.why)
    result = LogResult(
        info,
        detection,
        lines=marks.lines,
        parsed=marks.parsed,
        not_requests=marks.ignored,
        unparsed=marks.unparsed,
    )
    result.unparsed_lines = reasons(reader, chosen, marks)
    filled = fill(reader, chosen, marks, table, stream_paths, keep)
    result.streams, result.quiet, result.rows, result.sampled = filled
    con.execute(f"DROP TABLE {marks_table}")
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


def _detection(lines: list[str], name: str, format: Format | None, con: Any = None) -> Detection:
    if format is None:
        return detect_lines(lines, Path(name).name, con=con)
    fmt = format
    found = detect_lines(lines, Path(name).name, known={fmt.id: fmt}, con=con)
    if found.format is None:
        found = Detection(fmt.id, f"{fmt.title}, as you said; no sampled line fits it")
    else:
        found.why += ", as you said"
    return found


def _compile(detection: Detection, format: Format | None, seen: str) -> list[Compiled]:
    chosen = _compile_one(detection, format, seen)
    for other in detection.others:
        chosen += _compile_one(other, None, seen)
    known = {c.fmt.id for c in chosen}
    for compiled in list(chosen):
        for name in compiled.fmt.companions:
            if name not in known:  # rare lines that no sample need hold
                known.add(name)
                chosen.append(compile_format(formats()[name], compiled.envelopes, seen=None))
    return chosen


def _compile_one(detection: Detection, format: Format | None, seen: str) -> list[Compiled]:
    fmt = format if format is not None else formats()[str(detection.format)]
    return [compile_format(fmt, detection.envelopes, header=detection.header, seen=seen)]


def _sections(reader: Reader, chosen: list[Compiled]) -> list[Compiled]:
    """A W3C log may name other columns midway: one compiled format for each header that differs."""
    headers = sorted(
        reader.rows("SELECT no, rtrim(line, chr(13)) FROM {lines} WHERE starts_with(line, '#Fields:')")
    )
    if len({text for _, text in headers}) < 2:
        return chosen
    reader.fast = False  # the condition below needs line numbers
    sections: dict[str, list[str]] = {}
    for index, (no, text) in enumerate(headers):
        end = headers[index + 1][0] if index + 1 < len(headers) else 2**62
        sections.setdefault(text, []).append(f"no BETWEEN {no} AND {end}")
    compiled = []
    for text, ranges in sections.items():
        section = compile_format(chosen[0].fmt, chosen[0].envelopes, header=text)
        section.matches = f"({section.matches} AND ({' OR '.join(ranges)}))"
        compiled.append(section)
    return compiled + chosen[1:]


def _more_formats(reader: Reader, chosen: Sequence[Compiled], name: str) -> Detection | None:
    """A further format among the lines that none has claimed so far; None if nothing fits them."""
    rest = unclaimed(reader, chosen, 100)
    if not rest:
        return None
    found = detect_lines([line for _, line in rest], Path(name).name, depth=3, con=reader.con)
    if found.format is None or found.format in {c.fmt.id for c in chosen}:
        return None
    return found


def _warnings(result: LogResult, damage: Damage, chosen: Sequence[Compiled]) -> list[str]:
    found = []
    if result.unparsed:
        first = "; ".join(f"line {no} ({why})" for no, why in result.unparsed_lines)
        lines = "line" if result.lines == 1 else "lines"
        found.append(f"{result.unparsed} of {result.lines} {lines} could not be read: {first}")
    if damage.long_lines:
        found.append(f"{damage.long_lines} lines are longer than 16 MB: only their beginning was read")
    if damage.broken:
        found.append("the compressed data is damaged or breaks off: what came before it was read")
    if result.detection.others:
        found.append("the file mixes formats: also " + ", ".join(o.title for o in result.detection.others))
    if result.sampled > 1:
        found.append(
            f"{result.quiet} streams ended without a sign of trouble; one in {result.sampled} of them was kept"
        )
    return found
