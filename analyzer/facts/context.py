"""What only the whole capture can tell: what else died then, what came after, who held the sockets.

All functions are near-linear in the number of exchanges: a HAR of 100,000 entries is simply read.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeVar
from urllib.parse import parse_qsl

from analyzer.columns import Exchange
from analyzer.facts import streams
from analyzer.facts.later import Later, nearest
from analyzer.facts.retries import add_retries
from analyzer.intake.values import url_parts
from analyzer.model import Recorded

T = TypeVar("T")
Address = tuple[str | None, str | None, str | None]

_MOMENT_MS: Final = 1000.0
_SOCKETS: Final = 6  # Chromium's kMaxSocketsPerGroup, and the other browsers'
_DEPTH: Final = 40  # folders of a path that are looked at
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


def _is_errand(row: Exchange) -> bool:
    """An errand of the browser itself (updates, safe browsing): it fails wherever its hosts are blocked."""
    return row.initiator == "browser" and not row.is_stream


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
    _other_transport(rows, [recorded.exchange for recorded in found])
    add_retries(entries, found, completed)


def _other_transport(rows: Sequence[Exchange], found: Sequence[Exchange]) -> None:
    """Where HTTP/3 failed: whether TCP to the same host works, which makes UDP on the way the suspect."""
    failed = [row for row in found if row.net_error and ("QUIC" in row.net_error or "HTTP3" in row.net_error)]
    if not failed:
        return
    reached = {
        row.host
        for row in rows
        if row.http_version in ("1.0", "1.1", "2")
        and not row.net_error
        and not row.from_cache
        and 0 < (row.status or 0) < 500
    }
    for row in failed:
        row.tcp_worked = row.host in reached


def _same_moment(rows: Sequence[Exchange], found: Sequence[Exchange]) -> None:
    """Count what else died within a second: a window that moves over all deaths once."""
    dead = _timed((_end(row), row) for row in rows if _died(row) and not _is_errand(row))
    hosts: Counter[str | None] = Counter()
    connections: Counter[tuple[str | None, str | None]] = Counter()
    preflights: Counter[str | None] = Counter()
    refused: Counter[tuple[str | None, str | None]] = Counter()
    low = high = 0

    def move(row: Exchange, by: int) -> None:
        hosts[row.host] += by
        if not hosts[row.host]:
            del hosts[row.host]
        connections[row.host, row.connection_id] += by
        if row.method == "OPTIONS":
            preflights[row.url] += by
            refused[row.url, row.connection_id] += by

    for end, row in _timed((_end(row), row) for row in found if _died(row)):
        while high < len(dead) and dead[high][0] <= end + _MOMENT_MS:
            move(dead[high][1], 1)
            high += 1
        while dead[low][0] < end - _MOMENT_MS:
            move(dead[low][1], -1)
            low += 1
        # Itself is no other, and its own preflight died of the same thing.
        row.failures_same_moment = high - low - 1 - preflights[row.url]
        row.hosts_failing_same_moment = len(hosts) - 1
        if row.connection_id is not None:
            row.same_connection_deaths = (
                connections[row.host, row.connection_id] - 1 - refused[row.url, row.connection_id]
            )


def _timed(pairs: Iterable[tuple[float | None, T]]) -> list[tuple[float, T]]:
    """The pairs whose time is known, in order of time."""
    known = [(at, value) for at, value in pairs if at is not None]
    known.sort(key=lambda pair: pair[0])
    return known


def _preflights(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    by_url: dict[str | None, list[Exchange]] = defaultdict(list)
    for recorded in entries:
        row = recorded.exchange
        if row.method == "OPTIONS":
            by_url[row.url].append(row)
    sorted_by_url = {
        url: _timed((_start(row) or 0.0, row) for row in preflights) for url, preflights in by_url.items()
    }
    times_by_url = {url: [at for at, _ in preflights] for url, preflights in sorted_by_url.items()}
    for recorded in found:
        row = recorded.exchange
        near = sorted_by_url.get(row.url)
        start = _start(row)
        if not near or start is None:
            continue
        place = nearest(times_by_url[row.url], start)
        at, best = near[place]
        if abs(at - start) <= 30_000:
            row.preflight_status = best.status
            row.preflight_error = best.net_error


def _service_workers(entries: Sequence[Recorded], found: Sequence[Recorded]) -> None:
    active: dict[str | None, float] = {}
    for recorded in entries:
        row = recorded.exchange
        if row.via_service_worker or recorded.worker_script:
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
    return url_parts(page).host


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
    names = {name.lower() for name, value in parse_qsl(row.url.partition("#")[0].partition("?")[2]) if value}
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
    for calls in stops.values():
        calls.sort()
    reached = {host: _timed(pairs) for host, pairs in answered.items()}
    reached_at = {host: [at for at, _ in pairs] for host, pairs in reached.items()}
    series = Counter(
        streams.url_key(recorded.exchange) for recorded in found if recorded.exchange.started_at is not None
    )
    again, resumed = _followers(found)
    for recorded in found:
        row, start, end = recorded.exchange, _start(recorded.exchange), _end(recorded.exchange)
        row.series = series[streams.url_key(row)] or None
        if start is None or end is None:
            continue
        first = bisect_right(documents, start)
        if first < len(documents):
            row.navigated_after_ms = documents[nearest(documents, end, first)] - end
        calls = stops.get(row.host, [])
        first = bisect_left(calls, start)
        if first < len(calls):
            row.stop_call_ms = end - calls[nearest(calls, end, first)]
        if _died(row) or row.status == 0:
            place = bisect_right(reached_at.get(row.host, ()), end)
            after = reached[row.host][place : place + 1] if row.host in reached else []
            row.host_ok_after = bool(after)
            if after and row.server_ip and after[0][1]:
                row.server_ip_changed = after[0][1] != row.server_ip
        since = max(start + 1, end - 1500)
        same = again[row.host, row.path, row.method].since(since)
        if same is not None:
            row.reissued_after_ms = same.first - end
            row.reissue_completed = same.completed
        resumption = resumed.get((row.host, (row.path or "").rstrip("/")))
        later = resumption.since(since) if resumption is not None else None
        if later is not None:
            row.resume_completed = later.completed


def _followers(
    found: Sequence[Recorded],
) -> tuple[dict[Address, Later], dict[tuple[str | None, str], Later]]:
    """What can have followed a stream: requests by host, path and method; resumptions by what they resume.

    A resumption is at `<path>/resume`, at the same path, or below it.
    """
    again: dict[Address, Later] = defaultdict(Later)
    resumed: dict[tuple[str | None, str], Later] = defaultdict(Later)
    for recorded in found:
        row, start = recorded.exchange, _start(recorded.exchange)
        followers = again[row.host, row.path, row.method]
        if start is None:
            continue
        followers.add(start, completed(row))
        if _resumes(recorded):
            for stem in _stems(row.path or ""):
                resumed[row.host, stem].add(start, completed(row))
    return again, dict(resumed)


def _stems(path: str) -> set[str]:
    """The paths that a request to this one can be resuming: its own, and those of its folders."""
    found = {path.rstrip("/").removesuffix("/resume")}
    folders, _, last = path.rstrip("/").rpartition("/")
    if last and "/" in folders:
        found.add(f"{folders.rpartition('/')[0]}/{last}")  # …/runs/stream goes on at …/runs/{id}/stream
    place = path.find("/")
    while place >= 0 and len(found) < _DEPTH:
        found.add(path[:place])
        place = path.find("/", place + 1)
    return found


def _sockets(found: Sequence[Recorded]) -> None:
    """Open streams of the same host while one waited in the queue (HTTP/1.1: six per host).

    Chromium's limit is `kMaxSocketsPerGroup` = 6; hanging streams may be absent from the capture, so
    the count is a lower bound.
    """
    spans: dict[str | None, list[tuple[float, float, Exchange]]] = defaultdict(list)
    for recorded in found:
        row, start, end = recorded.exchange, _start(recorded.exchange), _end(recorded.exchange)
        if row.end_recorded is False:
            end = math.inf  # still open when the capture was saved, whenever its last data came
        if start is not None and end is not None:
            spans[row.host].append((start, max(start, end), row))
    for same in spans.values():
        if len(same) > 1:
            _concurrent(same)


def _concurrent(spans: list[tuple[float, float, Exchange]]) -> None:
    starts, ends = sorted(start for start, _, _ in spans), sorted(end for _, end, _ in spans)
    for start, end, row in spans:
        # Those that had begun, without those that had ended, and without itself.
        row.concurrent_streams = bisect_right(starts, start) - bisect_right(ends, start) - (end > start)
    spans = sorted(spans, key=lambda span: span[0])
    holders = [(start, end) for start, end, row in spans if row.http_version in ("1.0", "1.1", None)]
    holding: list[float] = []  # ends of those that have begun, in order
    taken = 0
    for start, end, row in spans:
        queued = row.blocked_ms or 0.0
        if queued < 500 or row.http_version not in ("1.0", "1.1"):
            continue
        while taken < len(holders) and holders[taken][0] <= start:
            insort(holding, holders[taken][1])
            taken += 1
        del holding[: bisect_right(holding, start)]
        freed = start + queued - 500
        row.starved_by = len(holding) - bisect_left(holding, freed) - (end > start and end >= freed)
        if row.starved_by:
            row.starved_by_streams = _named(spans, start, freed, row)


def _named(spans: list[tuple[float, float, Exchange]], start: float, freed: float, mine: Exchange) -> str:
    """The streams that held connections while this one queued: at most six, as many as there are sockets."""
    held = []
    for since, until, row in spans:
        if since > start:
            break
        if until >= freed and row is not mine and row.http_version in ("1.0", "1.1", None):
            held.append(f"{row.path} ({row.where})")
            if len(held) == _SOCKETS:
                break
    return ", ".join(held)


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
