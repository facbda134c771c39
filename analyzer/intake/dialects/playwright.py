"""Playwright's `recordHar` and tracing HAR.

- The failure is `response._failureText`, in the words of the engine that ran.
- Everything starts at -1 (status, sizes, timings): what is still -1 had not happened. A response
  with `receive` -1 had not ended; without a failure it was still open when the context closed.
- `time` counts the TLS handshake twice and ends with the headers when the body never ended.
- `httpVersion` is a guess (HTTP/1.1) until the body has ended.
- WebSocket messages carry milliseconds. Bodies may be files beside the HAR (`_file`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import NO_FAILURE, Dialect, Times, plain_times, setup_reused
from analyzer.intake.shape import Entry, is_set, present


class Playwright(Dialect):
    """Playwright, any engine."""

    name: ClassVar[str] = "playwright"
    message_unit_ms: ClassVar[float] = 1.0

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(entries)
        # The slim mode records no times at all: then -1 says nothing.
        self._timed = any(
            entry.timings and values.duration(entry.timings.wait) is not None for entry in entries
        )

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True

    def http_version(self, entry: Entry) -> str | None:
        return super().http_version(entry) if _ended(entry) else None

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        parts = (times.dns, times.connect, times.send, times.ttfb, times.receive)
        if times.receive is not None:
            total = sum(part for part in parts if part is not None)
            return times._replace(
                duration=total, active=total - (times.dns or 0) - (times.connect or 0), blocked=None
            )
        measured = values.duration(entry.time) if is_set(entry.time) else None
        known = measured if not status and measured else None
        return times._replace(duration=known, active=known, blocked=None, send=times.send or None)

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        return None

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        return setup_reused(entry, times)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if self.failure(entry) != NO_FAILURE or _ended(entry):
            return True
        if entry.resource_type == "websocket" or not self._timed:
            return None
        return False


def _ended(entry: Entry) -> bool:
    """The body is stored, and the time of its last byte, only once it has ended."""
    if entry.timings is not None and values.duration(entry.timings.receive) is not None:
        return True
    content = entry.response.content if entry.response is not None else None
    return content is not None and (content.file is not None or present(content.text))
