"""NetLogs as Chromium writes them, made up: every number is another one than in any real build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer.intake import open_inputs, read_netlog
from analyzer.model import Capture, Recorded

OFFSET = 1772446500000 - 1000  # tick 1000 is 2026-03-02T10:15:00Z
BEGIN, END, NONE = 7, 8, 9
URL = "https://api.example/v1/stream"

NET_ERRORS = {
    "ERR_ABORTED": -3, "ERR_FAILED": -2, "ERR_TIMED_OUT": -7, "ERR_NETWORK_CHANGED": -21,
    "ERR_CONNECTION_CLOSED": -100, "ERR_CONNECTION_RESET": -101, "ERR_NAME_NOT_RESOLVED": -105,
    "ERR_TUNNEL_CONNECTION_FAILED": -111, "ERR_WS_UPGRADE": -173, "ERR_CERT_AUTHORITY_INVALID": -202,
    "ERR_HTTP2_PROTOCOL_ERROR": -337, "ERR_INCOMPLETE_CHUNKED_ENCODING": -355, "ERR_QUIC_PROTOCOL_ERROR": -356,
}  # fmt: skip
SOURCES = [
    "NONE", "URL_REQUEST", "HTTP_STREAM_JOB_CONTROLLER", "HTTP_STREAM_JOB", "SSL_CONNECT_JOB", "SOCKET",
    "HTTP2_SESSION", "QUIC_SESSION", "UDP_SOCKET", "NETWORK_CHANGE_NOTIFIER", "CERT_VERIFIER_JOB",
    "HTTP_STREAM_POOL_JOB", "HTTP_STREAM_POOL_GROUP", "HTTP_STREAM_POOL_ATTEMPT_MANAGER",
]  # fmt: skip


class Log:
    """Events in the order in which they are added. Sources are named `KIND-number`."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.names: dict[str, int] = {}
        self.ids: dict[str, int] = {}
        self.starts: dict[str, float] = {}

    def source(self, name: str, at: float = 0) -> dict[str, Any]:
        number = self.ids.setdefault(name, 500 + len(self.ids))
        start = str(int(self.starts.setdefault(name, at)))
        return {"id": number, "start_time": start, "type": 40 + SOURCES.index(name.rpartition("-")[0])}

    def add(self, at: float, source: str, name: str, phase: int = NONE, **params: Any) -> Log:
        link = params.pop("to", None)
        if link is not None:
            params["source_dependency"] = {
                k: v for k, v in self.source(link, at).items() if k != "start_time"
            }
        event = {
            "params": params, "phase": phase, "source": self.source(source, at), "time": str(int(at)),
            "type": self.names.setdefault(name, 1000 + 3 * len(self.names)),
        }  # fmt: skip
        if not params:
            del event["params"]
        self.events.append(event)
        return self

    def constants(self) -> dict[str, Any]:
        return {
            "clientInfo": {"name": "Chromium", "version": "199.0.1.2"},
            "logEventPhase": {"PHASE_BEGIN": BEGIN, "PHASE_END": END, "PHASE_NONE": NONE},
            "logEventTypes": self.names,
            "logFormatVersion": 1,
            "logSourceType": {name: 40 + i for i, name in enumerate(SOURCES)},
            "netError": NET_ERRORS,
            "quicError": {"QUIC_PEER_GOING_AWAY": 16, "QUIC_NETWORK_IDLE_TIMEOUT": 25},
            "quicRstStreamError": {"QUIC_STREAM_CANCELLED": 6},
            "timeTickOffset": OFFSET,
        }

    def text(self, *, closed: bool = True) -> str:
        """As Chromium writes it: one event to a line."""

        def dumps(value: Any) -> str:
            return json.dumps(value, separators=(",", ":"))

        head = f'{{"constants":{dumps(self.constants())},\n"events": [\n'
        body = ",\n".join(dumps(event) for event in self.events)
        return head + body + ('],\n"polledData": [{}]\n}\n' if closed else ",\n")


def begin(
    log: Log, *, url: str = URL, name: str = "URL_REQUEST-1", method: str = "POST", at: float = 1000
) -> Log:
    """A request up to the moment at which it gets its job."""
    headers = {"headers": ["Accept: text/event-stream"], "line": f"{method} /v1/stream HTTP/1.1\r\n"}
    log.add(at, name, "CORS_REQUEST", BEGIN, url=url, request_headers=headers)
    log.add(at, name, "REQUEST_ALIVE", BEGIN, url=url)
    log.add(
        at, name, "URL_REQUEST_START_JOB", BEGIN, url=url, method=method, initiator="https://app.example",
        request_type="other",
    )  # fmt: skip
    log.add(at, name, "HTTP_STREAM_REQUEST", BEGIN)
    number = name.rpartition("-")[2]
    controller, job = f"HTTP_STREAM_JOB_CONTROLLER-{number}", f"HTTP_STREAM_JOB-{number}"
    log.add(at, name, "HTTP_STREAM_JOB_CONTROLLER_BOUND", to=controller)
    log.add(at, controller, "HTTP_STREAM_JOB_CONTROLLER_PROXY_SERVER_RESOLVED", proxy_chain="[direct://]")
    log.add(at, controller, "HTTP_STREAM_REQUEST_STARTED_JOB", to=job)
    return log


def answer(
    log: Log, *, name: str = "URL_REQUEST-1", h2: bool = True, at: float = 1000,
    reads: tuple[tuple[float, int], ...] = ((1400, 300), (1500, 200)),
) -> Log:  # fmt: skip
    """The request gets a connection, is sent at +10 ms, answered at +200 ms, and bytes come."""
    number = name.rpartition("-")[2]
    job, socket, session = f"HTTP_STREAM_JOB-{number}", "SOCKET-1", "HTTP2_SESSION-1"
    if h2:
        log.add(at + 5, session, "HTTP2_SESSION_INITIALIZED", protocol="h2", to=socket)
        log.add(at + 5, job, "HTTP2_SESSION_POOL_FOUND_EXISTING_SESSION", to=session)
    else:
        log.add(at + 5, job, "SOCKET_POOL_BOUND_TO_SOCKET", to=socket)
        log.add(at + 5, socket, "SOCKET_IN_USE", BEGIN, to=job)
    log.add(at + 8, name, "HTTP_STREAM_REQUEST_BOUND_TO_JOB", to=job)
    log.add(at + 8, name, "HTTP_STREAM_REQUEST", END)
    log.add(at + 10, name, "HTTP_TRANSACTION_SEND_REQUEST", BEGIN)
    sent = ["accept: text/event-stream", "authorization: [63 bytes were stripped]", "sec-fetch-dest: empty"]
    if h2:
        sent = [":method: POST", ":path: /v1/stream", *sent]
        log.add(at + 10, name, "HTTP_TRANSACTION_HTTP2_SEND_REQUEST_HEADERS", headers=sent)
        log.add(at + 10, session, "HTTP2_SESSION_SEND_HEADERS", stream_id=int(number) * 2 + 1, to=job)
    else:
        log.add(at + 10, name, "HTTP_TRANSACTION_SEND_REQUEST_HEADERS", headers=sent, line="POST / HTTP/1.1")
    log.add(at + 10, name, "HTTP_TRANSACTION_SEND_REQUEST", END)
    headers = ["HTTP/1.1 200", "content-type: text/event-stream; charset=utf-8", "server: nginx"]
    log.add(at + 200, name, "HTTP_TRANSACTION_READ_RESPONSE_HEADERS", headers=headers)
    for moment, size in reads:
        log.add(moment, name, "HTTP_TRANSACTION_READ_BODY", END)
        log.add(moment, name, "URL_REQUEST_JOB_FILTERED_BYTES_READ", byte_count=size)
        if h2:
            log.add(moment, session, "HTTP2_SESSION_RECV_DATA", stream_id=int(number) * 2 + 1, size=size)
    return log


def fail(log: Log, at: float, error: int, *, name: str = "URL_REQUEST-1") -> Log:
    """The end of a request that went wrong."""
    log.add(at, name, "FAILED", net_error=error)
    log.add(at, name, "CORS_REQUEST", END)
    return log.add(at, name, "REQUEST_ALIVE", END, net_error=error)


def finish(log: Log, at: float, *, name: str = "URL_REQUEST-1") -> Log:
    """The end of a request that went well."""
    log.add(at, name, "HTTP_TRANSACTION_READ_BODY", END)
    return log.add(at, name, "REQUEST_ALIVE", END)


def read(tmp_path: Path, log: Log | str | bytes, name: str = "netlog.json") -> Capture:
    data = log.text() if isinstance(log, Log) else log
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (inp,) = open_inputs([path])
    assert inp.kind == "netlog", inp.reason
    return read_netlog(inp)


def one(tmp_path: Path, log: Log) -> Recorded:
    (recorded,) = read(tmp_path, log).entries
    return recorded
