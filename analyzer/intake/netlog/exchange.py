"""A request of the log, with what carried it → one exchange."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise
from statistics import median
from typing import Any, Final

from analyzer.columns import Exchange
from analyzer.intake import agents, headers, values
from analyzer.intake.netlog.below import below
from analyzer.intake.netlog.collect import Collector
from analyzer.intake.netlog.path import Path, follow
from analyzer.intake.netlog.sources import Hop
from analyzer.model import Chunk, Headers, Recorded, RecordedMessage
from analyzer.moments import after

_METHOD: Final = re.compile(r"[A-Z][A-Z-]{0,30}")
_EXTENSION: Final = re.compile(r"(?:chrome|ms-browser|edge)-extension://([\w-]{1,64})", re.ASCII)
_QUITTING: Final = 2000.0  # ms before the end of the log in which a browser shuts down
# Values of Sec-Fetch-Dest (Fetch standard) in the words of the DevTools.
_DESTINATIONS: Final = {
    "document": "document", "iframe": "document", "frame": "document", "empty": "fetch", "script": "script",
    "style": "stylesheet", "image": "image", "font": "font", "audio": "media", "video": "media",
    "manifest": "manifest", "worker": "script", "serviceworker": "script", "sharedworker": "script",
}  # fmt: skip


def record(position: int, hop: Hop, log: Collector, capture: str) -> Recorded | None:
    """The exchange of one hop; None for what is no HTTP exchange (no URL, or `data:`)."""
    scheme, host, _, path = values.url_parts(hop.url)
    if scheme not in ("http", "https", "ws", "wss"):
        return None
    row = Exchange(
        capture=capture, capture_kind="netlog", dialect="chrome-netlog", where=f"$.events[{hop.index}]",
        position=position, url=hop.url, scheme=scheme, host=host, path=path,
    )  # fmt: skip
    way = follow(hop, log)
    sent, received = _pairs(hop.sent), _pairs(hop.reply.value[2][1:] if hop.reply else [])
    _request(row, hop, sent)
    _response(row, hop, received)
    _end(row, hop, log, way)
    _times(row, hop, log, way)
    _arrivals(row, hop, way)
    _connection(row, hop, way)
    recorded = Recorded(exchange=row, request_headers=sent, response_headers=received)
    recorded.places = below(row, hop, log, way)
    if hop.frames is not None:
        row.resource_type = "websocket"
        _frames(recorded, hop, log)
    elif hop.reads:
        recorded.chunks = [
            Chunk(at - hop.started, size) for at, size in zip(hop.reads, hop.sizes, strict=True)
        ]
    if hop.pieces is not None:
        recorded.body = partial(b"".join, hop.pieces)
    elif hop.reply is not None and row.end_recorded and not row.net_error and not hop.reads:
        recorded.body = _nothing if row.content_length == 0 or row.status in (204, 304) else recorded.body
    row.body_recorded = recorded.body() is not None if hop.pieces is None else True
    recorded.raw = partial(_as_entry, recorded)
    return recorded


def _nothing() -> bytes:
    return b""


def _pairs(lines: list[str]) -> headers.Pairs:
    """`Name: value` lines → pairs; pseudo-headers and values that the log has stripped are left out."""
    found = []
    for line in lines:
        name, colon, value = line.partition(":") if line[:1] != ":" else ("", "", "")
        if colon and name:
            found.append((name.strip().lower(), value.strip()))
    return found


def _request(row: Exchange, hop: Hop, sent: headers.Pairs) -> None:
    method = hop.method or (hop.line or "").partition(" ")[0].upper()
    row.method = method if _METHOD.fullmatch(method or "") else None
    got = dict(sent)
    headers.fill_request(row, got)
    agent = agents.browser(got.get("user-agent", ""), got.get("sec-ch-ua", ""))
    if agent is not None:
        row.browser, row.browser_version = agent
    kind = _DESTINATIONS.get(got.get("sec-fetch-dest", ""))
    if hop.preflight:
        kind = "preflight"
    elif row.scheme in ("ws", "wss") or hop.frames is not None:
        kind = "websocket"
    elif kind is None and hop.request_type in ("main frame", "main_frame", "subframe"):
        kind = "document"
    row.resource_type = kind
    row.cross_origin = headers.cross_origin(row.url, got, kind)
    if row.cross_origin is None and hop.initiator and kind != "document":
        page, target = values.origin(hop.initiator), values.origin(row.url)
        row.cross_origin = page != target if page is not None and target is not None else None
    row.request_bytes = hop.upload_bytes
    row.initiator = "preflight" if hop.preflight else None
    # Requests of pages and workers name the origin that made them; the browser's own errands have none.
    if hop.initiator is not None and values.url_parts(hop.initiator)[1] is None and kind != "document":
        row.initiator = "browser"
    extension = _EXTENSION.match(hop.initiator or "")
    if extension:
        row.initiator, row.initiator_extension = "script", extension[1]


def _response(row: Exchange, hop: Hop, received: headers.Pairs) -> None:
    if hop.reply is None:
        row.status = None if hop.cache_read and hop.error is None else 0
        row.from_cache = True if hop.cache_read and hop.send_begin is None else None
        return
    version, row.status, lines = hop.reply.value
    vias = [value for name, value in received if name == "via"]
    headers.fill_response(row, vias, dict(received), None, None)
    words = lines[0].split(None, 2)
    row.status_text = words[2] if len(words) > 2 else None
    row.http_version = (
        hop.version if hop.version in ("2", "3") else version if version in ("1.0", "1.1") else None
    )
    row.from_cache = hop.cache_read and row.status == 304


def _end(row: Exchange, hop: Hop, log: Collector, way: Path) -> None:
    """How it ended, and whether the log saw that."""
    row.errors_recorded = True
    if hop.refused is not None and hop.cancelled is not None and hop.error is None:
        row.net_error = "net::ERR_FAILED"  # what the page is told when CORS forbids the answer
    elif hop.error is not None:
        row.net_error = hop.error.value
    elif hop.preflight_error is not None:
        # The page is told the preflight's own network error, and ERR_FAILED where the answer forbade it.
        row.preflight_error = hop.preflight_error.value
        row.net_error = row.preflight_error or "net::ERR_FAILED"
    elif hop.cancelled is not None:
        row.net_error = "net::ERR_ABORTED"
    row.end_recorded = hop.ended is not None
    if hop.frames is not None:
        closing = [at for at, _, opcode, _ in hop.frames if opcode == 8]
        done = way.socket.ended if way.socket is not None else None
        row.end_recorded = bool(closing) or done is not None or row.net_error is not None


def _ended(row: Exchange, hop: Hop, log: Collector, way: Path) -> float:
    """Tick of the end; of the end of the log where the exchange was still open."""
    if hop.frames is not None and row.end_recorded and row.net_error is None:
        closing = [at for at, _, opcode, _ in hop.frames if opcode == 8]
        done = way.socket.ended if way.socket is not None else None
        return closing[-1] if closing else done if done is not None else log.last
    moments = [told.at for told in (hop.cancelled, hop.ended) if told is not None]
    return min(moments) if moments and row.end_recorded else log.last


def _times(row: Exchange, hop: Hop, log: Collector, way: Path) -> None:
    ended = _ended(row, hop, log, way)
    offset = log.names.offset_ms
    row.duration_ms = max(0.0, ended - hop.started)
    if offset is not None:
        try:
            row.started_at = datetime.fromtimestamp((hop.started + offset) / 1000, UTC)
            if row.end_recorded:
                row.ended_at = after(row.started_at, row.duration_ms)
        except (OverflowError, OSError, ValueError):
            row.started_at = row.ended_at = None
    first = hop.send_begin
    row.blocked_ms = max(0.0, (first if first is not None else ended) - hop.started)
    for name, span in (("dns_ms", way.dns), ("connect_ms", way.connect), ("tls_ms", way.tls)):
        if span is not None and span[0] >= hop.started:
            setattr(row, name, max(0.0, span[1] - span[0]))
    row.blocked_ms = max(0.0, row.blocked_ms - (row.dns_ms or 0.0) - (row.connect_ms or 0.0))
    if first is None:
        return
    row.send_ms = max(0.0, hop.send_end - first) if hop.send_end is not None else None
    row.active_ms = max(0.0, ended - first)
    if hop.reply is not None:
        row.ttfb_ms = max(0.0, hop.reply.at - (hop.send_end if hop.send_end is not None else first))
        row.receive_ms = max(0.0, ended - hop.reply.at)


def _arrivals(row: Exchange, hop: Hop, way: Path) -> None:
    """Bytes over time: silence before the end, and whether data was flowing up to it.

    The wire's own last byte counts where the log ties it to the exchange: a page that reads late must not
    look like a silent server.
    """
    if hop.frames is not None:
        times = [at for at, received, _, _ in hop.frames if received]
        row.body_bytes = sum(size for _, received, opcode, size in hop.frames if received and opcode < 8)
    else:
        times = list(hop.reads)
        row.body_bytes = hop.body_bytes if hop.reply is not None or hop.reads else None
        wire = way.stream.received if way.stream is not None and not way.session_quic else None
        row.transfer_bytes = wire if wire is not None else hop.raw_bytes
    if not times:
        if hop.reply is not None and row.end_recorded and row.receive_ms is not None:
            row.idle_before_end_ms = row.receive_ms
        return
    last = times[-1]
    if way.stream is not None and way.stream.last_data is not None:
        last = max(last, way.stream.last_data)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    row.first_event_ms, row.last_event_ms = times[0] - hop.started, last - hop.started
    row.times_recorded = True
    if gaps:
        row.max_gap_ms, row.median_gap_ms = max(gaps), median(gaps)
    if row.end_recorded and row.duration_ms is not None:
        row.idle_before_end_ms = max(0.0, row.duration_ms - row.last_event_ms)
        if gaps:
            row.flowing_at_end = row.idle_before_end_ms <= max(1500.0, 3 * (row.median_gap_ms or 0.0))


def _connection(row: Exchange, hop: Hop, way: Path) -> None:
    if way.session is not None:
        row.connection_id = f"session {way.session.id}"
    elif way.socket is not None:
        row.connection_id = f"socket {way.socket.id}"
    if way.proxy in (None, "direct") and way.remote is not None:
        address = way.remote[: way.remote.rfind(":")] if ":" in way.remote else way.remote
        row.server_ip, row.server_ip_private = values.ip_address(address)
    if hop.connected is not None and (way.socket is not None or way.session is not None):
        row.connection_reused = row.connect_ms is None


def _frames(recorded: Recorded, hop: Hop, log: Collector) -> None:
    row = recorded.exchange
    closing = [received for _, received, opcode, _ in hop.frames or () if opcode == 8]
    if closing:
        row.close_frame_by = "server" if closing[0] else "client"
    # Without a close frame an application sees 1006 (RFC 6455 section 7.1.5). A browser that quits leaves
    # its sockets the same way, and then the log ends there too.
    elif (
        row.end_recorded
        and not row.net_error
        and log.last - hop.started - (row.duration_ms or 0.0) > _QUITTING
    ):
        row.close_code = 1006
    recorded.messages = [
        RecordedMessage("receive" if received else "send", None, opcode, at - hop.started)
        for at, received, opcode, _ in hop.frames or ()
        if opcode in (1, 2)
    ]


def _as_entry(recorded: Recorded) -> dict[str, Any]:
    """The exchange as a HAR entry would show it, for the evidence drawer."""
    row = recorded.exchange

    def pairs(given: Headers) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in given]

    return {
        "startedDateTime": row.started_at.isoformat() if row.started_at else None,
        "time": row.duration_ms,
        "request": {
            "method": row.method, "url": row.url, "httpVersion": row.http_version or "",
            "headers": pairs(recorded.request_headers),
        },
        "response": {
            "status": row.status, "statusText": row.status_text or "",
            "headers": pairs(recorded.response_headers), "_error": row.net_error,
            "content": {"size": row.body_bytes, "mimeType": row.content_type or ""},
        },
        "timings": {
            name: getattr(row, f"{column}_ms")
            for name, column in (
                ("blocked", "blocked"), ("dns", "dns"), ("connect", "connect"), ("ssl", "tls"),
                ("send", "send"), ("wait", "ttfb"), ("receive", "receive"),
            )
        },
        "connection": row.connection_id,
        "serverIPAddress": row.server_ip,
    }  # fmt: skip
