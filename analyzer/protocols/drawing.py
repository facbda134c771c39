"""Events for people: the list that `hangup events` prints, and the sizes and times that drawings need."""

from __future__ import annotations

import msgspec

from analyzer.model import Event, Malformed, StreamInput, Tail
from analyzer.protocols.recognise import recognise, view_of
from analyzer.protocols.source import read_source

_THIN = 400


class DecodedStream(msgspec.Struct):
    """Every event of a stream. tail: None where the origin cannot show one. total: before `limit`.

    beats: which events are keep-alives by the profile, as places in `events`.
    """

    framing: str | None
    protocol: str | None
    events: list[Event] = msgspec.field(default_factory=list)
    total: int = 0
    tail: Tail | None = None
    comments: int = 0
    heartbeats: int = 0
    retry_ms: int | None = None
    last_event_id: str | None = None
    malformed: list[Malformed] = msgspec.field(default_factory=list)
    sent: list[Event] = msgspec.field(default_factory=list)
    beats: frozenset[int] = frozenset()


def decode_events(inp: StreamInput, limit: int | None = None) -> DecodedStream:
    """All events of an exchange, in full. limit: keep only the first so many; `total` counts all."""
    source = read_source(inp, full=True)
    profile = recognise(inp, source)
    beats: frozenset[int] = frozenset()
    if profile is not None and profile.heartbeat is not None:
        test = profile.heartbeat
        beats = frozenset(i for i, event in enumerate(source.events) if test(view_of(event, profile)))
    return DecodedStream(
        framing=source.framing,
        protocol=None if profile is None else profile.dialect or profile.id,
        events=source.events if limit is None else source.events[:limit],
        total=source.count,
        tail=source.tail,
        comments=source.comments,
        heartbeats=len(beats) + source.comments,
        retry_ms=source.retry_ms,
        last_event_id=source.last_event_id,
        malformed=source.malformed,
        sent=source.sent,
        beats=beats,
    )


def thinned(count: int) -> list[int]:
    """At most 400 places out of `count`, evenly spread, the first and the last among them."""
    if count <= _THIN:
        return list(range(count))
    step = (count - 1) / (_THIN - 1)
    return [round(i * step) for i in range(_THIN)]


def shape(inp: StreamInput) -> list[int]:
    """Size of each event in bytes, in order, thinned evenly to 400. Stripped data counts as 0."""
    events = read_source(inp, full=True).events
    return [len(events[i].data or b"") for i in thinned(len(events))]


def marks(inp: StreamInput) -> tuple[list[tuple[float, int, str]], int]:
    """Arrivals with known times: (ms since the request's start, bytes, `event` or `heartbeat`), and how many.

    The list is thinned evenly to 400, the number is not. Empty where the recorder has no true times.
    """
    if not inp.events and not inp.messages:
        return [], 0
    if inp.events and all(item.data is not None for item in inp.events):
        inp = msgspec.structs.replace(inp, body=None)  # the recorder's own events say all of it
    source = read_source(inp, full=True)
    profile = recognise(inp, source)
    test = profile.heartbeat if profile is not None else None
    timed = [event for event in source.events if event.at_ms is not None]
    found: list[tuple[float, int, str]] = []
    for place in thinned(len(timed)):
        event = timed[place]
        beat = test is not None and profile is not None and test(view_of(event, profile))
        found.append((event.at_ms or 0.0, len(event.data or b""), "heartbeat" if beat else "event"))
    return found, len(timed)
