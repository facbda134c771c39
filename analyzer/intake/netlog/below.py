"""What only a NetLog knows of an exchange: resets, GOAWAY, socket errors, network changes, proxies."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import Any, Final

from analyzer.columns import VALUES, Exchange
from analyzer.intake.netlog.collect import Collector
from analyzer.intake.netlog.path import Path
from analyzer.intake.netlog.sources import Hop, Told

_MOMENT: Final = 1000.0  # ms in which a connection's end and its streams' ends are one thing
_SAME: Final = 50.0  # ms by which an event that ended the exchange may be logged after it
_LATE: Final = 1000.0  # Chromium reports a network change up to a second after it has acted on it
_CONNECTION: Final = re.compile(r"(?:CONNECTION_)?(\w{1,20})")


class _Fill:
    """Sets columns, and remembers which event each value comes from."""

    def __init__(self, row: Exchange) -> None:
        self.row = row
        self.places: dict[str, str] = {}

    def __call__(self, column: str, value: Any, told: Told) -> None:
        if value is not None:
            setattr(self.row, column, value)
            self.places[column] = f"$.events[{told.index}]"


def below(row: Exchange, hop: Hop, log: Collector, way: Path) -> dict[str, str]:
    """Fill the columns below the request; returns column → place for those that stand elsewhere."""
    fill = _Fill(row)
    ended = hop.started + (row.duration_ms or 0.0)
    failed = hop.error or hop.cancelled or hop.preflight_error
    if failed is not None and row.net_error:
        fill("net_error", row.net_error, hop.refused or failed)
    if hop.reply is not None:
        fill("status", row.status, hop.reply)
    _session(fill, hop, way, ended)
    _socket(fill, hop, way, ended)
    _network(fill, hop, log, ended)
    _waits(fill, hop, way, ended)
    if hop.restart is not None:
        fill("silent_retries", hop.restarts, hop.restart)
    if hop.delegate is not None:
        held = hop.delegate_ms
        if hop.delegate_from is not None:
            held += max(0.0, ended - hop.delegate_from)
        fill("delegate", hop.delegate.value, hop.delegate)
        fill("delegate_ms", held, hop.delegate)
    return fill.places


def _session(fill: _Fill, hop: Hop, way: Path, ended: float) -> None:
    session = way.session
    if session is None:
        return
    fill.row.goaway_seen = False
    near = [told for told in session.goaways if hop.started <= told.at <= ended + _SAME]
    if near:
        code, _, text = near[0].value
        fill("goaway_seen", True, near[0])
        fill("goaway_code", code, near[0])
        fill("goaway_before_ms", max(0.0, ended - near[0].at), near[0])
        fill("goaway_debug", text, next((told for told in near if told.value[2]), near[0]))
    for who, told in way.stream.resets if way.stream is not None else ():
        if told.at > ended + _SAME:
            continue
        fill("h3_error_code" if session.quic else "h2_error_code", told.value, told)
        fill("reset_by", who, told)
        if who == "server":
            break
    closed = session.closed
    if closed is not None and ended - _MOMENT <= closed.at <= ended + _SAME:
        error, quic, who, words = closed.value
        fill("session_error", error, closed)
        fill("session_close", words, closed)
        fill("quic_error", quic, closed)
        fill("quic_closed_by", who, closed)
    frame = session.close_frame
    if frame is not None and ended - _MOMENT <= frame.at <= ended + _SAME:
        _, quic, who, words = frame.value
        fill("quic_error", quic, frame)
        fill("quic_closed_by", who, frame)
        fill("session_close", words, frame)


def _socket(fill: _Fill, hop: Hop, way: Path, ended: float) -> None:
    sockets = [way.socket] if way.socket is not None else way.sockets[-1:]
    for socket in sockets:
        if socket.error is not None and hop.started <= socket.error.at <= ended + _MOMENT:
            error, number = socket.error.value
            fill("socket_error", error, socket.error)
            fill("socket_os_error", number, socket.error)
    for socket in [*way.sockets, *sockets]:
        if socket.tunnel is not None:
            fill("tunnel_status", socket.tunnel.value, socket.tunnel)
    named = next((socket.issuer for socket in [*sockets, *way.sockets] if socket.issuer is not None), None)
    if named is not None:
        fill("cert_issuer", named.value, named)
    known = hop.known_root
    if known is None and way.session is not None:
        known = way.session.known_root
    if known is None and way.socket is not None:
        known = way.socket.known_root
    if known is None:
        known = next((s.known_root for s in reversed(way.sockets) if s.known_root is not None), None)
    if known is not None:
        fill("known_root", known.value, known)


def _network(fill: _Fill, hop: Hop, log: Collector, ended: float) -> None:
    """The last change of the computer's network during the exchange."""
    place = bisect_right(log.network, ended + _LATE, key=lambda told: told.at) - 1
    if place < 0 or log.network[place].at < hop.started:
        return
    before = [told for told in log.network[max(0, place - 20) : place + 1] if told.at >= hop.started]
    # The first notice of one change is the nearest to the truth; others trickle in after it.
    nearest = min(before, key=lambda told: (abs(told.at - ended), told.index))
    fill("network_changed_before_ms", ended - nearest.at, nearest)
    for told in before:
        if told.value is not None and abs(told.at - nearest.at) <= _MOMENT:
            found = _CONNECTION.fullmatch(told.value)
            kind = found[1].lower() if found else ""
            fill("network_after", kind if kind in VALUES["network_after"] else "unknown", told)


def _waits(fill: _Fill, hop: Hop, way: Path, ended: float) -> None:
    proxy = next((node.proxy for node in way.nodes if node.proxy is not None), None)
    if proxy is not None:
        fill("client_proxy", proxy.value, proxy)
    stalled = next((node for node in way.nodes if node.stall is not None), None)
    if stalled is not None and stalled.stall is not None:
        until = stalled.stall_end if stalled.stall_end is not None else ended
        fill("pool_stalled_ms", max(0.0, min(until, ended) - stalled.stall.at), stalled.stall)
        fill("pool_limit", stalled.stall.value, stalled.stall)
