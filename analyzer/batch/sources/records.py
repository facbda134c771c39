"""Lists of records in a file: JSON, JSON lines and CSV, one record at a time, whatever their number."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec

from analyzer.intake.split import value_end

_LONGEST: Final = 64 * 1024 * 1024  # bytes of one record
_LISTS: Final = (
    "tickets",
    "issues",
    "conversations",
    "ticket_events",
    "items",
    "results",
    "data",
    "records",
    "values",
)
_SPACE: Final = re.compile(rb"[\s,]*+")
_STRING: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_COLON: Final = re.compile(rb"\s*+:\s*+")


class Record(NamedTuple):
    """place: `row 17` or `$.tickets[16]`. value: None where the record is broken; then why says so.

    kind: the list it is from, as the document calls it; "" for a document that is one record.
    """

    place: str
    value: dict[str, Any] | None
    why: str = ""
    kind: str = ""


def json_records(path: Path, side: tuple[str, ...] = ()) -> Iterator[Record]:
    """The records of a JSON document or of JSON lines.

    A document is a list of records, an object that has one under a usual name, or one record. side: names
    of further lists whose records are wanted too, such as the users that an export brings along.
    """
    size = path.stat().st_size
    if not size:
        return
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = 3 if data[:3] == codecs.BOM_UTF8 else 0
        start = _skip(data, start)
        first = data[start : start + 1]
        if first == b"[":
            yield from _array(data, start + 1, "$", "")
        elif first == b"{":
            end = value_end(data, start)
            if end is not None and _skip(data, end) >= size:
                yield from _document(data, start, side)
            else:
                yield from _lines(data, start)
        else:
            yield Record("$", None, "it is no JSON")


def csv_records(path: Path) -> Iterator[Record]:
    """The rows of a CSV (or of one with semicolons or tabs) as records by its first row's names."""
    with path.open("rb") as raw, _text(raw) as text:
        head = text.readline(1 << 20)
        delimiter = max(",;\t", key=head.count)
        text.seek(0)
        rows = csv.reader(text, delimiter=delimiter)
        names: list[str] | None = None
        while True:
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                yield Record(f"line {rows.line_num}", None, "it is no row of a CSV")
                continue
            place = f"line {rows.line_num}"
            if names is None:
                names = [name.strip().removeprefix("\ufeff") for name in row]
            elif any(cell.strip() for cell in row):
                if len(row) > len(names):
                    yield Record(place, None, f"it has {len(row)} cells, and the first row has {len(names)}")
                    continue
                value: dict[str, Any] = {}
                for name, cell in zip(names, row, strict=False):
                    if name in value and cell:  # several columns of one name
                        value[name] = f"{value[name]}\n{cell}" if value[name] else cell
                    else:
                        value.setdefault(name, cell)
                yield Record(place, value)


def first_record(path: Path) -> dict[str, Any] | None:
    """The first record that can be read; None without one. Looks at no more than it takes."""
    with contextlib.suppress(OSError, ValueError):
        for number, record in enumerate(json_records(path)):
            if record.value is not None:
                return {**record.value, "": record.kind}
            if number > 100:
                break
    return None


def _text(raw: BinaryIO) -> io.TextIOWrapper:
    head = raw.read(4)
    raw.seek(0)
    wide = head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return io.TextIOWrapper(raw, encoding="utf-16" if wide else "utf-8-sig", errors="replace", newline="")


def _document(data: mmap.mmap, start: int, side: tuple[str, ...]) -> Iterator[Record]:
    lists: dict[str, int] = {}
    sides: dict[str, int] = {}
    for key, at in _members(data, start):
        if data[at : at + 1] == b"[":
            if key in side:
                sides[key] = at
            elif key in _LISTS:
                lists[key] = at
    # What the records refer to comes first, wherever it stands.
    for key, at in sides.items():
        yield from _array(data, at + 1, f"$.{key}", key)
    if not lists:
        yield _record(data, start, "$", "")
        return
    key = next(name for name in _LISTS if name in lists)
    yield from _array(data, lists[key] + 1, f"$.{key}", key)


def _members(data: mmap.mmap, start: int) -> Iterator[tuple[str, int]]:
    """Keys of an object and where their values begin."""
    at = start + 1
    while True:
        at = _skip(data, at)
        key = _STRING.match(data, at)
        colon = _COLON.match(data, key.end()) if key else None
        if key is None or colon is None:
            return
        yield key[0][1:-1].decode("utf-8", "replace"), colon.end()
        end = value_end(data, colon.end())
        if end is None:
            return
        at = end


def _array(data: mmap.mmap, at: int, place: str, kind: str) -> Iterator[Record]:
    number = 0
    while True:
        at = _skip(data, at)
        if data[at : at + 1] in (b"]", b""):
            if data[at : at + 1] == b"":
                yield Record(f"{place}[{number}]", None, "the file is cut off here", kind)
            return
        found = _record(data, at, f"{place}[{number}]", kind)
        end = value_end(data, at)
        yield found
        if end is None or end <= at:
            return
        at, number = end, number + 1


def _record(data: mmap.mmap, at: int, place: str, kind: str) -> Record:
    end = value_end(data, at)
    if end is None:
        return Record(place, None, "the file is cut off here", kind)
    return _decoded(data[at:end] if end - at <= _LONGEST else b"", place, kind)


def _lines(data: mmap.mmap, start: int) -> Iterator[Record]:
    number, at = 1 + data[:start].count(b"\n"), start
    while at < len(data):
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        line = data[at:end] if end - at <= _LONGEST else b"{"
        if line.strip():
            yield _decoded(line, f"line {number}", "")
        at, number = end + 1, number + 1


def _decoded(text: bytes, place: str, kind: str) -> Record:
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return Record(place, None, "it is no JSON", kind)
    if not isinstance(value, dict):
        return Record(place, None, "it is no object", kind)
    return Record(place, value, "", kind)


def _skip(data: mmap.mmap, at: int) -> int:
    space = _SPACE.match(data, at)
    return space.end() if space else at
