"""From a request to the connection that carried it."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.intake.netlog.connections import Connections
from analyzer.intake.netlog.sources import Hop, Node, Session, Socket, Stream

_MOST_VISITED = 400

Span = tuple[float, float]


@dataclass(slots=True)
class Path:
    """What carried one exchange; None where the log does not say or there was none.

    stream: its own stream within the session. remote: `address:port` of the other end. dns, connect, tls:
    set-up that this exchange waited for; a reused connection has none. nodes: what was on the way.
    """

    socket: Socket | None = None
    session: Session | None = None
    stream: Stream | None = None
    stream_id: int | None = None
    remote: str | None = None
    proxy: str | None = None
    dns: Span | None = None
    connect: Span | None = None
    tls: Span | None = None
    nodes: list[Node] = field(default_factory=list)
    sockets: list[Socket] = field(default_factory=list)

    @property
    def session_quic(self) -> bool:
        return self.session is not None and self.session.quic


def follow(hop: Hop, log: Connections) -> Path:
    """Everything between one request and its connection."""
    way = Path()
    reached, sessions = _reach(hop, log, way)
    used = [log.sockets[log.carriers[job]] for job in hop.jobs if job in log.carriers]
    _session(hop, log, way, sessions, reached)
    if way.session is not None and not way.session.quic:
        way.socket = log.sockets.get(way.session.socket) if way.session.socket is not None else None
    elif way.session is None and (used or way.sockets):
        way.socket = used[-1] if used else way.sockets[-1]
    if way.socket is not None:
        way.remote = way.socket.remote
    elif way.session is not None:
        way.remote = way.session.remote
    way.proxy = next((node.proxy.value for node in way.nodes if node.proxy is not None), None)
    _setup(hop, way)
    return way


def _reach(hop: Hop, log: Connections, way: Path) -> tuple[set[int], list[Session]]:
    """Jobs on the way, nearest first; sockets and sessions are where it ends."""
    queue = list(hop.jobs)
    reached: set[int] = {hop.source}
    sessions: list[Session] = []
    for source in queue:
        if source in reached or len(reached) > _MOST_VISITED:
            continue
        reached.add(source)
        if source in log.sessions:
            sessions.append(log.sessions[source])
        elif source in log.sockets:
            way.sockets.append(log.sockets[source])
        elif source in log.nodes:
            node = log.nodes[source]
            way.nodes.append(node)
            queue += node.links
    return reached, sessions


def _session(hop: Hop, log: Connections, way: Path, sessions: list[Session], reached: set[int]) -> None:
    """The session in which one of the request's own jobs opened a stream; else the last one it was offered."""
    opened = [log.opened[source] for source in (hop.source, *hop.jobs, *reached) if source in log.opened]
    if hop.version == "2" and opened:
        session, way.stream_id = opened[0]
        way.session = log.sessions[session]
        way.stream = way.session.streams.get(way.stream_id)
    elif hop.version in ("2", "3"):
        fitting = [session for session in sessions if session.quic is (hop.version == "3")]
        way.session = fitting[-1] if fitting else None
        if way.session is not None and hop.quic_stream is not None:
            way.stream_id = hop.quic_stream
            way.stream = way.session.streams.get(hop.quic_stream)


def _setup(hop: Hop, way: Path) -> None:
    if hop.connected is None and hop.waiting is None:
        return
    since = (hop.connected.at - hop.connected.value) if hop.connected is not None else hop.waiting
    until = hop.connected.at if hop.connected is not None else None

    def within(span: Span | None) -> Span | None:
        if span is None or since is None or span[0] < since or (until is not None and span[1] > until):
            return None
        return span

    way.dns = next((span for node in way.nodes if (span := within(node.dns))), None)
    socket = way.socket
    tcp, tls = (within(socket.tcp), within(socket.tls)) if socket is not None else (None, None)
    way.tls = tls
    if tcp is not None or tls is not None:
        first, last = tcp or tls, tls or tcp
        assert first is not None and last is not None
        way.connect = (first[0], last[1])
