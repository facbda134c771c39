"""What only the whole capture can tell: what else died then, what came after, who held the sockets.

All functions are near-linear in the number of exchanges: a HAR of 100,000 entries is simply read.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from analyzer.columns import Exchange
from analyzer.facts import streams
from analyzer.model import Recorded

_MOMENT_MS: Final = 1000.0
_NOT_NETWORK: Final = ("ABORTED", "BLOCKED_BY", "ERR_FAILED", "CACHE_MISS")
_RESUME_NAMES: Final = frozenset(
    {"last_event_id", "lasteventid", "last-event-id", "starting_after", "resume", "offset", "cursor", "after"}
)


def _start(row: Exchange) -> float | None:
    return None if row.started_at is None else row.started_at.timestamp() * 1000


def _end(row: Exchange) -> float | None:
    return None if row.ended_at is None else row.ended_at.timestamp() * 1000


def _died(row: Exchange) -> bool:
    """The network ended it: a net error that neither the page nor a policy made."""
    if row.net_error:
        return not any(word in row.net_error for word in _NOT_NETWORK)
    return bool(row.failure_text)


def completed(row: Exchange) -> bool:
    """The stream is known to have reached its end."""
    if row.in_band_error or (row.net_error and row.terminal_marker != "seen"):
        return False
    if row.terminal_marker == "seen":
        return True
    return (
        row.terminal_marker == "none"
        and row.end_recorded is not False
        and (row.status or 0) in range(200, 300)
    )


def add_context(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    """Fill the context columns of the streams of one capture. Rows are changed in place."""
    rows = [recorded.exchange for recorded in entries]
    _same_moment(rows, [recorded.exchange for recorded in found])
    _preflights(entries, found)
    _service_workers(entries, found)
    _afterwards(entries, found)
    _sockets(found)


def _same_moment(rows: Sequence[Exchange], found: Sequence[Exchange]) -> None:
    dead = sorted(
        ((end, row) for row in rows if _died(row) and not _is_own(row) and (end := _end(row)) is not None),
        key=lambda pair: pair[0],
    )
    times = [end for end, _ in dead]
    for row in found:
        end = _end(row)
        if end is None or not _died(row):
            continue
        near = [
            other
            for _, other in dead[bisect_left(times, end - _MOMENT_MS) : bisect_right(times, end + _MOMENT_MS)]
        ]
        others = [other for other in near if other is not row and not _is_own_preflight(other, row)]
        row.failures_same_moment = len(others)
        row.hosts_failing_same_moment = len({other.host for other in others} - {row.host})
        if row.connection_id is not None:
            row.same_connection_deaths = sum(
                other.connection_id == row.connection_id and other.host == row.host for other in others
            )


def _is_own(row: Exchange) -> bool:
    """An errand of the browser itself (updates, safe browsing): it fails wherever its hosts are blocked."""
    return row.initiator == "browser" and not row.is_stream


def _is_own_preflight(other: Exchange, row: Exchange) -> bool:
    return other.method == "OPTIONS" and other.url == row.url


def _preflights(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    by_url: dict[str | None, list[Exchange]] = defaultdict(list)
    for recorded in entries:
        row = recorded.exchange
        if row.method == "OPTIONS":
            by_url[row.url].append(row)
    for recorded in found:
        row = recorded.exchange
        near = by_url.get(row.url)
        start = _start(row)
        if not near or start is None:
            continue
        best = min(near, key=lambda other: abs((_start(other) or 0.0) - start))
        if abs((_start(best) or 0.0) - start) <= 30_000:
            row.preflight_status = best.status
            row.preflight_error = best.net_error


def _service_workers(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    active: dict[str | None, float] = {}
    for recorded in entries:
        row = recorded.exchange
        headers = dict(recorded.request_headers)
        script = headers.get("service-worker") == "script" or headers.get("sec-fetch-dest") == "serviceworker"
        if script or row.via_service_worker:
            start = _start(row)
            if start is not None:
                active[row.host] = min(start, active.get(row.host, start))
    for recorded in found:
        row = recorded.exchange
        start = _start(row)
        page = _origin_host(recorded)
        since = active.get(page if page is not None else row.host)
        row.service_worker_active = since is not None and start is not None and since <= start


def _origin_host(recorded: Recorded) -> str | None:
    headers = dict(recorded.request_headers)
    page = headers.get("origin") or headers.get("referer")
    return urlsplit(page).hostname if page and page != "null" else None


def _is_document(recorded: Recorded) -> bool:
    if recorded.exchange.resource_type is not None:
        return recorded.exchange.resource_type == "document"
    return dict(recorded.request_headers).get("sec-fetch-dest") == "document"


def _resumes(recorded: Recorded) -> bool:
    row = recorded.exchange
    if row.resumed or (row.path or "").rstrip("/").endswith("/resume"):
        return True
    if not row.url or "?" not in row.url:
        return False
    names = {name.lower() for name, value in parse_qsl(urlsplit(row.url).query) if value}
    return bool(names & _RESUME_NAMES) and row.method == "GET"


def _afterwards(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    """What followed each stream: a navigation, a stop call, a retry, a resume, a working host."""
    documents = sorted(
        start for r in entries if _is_document(r) and (start := _start(r.exchange)) is not None
    )
    stops: dict[str | None, list[float]] = defaultdict(list)
    answered: dict[str | None, list[tuple[float, str | None]]] = defaultdict(list)
    for recorded in entries:
        row, start = recorded.exchange, _start(recorded.exchange)
        if start is None:
            continue
        if streams.is_control_call(row):
            stops[row.host].append(start)
        if row.status and row.status < 500 and not row.net_error and not row.from_cache:
            answered[row.host].append((start, row.server_ip))
    for pairs in answered.values():
        pairs.sort(key=lambda pair: pair[0])
    by_host: dict[str | None, list[Recorded]] = defaultdict(list)
    by_key: dict[tuple[str | None, str | None, str | None], list[float]] = defaultdict(list)
    for recorded in found:
        by_host[recorded.exchange.host].append(recorded)
        if (start := _start(recorded.exchange)) is not None:
            by_key[streams.url_key(recorded.exchange)].append(start)
    for recorded in found:
        row, start, end = recorded.exchange, _start(recorded.exchange), _end(recorded.exchange)
        row.series = len(by_key[streams.url_key(row)]) or None
        if start is None or end is None:
            continue
        later = documents[bisect_right(documents, start) :]
        if later:
            row.navigated_after_ms = min(later, key=lambda at: abs(at - end)) - end
        calls = [at for at in stops.get(row.host, ()) if start <= at]
        if calls:
            row.stop_call_ms = end - min(calls, key=lambda at: abs(at - end))
        reached = answered.get(row.host, [])
        after = (
            reached[bisect_right([at for at, _ in reached], end) :] if _died(row) or row.status == 0 else []
        )
        if _died(row) or row.status == 0:
            row.host_ok_after = bool(after)
            if after and row.server_ip and after[0][1]:
                row.server_ip_changed = after[0][1] != row.server_ip
        _retries(recorded, end, by_host[row.host])


def _retries(recorded: Recorded, end: float, same_host: Iterable[Recorded]) -> None:
    row = recorded.exchange
    start = _start(row) or end
    again = [
        other
        for other in same_host
        if other is not recorded
        and (at := _start(other.exchange)) is not None
        and at >= start + 1
        and at >= end - 1500
    ]
    same = [
        other for other in again if other.exchange.path == row.path and other.exchange.method == row.method
    ]
    if same:
        first = min(same, key=lambda other: _start(other.exchange) or 0.0)
        row.reissued_after_ms = (_start(first.exchange) or end) - end
        row.reissue_completed = any(completed(other.exchange) for other in same)
    stem = (row.path or "").rstrip("/")
    resumed = [
        other
        for other in again
        if _resumes(other)
        and (
            (other.exchange.path or "").rstrip("/").removesuffix("/resume") == stem
            or (other.exchange.path or "").startswith(stem + "/")
        )
    ]
    if resumed:
        row.resume_completed = any(completed(other.exchange) for other in resumed)


def _sockets(found: Sequence[Recorded]) -> None:
    """Open streams of the same host while one waited in the queue (HTTP/1.1: six per host).

    Chromium's limit is `kMaxSocketsPerGroup` = 6; hanging streams may be absent from the capture, so
    the count is a lower bound.
    """
    spans: dict[str | None, list[tuple[float, float, Exchange]]] = defaultdict(list)
    for recorded in found:
        row, start, end = recorded.exchange, _start(recorded.exchange), _end(recorded.exchange)
        if start is not None and end is not None:
            spans[row.host].append((start, end, row))
    for same in spans.values():
        if len(same) < 2:
            continue
        for start, _, row in same:
            queued = row.blocked_ms or 0.0
            over = [o for o in same if o[2] is not row and o[0] <= start and o[1] > start]
            row.concurrent_streams = len(over)
            if queued >= 500 and row.http_version in ("1.0", "1.1"):
                row.starved_by = sum(
                    o[1] >= start + queued - 500 for o in over if o[2].http_version in ("1.0", "1.1", None)
                )


def add_run_context(found: Sequence[Exchange]) -> None:
    """Fill the series_same_… columns over all captures of a run.

    Counted among the streams that did not complete, per way of ending (aborted by the client or
    not), because a client's timer and a gateway's are different things. Same: within 1 % or 1 s for
    times, 0.5 % for bytes.
    """
    broken = [
        row
        for row in found
        if not completed(row) and (row.net_error or row.terminal_marker == "missing" or row.failure_text)
    ]
    for by_client in (True, False):
        group = [row for row in broken if (row.ending_by == "client") is by_client]
        _count_near(group, "duration_ms", "series_same_duration", 0.01, 1000.0)
        _count_near(group, "idle_before_end_ms", "series_same_idle", 0.01, 1000.0)
        _count_near(group, "body_bytes", "series_same_bytes", 0.005, 0.0)


def _count_near(rows: Sequence[Exchange], column: str, target: str, share: float, least: float) -> None:
    values = sorted(value for row in rows if (value := getattr(row, column)) is not None)
    for row in rows:
        value = getattr(row, column)
        if value is None:
            continue
        reach = max(share * value, least)
        setattr(row, target, bisect_right(values, value + reach) - bisect_left(values, value - reach))
