"""What the log tells of each request, session and socket, while it is read. Times are ticks in ms."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Told:
    """One thing that happened: when, which event of the file says so, and its value."""

    at: float
    index: int
    value: Any = None


@dataclass(slots=True)
class Hop:
    """One HTTP exchange of a URL_REQUEST source: each redirect starts another one.

    started: when the request was issued. jobs: the stream jobs of its last try. reads and sizes: body
    bytes handed over, by time; `pieces` are the bytes themselves, in logs that hold them. frames: of a
    WebSocket: (when, received, opcode, payload bytes).
    """

    source: int
    index: int
    started: float
    url: str | None = None
    method: str | None = None
    request_type: str | None = None
    initiator: str | None = None
    preflight: bool = False
    job_started: bool = False
    jobs: list[int] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    line: str | None = None
    version: str | None = None
    quic_stream: int | None = None
    waiting: float | None = None
    connected: Told | None = None
    waited_ms: float = 0.0
    send_begin: float | None = None
    send_end: float | None = None
    reply: Told | None = None
    in_response: bool = False
    refused: Told | None = None
    cache_read: bool = False
    at_end: bool = False
    reads: array[float] = field(default_factory=lambda: array("d"))
    sizes: array[int] = field(default_factory=lambda: array("Q"))
    body_bytes: int = 0
    raw_bytes: int | None = None
    pieces: list[bytes] | None = None
    upload_bytes: int | None = None
    ended: Told | None = None
    error: Told | None = None
    cancelled: Told | None = None
    preflight_error: Told | None = None
    stream_error: Told | None = None
    restarts: int = 0
    restart: Told | None = None
    delegate: Told | None = None
    delegate_from: float | None = None
    delegate_ms: float = 0.0
    known_root: Told | None = None
    frames: list[tuple[float, bool, int, int]] | None = None


@dataclass(slots=True)
class Stream:
    """One stream of an HTTP/2 or QUIC session. resets: (who sent it, event with its code)."""

    last_data: float | None = None
    received: int = 0
    resets: list[tuple[str, Told]] = field(default_factory=list)


@dataclass(slots=True)
class Session:
    """An HTTP/2 or QUIC session. closed: value is (net error, QUIC error, who, description)."""

    id: int
    quic: bool
    socket: int | None = None
    remote: str | None = None
    streams: dict[int, Stream] = field(default_factory=dict)
    goaways: list[Told] = field(default_factory=list)
    closed: Told | None = None
    close_frame: Told | None = None
    known_root: Told | None = None


@dataclass(slots=True)
class Socket:
    """A TCP socket, with TLS where there is any. tunnel: the proxy's answer to CONNECT."""

    id: int
    remote: str | None = None
    tcp: tuple[float, float] | None = None
    tls: tuple[float, float] | None = None
    opening: float | None = None
    error: Told | None = None
    tunnel: Told | None = None
    known_root: Told | None = None
    issuer: Told | None = None
    last_received: float | None = None
    ended: float | None = None


@dataclass(slots=True)
class Node:
    """What stands between a request and its connection: controllers, stream jobs, connect jobs."""

    id: int
    links: list[int] = field(default_factory=list)
    began: float | None = None
    ended: float | None = None
    dns_from: float | None = None
    dns: tuple[float, float] | None = None
    proxy: Told | None = None
    proto: str | None = None
    stall: Told | None = None
    stall_end: float | None = None
