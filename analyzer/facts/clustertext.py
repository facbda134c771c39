"""What a cluster says: one sentence on its members, one on what everything else looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from analyzer.causes import CAUSES
from analyzer.facts.peaks import Peak

# Things that a problem can sit on, most telling first; the value is the column of the exchange table.
PLACES: Final = {
    "upstream": "upstream", "connection": "connection_id", "edge_location": "edge_location",
    "client_network": "client_ip", "server_ip": "server_ip", "route": "route", "host": "host",
    "protocol": "protocol", "http_version": "http_version", "gateway": "gateway",
}  # fmt: skip
_ON: Final = {
    "upstream": "on `{}`", "connection": "on connection `{}`", "edge_location": "at edge location `{}`",
    "client_network": "from the network `{}`", "server_ip": "to the server `{}`", "route": "on route `{}`",
    "host": "to `{}`", "protocol": "with the protocol `{}`", "http_version": "over HTTP/{}",
    "gateway": "through `{}`",
}  # fmt: skip


def cluster_text(
    cause: str,
    size: int,
    broken: int,
    total: int,
    found: Mapping[str, Sequence[Peak]],
    at: datetime | None,
    places: Mapping[str, str],
    *,
    unit: str = "stream",
) -> str:
    """`38 of 50 are one problem: everything on `api-7` dies at 61.0 ± 0.4 s.` and the cause it points to."""
    title = CAUSES[cause].title
    where = next((_ON[name].format(value) for name, value in places.items() if name in _ON), "")
    how = []
    if "duration_ms" in found:
        how.append("at " + _each(found["duration_ms"], _seconds))
    if "idle_ms" in found:
        how.append("after " + _each(found["idle_ms"], _seconds) + " of silence")
    if "bytes" in found:
        how.append("at " + _each(found["bytes"], _size))
    if at is not None:
        how.append(f"in the same second ({at:%Y-%m-%d %H:%M:%S} UTC), whatever their age")
    counted = (
        f"{size:,} of {broken:,} {unit}s that failed" if broken < total else f"{size:,} of {total:,} {unit}s"
    )
    what = " ".join(
        part for part in ("everything" if where and how else "they all" if how else "", where) if part
    )
    if how:
        ends = "dies" if where else "end"
        return f"{counted} are one problem: {what} {ends} {', '.join(how)}. {title}."
    if where:
        return f"{counted} are one problem: they are all {where}. {title}."
    return f"{counted} have one cause: {title[0].lower()}{title[1:]}."


def baseline_text(
    others: int,
    fine: int,
    place: str | None,
    value: str | None,
    there: int,
    lift: float | None,
    low: float | None,
    high: float | None,
    *,
    show: Callable[[str, object], object],
    unit: str = "stream",
    sample: int | None = None,
) -> str:
    """What the streams outside the cluster look like, healthy ones first.

    others, fine: of the whole run. sample: of how many healthy ones what else is said is known, if not of all.
    """
    if others == 0:
        return f"Every {unit} in this run shows it."
    if fine == 0:
        return f"The {others:,} other {unit}s failed too, each in its own way."
    parts = []
    if place is not None and value is not None:
        named = _ON[place].format(show(PLACES[place], value.split(" ")[-1]))
        if sample is None:
            parts.append(
                f"{there:,} healthy streams are {named}" if there else f"no healthy stream is {named}"
            )
        else:
            number = f"{there:,}" if there else "none"
            parts.append(
                f"{number} of {sample:,} healthy streams that were looked at {'is' if there == 1 else 'are'} {named}"
            )
        if lift is not None:
            parts[-1] += f" (it is {lift:.1f} times as frequent among the failed)"
    else:
        parts.append(f"{fine:,} other streams ended well")
    if low is not None and high is not None:
        parts.append(f"healthy ones last {_seconds(low)} to {_seconds(high)}")
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _each(found: Sequence[Peak], write: Callable[[float, float], str]) -> str:
    if len(found) == 1:
        return write(found[0].middle, _reach(found[0]))
    return ", ".join(f"{write(peak.middle, _reach(peak))} ({peak.count:,})" for peak in found)


def _reach(peak: Peak) -> float:
    return max(peak.high - peak.middle, peak.middle - peak.low)


def _seconds(value: Any, reach: float = 0.0) -> str:
    if value < 1000 and reach == 0:
        return f"{value:.0f} ms"
    if reach < 50:
        return f"{value / 1000:.1f} s"
    return f"{value / 1000:.1f} ± {reach / 1000:.1f} s"


def _size(value: float, reach: float = 0.0) -> str:
    about = f" ± {reach:,.0f}" if reach >= 1 else ""
    return f"{value:,.0f}{about} bytes"
