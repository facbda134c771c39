"""Firefox's network monitor.

- No failure is ever written: a cut stream is a 200 with part of its body, no answer is status 0.
- `timings` has 0, not -1, for what did not happen, and is `{}` while the request is still open.
- Over HTTP/2 and 3 `receive` is 0 when the body ended properly, and `time` ends with the headers.
- `connection` is the remote port. `bodySize` is the transferred size.
"""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import Dialect, Times, http_version, plain_times
from analyzer.intake.shape import Entry, headers, is_set


class Firefox(Dialect):
    """Firefox and its forks."""

    name: ClassVar[str] = "firefox"
    empty_body_is_true: ClassVar[bool] = True

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return False

    def times(self, entry: Entry, status: int | None) -> Times:
        if entry.timings is None or entry.timings.empty():
            # The clock had not stopped: `time` is 0 or null and says nothing.
            total = values.duration(entry.time) if is_set(entry.time) else None
            return Times(duration=total or None, active=total or None)
        times = plain_times(entry)
        if not times.receive and _is_multiplexed(entry) and not _has_length(entry):
            # Over HTTP/2 a body that ended properly has `receive` 0 however long it took.
            times = times._replace(receive=None, duration=None, active=None)
        return times._replace(
            dns=times.dns or None, connect=times.connect or None, tls=times.tls or None,
            ttfb=times.ttfb if status else None, receive=times.receive if status else None,
        )  # fmt: skip

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        return None

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        if times.ttfb is None:
            return None
        return times.connect is None and times.tls is None

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if entry.timings is not None and not entry.timings.empty():
            return True
        if not status:
            return None
        return False if entry.timings is not None and entry.time == 0 else None


def _is_multiplexed(entry: Entry) -> bool:
    return entry.response is not None and http_version(entry.response.httpVersion or "") in ("2", "3")


def _has_length(entry: Entry) -> bool:
    """A body of declared length is no stream: it may well have come at once."""
    got = headers(entry.response.headers)[0] if entry.response is not None else []
    return any(header.name.lower() == "content-length" for header in got)
