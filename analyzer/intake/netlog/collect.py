"""Events → what they say of requests, sessions and sockets. One method per kind of event."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, Final

from analyzer.intake import values
from analyzer.intake.netlog.connections import Connections
from analyzer.intake.netlog.lines import Event, params
from analyzer.intake.netlog.names import Names
from analyzer.intake.netlog.sources import Hop, Told

Params = dict[str, Any]
Handler = Callable[[Event, float, int], None]

_HANDED_OVER: Final = "net::ERR_WS_UPGRADE"  # the request's end when its connection becomes a WebSocket
_STATUS: Final = re.compile(r"HTTP/(\d(?:\.\d)?)\s+(\d{3})")
_BODY_TYPES: Final = (
    "text/event-stream",
    "json",
    "text/plain",
    "text/html",
    "grpc",
    "connect+",
    "eventstream",
    "octet-stream",
)
_MOST_JOBS: Final = 64
_MOST_BODY: Final = 32 * 1024 * 1024  # per exchange, in logs that hold the bytes
_MOST_BODIES: Final = 512 * 1024 * 1024
_NETWORK: Final = re.compile(
    r"NETWORK_(?:IP_ADDRESSES_CHANGED|CONNECTIVITY_CHANGED|CHANGED|MAC_OS_CONFIG_CHANGED)"
    r"|SPECIFIC_NETWORK_(?:CONNECTED|DISCONNECTED|MADE_DEFAULT|SOON_TO_DISCONNECT)"
)


class Collector(Connections):
    """Takes events in file order. hops: every exchange, in the order of their first events.

    network: changes of the client's own network (what the event says of the new one). last: the latest
    time in the log.
    """

    def __init__(self, names: Names) -> None:
        super().__init__(names)
        self.hops: list[Hop] = []
        self.network: list[Told] = []
        self.last = 0.0
        self._open: dict[int, Hop] = {}
        self._bodies = 0
        own: dict[str, Handler] = {
            "REQUEST_ALIVE": self._alive, "CORS_REQUEST": self._cors,
            "CORS_PREFLIGHT_ERROR": self._preflight_error, "CREATED_BY": self._created_by,
            "URL_REQUEST_START_JOB": self._start_job, "URL_REQUEST_REDIRECTED": self._redirected,
            "URL_REQUEST_DELEGATE_RESPONSE_STARTED": self._response_started, "DELEGATE_INFO": self._delegate,
            "CANCELLED": self._cancelled, "FAILED": self._failed,
            "HTTP_STREAM_REQUEST": self._stream_request,
            "HTTP_TRANSACTION_SEND_REQUEST": self._send, "HTTP_TRANSACTION_SEND_REQUEST_HEADERS": self._sent,
            "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS": self._sent,
            "HTTP_TRANSACTION_SPDY_SEND_REQUEST_HEADERS": self._sent,
            "HTTP_TRANSACTION_QUIC_SEND_REQUEST_HEADERS": self._sent,
            "HTTP_TRANSACTION_READ_RESPONSE_HEADERS": self._reply,
            "URL_REQUEST_FAKE_RESPONSE_HEADERS_CREATED": self._reply, "HTTP_CACHE_READ_INFO": self._cache,
            "HTTP_TRANSACTION_READ_BODY": self._read_body,
            "URL_REQUEST_JOB_BYTES_READ": self._raw_bytes,
            "URL_REQUEST_JOB_FILTERED_BYTES_READ": self._bytes,
            "UPLOAD_DATA_STREAM_INIT": self._upload,
            "HTTP_TRANSACTION_RESTART_AFTER_ERROR": self._restart, "HTTP2_STREAM_ERROR": self._stream_error,
            "LOCAL_NETWORK_ACCESS_CHECK": self._access_check,
            "WEBSOCKET_RECV_FRAME_HEADER": self._frame, "WEBSOCKET_SENT_FRAME_HEADER": self._frame,
        }  # fmt: skip
        by_name = {**self.connection_handlers(), **own}
        self._handlers = {
            number: handler for name, number in names.events.items() if (handler := by_name.get(name))
        }
        for name, number in names.events.items():
            if number not in self._handlers and _NETWORK.fullmatch(name):
                self._handlers[number] = self._network
        self.wanted = frozenset(self._handlers)

    def take(self, index: int, event: Event) -> None:
        """One event of a wanted type. Events without a time are left out."""
        at = values.number(event.time)
        if at is None:
            return
        self.last = max(self.last, at)
        self._handlers[event.type](event, at, index)

    # ------------------------------------------------------------------ the request's life

    def _hop(self, event: Event, at: float, index: int) -> Hop:
        """The open exchange of a source; a log that overwrote its beginning still knows when it started."""
        found = self._open.get(event.source.id)
        if found is None:
            started = values.number(event.source.start_time)
            found = Hop(event.source.id, index, at if started is None else min(started, at))
            self._open[event.source.id] = found
            self.hops.append(found)
        return found

    def _alive(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        if event.phase == self.names.end:
            error = self.names.net_error(params(event).get("net_error"))
            if error is not None and hop.error is None and error != _HANDED_OVER:
                hop.error = Told(at, index, error)
            hop.ended = hop.ended or Told(at, index)
        elif event.phase == self.names.begin:
            hop.url = hop.url or values.text(params(event).get("url"))

    def _cors(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        if event.phase == self.names.begin:
            said = params(event)
            hop.url = hop.url or values.text(said.get("url"))
            request = said.get("request_headers")
            if type(request) is dict:
                hop.line = values.text(request.get("line"))
                hop.sent = _strings(request.get("headers"))
        elif event.phase == self.names.end:
            # The loader lets go of a request while it is being handed the headers: it refused them.
            if hop.in_response and hop.error is None:
                hop.refused = Told(at, index)
            if hop.preflight_error is not None:
                hop.ended = hop.ended or Told(at, index)

    def _preflight_error(self, event: Event, at: float, index: int) -> None:
        said = self.names.net_error(params(event).get("error"))
        self._hop(event, at, index).preflight_error = Told(at, index, said)

    def _created_by(self, event: Event, at: float, index: int) -> None:
        self._hop(event, at, index).preflight = True

    def _start_job(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        said = params(event)
        if event.phase == self.names.end:
            error = self.names.net_error(said.get("net_error"))
            if error is not None and hop.error is None:
                hop.error = Told(at, index, error)
            return
        url = values.text(said.get("url"))
        if hop.job_started and url is not None and url != hop.url:
            hop.ended = hop.ended or Told(at, index)
            fresh = Hop(hop.source, index, at, preflight=hop.preflight, sent=hop.sent)
            self._open[hop.source] = fresh
            self.hops.append(fresh)
            hop = fresh
        hop.job_started = True
        hop.url = url or hop.url
        method = values.text(said.get("method"))
        hop.method = method or hop.method
        hop.request_type = values.text(said.get("request_type"))
        hop.initiator = values.text(said.get("initiator"))

    def _redirected(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        hop.ended = hop.ended or Told(at, index)

    def _response_started(self, event: Event, at: float, index: int) -> None:
        self._hop(event, at, index).in_response = event.phase == self.names.begin

    def _delegate(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        if event.phase == self.names.begin:
            said = values.text(params(event).get("delegate_blocked_by"))
            if said is not None:
                hop.delegate, hop.delegate_from = Told(at, index, said), at
        elif event.phase == self.names.end and hop.delegate_from is not None:
            hop.delegate_ms += max(0.0, at - hop.delegate_from)
            hop.delegate_from = None

    def _cancelled(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        error = self.names.net_error(params(event).get("net_error"))
        if error == _HANDED_OVER:
            hop.frames = hop.frames or []
            return
        if error in (None, "net::ERR_ABORTED"):
            if not hop.at_end:  # letting go of what has been read to its end is no abort
                hop.cancelled = hop.cancelled or Told(at, index)
        elif hop.error is None:
            hop.error = Told(at, index, error)

    def _failed(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        error = self.names.net_error(params(event).get("net_error"))
        if error is not None:
            hop.error = Told(at, index, error)
            hop.ended = Told(at, index)

    # ------------------------------------------------------------------ waiting, sending, reading

    def _stream_request(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        if event.phase == self.names.begin:
            hop.waiting, hop.jobs, hop.connected = at, [], None
        elif hop.waiting is not None:
            hop.waited_ms += max(0.0, at - hop.waiting)
            hop.connected, hop.waiting = Told(at, index, at - hop.waiting), None

    def _send(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        if event.phase == self.names.begin:
            hop.send_begin, hop.send_end = at, None
        else:
            hop.send_end = at

    def _sent(self, event: Event, at: float, index: int) -> None:
        hop, said = self._hop(event, at, index), params(event)
        hop.sent = _strings(said.get("headers")) or hop.sent
        hop.line = values.text(said.get("line")) or hop.line
        kind = self.names.types[event.type]
        hop.version = "3" if "QUIC" in kind else "2" if "HTTP2" in kind or "SPDY" in kind else "1.1"
        hop.quic_stream = values.integer(said.get("quic_stream_id"))

    def _reply(self, event: Event, at: float, index: int) -> None:
        headers = _strings(params(event).get("headers"))
        found = _STATUS.match(headers[0]) if headers else None
        if found is None or (found[2].startswith("1") and found[2] != "101"):
            return
        hop = self._hop(event, at, index)
        hop.reply = Told(at, index, (found[1], int(found[2]), headers))

    def _cache(self, event: Event, at: float, index: int) -> None:
        self._hop(event, at, index).cache_read = True

    def _read_body(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        hop.at_end = False
        if event.phase == self.names.end:
            error = self.names.net_error(params(event).get("net_error"))
            hop.at_end = error is None  # unless the bytes that were read are told next
            if error is not None and hop.error is None:
                hop.error = Told(at, index, error)

    def _raw_bytes(self, event: Event, at: float, index: int) -> None:
        count = values.size(params(event).get("byte_count"))
        if count is not None:
            hop = self._hop(event, at, index)
            hop.raw_bytes = (hop.raw_bytes or 0) + count

    def _bytes(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        count = values.size(said.get("byte_count"))
        if not count:
            return
        hop = self._hop(event, at, index)
        hop.at_end = False
        hop.reads.append(at)
        hop.sizes.append(count)
        hop.body_bytes += count
        given = said.get("bytes")
        if type(given) is str:
            self._keep(hop, given, count)

    def _keep(self, hop: Hop, given: str, count: int) -> None:
        """The bytes themselves, where what came is worth reading. Nothing is kept of a body with a gap."""
        if len(hop.reads) == 1:
            hop.pieces = []
        if hop.pieces is None:
            return
        if not _worth_reading(hop) or hop.body_bytes > _MOST_BODY or self._bodies + count > _MOST_BODIES:
            hop.pieces = None
            return
        try:
            piece = base64.b64decode(given, validate=True)
        except (ValueError, binascii.Error):
            hop.pieces = None
            return
        if len(piece) != count:
            hop.pieces = None
            return
        self._bodies += count
        hop.pieces.append(piece)

    def _upload(self, event: Event, at: float, index: int) -> None:
        if event.phase == self.names.end:
            self._hop(event, at, index).upload_bytes = values.size(params(event).get("total_size"))

    def _restart(self, event: Event, at: float, index: int) -> None:
        hop = self._hop(event, at, index)
        hop.restarts += 1
        hop.restart = Told(at, index, self.names.net_error(params(event).get("net_error")))
        hop.error = None

    def _stream_error(self, event: Event, at: float, index: int) -> None:
        said = values.text(params(event).get("description"))
        self._hop(event, at, index).stream_error = Told(at, index, said)

    def _access_check(self, event: Event, at: float, index: int) -> None:
        said = values.text(params(event).get("transport_info")) or ""
        found = re.search(r"cert_is_issued_by_known_root = (true|false)", said[:2000])
        hop = self._hop(event, at, index)
        if found and (hop.url or "").startswith(("https:", "wss:")):
            hop.known_root = Told(at, index, found[1] == "true")

    def _frame(self, event: Event, at: float, index: int) -> None:
        hop, said = self._hop(event, at, index), params(event)
        opcode, size = values.size(said.get("opcode")), values.size(said.get("payload_length"))
        if hop.frames is None:
            hop.frames = []
        if opcode is not None and len(hop.frames) < 1_000_000:
            received = "RECV" in self.names.types[event.type]
            hop.frames.append((at, received, opcode, size or 0))

    def _network(self, event: Event, at: float, index: int) -> None:
        kind = values.text(params(event).get("new_connection_type"))
        self.network.append(Told(at, index, kind))

    # ------------------------------------------------------------------ links

    def linked(self, event: Event, target: int, at: float, index: int) -> None:
        """A request found its way to a job or a session."""
        hop = self._open.get(event.source.id)
        if hop is not None and target not in hop.jobs and len(hop.jobs) < _MOST_JOBS:
            hop.jobs.append(target)


def _worth_reading(hop: Hop) -> bool:
    headers: list[str] = hop.reply.value[2] if hop.reply is not None else []
    kind = next((line for line in headers if line[:13].lower() == "content-type:"), "").lower()
    return not kind or any(word in kind for word in _BODY_TYPES)


def _strings(value: Any) -> list[str]:
    if type(value) is list:
        return [item for item in value if type(item) is str]
    if type(value) is dict:  # older builds write {name: value}
        return [f"{name}: {item}" for name, item in value.items() if type(item) is str]
    return []
