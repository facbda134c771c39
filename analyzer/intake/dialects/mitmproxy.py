"""mitmproxy (`save.har`, `hardump`): what the proxy saw, on the proxy's clock.

- `_error` is written only when no response had begun: a break after the headers is a plain 200
  with an empty body and `receive` 0. Streamed bodies look the same although nothing broke.
- `content.size` is the encoded length; the decoded one is `size + compression`.
- `connect` and `ssl` are disjoint. For WebSockets the timings cover the handshake alone.
"""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import NO_FAILURE, Dialect, Times, active, plain_times, setup_reused
from analyzer.intake.shape import Entry, is_set


class Mitmproxy(Dialect):
    """mitmproxy and mitmdump."""

    name: ClassVar[str] = "mitmproxy"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return not status

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        setup = [part for part in (times.connect, times.tls) if part is not None]
        connect = sum(setup) if setup else None
        if _is_websocket(entry):
            return Times(connect=connect, tls=times.tls, send=times.send)
        if status and not times.receive:
            # The clock stopped at the headers: how long the body took is not known.
            return times._replace(connect=connect, duration=None, receive=None, active=None)
        if not status:
            # `wait` and `receive` are 0 because they never were; an error has no time of its own.
            return Times(connect=connect, tls=times.tls, send=times.send)
        return times._replace(connect=connect, active=active(times.duration, connect))

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        return None

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        return setup_reused(entry, times)

    def body_bytes(self, entry: Entry) -> int | None:
        content = entry.response.content if entry.response is not None else None
        size = values.size(content.size) if content is not None else None
        saved = values.number(content.compression) if content is not None else None
        if not size:
            return None  # empty, streamed through, or broken: the file cannot tell
        return max(size + int(saved or 0), 0)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if self.failure(entry) != NO_FAILURE:
            return True
        if not status:
            # In progress when the file was saved: a flow that had failed would have its error.
            return False if entry.response is not None and is_set(entry.response.error) else None
        if _is_websocket(entry):
            return None
        receive = values.duration(entry.timings.receive) if entry.timings is not None else None
        return True if receive else None


def _is_websocket(entry: Entry) -> bool:
    return entry.resource_type == "websocket" or (
        entry.response is not None and values.integer(entry.response.status) == 101
    )
