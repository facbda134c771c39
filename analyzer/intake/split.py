"""Cut a JSON array into its elements without parsing them: for documents that no parser accepts.

Works on files cut in the middle, on NaN and control characters, on nesting of any depth, and at the
speed of the regex engine: strings and scalars are skipped whole, only brackets are counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Possessive throughout: nothing is ever tried twice, the time is linear in the bytes.
_BRACKET = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_SPACE = re.compile(rb"[\s,]*+")
_SCALAR = re.compile(rb'(?:"(?:[^"\\]++|\\.)*+"|[^,\[\]{}"]++)', re.DOTALL)
_ENTRIES = re.compile(rb'"entries"\s*+:\s*+\[')


@dataclass(slots=True)
class Cut:
    """Elements of one array. end: where reading stopped; closed: the array's own bracket was there."""

    spans: list[tuple[int, int]]
    end: int
    closed: bool


def find_entries(data: bytes | bytearray) -> int | None:
    """Offset of the first element of `entries`. The pattern cannot match inside a JSON string."""
    match = _ENTRIES.search(data)
    return match.end() if match else None


def value_end(data: bytes | bytearray, start: int) -> int | None:
    """End of the value that begins at `start`; None where the document stops inside it."""
    if start >= len(data):
        return None
    if data[start] not in b"{[":
        match = _SCALAR.match(data, start)
        # A number or a word at the very end may go on in the part that is missing.
        return match.end() if match and (match.end() < len(data) or data[start] == 0x22) else None
    depth = 0
    for opened, end in _brackets(data, start):
        depth += 1 if opened else -1
        if depth == 0:
            return end
    return None


def elements(data: bytes | bytearray, start: int) -> Cut:
    """Spans of the complete elements of the array whose first element is at or after `start`."""
    spans: list[tuple[int, int]] = []
    at = start
    while True:
        space = _SPACE.match(data, at)
        begin = space.end() if space else at
        if begin >= len(data):
            return Cut(spans, at, False)
        if data[begin] == 0x5D:  # ]
            return Cut(spans, begin + 1, True)
        end = value_end(data, begin)
        if end is None or end == begin:
            return Cut(spans, at, False)
        spans.append((begin, end))
        at = end


def member(data: bytes | bytearray, name: bytes, start: int, stop: int) -> bytes | None:
    """The value of the first key `name` between two offsets, as bytes; for small things only."""
    match = re.compile(rb'"' + re.escape(name) + rb'"\s*+:\s*+').search(data, start, stop)
    if match is None:
        return None
    end = value_end(data, match.end())
    return bytes(data[match.end() : end]) if end is not None and end <= stop else None


def _brackets(data: bytes | bytearray, start: int) -> Iterator[tuple[bool, int]]:
    match = _BRACKET.match
    at = start
    while found := match(data, at):
        at = found.end()
        yield data[at - 1] in b"[{", at
