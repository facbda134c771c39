"""Settling a long body from its head, its tail and the places that matter in between.

A healthy answer of several megabytes has tens of thousands of events that all look alike. Counting them
and finding the few that decide a verdict needs no Python per event: blocks are counted by one regular
expression that never backtracks, and only the first and last blocks, and those that contain one of the
caller's needles, are decoded. What it reports agrees with the full decoder; a test compares them.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from analyzer.decode.ndjson import NDJSONDecoder
from analyzer.decode.needles import possible
from analyzer.decode.sse import SSEDecoder, Stray
from analyzer.model import Event, Malformed, Tail
from analyzer.patterns import later

#: Bodies below this are decoded in full: a hundred events of an answer, or more.
LONG: Final = 32 * 1024

#: Events decoded at each end of a longer one: no protocol needs as many to open an answer, or to close it.
ENDS: Final = 12

Needles = Sequence[re.Pattern[bytes]]

# One match per block that is an event: from its first line that is neither comment nor retry (nor an
# id that counts for nothing) to its blank line. Possessive quantifiers keep it linear; the empty group
# makes findall copy nothing.
_BLOCK: Final = later(
    rb"\n(?!\n|:|retry[:\n]|id:[^\n\0]*+\0)[^\n]++(?:\n[^\n]++)*+(?=\n\n)()",
)
# Anything but data lines with one blank line between: where it is not found, most can be left unsearched.
_OTHER: Final = later(rb"\n(?!data:|\n(?!\n))")
_ID: Final = later(rb"\nid(?:: ?([^\n\0]*+))?+(?=\n)")


class Glance(msgspec.Struct):
    """What was settled without decoding everything.

    events: all events of the body, dispatched or not; comments: comment lines (SSE) or blank lines
    (NDJSON). first, last: the events at both ends; hits: events between them that contain a needle.
    `index` is that of the full decoder for `first` and `last`, and -1 for hits. Offsets are those of
    the body, -1 where line ends had to be rewritten. pending: the unterminated last event, if it has
    any field. complete: `first` holds every event.
    """

    events: int
    comments: int
    first: list[Event] = msgspec.field(default_factory=list)
    hits: list[Event] = msgspec.field(default_factory=list)
    last: list[Event] = msgspec.field(default_factory=list)
    tail: Tail = msgspec.field(default_factory=lambda: Tail(b"", 0))
    pending: Event | None = None
    stray: list[Stray] = msgspec.field(default_factory=list)
    comment_texts: list[bytes] = msgspec.field(default_factory=list)
    malformed: list[Malformed] = msgspec.field(default_factory=list)
    retry_ms: int | None = None
    last_event_id: str | None = None
    complete: bool = False
    hits_dropped: int = 0


def glance_sse(body: bytes, needles: Needles = (), *, ends: int = ENDS, max_hits: int = 256) -> Glance:
    """Settle a long SSE body. ends: blocks decoded at each end; max_hits: blocks decoded in between.

    needles: patterns that point at blocks worth decoding; they must be linear, and must not match a
    blank line. Beyond `max_hits` the late hits are kept, because late events decide more than early
    ones, and `hits_dropped` counts the others.
    """
    text = body.removeprefix(b"\xef\xbb\xbf")
    exact = len(text) == len(body)
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        exact = False
    text = b"\n" + text
    whole = text[: text.rfind(b"\n\n") + 2]
    head_to, last_from = _after_blocks(whole, ends), _before_blocks(whole, ends)
    if head_to >= last_from:
        return full_sse(body)

    head, last = SSEDecoder(), SSEDecoder()
    # Each piece is fed with the LF before it, or bytes that look like a BOM there would be taken for one.
    first = [event for event in head.feed(whole[:head_to]) if isinstance(event, Event)]
    final = [event for event in last.feed(text[last_from - 1 :]) if isinstance(event, Event)]
    # Where one data line and one blank line take turns, counting tells all; it is much cheaper than patterns.
    blocks = whole.count(b"\n\ndata:", 1) + 1
    in_turns = whole.startswith(b"\ndata:") and whole.count(b"\n") == 2 * blocks + 1
    plain = in_turns or _OTHER.search(whole, 0, len(whole) - 2) is None
    after = text[len(whole) - 1 :] if plain else text  # where there can be comments and retries
    hits, stray, dropped = _hits(whole, head_to, last_from, needles, max_hits, plain)
    events = blocks if plain else len(_BLOCK.findall(whole))
    unfinished = text[text.rfind(b"\n") + 1 :].startswith(b":")
    by = last_from - 2 if exact else None
    return Glance(
        events=events,
        comments=after.count(b"\n:") - unfinished,
        first=[_moved(event, -1 if exact else None, event.index) for event in first],
        hits=[_moved(event, -1 if exact else None, -1) for event in hits],
        last=[_moved(event, by, events - len(final) + event.index) for event in final],
        tail=_tail(body, last.close(), exact),
        pending=last.pending(),
        stray=[*head.stray, *stray, *last.stray],
        comment_texts=head.comment_texts,
        retry_ms=_last_retry(after),
        last_event_id=last.last_event_id if plain or last.last_event_id is not None else _last_id(whole),
        hits_dropped=dropped,
    )


def full_sse(body: bytes) -> Glance:
    """The same answer from the full decoder: for short bodies, and for comparison."""
    decoder = SSEDecoder()
    events = [event for event in decoder.feed(body) if isinstance(event, Event)]
    return Glance(
        events=len(events),
        comments=decoder.comments,
        first=events,
        tail=decoder.close(),
        pending=decoder.pending(),
        stray=decoder.stray,
        comment_texts=decoder.comment_texts,
        retry_ms=decoder.retry_ms,
        last_event_id=decoder.last_event_id,
        complete=True,
    )


def glance_ndjson(body: bytes, needles: Needles = (), *, ends: int = ENDS, max_hits: int = 256) -> Glance:
    """Settle a long NDJSON body. Every line is checked to be JSON, in C; a bad line costs a full decode."""
    cut = body.rfind(b"\n") + 1
    lines = [line for line in (raw.strip(b" \t\r") for raw in body[:cut].split(b"\n")) if line]
    try:
        deque(map(msgspec.json.Decoder(msgspec.Raw).decode, lines), maxlen=0)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return full_ndjson(body)
    if len(lines) <= 2 * ends:
        return full_ndjson(body)
    low, high = _after_lines(body, ends), _before_lines(body, cut, ends)
    spots = sorted({match.start() for needle in needles for match in needle.finditer(body, low, high)})
    starts = list(dict.fromkeys(body.rfind(b"\n", 0, spot + 1) + 1 for spot in spots))
    dropped = max(0, len(starts) - max_hits)
    hits = [Event(-1, "message", body[s : body.find(b"\n", s)].strip(), offset=s) for s in starts[dropped:]]
    decoder = NDJSONDecoder()
    decoder.feed(body[cut:])
    tail = decoder.close()
    total = len(lines)
    return Glance(
        events=total,
        comments=body.count(b"\n") - total,
        first=[Event(i, "message", lines[i]) for i in range(ends)],
        hits=hits,
        last=[Event(i, "message", lines[i]) for i in range(total - ends, total)],
        tail=Tail(tail.data, cut, tail.reason),
        pending=decoder.pending(),
        hits_dropped=dropped,
    )


def full_ndjson(body: bytes) -> Glance:
    """The same answer from the full decoder."""
    decoder = NDJSONDecoder()
    items = decoder.feed(body)
    events = [item for item in items if isinstance(item, Event)]
    return Glance(
        events=len(events),
        comments=decoder.blank_lines,
        first=events,
        tail=decoder.close(),
        pending=decoder.pending(),
        malformed=[item for item in items if isinstance(item, Malformed)],
        complete=True,
    )


def _after_lines(body: bytes, n: int) -> int:
    """The place just after the n-th line from the front that is not blank."""
    pos = 0
    while n and (end := body.find(b"\n", pos)) >= 0:
        n -= bool(body[pos:end].strip())
        pos = end + 1
    return pos


def _before_lines(body: bytes, end: int, n: int) -> int:
    """The place just before the n-th line from the back that is not blank; `end` is after a line end."""
    while n and end > 0:
        start = body.rfind(b"\n", 0, end - 1) + 1
        n -= bool(body[start:end].strip())
        end = start
    return end


def _after_blocks(text: bytes, n: int) -> int:
    """The place just after the n-th blank line from the front."""
    pos = 0
    for _ in range(n):
        found = text.find(b"\n\n", pos)
        if found < 0:
            return len(text)
        pos = found + 1
    return min(pos + 1, len(text))


def _before_blocks(text: bytes, n: int) -> int:
    """The place just after the blank line that has n more behind it."""
    pos = len(text)
    for _ in range(n + 1):
        found = text.rfind(b"\n\n", 0, pos)
        if found < 0:
            return 0
        pos = found + 1
    return pos + 1


def _hits(
    whole: bytes, start: int, end: int, needles: Needles, limit: int, plain: bool
) -> tuple[list[Event], list[Stray], int]:
    """Decode the blocks between start and end that contain a needle, in order, each once."""
    # A needle may begin with the LF before its line, and the first block's is just before `start`.
    wanted = possible(needles, whole, start - 1, end, plain=plain)
    spots = sorted({match.start() for needle in wanted for match in needle.finditer(whole, start - 1, end)})
    blocks: list[tuple[int, int]] = []
    for spot in spots:
        if blocks and spot < blocks[-1][1] - 1:
            continue
        left = whole.rfind(b"\n\n", 0, spot + 1) + 2
        right = whole.find(b"\n\n", spot) + 2
        if start <= left < right <= end:
            blocks.append((left, right))
    dropped = max(0, len(blocks) - limit)
    events: list[Event] = []
    stray: list[Stray] = []
    for left, right in blocks[dropped:]:
        decoder = SSEDecoder()
        for event in decoder.feed(whole[left - 1 : right]):
            if isinstance(event, Event):
                events.append(_moved(event, left - 1, -1))
        stray += decoder.stray
    return events, stray, dropped


def _last_id(text: bytes) -> str | None:
    """The last id that counts; one with NUL does not."""
    found = deque(_ID.finditer(text), maxlen=1)
    return (found[0][1] or b"").decode("utf-8", "replace") if found else None


def _last_retry(text: bytes) -> int | None:
    found = None
    for match in re.finditer(rb"\nretry: ?([0-9]+)(?=\n)", text):
        found = match[1]
    return None if found is None else int(found[:15])


def _moved(event: Event, by: int | None, index: int) -> Event:
    """The event with its index in the whole, and its span shifted; by None: no span is known."""
    start, end = (-1, -1) if by is None else (event.offset + by, event.end + by)
    return Event(index, event.type, event.data, event.id, None, start, end, event.dispatched)


def _tail(body: bytes, rest: Tail, exact: bool) -> Tail:
    """The tail with the line ends that the body really has."""
    data = rest.data
    if data and not exact:
        decoder = SSEDecoder()  # from somewhere before the last blank line: the tail comes out the same
        decoder.feed(b"\n" + body[-(2 * len(data) + 16) :])
        data = decoder.close().data
    return Tail(data, len(body) - len(data), rest.reason)
