"""The shape of a HAR as msgspec decodes it: small fields typed, bodies and lists left as raw slices.

Scalars that exporters are known to get wrong are `Any` and pass through `values`; text that no
exporter writes as anything else is `str`. What still does not fit goes through `fix`, entry by
entry, so one odd entry never costs the others their speed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from analyzer.model import RecordedEvent
from analyzer.patterns import later

NONE = Raw()
_NULL = Raw(b"null")
_SURROGATE = later(r"\\u[dD][89a-fA-F]")

Str = str | None


class Header(msgspec.Struct, gc=False):
    name: str = ""
    value: str = ""


class PostData(msgspec.Struct, gc=False):
    mimeType: Str = None
    text: Raw = NONE
    encoding: Str = None
    file: Str = msgspec.field(default=None, name="_file")


class Request(msgspec.Struct):
    method: Str = None
    url: Str = None
    httpVersion: Str = None
    headers: Raw = NONE
    headersSize: Any = None
    bodySize: Any = None
    postData: PostData | None = None


class Content(msgspec.Struct):
    size: Any = None
    compression: Any = None
    mimeType: Str = None
    text: Raw = NONE
    encoding: Str = None
    file: Str = msgspec.field(default=None, name="_file")


class Response(msgspec.Struct):
    status: Any = None
    statusText: Str = None
    httpVersion: Str = None
    headers: Raw = NONE
    content: Content | None = None
    headersSize: Any = None
    bodySize: Any = None
    transfer_size: Any = msgspec.field(default=None, name="_transferSize")
    error: Any = msgspec.field(default=UNSET, name="_error")
    failure_text: Str = msgspec.field(default=None, name="_failureText")
    error_message: Str = msgspec.field(default=None, name="_errorMessage")
    charles_status: Str = msgspec.field(default=None, name="_charlesStatus")
    via_service_worker: Any = msgspec.field(default=None, name="_fetchedViaServiceWorker")
    from_disk_cache: Any = msgspec.field(default=None, name="fromDiskCache")
    from_service_worker: Any = msgspec.field(default=None, name="fromServiceWorker")
    ok: Any = None
    whole_known: Any = msgspec.field(default=None, name="_wholeKnown")


class Timings(msgspec.Struct):
    blocked: Any = None
    dns: Any = None
    connect: Any = None
    ssl: Any = None
    send: Any = None
    wait: Any = None
    receive: Any = None
    queueing: Any = msgspec.field(default=UNSET, name="_blocked_queueing")
    queued: Any = msgspec.field(default=None, name="_queued")

    def empty(self) -> bool:
        """`{}`: the exporter had no timings at all."""
        return not any(
            value is not None
            for value in (self.blocked, self.dns, self.connect, self.ssl, self.send, self.wait, self.receive)
        )


class Entry(msgspec.Struct):
    startedDateTime: Any = None
    time: Any = UNSET
    pageref: Any = None
    request: Request | None = None
    response: Response | None = None
    timings: Timings | None = None
    serverIPAddress: Any = None
    connection: Any = None
    initiator: Raw = msgspec.field(default=NONE, name="_initiator")
    initiator_type: Any = msgspec.field(default=None, name="_initiator_type")
    resource_type: Any = msgspec.field(default=None, name="_resourceType")
    from_cache: Any = msgspec.field(default=None, name="_fromCache")
    connection_id: Any = msgspec.field(default=None, name="_connectionId")
    events: Raw = msgspec.field(default=NONE, name="_eventSourceMessages")
    messages: Raw = msgspec.field(default=NONE, name="_webSocketMessages")
    close: Any = msgspec.field(default=None, name="_webSocketClose")
    chunks: Raw = msgspec.field(default=NONE, name="_chunks")
    # What tells exporters apart where `creator` is missing, and a few of their own marks.
    security_state: Any = msgspec.field(default=UNSET, name="_securityState")
    fetch_type: Any = msgspec.field(default=UNSET, name="_fetchType")
    server_port: Any = msgspec.field(default=UNSET, name="_serverPort")
    security_details: Any = msgspec.field(default=None, name="_securityDetails")
    frameref: Any = msgspec.field(default=UNSET, name="_frameref")
    monotonic_time: Any = msgspec.field(default=UNSET, name="_monotonicTime")
    response_code: Any = msgspec.field(default=UNSET, name="_responseCode")
    splash_state: Any = msgspec.field(default=UNSET, name="_splash_processing_state")
    socket: Any = msgspec.field(default=None, name="_socket")
    protocol: Any = msgspec.field(default=None, name="_protocol")
    error: Any = msgspec.field(default=UNSET, name="_error")
    saz_session: Any = msgspec.field(default=None, name="_sazSession")


class EventTime(msgspec.Struct, gc=False):
    """When a recorded event came; the rest of it is passed over."""

    time: float | None = None


class Frame(msgspec.Struct, gc=False):
    url: Str = None


class Stack(msgspec.Struct):
    callFrames: list[Frame] | None = None


class Initiator(msgspec.Struct):
    """`_initiator` as browsers write it; others are read as plain values."""

    type: Str = None
    url: Str = None
    stack: Stack | None = None


_decode_entry = msgspec.json.Decoder(Entry).decode
_decode_headers = msgspec.json.Decoder(list[Header]).decode
_decode_initiator = msgspec.json.Decoder(Initiator).decode
_decode_times = msgspec.json.Decoder(list[EventTime]).decode
_decode_events = msgspec.json.Decoder(list[RecordedEvent]).decode


def is_set(value: Any) -> bool:
    """The key is present, whatever its value."""
    return not isinstance(value, UnsetType)


def present(raw: Raw) -> bool:
    """The key is present and not null."""
    return raw is not NONE and raw != _NULL and raw != NONE


def entry(raw: Raw) -> Entry:
    """One entry. Raises msgspec's errors, ValueError or RecursionError where `fix` is needed."""
    return _decode_entry(raw)


def initiator(raw: Raw) -> Initiator | None:
    """An initiator of the usual shape; None where it has another."""
    try:
        return _decode_initiator(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def event_times(raw: Raw) -> list[float | None] | None:
    """The times of recorded events as recorded; None where any of them has another shape."""
    try:
        return [event.time for event in _decode_times(raw)]
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def events(raw: Raw) -> list[RecordedEvent] | None:
    """Recorded events of the usual shape, times as recorded; None where any of them has another."""
    try:
        return _decode_events(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def plain(raw: Raw | bytes) -> Any:
    """Any JSON value as plain Python, forgiving what Python's own parser forgives.

    NaN, control characters in strings, numbers of any length; bytes that are no UTF-8 and lone
    surrogates become U+FFFD, so that no string comes out that cannot be written again.
    Raises ValueError or RecursionError.
    """
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError):
        import json  # only for what msgspec refuses

        text = bytes(memoryview(raw)).decode("utf-8", "replace")
        value = json.loads(text, strict=False, parse_int=_integer)
        return _whole(value) if _SURROGATE.search(text) else value


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def _whole(value: Any) -> Any:
    """The same value without lone surrogates."""
    if type(value) is str:
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if type(value) is list:
        return [_whole(item) for item in value]
    if type(value) is dict:
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def fix(value: Any) -> Entry | None:
    """An entry whose fields have unexpected types; None if it is no object at all."""
    if type(value) is not dict:
        return None
    found: Entry = _fill(Entry, value)
    found.request = found.response = found.timings = None
    request, response, timings = value.get("request"), value.get("response"), value.get("timings")
    if isinstance(request, dict):
        found.request = _fill(Request, request)
        if isinstance(request.get("postData"), dict):
            found.request.postData = _fill(PostData, request["postData"])
    if isinstance(response, dict):
        found.response = _fill(Response, response)
        if isinstance(response.get("content"), dict):
            found.response.content = _fill(Content, response["content"])
    if isinstance(timings, dict):
        found.timings = _fill(Timings, timings)
    return found


def headers(raw: Raw) -> tuple[list[Header], bool]:
    """A header list, and whether it has the usual shape. What is no header is left out."""
    if raw is NONE:
        return [], True
    try:
        return _decode_headers(raw), True
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    if not present(raw):
        return [], True
    try:
        return _unusual_headers(plain(raw)), False
    except (ValueError, RecursionError):
        return [], False


def _unusual_headers(value: Any) -> list[Header]:
    """`{name, value}` of any types, `[name, value]` pairs (Slack), or one object of all."""
    if type(value) is dict:
        value = [{"name": name, "value": one} for name, one in value.items()]
    if type(value) is not list:
        return []
    found = []
    for item in value:
        if type(item) is dict:
            name, content = item.get("name"), item.get("value")
        elif type(item) is list and len(item) == 2:
            name, content = item
        else:
            continue
        if type(name) is str:
            found.append(Header(name, content if type(content) is str else _scalar(content)))
    return found


def _scalar(value: Any) -> str:
    return "" if value is None or isinstance(value, (dict, list)) else str(value)


def _fill(kind: type[Any], value: dict[str, Any]) -> Any:
    """A struct from a dict: fields of the declared type are taken, the others left out."""
    made = kind()
    fields: tuple[Any, ...] = _fields(kind)  # type: ignore[arg-type]
    for field in fields:
        if field.encode_name not in value:
            continue
        given = value[field.encode_name]
        if field.type is Any:
            setattr(made, field.name, given)
        elif field.type is Raw:
            setattr(made, field.name, _raw(given))
        elif field.type == Str and given is not None:
            setattr(made, field.name, given if type(given) is str else _scalar(given) or None)
    return made


@cache
def _fields(kind: type[Any]) -> tuple[Any, ...]:
    return msgspec.structs.fields(kind)


def _raw(value: Any) -> Raw:
    import json

    try:
        return Raw(json.dumps(value).encode())
    except RecursionError:
        return NONE
