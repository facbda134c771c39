"""A NetLog beside a HAR of the same run: one stream, told by both.

The HAR has the body and the page's view; the NetLog has what happened below the request. The HAR's row
gets the NetLog's columns before anything is computed from it, and the NetLog's own row of the same
exchange is then not judged a second time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from analyzer.columns import columns
from analyzer.model import Capture, Recorded, Verdict
from analyzer.unread import times_of

_APART_MS: Final = 2000.0  # the page issues a request a moment before the network service sees it
_MOST_SKEW_MS: Final = (
    10_000.0  # the log's clock is set once, at its start, and drifts when the computer sleeps
)
Key = tuple[str | None, str]

# What a HAR may lack and the NetLog has. Columns of NetLogs alone are always taken over.
_FILLED: Final = (
    "http_version", "server_ip", "server_ip_private", "connection_reused", "dns_ms", "connect_ms", "tls_ms",
    "send_ms", "ttfb_ms", "receive_ms", "active_ms", "body_bytes", "transfer_bytes", "first_event_ms",
    "last_event_ms", "max_gap_ms", "median_gap_ms", "idle_before_end_ms", "flowing_at_end", "close_code",
    "initiator_extension", "preflight_error", "cert_issuer",
)  # fmt: skip
_OF_THE_END: Final = (
    "net_error", "end_recorded", "ended_at", "duration_ms", "active_ms", "receive_ms", "idle_before_end_ms",
    "last_event_ms", "flowing_at_end", "body_bytes",
)  # fmt: skip


class Merged(msgspec.Struct):
    """Which exchange of a NetLog is which exchange of a HAR. mates: by `id` of the NetLog's `Recorded`."""

    mates: dict[int, Recorded] = msgspec.field(default_factory=dict)

    def once(self, found: Sequence[tuple[Capture, Recorded]]) -> list[tuple[Capture, Recorded]]:
        """The streams without the NetLog's second rows of those that a HAR lists; counts are set right."""
        listed = {id(recorded) for _, recorded in found}
        kept: list[tuple[Capture, Recorded]] = []
        for capture, recorded in found:
            mate = self.mates.get(id(recorded))
            if mate is not None and id(mate) in listed:
                capture.info.streams -= 1
            else:
                kept.append((capture, recorded))
        return kept


def merge(captures: Sequence[Capture]) -> Merged:
    """Match the exchanges of NetLogs with those of HARs by method, URL and start, and refine the HARs' rows.

    Rows of HARs are changed in place; `Recorded.places` says where in the NetLog a value stands. Each
    NetLog gets a sentence about it in its warnings.
    """
    merged = Merged()
    hars = [c for c in captures if c.info.kind == "har" and c.info.error is None]
    taken: set[int] = set()
    for log in (c for c in captures if c.info.kind == "netlog" and c.info.error is None):
        if not hars:
            break
        met: list[str] = []
        total = 0
        for har in hars:
            pairs = _pairs(log, har, taken)
            for theirs, ours in pairs:
                taken |= {id(theirs), id(ours)}
                merged.mates[id(theirs)] = ours
                _refine(ours, theirs, log.info.path)
            if pairs:
                met.append(har.info.path)
                total += len(pairs)
        if total:
            log.info.warnings.append(
                f"{log.info.path}: {total} of its {len(log.entries)} exchanges are also in {', '.join(met)}; "
                "their streams are listed there, with what this log adds"
            )
        elif log.entries:
            log.info.warnings.append(
                f"{log.info.path}: none of its exchanges is in the HAR: they were not recorded in the same run"
            )
    return merged


def name_places(found: Sequence[tuple[Capture, Recorded]], verdicts: Sequence[Verdict]) -> None:
    """Give each piece of evidence the place that its value was read at, where that is not the row's own."""
    for (_, recorded), verdict in zip(found, verdicts, strict=True):
        if not recorded.places:
            continue
        verdict.evidence = [
            msgspec.structs.replace(item, where=recorded.places[item.column])
            if item.column in recorded.places
            else item
            for item in verdict.evidence
        ]


# ---------------------------------------------------------------------------------- matching


def _pairs(log: Capture, har: Capture, taken: set[int]) -> list[tuple[Recorded, Recorded]]:
    """(NetLog's, HAR's) exchanges that are the same one; each is used once."""
    theirs, ours = _by_call(log, taken), _by_call(har, taken)
    both = theirs.keys() & ours.keys()
    single = [
        _start(theirs[key][0]) - _start(ours[key][0])
        for key in both
        if len(theirs[key]) == 1 and len(ours[key]) == 1
    ]
    near = [skew for skew in single if abs(skew) <= _MOST_SKEW_MS]
    from statistics import median

    skew = median(near) if near else 0.0
    found: list[tuple[Recorded, Recorded]] = []
    for key in sorted(both, key=str):
        found += _nearest(theirs[key], ours[key], skew)
    return found


def _by_call(capture: Capture, taken: set[int]) -> dict[Key, list[Recorded]]:
    found: dict[Key, list[Recorded]] = defaultdict(list)
    for recorded in capture.entries:
        row = recorded.exchange
        if row.url and row.started_at is not None and id(recorded) not in taken:
            found[(row.method, row.url.partition("#")[0])].append(recorded)
    for calls in found.values():
        calls.sort(key=_start)
    return found


def _start(recorded: Recorded) -> float:
    at = recorded.exchange.started_at
    assert at is not None  # _by_call keeps no others
    return at.timestamp() * 1000


def _nearest(theirs: list[Recorded], ours: list[Recorded], skew: float) -> list[tuple[Recorded, Recorded]]:
    """In order of time, each with the nearest one that is still free. Two pointers: linear."""
    found: list[tuple[Recorded, Recorded]] = []
    at = 0
    for one in ours:
        start = _start(one)
        while at < len(theirs) and _start(theirs[at]) - skew < start - _APART_MS:
            at += 1
        if at == len(theirs):
            break
        while (
            at + 1 < len(theirs)
            and abs(_start(theirs[at + 1]) - skew - start) < abs(_start(theirs[at]) - skew - start)
            and len(theirs) - at > len(ours) - len(found)
        ):
            at += 1
        if abs(_start(theirs[at]) - skew - start) <= _APART_MS and _agree(theirs[at], one):
            found.append((theirs[at], one))
            at += 1
    return found


def _agree(theirs: Recorded, ours: Recorded) -> bool:
    """Two statuses that were both recorded must not differ."""
    one, other = theirs.exchange.status, ours.exchange.status
    return not one or not other or one == other


# ---------------------------------------------------------------------------------- refining


def _refine(ours: Recorded, theirs: Recorded, path: str) -> None:
    row, log = ours.exchange, theirs.exchange
    for name, column in columns().items():
        if column.kinds == ("netlog",):
            _take(name, ours, theirs, path)
    # The HAR was saved while it ran, or its exporter cannot tell how it ended: the NetLog saw more.
    if log.end_recorded and (
        (row.end_recorded is False and row.net_error is None)
        or (row.errors_recorded is False and not row.failure_text and log.net_error is not None)
    ):
        for name in _OF_THE_END:
            if getattr(log, name) is not None:
                _take(name, ours, theirs, path)
        row.errors_recorded = True
    for name in _FILLED:
        if getattr(row, name) is None:
            _take(name, ours, theirs, path)
    if ours.chunks is None and not ours.messages and not _has_times(ours):
        ours.chunks = theirs.chunks
    if not row.body_recorded and theirs.exchange.body_recorded and not ours.events:
        ours.body, row.body_recorded = theirs.body, True


def _has_times(recorded: Recorded) -> bool:
    return bool(times_of(recorded.events or ()))


def _take(name: str, ours: Recorded, theirs: Recorded, path: str) -> None:
    value = getattr(theirs.exchange, name)
    if value is None:
        return
    setattr(ours.exchange, name, value)
    ours.places[name] = f"{path} {theirs.places.get(name, theirs.exchange.where)}"
