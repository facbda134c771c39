"""HTTP Toolkit: aborted is status 0, and the only exporter that writes a WebSocket's close code.

A response that began and then broke keeps its status and no mark. `time` is -1 while it runs.
Setting up connections is not timed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from analyzer.intake import values
from analyzer.intake.dialects.base import NO_FAILURE, Dialect, Failure, Times, plain_times
from analyzer.intake.shape import Entry, is_set


class HttpToolkit(Dialect):
    """HTTP Toolkit."""

    name: ClassVar[str] = "http-toolkit"

    def failure(self, entry: Entry) -> Failure:
        found = super().failure(entry)
        if found != NO_FAILURE:
            return found
        if entry.close == "aborted":
            return Failure(None, "aborted")
        if (
            entry.response is not None
            and values.integer(entry.response.status) == 0
            and _time(entry) is not None
        ):
            return Failure(None, "aborted")
        return NO_FAILURE

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return not status or (is_set(entry.close) and entry.close is not None)

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        total = _time(entry)
        closed = _closed_ms(entry.close)
        start = values.instant(entry.startedDateTime)
        if closed is not None and start is not None and closed >= values.epoch_ms(start):
            total = closed - values.epoch_ms(start)
            times = times._replace(receive=None)
        return times._replace(duration=total, active=total)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if entry.close is not None:
            return True
        if is_set(entry.time) and entry.time == -1:
            return False
        return True if _time(entry) is not None else None


def _time(entry: Entry) -> float | None:
    return values.duration(entry.time) if is_set(entry.time) else None


def _closed_ms(close: Any) -> float | None:
    at = values.duration(close.get("timestamp")) if type(close) is dict else None
    return at * 1000.0 if at is not None else None
