"""Chrome, Edge and other Chromium browsers: the DevTools network panel's export.

Source of truth: devtools-frontend `har/Log.ts`. Differences from HAR 1.2 that matter here:
- `response._error` holds the net error, and `null` says that there was none.
- Without a response the whole life is in `timings.blocked`: it is no queueing time.
- `connection` is the remote port since `_connectionId` exists, and the connection's id before.
- WebSocket: `wait` runs to the last frame, `receive` from the last frame to the close.
- The default export is sanitized: no cookies, no Authorization, no data in recorded events.
- Only finished requests are exported, except event streams that had delivered an event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from analyzer.columns import Exchange
from analyzer.intake import values
from analyzer.intake.dialects.base import (
    NO_FAILURE,
    Dialect,
    Failure,
    Times,
    active,
    plain_times,
    setup_reused,
)
from analyzer.intake.shape import Entry, headers, is_set, plain, present
from analyzer.patterns import later

_CREDENTIALS = frozenset(("authorization", "cookie", "set-cookie"))
_REFUSED = later(r"Unexpected response code: (\d{3})\b")
# Chromium, net/websockets/websocket_stream.cc: its own words for these two answers.
_REFUSALS = {"http authentication failed": 401, "proxy authentication failed": 407}
# In JSON only a key can look like this: inside a string the quotes would be escaped.
_DATA = later(rb'"data"\s*+:')
_FRAMES = frozenset(("iframe", "frame", "embed", "object", "fencedframe"))


class Chrome(Dialect):
    """Chromium's DevTools."""

    name: ClassVar[str] = "chrome-devtools"
    empty_body_is_true: ClassVar[bool] = True

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__(entries)
        self._ids = any(entry.connection_id is not None for entry in entries)
        self._entries = entries
        self._has_credentials = self._sanitized = False
        # "Copy all as HAR" leaves every body out, so that a missing one says nothing about its stream.
        self._no_bodies = not any(_has_text(entry) for entry in entries) and any(map(_lost_body, entries))
        self._page_starts = sorted(
            values.epoch_ms(start)
            for entry in entries
            if _is_navigation(entry) and (start := values.instant(entry.startedDateTime)) is not None
        )

    @property
    def label(self) -> str:
        return "chrome-devtools-sanitized" if self._sanitized else self.name

    def saw(self, sent: Mapping[str, str], received: Mapping[str, str]) -> None:
        if not self._has_credentials:
            self._has_credentials = not (_CREDENTIALS.isdisjoint(sent) and _CREDENTIALS.isdisjoint(received))

    def settle(self, rows: Iterable[Exchange]) -> None:
        if self._has_credentials:
            return
        self._sanitized = any(_is_stripped(entry) for entry in self._entries)
        for row in rows:
            row.dialect = self.label
            if row.auth_sent is False:
                # Without any credential in the file, an absent header may as well have been taken out.
                row.auth_sent = None

    def status(self, entry: Entry) -> int | None:
        found = super().status(entry)
        if not found and entry.resource_type == "webtransport":
            return None  # the panel is told of no status: 0 is not "no answer" here
        if not found and entry.resource_type == "websocket":
            # A refused upgrade is status 0 and one error message: it names the code, or means one.
            words = _websocket_error(entry) or ""
            code = _REFUSED.search(words)
            return int(code[1]) if code else _REFUSALS.get(words.partition(";")[0].lower(), found)
        return found

    def failure(self, entry: Entry) -> Failure:
        found = super().failure(entry)
        if found == NO_FAILURE and entry.resource_type == "websocket":
            return self.named(_websocket_error(entry))
        return found

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return entry.response is not None and is_set(entry.response.error)

    def from_cache(self, entry: Entry) -> bool | None:
        return entry.from_cache in ("memory", "disk") or entry.from_cache is True

    def times(self, entry: Entry, status: int | None) -> Times:
        times = plain_times(entry)
        if entry.resource_type == "websocket":
            # The handshake's own times are overwritten by the frames'.
            return times._replace(ttfb=None, receive=None, active=active(times.duration, times.blocked))
        if _never_sent(times) and (not status or self.failure(entry) != NO_FAILURE):
            return Times(
                duration=times.duration, queued=times.queued, active=active(times.duration, times.queued)
            )
        return times

    def connection_id(self, entry: Entry, port: int | None) -> str | None:
        if not self._ids:
            return super().connection_id(entry, port)
        found = values.text(entry.connection_id)
        return None if found == "0" else found

    def connection_reused(self, entry: Entry, times: Times) -> bool | None:
        if self.from_cache(entry) or entry.resource_type == "websocket":
            return None
        return setup_reused(entry, times)

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        if self.failure(entry) != NO_FAILURE:
            return True
        if entry.resource_type == "websocket":
            receive = values.duration(entry.timings.receive) if entry.timings is not None else None
            if receive is None or not status:
                return True if present(entry.messages) else None
            return receive > 0
        content = entry.response.content if entry.response is not None else None
        if content is None or present(content.text) or not present(entry.events):
            # Pending requests are left out of the file, so that a request without events has ended.
            return True
        if not values.size(content.size):
            return True
        return None if self._no_bodies or self._left_page(entry) else False

    def _left_page(self, entry: Entry) -> bool:
        """A later navigation took the bodies of everything before it, so that no body says nothing."""
        start = values.instant(entry.startedDateTime)
        if start is None:
            return True
        return bisect_right(self._page_starts, values.epoch_ms(start)) < len(self._page_starts)


def _websocket_error(entry: Entry) -> str | None:
    """The text of the last error among the recorded messages; Chrome has no other place for it."""
    if not present(entry.messages) or b'"error"' not in bytes(memoryview(entry.messages)):
        return None
    try:
        messages = plain(entry.messages)
    except (ValueError, RecursionError):
        return None
    listed: list[Any] = messages if isinstance(messages, list) else []
    for message in reversed(listed):
        if type(message) is dict and message.get("type") == "error":
            return values.text(message.get("data"))
    return None


def _never_sent(times: Times) -> bool:
    return not times.send and not times.ttfb and not times.receive


def _has_text(entry: Entry) -> bool:
    content = entry.response.content if entry.response is not None else None
    return content is not None and present(content.text)


def _lost_body(entry: Entry) -> bool:
    """It ended well, had a body, and the body is not there."""
    response = entry.response
    if (
        response is None
        or response.content is None
        or present(entry.events)
        or present(response.content.text)
    ):
        return False
    return bool(values.size(response.content.size)) and response.error is None


def _is_stripped(entry: Entry) -> bool:
    """Recorded events without their data: only the sanitized export writes that."""
    if not present(entry.events) or _DATA.search(entry.events):
        return False
    try:
        events = plain(entry.events)
    except (ValueError, RecursionError):
        return False
    if type(events) is not list or not events or any(type(event) is not dict for event in events):
        return False
    return all("data" not in event for event in events)


def _is_navigation(entry: Entry) -> bool:
    if entry.resource_type != "document" or entry.request is None:
        return False
    sent, _ = headers(entry.request.headers)
    return not any(h.name.lower() == "sec-fetch-dest" and h.value in _FRAMES for h in sent)
