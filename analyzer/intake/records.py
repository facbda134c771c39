"""Log records that come as one JSON document → one record per line, as every reader of logs wants them.

Consoles and APIs hand logs out as an array, as an object with the array in it (`{"records": [...]}`), or
as records printed over several lines. A record stays on the line on which it began, where that is free:
the number that a report names is the number that an editor shows.
"""

from __future__ import annotations

from typing import Final

import msgspec

from analyzer.intake.split import elements, value_end
from analyzer.patterns import later

# What Azure's exports and event hubs, Amazon's and others' APIs call the list.
WRAPPED: Final = later(
    rb'\s*+\{\s*+"(?:records|Records|events|logEvents|logs|logEntries|items|results|value|data)"\s*+:\s*+\[\s*+\{'
)
_BREAKS: Final = bytes.maketrans(b"\r\n", b"  ")
_SPACE: Final = b" \t\r\n,"


def as_lines(data: bytes | bytearray) -> bytes:
    """The records of a document, one per line. Damage costs the records that it hit, and no others."""
    out: list[bytes] = []
    line = 0
    seen = 0  # newlines before `at`
    at = 0
    for begin, end in _spans(data):
        seen += data.count(b"\n", at, begin)
        at = begin
        out.append(b"\n" * max(seen - line, 0))
        out.append(bytes(data[begin:end]).translate(_BREAKS) + b"\n")
        line = max(line, seen) + 1
    return b"".join(out)


def several(head: bytes) -> bool:
    """Whether a second object follows the first, which goes over several lines."""
    start = len(head) - len(head.lstrip())
    end = value_end(head, start)
    return end is not None and head[end:].lstrip(_SPACE)[:1] == b"{"


def _spans(data: bytes | bytearray) -> list[tuple[int, int]]:
    """Where the records stand: the values of the document, or the elements of its lists."""
    found: list[tuple[int, int]] = []
    at = 0
    while True:
        while at < len(data) and data[at] in _SPACE:
            at += 1
        if at >= len(data):
            return found
        wrapped = WRAPPED.match(data, at)
        if data[at] == 0x5B or wrapped:
            inner = (data.index(b"[", at) if wrapped else at) + 1
            spans, after = _list(data, inner)
            found += spans
            if after is None:
                return found
            at = after
            if wrapped:  # what else the object holds is no record
                closing = data.find(b"}", at)
                at = len(data) if closing < 0 else closing + 1
            continue
        end = value_end(data, at)
        if end is None:
            return found
        if data[at] == 0x7B:
            found.append((at, end))
        at = max(end, at + 1)


def _list(data: bytes | bytearray, start: int) -> tuple[list[tuple[int, int]], int | None]:
    """The objects of the list whose first element is at or after `start`, and where it ends; None: nowhere."""
    if start == 1:  # the whole document is the list: the parser is faster than the cutter
        try:
            raws = msgspec.json.decode(data, type=list[msgspec.Raw])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raws = None
        if raws is not None:
            spans, at = [], start
            for raw in raws:
                text = bytes(memoryview(raw))
                begin = data.find(text, at)
                at = begin + len(text)
                if text[:1] == b"{":
                    spans.append((begin, at))
            return spans, len(data)
    cut = elements(data, start, lambda begin, end: data[begin] == 0x7B)
    return cut.spans, cut.end if cut.closed else None
