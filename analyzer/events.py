"""The events of one stream, one by one, and where it stopped: what `hangup events` prints.

Numbers are those of the report: `s1` is the worst stream of the capture.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from analyzer.errors import UsageError
from analyzer.model import Event, Recorded, Stream
from analyzer.report.events import Rest, Shown, StreamEvents

if TYPE_CHECKING:
    from analyzer.options import Options
    from analyzer.protocols import DecodedStream

_NUMBER: Final = re.compile(r"s?(\d{1,9})")
# What a decoder does to help people, and an EventSource does not do.
_HELPED: Final = "no blank lines between events"


def read_events(path: str | Path, number: str | None = None, options: Options | None = None) -> StreamEvents:
    """The events of one stream of a browser's capture, redacted unless `options` say otherwise.

    number: `2` or `s2`, as the report numbers its streams; None is the first, the worst one. Raises
    UsageError where there is no such stream, and like `analyze` where the capture cannot be read.
    """
    from analyzer.facts.build import stream_input
    from analyzer.options import Options
    from analyzer.pipeline import examine
    from analyzer.protocols import decode_events

    options = options or Options()
    report, exchanges, _ = examine([path], replace(options, drawings=False, details=False))
    place = _place(number, report.streams, logs=any(info.kind == "log" for info in report.captures))
    recorded, stream = exchanges[place], report.streams[place]
    inp = stream_input(recorded)
    decoded = decode_events(inp)
    mask = _Mask(options.redact, decoded.framing)
    arrived = _arrivals(recorded, inp.body)

    def shown(
        events: Sequence[Event], *, sent: bool = False, beats: frozenset[int] = frozenset()
    ) -> list[Shown]:
        return [
            _shown(event, mask, arrived, sent=sent, heartbeat=place in beats)
            for place, event in enumerate(events)
        ]

    events = shown(decoded.events, beats=decoded.beats)
    if decoded.sent:
        events = _in_time(events, shown(decoded.sent, sent=True))
    strict = None
    if inp.body is not None and any(item.reason == _HELPED for item in decoded.malformed):
        strict = shown(_as_dispatched(inp.body))
    return StreamEvents(
        stream=stream,
        streams=len(report.streams),
        events=events,
        comments=decoded.comments,
        retry_ms=decoded.retry_ms,
        tail=_rest(recorded, decoded, mask),
        recorded=inp.body is not None or inp.events is not None or inp.messages is not None,
        malformed=[f"byte {item.offset}: {item.reason}" for item in decoded.malformed[:20]],
        strict=strict,
    )


def _place(number: str | None, streams: list[Stream], *, logs: bool) -> int:
    if logs:
        raise UsageError(
            "a log holds no events",
            expected="a HAR or a NetLog",
            help="hangup analyze says what its lines tell",
        )
    if not streams:
        raise UsageError(
            "there is no stream in this capture",
            help="name the path with --stream-path if the application streams where nobody would expect it",
        )
    if number is None:
        return 0
    found = _NUMBER.fullmatch(number.strip())
    if found is None or not 1 <= int(found[1]) <= len(streams):
        raise UsageError(
            f"there is no stream {number!r}" if found else "that is no number of a stream",
            expected=f"s1 to s{len(streams)}, as hangup analyze numbers them",
        )
    return int(found[1]) - 1


# ---------------------------------------------------------------------------------- one event


class _Mask:
    """Bytes of a capture → text that may be shown."""

    def __init__(self, redact: bool, framing: str | None) -> None:
        from analyzer.redact.lengths import Lengths

        self._lengths = Lengths() if redact else None
        self._always_text = framing in ("sse", "ndjson", "json-array", "text")
        # Protobuf is full of short runs of text that no rule for text would find.
        self._protobuf = framing in ("grpc-web", "ag-ui-binary")

    def data(self, data: bytes, kind: str = "") -> str:
        """Text as a browser decodes it (WHATWG Encoding, UTF-8 decode); binary data in base64."""
        try:
            text = data.decode("utf-8")
            binary = kind == "binary" or "\0" in text or (self._protobuf and _is_protobuf(data, kind))
        except UnicodeDecodeError:
            text, binary = data.decode("utf-8", "replace"), True
        if binary and not self._always_text:
            return self._binary(data)
        return text if self._lengths is None else self._lengths.data(text)

    def _binary(self, data: bytes) -> str:
        import base64

        if self._lengths is not None:
            return f"⟨binary {len(data):,} B⟩"
        return "base64," + base64.b64encode(data).decode("ascii")

    def type(self, text: str) -> str:
        return text if self._lengths is None else self._lengths.event_type(text)

    def id(self, text: str | None) -> str | None:
        return text if self._lengths is None or text is None else self._lengths.event_id(text)


def _is_protobuf(data: bytes, kind: str) -> bool:
    return kind != "trailers" and data[:1] not in (b"{", b"[")


Arrivals = tuple[list[int], list[float]]  # bytes that had come, and when


def _arrivals(recorded: Recorded, body: bytes | None) -> Arrivals | None:
    """When which byte of the body had come; None unless the recorded pieces add up to the body."""
    if body is None or not recorded.chunks:
        return None
    ends = list(accumulate(chunk.size for chunk in recorded.chunks))
    return (ends, [chunk.at_ms for chunk in recorded.chunks]) if ends[-1] == len(body) else None


def _shown(event: Event, mask: _Mask, arrived: Arrivals | None, *, sent: bool, heartbeat: bool) -> Shown:
    at = event.at_ms
    if at is None and arrived is not None and 0 <= event.offset < event.end <= arrived[0][-1]:
        at = arrived[1][bisect_left(arrived[0], event.end)]
    return Shown(
        index=event.index,
        type=mask.type(event.type),
        data=None if event.data is None else mask.data(event.data, event.type),
        id=mask.id(event.id),
        at_ms=at,
        offset=event.offset if event.offset >= 0 else None,
        size=None if event.data is None else len(event.data),
        heartbeat=heartbeat,
        sent=sent,
        dispatched=event.dispatched,
    )


def _in_time(received: list[Shown], sent: list[Shown]) -> list[Shown]:
    """Both directions in order of time; without times, what was sent comes first."""
    if any(item.at_ms is None for item in (*received, *sent)):
        return [*sent, *received]
    return sorted((*sent, *received), key=lambda item: item.at_ms or 0.0)


def _as_dispatched(body: bytes) -> list[Event]:
    from analyzer.decode.sse import SSEDecoder

    return [item for item in SSEDecoder().feed(body) if isinstance(item, Event)]


def _rest(recorded: Recorded, decoded: DecodedStream, mask: _Mask) -> Rest:
    """The tail. Where nothing is left over, an end marker that never came is what was owed."""
    row, tail = recorded.exchange, decoded.tail
    reason = tail.reason if tail is not None else None
    if row.terminal_marker == "missing":
        owed = (
            f"the end marker {row.terminal_name} never came"
            if row.terminal_name
            else "the end marker never came"
        )
        reason = f"{reason}; {owed}" if reason else owed
    if tail is None:
        return Rest(None, None, reason)
    return Rest(len(tail.data), mask.data(tail.data), reason)
