"""Calls that are one call: the same request sent again, and whether with a credential that was refused.

What makes two requests one call is where they go and what they ask, byte for byte. A reader who asks again
in other words makes a new call.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from analyzer.columns import Exchange
from analyzer.model import Recorded

_SOON_MS: Final = 10_000.0  # a page that repeats a call by itself does it within its back-off
_CREDENTIALS: Final = ("authorization", "x-api-key", "api-key", "x-goog-api-key", "x-auth-token")
_REFUSED: Final = (401, 419, 440)


def add_retries(
    entries: Sequence[Recorded], found: Sequence[Recorded], completed: Callable[[Exchange], bool]
) -> None:
    """Fill `retry_completed` and `token_replayed` of the streams of one capture."""
    _retried(found, completed)
    _replayed(entries, found)


def _retried(found: Iterable[Recorded], completed: Callable[[Exchange], bool]) -> None:
    """Only calls with a body are told apart by it; a repeated GET asks for what is there by then."""
    places: dict[tuple[str | None, ...], list[Recorded]] = defaultdict(list)
    for recorded in found:
        row = recorded.exchange
        if (
            row.started_at is not None
            and row.ended_at is not None
            and row.method not in (None, "GET", "HEAD")
        ):
            places[row.method, row.host, row.path].append(recorded)
    for same in places.values():
        if len(same) < 2 or all(completed(recorded.exchange) for recorded in same):
            continue
        # By length and hash: the bodies of one endpoint are more than is worth keeping.
        calls: dict[tuple[int, int], list[Exchange]] = defaultdict(list)
        for recorded in same:
            body = recorded.request_body()
            if body:
                calls[len(body), hash(body)].append(recorded.exchange)
        for rows in calls.values():
            _chain(sorted(rows, key=_start), completed)


def _chain(rows: list[Exchange], completed: Callable[[Exchange], bool]) -> None:
    """From the last to the first: a try is made good by the next one, or by what made that one good."""
    for row, following in zip(reversed(rows[:-1]), reversed(rows[1:]), strict=True):
        if completed(row):
            continue
        wait = _start(following) - _end(row)
        row.retry_completed = -1500.0 <= wait <= _SOON_MS and (
            completed(following) or bool(following.retry_completed)
        )


def _replayed(entries: Iterable[Recorded], found: Sequence[Recorded]) -> None:
    """A credential that the same host had answered with 401, sent once more."""
    refused: dict[tuple[str | None, str], float] = {}
    for recorded in entries:
        row = recorded.exchange
        key = _credential(recorded) if row.status in _REFUSED and row.ended_at is not None else None
        if key is not None:
            known = refused.get((row.host, key))
            refused[row.host, key] = min(_end(row), known) if known is not None else _end(row)
    if not refused:
        return
    for recorded in found:
        row = recorded.exchange
        key = _credential(recorded) if row.started_at is not None else None
        if key is None:
            continue
        since = refused.get((row.host, key))
        row.token_replayed = since is not None and since <= _start(row)


def _credential(recorded: Recorded) -> str | None:
    """What proves who asks: a header, or for an EventSource or a WebSocket the address itself."""
    for name, value in recorded.request_headers:
        if name in _CREDENTIALS and value:
            return value
    row = recorded.exchange
    long_lived = row.resource_type in ("eventsource", "websocket") or row.scheme in ("ws", "wss")
    return row.url if long_lived and row.url and "?" in row.url else None


def _start(row: Exchange) -> float:
    return row.started_at.timestamp() * 1000 if row.started_at is not None else 0.0


def _end(row: Exchange) -> float:
    return row.ended_at.timestamp() * 1000 if row.ended_at is not None else 0.0
