"""Events of sessions, sockets and jobs: what carried a request, and how that ended."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from analyzer.intake import values
from analyzer.intake.netlog.certificate import issuer
from analyzer.intake.netlog.lines import Event, params
from analyzer.intake.netlog.names import Names, h3_code
from analyzer.intake.netlog.sources import Node, Session, Socket, Stream, Told

Handler = Callable[[Event, float, int], None]

# What leads from a request to the connection that carried it, in the old pool's words and the new one's.
_LINK: Final = re.compile(
    r"HTTP_STREAM_JOB_CONTROLLER_BOUND|HTTP_STREAM_REQUEST_(?:STARTED_JOB|BOUND_TO_JOB|BOUND_TO_QUIC_SESSION)"
    r"|HTTP_STREAM_JOB_HTTP2_SESSION_AVAILABLE|HTTP2_SESSION_POOL_(?:FOUND_EXISTING|IMPORTED|CREATED_NEW)_\w+"
    r"|SOCKET_POOL_BOUND_TO_\w+|CONNECT_JOB_SET_SOCKET|TCP_CONNECT_JOB_CONNECTOR_CONNECT_START"
    r"|QUIC_SESSION_POOL_(?:USE_EXISTING_SESSION|ATTACH_HTTP_STREAM_JOB_TO_EXISTING_SESSION|JOB_RESULT)"
    r"|BOUND_TO_QUIC_SESSION_POOL_JOB|TRANSPORT_CONNECT_JOB_CONNECT_ATTEMPT"
    # Of the new pool, never what many requests share (group, attempt manager): it leads to others' sockets.
    r"|HTTP_STREAM_POOL_JOB_CONTROLLER_(?:JOB_BOUND|FOUND_EXISTING_\w+)"
    r"|HTTP_STREAM_POOL_ATTEMPT_MANAGER_(?:EXISTING_\w+_MATCHED|QUIC_ATTEMPT_BOUND)"
)
_PROXIES: Final = re.compile(
    r"\[?\s*(?:(direct|http|https|socks4|socks5|socks|quic)://|(PROXY|HTTPS|SOCKS5?|QUIC|DIRECT)\b)?", re.I
)
# Chromium's HttpStreamPool::AttemptManager::CanAttemptResult: kReachedGroupLimit, kReachedPoolLimit.
_LIMITS: Final[dict[int | None, str]] = {4: "host", 5: "browser"}
_MOST_STREAMS: Final = 200_000
_MOST_KEPT: Final = 64


class Connections:
    """sessions, sockets and nodes by source id; all that a log can tell below the request."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.sessions: dict[int, Session] = {}
        self.sockets: dict[int, Socket] = {}
        self.nodes: dict[int, Node] = {}
        self.opened: dict[int, tuple[int, int]] = {}  # job or request -> the session and stream it opened
        self.carriers: dict[int, int] = {}  # job -> the socket that it used
        self._jobs_of_cert: dict[int, list[int]] = {}
        self._newest: int | None = None  # the new pool's controller that has just begun
        self._handed: int | None = None  # the socket that the new pool has just handed out
        self._asking: dict[int, int] = {}  # the new pool's attempt manager -> the job that asked it last
        self._udp = {number for number, name in names.sources.items() if name.startswith("UDP_")}

    def connection_handlers(self) -> dict[str, Handler]:
        """Handlers by event name, for the names that this build of the browser knows."""
        found: dict[str, Handler] = {
            "HTTP2_SESSION_INITIALIZED": self._initialized, "HTTP2_SESSION_SEND_HEADERS": self._stream_opened,
            "HTTP2_SESSION_RECV_DATA": self._data, "HTTP2_SESSION_RECV_RST_STREAM": self._reset,
            "HTTP2_SESSION_SEND_RST_STREAM": self._reset, "HTTP2_SESSION_RECV_GOAWAY": self._goaway,
            "HTTP2_SESSION_CLOSE": self._session_closed,
            "QUIC_SESSION": self._quic_session, "QUIC_SESSION_CLOSED": self._quic_closed,
            "QUIC_SESSION_CLOSE_ON_ERROR": self._quic_closed,
            "QUIC_SESSION_CONNECTION_CLOSE_FRAME_RECEIVED": self._quic_close_frame,
            "QUIC_SESSION_CONNECTION_CLOSE_FRAME_SENT": self._quic_close_frame,
            "QUIC_SESSION_RST_STREAM_FRAME_RECEIVED": self._quic_reset,
            "QUIC_SESSION_RST_STREAM_FRAME_SENT": self._quic_reset,
            "QUIC_SESSION_STOP_SENDING_FRAME_RECEIVED": self._quic_reset,
            "QUIC_SESSION_STREAM_FRAME_RECEIVED": self._data,
            "QUIC_SESSION_GOAWAY_FRAME_RECEIVED": self._goaway, "HTTP3_GOAWAY_RECEIVED": self._goaway,
            "TCP_CONNECT": self._tcp, "SSL_CONNECT": self._tls, "SOCKET_IN_USE": self._in_use,
            "SOCKET_READ_ERROR": self._socket_error, "SOCKET_WRITE_ERROR": self._socket_error,
            "TCP_CONNECT_ATTEMPT": self._attempt, "SOCKET_BYTES_RECEIVED": self._received,
            "SOCKET_ALIVE": self._socket_alive, "SOCKET_CLOSED": self._socket_alive,
            "HTTP_TRANSACTION_READ_TUNNEL_RESPONSE_HEADERS": self._tunnel,
            "SSL_CERTIFICATES_RECEIVED": self._certificates,
            "CERT_VERIFIER_JOB": self._verified, "CERT_VERIFIER_REQUEST_BOUND_TO_JOB": self._verifying,
            "CONNECT_JOB": self._connect_job, "HOST_RESOLVER_MANAGER_REQUEST": self._dns,
            "HOST_RESOLVER_IMPL_REQUEST": self._dns, "TCP_CONNECT_JOB_CONNECT": self._job_dns,
            "HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED": self._proxy,
            "PROXY_RESOLUTION_SERVICE_RESOLVED_PROXY_LIST": self._proxy,
            "HTTP_STREAM_REQUEST_PROTO": self._proto, "SOCKET_POOL": self._pool,
            "SOCKET_POOL_STALLED_MAX_SOCKETS": self._stalled,
            "SOCKET_POOL_STALLED_MAX_SOCKETS_PER_GROUP": self._stalled,
            "HTTP_STREAM_POOL_JOB_CONTROLLER_ALIVE": self._controller,
            "HTTP_STREAM_POOL_GROUP_HANDLE_CREATED": self._handle,
            "HTTP_STREAM_POOL_JOB_ALIVE": self._pool_job,
            "HTTP_STREAM_POOL_ATTEMPT_MANAGER_REQUEST_STREAM": self._asked,
            "HTTP_STREAM_POOL_ATTEMPT_MANAGER_CAN_ATTEMPT_TCP": self._may_attempt,
        }  # fmt: skip
        for name in self.names.events:
            if name not in found and _LINK.fullmatch(name):
                found[name] = self._link
        return found

    def linked(self, event: Event, target: int, at: float, index: int) -> None:
        """A source that is no job got a link; the requests' side overrides this."""

    def node(self, source: int) -> Node:
        found = self.nodes.get(source)
        if found is None:
            found = self.nodes[source] = Node(source)
        return found

    def session(self, source: int, quic: bool) -> Session:
        found = self.sessions.get(source)
        if found is None:
            found = self.sessions[source] = Session(source, quic)
        return found

    def socket(self, source: int) -> Socket:
        found = self.sockets.get(source)
        if found is None:
            found = self.sockets[source] = Socket(source)
        return found

    def _link(self, event: Event, at: float, index: int) -> None:
        target = _dependency(params(event))
        if target is None:
            return
        if self.names.sources.get(event.source.type) == "URL_REQUEST":
            self.linked(event, target, at, index)
            return
        links = self.node(event.source.id).links
        if target not in links[-8:] and len(links) < _MOST_KEPT:
            links.append(target)

    # ------------------------------------------------------------------ sessions

    def _initialized(self, event: Event, at: float, index: int) -> None:
        self.session(event.source.id, False).socket = _dependency(params(event))

    def _stream(self, event: Event, said: dict[str, Any]) -> Stream | None:
        number = values.size(said.get("stream_id"))
        quic = self.names.types[event.type].startswith("QUIC")
        streams = self.session(event.source.id, quic).streams
        if number is None or (number not in streams and len(streams) >= _MOST_STREAMS):
            return None
        return streams.setdefault(number, Stream())

    def _stream_opened(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        stream = self._stream(event, said)
        opener, number = _dependency(said), values.size(said.get("stream_id"))
        if stream is not None and opener is not None and number is not None:
            self.opened[opener] = (event.source.id, number)

    def _data(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        stream = self._stream(event, said)
        size = values.size(said.get("size", said.get("length")))
        if stream is not None and size:
            stream.last_data = at
            stream.received += size

    def _reset(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        stream = self._stream(event, said)
        if stream is not None and len(stream.resets) < _MOST_KEPT:
            who = "server" if "RECV" in self.names.types[event.type] else "client"
            code = said.get("error_code", said.get("status"))
            stream.resets.append((who, Told(at, index, self.names.h2_code(code))))

    def _quic_reset(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        stream = self._stream(event, said)
        if stream is not None and len(stream.resets) < _MOST_KEPT:
            who = "client" if self.names.types[event.type].endswith("SENT") else "server"
            code = said.get("quic_rst_stream_error", said.get("quic_error"))
            name = h3_code(said.get("ietf_error_code")) or self.names.quic_stream_error(code)
            stream.resets.append((who, Told(at, index, name)))

    def _goaway(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        kind = self.names.types[event.type]
        session = self.session(event.source.id, not kind.startswith("HTTP2"))
        if len(session.goaways) < _MOST_KEPT:
            code = (
                self.names.h2_code(said.get("error_code"))
                if kind.startswith("HTTP2")
                else self.names.quic_error(said.get("quic_error"))
            )
            last = values.size(said.get("last_accepted_stream_id"))
            text = values.text(said.get("debug_data")) or values.text(said.get("reason_phrase"))
            if text is not None and re.fullmatch(r"\[\d+ bytes were stripped\]", text):
                text = None
            session.goaways.append(Told(at, index, (code, last, text)))

    def _session_closed(self, event: Event, at: float, index: int) -> None:
        said, session = params(event), self.session(event.source.id, False)
        value = (
            self.names.net_error(said.get("net_error")),
            None,
            None,
            values.text(said.get("description")),
        )
        session.closed = session.closed or Told(at, index, value)

    def _quic_session(self, event: Event, at: float, index: int) -> None:
        if event.phase == self.names.begin:
            said, session = params(event), self.session(event.source.id, True)
            session.remote = values.text(said.get("peer_address"))

    def _quic_closed(self, event: Event, at: float, index: int) -> None:
        said, session = params(event), self.session(event.source.id, True)
        error = self.names.quic_error(said.get("quic_error"))
        peer = said.get("from_peer")
        who = ("server" if peer else "client") if type(peer) is bool else None
        value = (self.names.net_error(said.get("net_error")), error, who, values.text(said.get("details")))
        if session.closed is None or session.closed.value[1] is None:
            session.closed = Told(at, index, value)

    def _quic_close_frame(self, event: Event, at: float, index: int) -> None:
        said, session = params(event), self.session(event.source.id, True)
        who = "server" if self.names.types[event.type].endswith("RECEIVED") else "client"
        value = (None, self.names.quic_error(said.get("quic_error")), who, values.text(said.get("details")))
        session.close_frame = session.close_frame or Told(at, index, value)

    # ------------------------------------------------------------------ sockets

    def _tcp(self, event: Event, at: float, index: int) -> None:
        if event.source.type in self._udp:
            return
        socket = self.socket(event.source.id)
        if event.phase == self.names.begin:
            socket.opening = at
        elif event.phase == self.names.end:
            said = params(event)
            socket.remote = values.text(said.get("remote_address")) or socket.remote
            if socket.opening is not None:
                socket.tcp, socket.opening = (socket.opening, at), None

    def _tls(self, event: Event, at: float, index: int) -> None:
        socket = self.socket(event.source.id)
        if event.phase == self.names.begin:
            socket.opening = at
        elif event.phase == self.names.end and socket.opening is not None:
            socket.tls, socket.opening = (socket.opening, at), None

    def _in_use(self, event: Event, at: float, index: int) -> None:
        if event.phase == self.names.begin:
            user = _dependency(params(event))
            if user is not None:
                self.socket(event.source.id)
                self.carriers[user] = event.source.id

    def _socket_error(self, event: Event, at: float, index: int) -> None:
        if event.source.type in self._udp:
            return
        said, socket = params(event), self.socket(event.source.id)
        error = self.names.net_error(said.get("net_error"))
        socket.error = Told(at, index, (error, values.size(said.get("os_error"))))

    def _attempt(self, event: Event, at: float, index: int) -> None:
        if event.phase == self.names.end and event.source.type not in self._udp:
            number = values.size(params(event).get("os_error"))
            if number:
                self.socket(event.source.id).error = Told(at, index, (None, number))

    def _received(self, event: Event, at: float, index: int) -> None:
        if event.source.type not in self._udp:
            self.socket(event.source.id).last_received = at

    def _socket_alive(self, event: Event, at: float, index: int) -> None:
        socket = self.sockets.get(event.source.id)
        if socket is not None and event.phase != self.names.begin:
            socket.ended = socket.ended or at

    def _tunnel(self, event: Event, at: float, index: int) -> None:
        headers = params(event).get("headers")
        line = headers[0] if type(headers) is list and headers and type(headers[0]) is str else ""
        found = re.match(r"HTTP/\d(?:\.\d)?\s+(\d{3})", line)
        if found:
            self.socket(event.source.id).tunnel = Told(at, index, int(found[1]))

    def _certificates(self, event: Event, at: float, index: int) -> None:
        """The chain as it came, the server's own certificate first: who issued that is what tells."""
        chain = params(event).get("certificates")
        name = issuer(chain[0]) if type(chain) is list and chain else None
        if name is not None:
            self.socket(event.source.id).issuer = Told(at, index, name)

    def _verifying(self, event: Event, at: float, index: int) -> None:
        job = _dependency(params(event))
        if job is not None:
            self._jobs_of_cert.setdefault(job, []).append(event.source.id)

    def _verified(self, event: Event, at: float, index: int) -> None:
        if event.phase != self.names.end:
            return
        known = params(event).get("is_issued_by_known_root")
        waiting = self._jobs_of_cert.pop(event.source.id, [])
        if type(known) is bool:
            for source in waiting:
                told = Told(at, index, known)
                if source in self.sessions:
                    self.sessions[source].known_root = told
                else:
                    self.socket(source).known_root = told

    # ------------------------------------------------------------------ jobs

    def _connect_job(self, event: Event, at: float, index: int) -> None:
        node = self.node(event.source.id)
        if event.phase == self.names.begin:
            node.began = at
        else:
            node.ended = at

    def _dns(self, event: Event, at: float, index: int) -> None:
        node = self.node(event.source.id)
        if event.phase == self.names.begin:
            node.dns_from = at
        elif node.dns_from is not None:
            node.dns, node.dns_from = (node.dns_from, at), None

    def _job_dns(self, event: Event, at: float, index: int) -> None:
        node = self.node(event.source.id)
        if node.began is None and event.phase == self.names.begin:
            node.began = at

    def _proxy(self, event: Event, at: float, index: int) -> None:
        said = params(event)
        text = next(
            (
                said[key]
                for key in ("proxy_chain", "proxy_server", "proxy_info", "pac_string")
                if type(said.get(key)) is str
            ),
            None,
        )
        found = _PROXIES.match(text) if text else None
        if found:
            word = (found[1] or found[2] or "http").lower()
            kind = {"proxy": "http", "socks4": "socks", "socks5": "socks"}.get(word, word)
            self.node(event.source.id).proxy = Told(at, index, kind)

    def _proto(self, event: Event, at: float, index: int) -> None:
        self.node(event.source.id).proto = values.token(params(event).get("proto"))

    def _pool(self, event: Event, at: float, index: int) -> None:
        node = self.node(event.source.id)
        if event.phase == self.names.end and node.stall is not None and node.stall_end is None:
            node.stall_end = at

    def _stalled(self, event: Event, at: float, index: int) -> None:
        what = "host" if self.names.types[event.type].endswith("PER_GROUP") else "browser"
        node = self.node(event.source.id)
        node.stall = node.stall or Told(at, index, what)

    # ------------------------------------------------------------------ the new pool (HTTP_STREAM_POOL_…)

    # It notes which socket it hands out, and right after that which job has ended: the job got the socket.
    # A socket that was idle goes to the controller that has just begun, without any job.

    def _controller(self, event: Event, at: float, index: int) -> None:
        self._newest = event.source.id if event.phase == self.names.begin else None

    def _handle(self, event: Event, at: float, index: int) -> None:
        socket = _dependency(params(event))
        if socket is not None and self._newest is not None:
            self.node(self._newest).links.append(socket)
            self._newest = None
        else:
            self._handed = socket

    def _pool_job(self, event: Event, at: float, index: int) -> None:
        self._newest = None
        if event.phase == self.names.end:
            node = self.node(event.source.id)
            if self._handed is not None:
                node.links.append(self._handed)
            if node.stall is not None:
                node.stall_end = at
        self._handed = None

    def _asked(self, event: Event, at: float, index: int) -> None:
        job = _dependency(params(event))
        if job is not None:
            self._asking[event.source.id] = job

    def _may_attempt(self, event: Event, at: float, index: int) -> None:
        job = self._asking.pop(event.source.id, None)
        what = _LIMITS.get(values.size(params(event).get("can_attempt")))
        if job is not None and what is not None:
            self.node(job).stall = Told(at, index, what)


def _dependency(said: dict[str, Any]) -> int | None:
    found = said.get("source_dependency")
    number = found.get("id") if type(found) is dict else None
    return number if type(number) is int else None
