"""One HAR entry → one exchange, with what decoding needs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec
from msgspec import Raw

from analyzer.columns import Exchange
from analyzer.intake import agents, bodies, headers, values
from analyzer.intake.dialects import Dialect
from analyzer.intake.losses import Losses
from analyzer.intake.shape import (
    NONE,
    Content,
    Entry,
    Request,
    Response,
    event_times,
    events,
    initiator,
    plain,
    present,
)
from analyzer.intake.shape import headers as headers_of
from analyzer.model import (
    STREAM_HEADERS,
    WORKER_SCRIPT,
    Chunk,
    Recorded,
    RecordedEvent,
    RecordedMessage,
)
from analyzer.moments import LONGEST_MS, after
from analyzer.patterns import later
from analyzer.unread import UnreadEvents

_EXTENSION = later(r"(?:chrome|moz|safari-web|ms-browser|edge)-extension://([\w-]{1,64})", re.ASCII)
_ANY_EXTENSION = later(rb"-extension:")
_KIND = later(rb'\{\s*+"type"\s*+:\s*+"([a-z]{1,20})"')
_METHOD = later(r"[A-Za-z][A-Za-z-]{0,30}")
_NO_REQUEST = Request()


class Context(msgspec.Struct, frozen=True):
    """What all entries of a capture share."""

    path: str
    dialect: Dialect
    agent: agents.Agent | None
    attached: bodies.Attachment
    page_starts: dict[str, float]
    losses: Losses


class Raws(Protocol):
    """The raw entries by their position in the file."""

    def __getitem__(self, position: int, /) -> Raw: ...


def record(position: int, entry: Entry, raws: Raws, context: Context) -> Recorded:
    """The exchange of one entry. Never raises on what an entry contains."""
    dialect = context.dialect
    where = dialect.place(entry, position)
    request = entry.request or _NO_REQUEST
    response = entry.response
    content = response.content if response is not None else None
    asked, usual = headers_of(request.headers)
    got = headers.by_name(asked)
    listed, also = headers_of(response.headers if response is not None else NONE)
    answered = headers.by_name(listed)
    if not (usual and also):
        context.losses.add(
            where, "a field is of an unexpected type (headers)", "what does not fit is read as not recorded"
        )
    row = Exchange(
        capture=context.path, capture_kind="har", dialect=dialect.label, where=where, position=position
    )

    # -- transport
    status = dialect.status(entry)
    times = dialect.times(entry, status)
    row.status = status
    row.started_at = values.instant(entry.startedDateTime)
    if row.started_at is None:
        context.losses.add(
            where, "startedDateTime is missing or no date", "its clock columns are not recorded"
        )
    row.duration_ms, row.blocked_ms, row.queued_ms = times.duration, times.blocked, times.queued
    row.dns_ms, row.connect_ms, row.tls_ms = times.dns, times.connect, times.tls
    row.send_ms, row.ttfb_ms, row.receive_ms, row.active_ms = (
        times.send,
        times.ttfb,
        times.receive,
        times.active,
    )
    row.end_recorded = dialect.end_recorded(entry, status)
    if row.started_at is not None and times.duration is not None and row.end_recorded is not False:
        row.ended_at = after(row.started_at, times.duration)
    row.net_error, row.failure_text = dialect.failure(entry)
    row.errors_recorded = dialect.errors_recorded(entry, status)
    if type(entry.serverIPAddress) is str:
        row.server_ip, row.server_ip_private = values.ip_address(entry.serverIPAddress)

    # -- request
    row.method = request.method.upper() if request.method and _METHOD.fullmatch(request.method) else None
    row.url = request.url or None
    row.scheme, row.host, port, row.path = values.url_parts(row.url)
    row.http_version = dialect.http_version(entry)
    row.resource_type = dialect.resource_type(entry, request)
    row.initiator, row.initiator_extension = _initiator(entry)
    row.connection_id = dialect.connection_id(entry, port)
    row.connection_reused = dialect.connection_reused(entry, times)
    dialect.saw(got, answered)
    headers.fill_request(row, got)
    agent = agents.browser(got.get("user-agent", ""), got.get("sec-ch-ua", "")) or context.agent
    if agent is not None:
        row.browser, row.browser_version = agent
    row.cross_origin = headers.cross_origin(row.url, got, row.resource_type)
    row.request_bytes = _request_bytes(request, got)

    # -- response
    row.status_text = response.statusText or None if response is not None else None
    received = headers.Recalled(response.headers) if response is not None else ()
    vias = [header.value for header in listed if header.name.lower() == "via"] if "via" in answered else []
    headers.fill_response(row, vias, answered, content.mimeType if content else None, row.started_at)
    row.from_cache = dialect.from_cache(entry)
    row.via_service_worker = dialect.via_service_worker(entry)
    row.body_bytes = dialect.body_bytes(entry)
    row.transfer_bytes = _transfer_bytes(response)
    row.close_code = dialect.close_code(entry)
    row.cert_issuer = dialect.cert_issuer(entry)

    recorded = Recorded(
        exchange=row,
        request_headers=headers.Recalled(request.headers),
        response_headers=received,
        raw=partial(as_plain, raws, position),
        stream_header=not STREAM_HEADERS.isdisjoint(answered),
        worker_script=any(got.get(name) == value for name, value in WORKER_SCRIPT),
    )
    start_ms = values.epoch_ms(row.started_at) if row.started_at is not None else None
    text = content.text if content is not None else NONE
    recorded.events = _events(entry.events, start_ms, text, where, context)
    given = entry.messages if present(entry.messages) else _attached_messages(entry, row, context)
    recorded.messages = _messages(given, start_ms, dialect.message_unit_ms, where, context)
    recorded.chunks = _chunks(entry, start_ms, context)
    if type(entry.pageref) is str:
        recorded.page = entry.pageref
    recorded.body, row.body_recorded = _body(content, status, row, recorded, context)
    if request.postData is not None:
        recorded.request_body = partial(bodies.request_body, request.postData, context.attached)
    return recorded


def as_plain(raws: Raws, position: int) -> dict[str, Any]:
    """The entry as plain JSON values."""
    try:
        value = plain(raws[position])
    except (ValueError, RecursionError):
        return {}
    return value if type(value) is dict else {}


def _body(
    content: Content | None, status: int | None, row: Exchange, recorded: Recorded, context: Context
) -> tuple[Callable[[], bytes | None], bool | None]:
    if content is None:
        return (lambda: None), _told(recorded)
    empty_is_true = (
        context.dialect.empty_body_is_true and bool(status) and row.net_error is None
        and row.failure_text is None and row.resource_type != "websocket" and row.end_recorded is not False
    )  # fmt: skip
    body = partial(bodies.response_body, content, empty_is_true, row.content_encoding, context.attached)
    if content.file is not None:
        return body, True
    if len(memoryview(content.text)) > 2:
        if not row.body_bytes and present(content.text):
            # A size of 0, -1 or nothing beside a text: the text is right.
            found = body()
            row.body_bytes = len(found) if found is not None else None
        return body, True
    if empty_is_true and content.size == 0:
        return body, True
    # An empty text that may be no more than the exporter's way to say that it has none.
    return (lambda: None), _told(recorded)


def _told(recorded: Recorded) -> bool:
    """The recorder's own events or messages hold what the body held."""
    return recorded.messages is not None or (
        recorded.events is not None and any(event.data is not None for event in recorded.events)
    )


def _request_bytes(request: Request, got: dict[str, str]) -> int | None:
    found = values.size(request.bodySize)
    if found is None:
        length = got.get("content-length", "")
        found = int(length) if length.isdecimal() and len(length) < 19 else None
    return found


def _transfer_bytes(response: Response | None) -> int | None:
    if response is None:
        return None
    found = values.size(response.transfer_size)
    if found is None:
        body, head = values.size(response.bodySize), values.size(response.headersSize)
        found = body + (head or 0) if body is not None else None
    return found


def _initiator(entry: Entry) -> tuple[str | None, str | None]:
    """Type of the initiator, and the extension that called last: the outermost frame of the stack."""
    raw = entry.initiator
    if not present(raw):
        return None, None
    named = _KIND.match(raw)
    if named is not None and _ANY_EXTENSION.search(raw) is None:
        return named[1].decode("ascii"), None  # a stack is long, and only an extension's frame is of interest
    usual = initiator(raw)
    if usual is not None:
        kind: Any = usual.type
        frames = (usual.stack.callFrames if usual.stack is not None else None) or []
        urls: list[Any] = [frame.url for frame in frames]
        urls.append(usual.url)
    else:
        kind, urls = _unusual_initiator(raw, entry)
    for url in urls:
        if type(url) is str and url:
            found = _EXTENSION.match(url)
            return values.token(kind), found[1] if found else None
    return values.token(kind), None


def _unusual_initiator(raw: Raw, entry: Entry) -> tuple[Any, list[Any]]:
    try:
        given = plain(raw)
    except (ValueError, RecursionError):
        return None, []
    if type(given) is str:  # chrome-har writes the URL here and the type beside it
        return entry.initiator_type, [given]
    if type(given) is not dict:
        return None, []
    stack = given.get("stack")
    frames = stack.get("callFrames") if type(stack) is dict else None
    urls = [frame.get("url") for frame in frames if type(frame) is dict] if type(frames) is list else []
    return given.get("type"), [*urls, given.get("url")]


def _events(
    raw: Raw, start_ms: float | None, body: Raw, where: str, context: Context
) -> Sequence[RecordedEvent] | None:
    """`_eventSourceMessages`. A stamp equal to the request's start means that the time is unknown.

    body: the recorded text of the answer; beside it the events are read only when they are asked for.
    """
    if not present(raw):
        return None
    if len(memoryview(body)) > 2 and (times := event_times(raw)) is not None:
        return (
            UnreadEvents(_on_own_clock(times, start_ms), partial(_read_events, raw, start_ms))
            if times
            else None
        )
    usual = events(raw)
    if usual is not None:
        return _as_promised(usual, start_ms) or None
    return _unusual_events(raw, start_ms, where, context.losses) or None


def _read_events(raw: Raw, start_ms: float | None) -> list[RecordedEvent]:
    usual = events(raw)
    if usual is not None:
        return _as_promised(usual, start_ms)
    return _unusual_events(raw, start_ms, "", None)


def _unusual_events(
    raw: Raw, start_ms: float | None, where: str, losses: Losses | None
) -> list[RecordedEvent]:
    found: list[RecordedEvent] = []
    for item in bodies.any_list(raw):
        if type(item) is not dict:
            if losses is not None:
                losses.add(f"{where}._eventSourceMessages", "an event is no object", "it is left out")
            continue
        data, name, ident = item.get("data"), item.get("eventName"), item.get("eventId")
        found.append(
            RecordedEvent(
                name if type(name) is str and name else "message",
                data if type(data) is str else None,
                ident if type(ident) is str and ident else None,
                _since(item.get("time"), start_ms, 1000.0),
            )
        )
    return found


def _as_promised(recorded: list[RecordedEvent], start_ms: float | None) -> list[RecordedEvent]:
    times = _on_own_clock([event.at_ms for event in recorded], start_ms)
    for event, at in zip(recorded, times, strict=True):
        if not event.type:
            event.type = "message"
        if not event.id:
            event.id = None
        event.at_ms = at
    return recorded


def _on_own_clock(times: list[float | None], start_ms: float | None) -> list[float | None]:
    """Epoch seconds → ms since the request's start, as `_since` does it: a capture has tens of thousands.

    `round(x * 1000) / 1000` is `round(x, 3)` for such times, without its way through text.
    """
    if start_ms is None:
        return [None] * len(times)
    return [
        round(since * 1000.0) / 1000.0
        if at is not None and 1.0 <= (since := at * 1000.0 - start_ms) < LONGEST_MS
        else None
        for at in times
    ]


def _since(given: Any, start_ms: float | None, unit_ms: float) -> float | None:
    """Epoch time → ms since the request's start, to the microsecond that a double still holds.

    None for a stamp within the millisecond of the start, or before it: nothing can have arrived.
    """
    at = values.number(given)
    if at is None or start_ms is None:
        return None
    since = at * unit_ms - start_ms
    return round(since, 3) if 1.0 <= since < LONGEST_MS else None


def _messages(
    raw: Raw, start_ms: float | None, unit_ms: float, where: str, context: Context
) -> list[RecordedMessage] | None:
    """`_webSocketMessages`; an empty list is kept where the exchange is a WebSocket."""
    found: list[RecordedMessage] = []
    for item in bodies.any_list(raw):
        if type(item) is not dict:
            context.losses.add(f"{where}._webSocketMessages", "a message is no object", "it is left out")
            continue
        kind, data, opcode = item.get("type"), item.get("data"), item.get("opcode")
        found.append(
            RecordedMessage(
                kind if kind in ("send", "receive", "error") else "receive",
                data if type(data) is str else None,
                opcode if type(opcode) is int and opcode >= 0 else None,
                _since(item.get("time"), start_ms, unit_ms),
            )
        )
    return found or None


def _attached_messages(entry: Entry, row: Exchange, context: Context) -> Raw:
    """The messages of a WebSocket that are kept beside the HAR: one JSON object per line."""
    content = entry.response.content if entry.response is not None else None
    name = content.file if content is not None else None
    if row.resource_type != "websocket" or name is None or not name.endswith(".jsonl"):
        return entry.messages
    data = context.attached(name)
    if data is None:
        context.losses.add(f"{row.where}.response.content", "its messages are in a file that is missing")
        return entry.messages
    return Raw(b"[" + b",".join(line for line in data.splitlines() if line.strip()) + b"]")


def _chunks(entry: Entry, start_ms: float | None, context: Context) -> list[Chunk] | None:
    """`_chunks`, put on the request's own clock; None where the page's start is not known."""
    if not context.dialect.chunks_since_page or start_ms is None or not present(entry.chunks):
        return None
    page_ms = context.page_starts.get(entry.pageref) if type(entry.pageref) is str else None
    if page_ms is None:
        return None
    found = []
    for item in bodies.any_list(entry.chunks):
        if type(item) is dict:
            at, size = values.duration(item.get("ts")), values.size(item.get("bytes"))
            if at is not None and size is not None and at + page_ms >= start_ms:
                found.append(Chunk(round(at + page_ms - start_ms, 3), size))
    return found or None
