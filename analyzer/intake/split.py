"""Cut a JSON array into its elements without parsing them: for documents that no parser accepts.

Works on files cut in the middle, on NaN and control characters, on nesting of any depth, and at the
speed of the regex engine: strings and scalars are skipped whole, only brackets are counted.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator

import msgspec

from analyzer.patterns import later

# Possessive throughout: nothing is ever tried twice, the time is linear in the bytes.
_BRACKET = later(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+([\[\]{}])', re.DOTALL)
_SPACE = later(rb"[\s,]*+")
_SCALAR = later(rb'(?:"(?:[^"\\]++|\\.)*+"|[^,\[\]{}"]++)', re.DOTALL)
_KEY = later(rb'\{\s*+("[\w-]{1,40}")')
_FIRST_KEYS = later(rb'\{\s*+"(?:_initiator|startedDateTime|pageref|_frameref|cache|request)"\s*+:')
# Every try may read to the end of the file.
_TRIES = 40
_ENTRIES = later(rb'"entries"\s*+:\s*+\[')


class Cut(msgspec.Struct):
    """What an array gave. end: where reading stopped; closed: the array's own bracket was there.

    damaged: stretches between elements that no parser makes sense of.
    """

    spans: list[tuple[int, int]] = msgspec.field(default_factory=list)
    end: int = 0
    closed: bool = False
    damaged: list[tuple[int, int]] = msgspec.field(default_factory=list)


def find_entries(data: bytes | bytearray | mmap.mmap, start: int = 0) -> int | None:
    """Offset of the first element of `entries`. The pattern cannot match inside a JSON string."""
    match = _ENTRIES.search(data, start)
    return match.end() if match else None


def value_end(data: bytes | bytearray | mmap.mmap, start: int) -> int | None:
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


def elements(data: bytes | bytearray | mmap.mmap, start: int, readable: Callable[[int, int], bool]) -> Cut:
    """Spans of the complete elements of the array whose first element is at or after `start`.

    readable: whether a span holds a value. After a stretch that does not, reading goes on at the
    next place that looks like the beginning of an element, as hand-edited files need it.
    """
    cut = Cut(end=start)
    at, tries, anchor = start, 0, _FIRST_KEYS
    while True:
        space = _SPACE.match(data, at)
        begin = space.end() if space else at
        if begin >= len(data):
            return cut
        if data[begin] == 0x5D:  # ]
            cut.end, cut.closed = begin + 1, True
            return cut
        end = value_end(data, begin)
        if end is not None and end > begin and readable(begin, end):
            if not cut.spans:
                anchor = _anchor(data, begin) or anchor
            cut.spans.append((begin, end))
            cut.end = at = end
            continue
        tries += 1
        again = anchor.search(data, begin + 1) if tries <= _TRIES else None
        if again is None:
            return cut
        cut.damaged.append((begin, again.start()))
        at = again.start()


def _anchor(data: bytes | bytearray | mmap.mmap, begin: int) -> re.Pattern[bytes] | None:
    """How elements of this array begin: an exporter writes the same first key every time."""
    key = _KEY.match(data, begin)
    return re.compile(rb"\{\s*+" + re.escape(key[1]) + rb"\s*+:") if key else None


def member(data: bytes | bytearray | mmap.mmap, name: bytes, start: int, stop: int) -> bytes | None:
    """The value of the first key `name` between two offsets, as bytes; for small things only."""
    match = re.compile(rb'"' + re.escape(name) + rb'"\s*+:\s*+').search(data, start, stop)
    if match is None:
        return None
    end = value_end(data, match.end())
    return bytes(data[match.end() : end]) if end is not None and end <= stop else None


def _brackets(data: bytes | bytearray | mmap.mmap, start: int) -> Iterator[tuple[bool, int]]:
    match = _BRACKET.match
    at = start
    while found := match(data, at):
        at = found.end()
        yield data[at - 1] in b"[{", at
