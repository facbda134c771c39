"""Ending = by x phase x announced x signal, read off the row: a table, not an opinion.

`by` is the side that acted as far as the recorder saw it; who is to blame is the rules' business.
Source for client-side aborts: Chromium net_error_list.h (-3 ABORTED, -26 CONTEXT_SHUT_DOWN).
"""

from __future__ import annotations

from typing import Final

from analyzer.columns import Exchange
from analyzer.model import Ending

CLIENT_ERRORS: Final = frozenset(
    {"net::ERR_ABORTED", "NS_BINDING_ABORTED", "net::ERR_CONTEXT_SHUT_DOWN", "net::ERR_BLOCKED_BY_CLIENT",
     "net::ERR_BLOCKED_BY_ADMINISTRATOR", "net::ERR_BLOCKED_BY_CSP", "net::ERR_BLOCKED_BY_RESPONSE",
     "net::ERR_BLOCKED_BY_ORB", "net::ERR_FAILED"}
)  # fmt: skip
NETWORK_ERRORS: Final = frozenset(
    {"net::ERR_NETWORK_CHANGED", "net::ERR_NETWORK_IO_SUSPENDED", "net::ERR_INTERNET_DISCONNECTED",
     "net::ERR_NAME_NOT_RESOLVED", "net::ERR_ADDRESS_UNREACHABLE", "net::ERR_CONNECTION_TIMED_OUT",
     "net::ERR_TIMED_OUT", "net::ERR_HTTP2_PING_FAILED"}
)  # fmt: skip


def read_ending(row: Exchange) -> Ending:
    """How the row's exchange ended. Unrecorded parts are "unknown" or None."""
    by, signal, announced = _who_and_what(row)
    return Ending(by=by, phase=_phase(row), announced=announced, signal=signal)


def _who_and_what(row: Exchange) -> tuple[str, str, bool | None]:
    if row.terminal_marker == "seen":
        return "server", "end-marker", True
    if row.in_band_error:
        return "server", "in-band-error", True
    if row.end_recorded is False and not row.net_error:
        return "recorder", "not-ended", None
    if row.net_error or row.failure_text:
        error = row.net_error or ""
        by = "client" if error in CLIENT_ERRORS else "network" if error in NETWORK_ERRORS else "unknown"
        return by, "net-error", False
    if row.close_code is not None:
        return ("unknown" if row.close_code == 1006 else "server"), "close-code", row.close_code != 1006
    if row.closed_by is not None:
        by = {"upstream": "server", "client": "client", "proxy": "proxy"}.get(row.closed_by, "server")
        return by, "log-state", row.closed_by == "none"
    if row.status is not None and row.status >= 400:
        return "server", "status", True
    if row.status:
        return "server", "clean-close", False if row.terminal_marker == "missing" else None
    return "unknown", "unknown", None


def _phase(row: Exchange) -> str:
    if row.terminal_marker == "seen":
        return "last"
    if row.closed_phase is not None:
        return {"queue": "connect", "done": "last"}.get(row.closed_phase, row.closed_phase)
    if row.status and row.status >= 300:
        return "headers"  # an answer of its own, whatever its body: no stream had begun
    if row.status:
        return "data" if (row.body_bytes or row.events or row.net_error) else "headers"
    if (row.connect_ms is not None and row.connect_ms >= 0) or row.send_ms:
        return "request"
    return "connect"
