"""Which capture would settle a verdict that is not certain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from analyzer.causes import Party
from analyzer.columns import Exchange
from analyzer.moments import after

_SECOND: Final = timedelta(seconds=1)
_CLIENT_SIDE: Final = ("user", "browser", "network")


def settle_text(row: Exchange, party: Party) -> str:
    """One sentence that names the capture to ask for, with its hours where the row has times.

    A browser capture is settled by the gateway's log of the moment of the end, or by the browser's own
    network log where the trouble may lie on the reader's side; a gateway's log by a browser capture.
    """
    when = window(row)
    if row.capture_kind == "log":
        side = "Save a HAR in the browser while it happens (developer tools, Network, with the log preserved)"
        more = f", and send the error log of the upstream server{f' for {when}' if when else ''}"
        return side + more + "."
    log = f"Send the gateway's error log{f' for {when}' if when else ' for the moment it ended'}"
    if party == "none":
        return _no_end(row, log)
    if row.capture_kind == "netlog":
        return log + "."
    own = _browser_log(row)
    if party in _CLIENT_SIDE:
        return f"{own}."
    return f"{log}; or {own[0].lower()}{own[1:]}."


def window(row: Exchange) -> str | None:
    """`10:15:03-10:15:05 UTC`: the seconds around the end, else the whole exchange; None without times."""
    start, end = _utc(row.started_at), _utc(row.ended_at)
    if end is None and start is not None and row.duration_ms is not None and 0 <= row.duration_ms < 1e9:
        end = after(start, row.duration_ms)
    try:
        return _span(start, end)
    except OverflowError:  # a clock at the edge of the calendar
        return None


def _span(start: datetime | None, end: datetime | None) -> str | None:
    if end is not None:
        first, last = end - _SECOND, end + _SECOND
    elif start is not None:
        first, last = start, start + timedelta(minutes=10)
    else:
        return None
    return f"{_time(first)}-{_time(last)} UTC"


def _time(moment: datetime) -> str:
    return moment.time().isoformat("seconds")  # half as long as a format


def _browser_log(row: Exchange) -> str:
    if row.browser == "firefox":
        return "Record about:logging in Firefox (preset Networking) while it happens again"
    if row.browser == "safari":
        return "Record it once more in Chrome or Edge with chrome://net-export, which writes a NetLog"
    if row.browser == "edge":
        return "Export the NetLog while it happens again: edge://net-export, Start Logging to Disk"
    return "Export the NetLog while it happens again: chrome://net-export, Start Logging to Disk"


def _no_end(row: Exchange, log: str) -> str:
    if row.end_recorded is False:
        return "Save the capture again after the stream has ended."
    if row.body_recorded is False:
        return "Save a capture with the response bodies (HAR with content, developer tools open before the request)."
    return log + ": it says whether the whole answer was passed on."


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None or moment.tzinfo is None or moment.tzinfo is UTC:
        return moment
    return moment.astimezone(UTC)
