"""What is a stream, and why we think so.

A stream is a response that is one, or a request that asked for one and failed before it became one.
Everything else stays out of the verdicts and counts as context. The reason is a column, because a
reader who wonders why a request is on the list deserves an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from analyzer.columns import Exchange
from analyzer.facts.pages import LOGIN_PATH
from analyzer.model import Recorded
from analyzer.patterns import later

_STREAM_TYPES: Final = later(
    r"text/event-stream$|application/(?:x-ndjson|ndjson|jsonl|x-jsonlines|json-seq|stream\+json)$"
    r"|application/vnd\.amazon\.eventstream$|application/grpc-web|application/connect\+|application/grpc(?:\+|$)"
    r"|application/vnd\.ag-ui\.event\+proto$"
)
_PIECEMEAL: Final = later(r"text/plain$|text/html$|application/json$|application/octet-stream$|audio/")
_SLOW_MS: Final = 2000.0
_MOST_BYTES_A_MS: Final = 64  # 64 kB/s: text is slower by far, and so is speech
_INCREMENTAL: Final = later(r"\b(?:defer|subscription)spec\b", re.IGNORECASE)
# Documents and assets are never asked-for streams, whatever their Accept header says.
NEVER: Final = frozenset(
    {
        "document",
        "stylesheet",
        "image",
        "font",
        "script",
        "media",
        "preflight",
        "manifest",
        "ping",
        "csp-violation-report",
    }
)
_CONTROL_PATH: Final = later(
    r"/(?:stop|cancel|abort)(?:[_/-][a-z_]+)?$|/stop_(?:conversation|response)$"
    # Open WebUI and others name the task after the word: an id, not another word
    r"|/(?:stop|cancel|abort)/(?=[^/]*[0-9])[a-z0-9_.-]{1,80}$"
)


def by_response(recorded: Recorded) -> str | None:
    """The reason, if the response itself is a stream; None if it is not."""
    row = recorded.exchange
    if (
        row.resource_type == "websocket"
        or row.scheme in ("ws", "wss")
        or row.status == 101
        or recorded.messages
    ):
        return "websocket"
    if row.resource_type == "webtransport":
        return "webtransport"
    if row.content_type and is_stream_type(row.content_type) and (row.status or 0) < 400:
        return "content-type"
    if row.content_type == "multipart/mixed" and _INCREMENTAL.search(row.accept or ""):
        return (
            "content-type"  # GraphQL's @defer, or a subscription; a batch of answers is asked for otherwise
        )
    if recorded.events:
        return "events"
    return "content-type" if recorded.stream_header else None


@lru_cache(maxsize=1024)
def is_stream_type(media_type: str) -> bool:
    """Whether a body of this type is a stream of events."""
    return _STREAM_TYPES.match(media_type) is not None


def by_behaviour(row: Exchange) -> str | None:
    """The reason, if it broke while it was being sent piece by piece; None if it did not.

    Applications stream plain text, JSON lines and speech under types that say nothing of it. What such an
    answer shows when it breaks is that it came slowly, for seconds, with no length given beforehand. An answer
    that the page itself gave up is left out: downloads and prefetches end like that every day.
    """
    if row.resource_type not in ("fetch", "xhr") or not row.status or not 200 <= row.status < 300:
        return None
    if row.net_error in (None, "net::ERR_ABORTED", "NS_BINDING_ABORTED") or row.content_length is not None:
        return None
    if not row.content_type or not _PIECEMEAL.match(row.content_type):
        return None
    slow = row.receive_ms is not None and row.receive_ms >= _SLOW_MS
    if not slow or not row.body_bytes or row.body_bytes > _MOST_BYTES_A_MS * (row.receive_ms or 0.0):
        return None
    return "behaviour"


def failed_before(row: Exchange) -> bool:
    """No usable answer came: none at all, an error status, a page, or a redirect to a sign-in."""
    if row.status is None or row.status == 0 or row.net_error or row.failure_text:
        return True
    return (
        row.status >= 400
        or bool(row.redirect_login)
        or row.content_type in ("text/html", "application/xhtml+xml")
    )


def by_request(recorded: Recorded, asked: str | None, endpoint_streams: bool) -> str | None:
    """The reason, if the request asked for a stream that never came; None if it did not.

    asked: what `protocols.asked_to_stream` found (accept, body, eventsource). An Accept header that
    would also take JSON asks for either (MCP clients send both), so a JSON answer to it is fine.
    """
    row = recorded.exchange
    if row.method in ("OPTIONS", "HEAD", "CONNECT") or row.resource_type in NEVER:
        return None
    if row.status is not None and 300 <= row.status < 400 and not row.redirect_login and row.status != 304:
        return None
    if row.resource_type == "eventsource":
        return "eventsource"
    if _mcp_negotiation(recorded):
        return None
    if asked is None and "event-stream" in (row.accept or "") and failed_before(row):
        return "accept"
    if asked == "accept":
        either = "json" in (row.accept or "") or "*/*" in (row.accept or "")
        return "accept" if not either or failed_before(row) else None
    if asked is not None:
        return asked
    if endpoint_streams and (failed_before(row) or (row.status or 0) >= 200):
        return "endpoint"
    return None


def _mcp_negotiation(recorded: Recorded) -> bool:
    """An MCP client finding out what the server offers: 400, 404 and 405 are answers, not failures.

    Source: MCP 2025-11-25, streamable HTTP, backwards compatibility and listening for messages.
    """
    row = recorded.exchange
    if row.status not in (400, 404, 405):
        return False
    if any(name in ("mcp-protocol-version", "mcp-session-id") for name, _ in recorded.request_headers):
        return True
    # Before there is a session nothing is sent that names the protocol; the server's answer does.
    return row.status == 405 and row.method == "GET" and b'"jsonrpc"' in (recorded.body() or b"")[:200]


def url_key(row: Exchange) -> tuple[str | None, str | None, str | None]:
    """What makes two exchanges calls of the same endpoint."""
    return row.method, row.host, row.path


def is_control_call(row: Exchange) -> bool:
    """A call that stops or cancels a stream (`…/stop_response`), by the last word of its path."""
    return row.method in ("POST", "DELETE", "PUT") and bool(_CONTROL_PATH.search((row.path or "").lower()))


def matches_stream_path(path: str | None, patterns: Iterable[str]) -> bool:
    """Whether a path fits one of the user's `--stream-path` globs."""
    return path is not None and any(fnmatchcase(path, pattern) for pattern in patterns)


def redirects_to_login(row: Exchange, location: str | None) -> bool | None:
    """Whether a 3xx sends the reader to a sign-in page; None when it is no redirect."""
    if row.status is None or not 300 <= row.status < 400 or row.status == 304 or not location:
        return None
    return bool(LOGIN_PATH.search(location.split("?", 1)[0]))
