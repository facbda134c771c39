"""Streams with one problem: the same duration, silence, size, instant, connection.

A cluster is a finding of its own: what its members share, how many there are, and what the other
streams look like. Only shares that point to a cause count; two streams never make a cluster.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.model import Cluster, Verdict

_LEAST: Final = 3


def clusters(
    rows: Sequence[Exchange], verdicts: Sequence[Verdict], names: Mapping[int, str]
) -> list[Cluster]:
    """The clusters among the streams that failed, largest first. names: stream id by index."""
    broken = [i for i, verdict in enumerate(verdicts) if verdict.severity in ("failed", "degraded")]
    by_cause: dict[str, list[int]] = defaultdict(list)
    for index in broken:
        by_cause[verdicts[index].cause].append(index)
    found: list[Cluster] = []
    for cause, members in by_cause.items():
        if len(members) >= _LEAST:
            found.append(_cluster(cause, members, rows, names, len(rows)))
    found.sort(key=lambda cluster: (-cluster.size, cluster.cause))
    return found


def _cluster(
    cause: str, members: list[int], rows: Sequence[Exchange], names: Mapping[int, str], total: int
) -> Cluster:
    shared: dict[str, object] = {}
    durations = [rows[i].duration_ms for i in members]
    if _close(durations, 0.02, 1000.0):
        shared["duration_ms"] = _middle(durations)
    silences = [rows[i].idle_before_end_ms for i in members]
    if _close(silences, 0.02, 1000.0) and (_middle(silences) or 0) >= 2000:
        shared["idle_ms"] = _middle(silences)
    sizes = [rows[i].body_bytes for i in members]
    if _close(sizes, 0.005, 0.0) and _middle(sizes):
        shared["bytes"] = _middle(sizes)
    for key in ("host", "gateway", "server_ip", "connection_id", "protocol", "http_version"):
        values = {getattr(rows[i], key) for i in members}
        if len(values) == 1 and None not in values:
            shared["connection" if key == "connection_id" else key] = values.pop()
    rest = [i for i in range(len(rows)) if i not in set(members)]
    text = f"{len(members)} of {total} streams: {CAUSES[cause].title[0].lower()}{CAUSES[cause].title[1:]}"
    if "duration_ms" in shared:
        text += f", each about {_seconds(shared['duration_ms'])} after its request"
    if "idle_ms" in shared:
        text += f", each after about {_seconds(shared['idle_ms'])} of silence"
    if "bytes" in shared:
        text += f", each at about {shared['bytes']:,.0f} bytes"
    baseline = (
        f"{len(rest)} other streams in this run do not show it" if rest else "every stream in this run shows it"
    )
    return Cluster(
        cause=cause,
        party=CAUSES[cause].party,
        size=len(members),
        members=[names[i] for i in sorted(members)],
        text=text + ".",
        baseline=baseline + ".",
        shared=shared,
    )


def _seconds(value: object) -> str:
    return f"{float(value) / 1000:.1f} s" if isinstance(value, int | float) else "an unrecorded time"


def _close(values: Sequence[float | None], share: float, least: float) -> bool:
    known = [value for value in values if value is not None]
    if len(known) < len(values) or not known:
        return False
    return max(known) - min(known) <= max(share * max(known), least)


def _middle(values: Sequence[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None
