"""What a capture holds of a stream, as events: from the body, the recorder's events, or its messages.

The body is best for content and for the tail; the recorder's events are best for times. Where both are
there and agree in number, the body's events take the recorder's times.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from analyzer.decode.api import is_json
from analyzer.decode.awseventstream import AWSEventStreamDecoder
from analyzer.decode.choose import decoder_for, framing_of
from analyzer.decode.grpcweb import GRPCWebDecoder
from analyzer.decode.jsonarray import JSONArrayDecoder
from analyzer.decode.quick import LONG, Glance, full_ndjson, full_sse, glance_ndjson, glance_sse
from analyzer.decode.sse import Stray
from analyzer.decode.websocket import read_messages
from analyzer.model import Event, Malformed, RecordedEvent, StreamInput, Tail
from analyzer.protocols.endpoints import asked_to_stream
from analyzer.unread import times_of

_EMPTY: Final = Tail(b"", 0)


class Source(msgspec.Struct):
    """The events of one stream, and what is known beside them.

    origin: where they come from; None: the capture has none of it. events: in order; for a long body
    only those that matter, and then `sampled` is True and `count` says how many there are.
    tail, pending: None where the origin cannot show a tail (recorded events, messages).
    times: arrival of each event as recorded, known ones only; also for events not in `events`.
    """

    origin: Literal["body", "events", "messages"] | None
    framing: str | None
    events: list[Event] = msgspec.field(default_factory=list)
    count: int = 0
    sampled: bool = False
    comments: int = 0
    comment_texts: list[bytes] = msgspec.field(default_factory=list)
    stray: list[Stray] = msgspec.field(default_factory=list)
    malformed: list[Malformed] = msgspec.field(default_factory=list)
    tail: Tail | None = None
    pending: Event | None = None
    retry_ms: int | None = None
    last_event_id: str | None = None
    times: list[float] = msgspec.field(default_factory=list)
    array_closed: bool | None = None
    trailers: dict[str, str] | None = None
    close_code: int | None = None
    sent: list[Event] = msgspec.field(default_factory=list)


def framing_for(inp: StreamInput) -> str | None:
    """How this exchange's data is cut into events; None when it is no stream of events."""
    if inp.messages is not None or inp.status == 101:
        return "websocket"
    found = framing_of(inp.content_type, inp.body or b"", inp.path)
    if found == "text" and not _grows(inp):
        found = None
    return found or ("sse" if inp.events else None)


def _grows(inp: StreamInput) -> bool:
    """Whether plain text can be a stream: an answer with content, to a request that asked for one."""
    answered = inp.status is None or (200 <= inp.status < 300 and inp.status != 204)
    return answered and bool(inp.body) and asked_to_stream(inp)[0] is True


def read_source(inp: StreamInput, needles: Sequence[re.Pattern[bytes]] = (), *, full: bool = False) -> Source:
    """The events of an exchange. full: decode every event of a long body as well."""
    framing = framing_for(inp)
    if inp.messages is not None:
        return _from_messages(inp)
    if inp.body or (inp.body is not None and not inp.events):
        return _from_body(inp, framing, needles, full)
    if inp.events:
        return _from_events(inp.events, framing, needles, full)
    return Source(None, framing)


def _from_messages(inp: StreamInput) -> Source:
    found = read_messages(inp.messages or [])
    received = _unpacked(found.received)
    return Source(
        "messages",
        "websocket",
        events=received,
        count=len(received),
        times=[event.at_ms for event in received if event.at_ms is not None],
        close_code=found.close_code,
        sent=found.sent,
    )


def _unpacked(received: list[Event]) -> list[Event]:
    """Binary messages that are AWS event-stream messages each (Transcribe), as the events inside them."""
    first = next((event for event in received if event.data is not None), None)
    if first is None or first.type != "binary" or _packed(first) is None:
        return received
    return [_packed(event) or event for event in received]


def _packed(event: Event) -> Event | None:
    if event.type != "binary" or not event.data:
        return None
    decoder = AWSEventStreamDecoder()
    inside = decoder.feed(event.data)
    if len(inside) != 1 or not isinstance(inside[0], Event) or decoder.close().data:
        return None
    return Event(event.index, inside[0].type, inside[0].data, at_ms=event.at_ms)


def _from_events(
    recorded: Sequence[RecordedEvent], framing: str | None, needles: Sequence[re.Pattern[bytes]], full: bool
) -> Source:
    glance = None if full or framing not in (None, "sse") else _glance_at_events(recorded, needles)
    if glance is not None:
        events = [*glance.first, *glance.hits, *glance.last]
    else:
        events = [
            Event(index, item.type or "message", _encoded(item.data), item.id, item.at_ms)
            for index, item in enumerate(recorded)
        ]
    ids = [item.id for item in recorded if item.id]
    return Source(
        "events",
        framing or "sse",
        events=events,
        count=len(recorded),
        sampled=glance is not None,
        times=times_of(recorded),
        last_event_id=ids[-1] if ids else None,
    )


def _glance_at_events(
    recorded: Sequence[RecordedEvent], needles: Sequence[re.Pattern[bytes]]
) -> Glance | None:
    """Many recorded events, settled as a long body is; None where they are few, or not all known."""
    size = 0
    for item in recorded:
        if item.data is None:
            return None
        size += len(item.data)
    if size < LONG:
        return None
    heads = {
        kind: f"event: {kind}\ndata: " if kind else "data: " for kind in {item.type for item in recorded}
    }
    body = "".join(
        [heads[item.type] + (item.data or "").replace("\n", "\ndata: ") + "\n\n" for item in recorded]
    )
    if "\r" in body or any("\n" in kind for kind in heads):
        return None  # no event stream has such events
    glance = glance_sse(body.encode("utf-8", "surrogatepass"), needles)
    return None if glance.complete or glance.events != len(recorded) else glance


def _encoded(data: str | None) -> bytes | None:
    return None if data is None else data.encode("utf-8", "surrogatepass")


def _from_body(
    inp: StreamInput, framing: str | None, needles: Sequence[re.Pattern[bytes]], full: bool
) -> Source:
    body = inp.body or b""
    if framing in ("sse", "ndjson"):
        source = _glanced(body, framing, needles, full or len(body) < LONG)
    else:
        source = _decoded(body, framing, inp.content_type)
    if inp.events:
        source.times = times_of(inp.events)
        if full:
            _lend_times(source, inp.events)
    return source


def _glanced(body: bytes, framing: str, needles: Sequence[re.Pattern[bytes]], full: bool) -> Source:
    glance: Glance
    if framing == "sse":
        glance = full_sse(body) if full else glance_sse(body, needles)
    else:
        glance = full_ndjson(body) if full else glance_ndjson(body, needles)
    source = Source(
        "body",
        framing,
        events=[*glance.first, *glance.hits, *glance.last],
        count=glance.events,
        sampled=not glance.complete,
        comments=glance.comments,
        comment_texts=glance.comment_texts,
        stray=glance.stray,
        malformed=glance.malformed,
        tail=glance.tail,
        pending=glance.pending,
        retry_ms=glance.retry_ms,
        last_event_id=glance.last_event_id,
    )
    if framing == "sse" and glance.events + (glance.pending is not None) == 1:
        _one_event_per_line(source)
    return source


def _one_event_per_line(source: Source) -> None:
    """Undo a habit of home-made servers: `data:` lines without blank lines between them.

    An EventSource would see one event of many lines; their own clients split at line ends. Taken for
    that only when the whole body is a single block of several lines that are each JSON, or `[DONE]`.
    """
    block = source.events[0] if source.events else source.pending
    lines = block.data.split(b"\n") if block is not None and block.data else []
    whole = [line for line in lines if line.strip() == b"[DONE]" or (line[:1] == b"{" and is_json(line))]
    cut = len(lines) - len(whole)
    if len(whole) < 2 or cut > (not source.events) or (cut and whole != lines[:-1]):
        return
    source.malformed.append(Malformed(0, "no blank lines between events"))
    source.events = [Event(i, "message", line) for i, line in enumerate(whole)]
    source.count = len(whole)
    source.pending = None
    if source.tail is not None:
        rest = source.tail.data.rpartition(b"\n")[2] if cut else b""
        source.tail = Tail(rest, source.tail.offset, "unterminated line" if cut else None)


def _decoded(body: bytes, framing: str | None, content_type: str | None) -> Source:
    decoder = decoder_for(framing, content_type) if framing else None
    if decoder is None:
        return Source("body", framing)
    items = decoder.feed(body)
    events = [item for item in items if isinstance(item, Event)]
    return Source(
        "body",
        framing,
        events=events,
        count=len(events),
        malformed=[item for item in items if isinstance(item, Malformed)],
        tail=decoder.close(),
        pending=decoder.pending() if isinstance(decoder, JSONArrayDecoder) else None,
        array_closed=decoder.closed if isinstance(decoder, JSONArrayDecoder) else None,
        trailers=decoder.trailers if isinstance(decoder, GRPCWebDecoder) else None,
    )


def _lend_times(source: Source, recorded: Sequence[RecordedEvent]) -> None:
    """Give the body's events the recorder's times, where the two lists are of the same events.

    A recorder that attached late misses the first events, so the lists are lined up at their ends.
    """
    dispatched = [i for i, event in enumerate(source.events) if event.dispatched]
    if source.sampled or len(recorded) > len(dispatched):
        return
    for place, item in zip(reversed(dispatched), reversed(recorded), strict=False):
        event = source.events[place]
        if item.at_ms is None or event.type != (item.type or "message"):
            continue
        source.events[place] = Event(
            event.index, event.type, event.data, event.id, item.at_ms, event.offset, event.end
        )
