"""The timeline of one stream as one line of text."""

from __future__ import annotations

from typing import Final, NamedTuple

from analyzer.model import Stream
from analyzer.report.numbers import duration

_WAIT: Final = {
    "queue": "·",
    "dns": "·",
    "connect": "·",
    "tls": "·",
    "send": "·",
    "wait": "─",
    "receive": " ",
}


class Line(NamedTuple):
    """cells: one character per stretch of time. legend: what they mean, in words."""

    cells: str
    legend: str


def timeline(stream: Stream, width: int) -> Line | None:
    """`width` cells from the request's start to its end; None when no duration was recorded.

    · before the request left, ─ waiting for the first byte, ▪ data, ░ silence, ▒ data at unknown times.
    """
    line = stream.timeline
    total = line.total_ms if line.total_ms is not None else stream.exchange.duration_ms
    if total is None or total <= 0 or width < 8:
        return None
    cells = [" "] * width
    receiving = False
    for phase in line.phases:
        first, last = _cell(phase.start_ms, total, width), _cell(phase.end_ms, total, width)
        receiving = receiving or (phase.kind == "receive" and phase.end_ms > phase.start_ms)
        fill = _WAIT.get(phase.kind, " ") if phase.kind != "receive" or line.times_known else "▒"
        if phase.end_ms > phase.start_ms:
            cells[first : last + 1] = fill * (last + 1 - first)
    if line.silence_from_ms is not None and line.times_known:
        first = _cell(line.silence_from_ms, total, width)
        cells[first:] = "░" * (width - first)
    for at, _, _ in line.marks:
        cells[_cell(at, total, width)] = "▪"
    end = {"failed": "✗", "degraded": "!", "info": "○", "ok": "■"}[stream.verdict.severity]
    said = [f"{duration(total)}"]
    wait = next((p for p in line.phases if p.kind == "wait" and p.end_ms > p.start_ms), None)
    if wait is not None:
        said.append(f"─ waited {duration(wait.end_ms - wait.start_ms)}")
    if line.marks:
        said.append("▪ data")
    elif receiving and not line.times_known:
        said.append("▒ data, arrival times not recorded")
    if line.silence_from_ms is not None and line.times_known and total > line.silence_from_ms:
        said.append(f"░ silent {duration(total - line.silence_from_ms)}")
    return Line("".join(cells) + end, ", ".join(said))


def _cell(at_ms: float, total_ms: float, width: int) -> int:
    share = at_ms / total_ms  # infinite where the total is next to nothing
    return max(0, int(share * width)) if share < 1 else width - 1
