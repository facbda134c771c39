"""What the arrival times of events say: gaps, silence, and whether all came in one burst."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import msgspec

#: Fewer events than this can arrive together by chance: a short answer of a fast model.
BURST_EVENTS: Final = 8
#: What one read of a socket, or one flush of a proxy's buffer, takes to reach the recorder.
BURST_SPAN_MS: Final = 40.0
#: Below this wait nobody would notice, and a cached or very short answer looks the same.
BURST_WAIT_MS: Final = 800.0


class Timing(msgspec.Struct, frozen=True):
    """All in ms since the request's start; None where no event's time is known."""

    recorded: bool
    first_ms: float | None = None
    last_ms: float | None = None
    max_gap_ms: float | None = None
    median_gap_ms: float | None = None
    one_burst: bool | None = None


def timing_of(times: list[float], content_events: int, events: int) -> Timing:
    """What known arrival times say. times: of events that carry a true stamp; may be fewer than `events`.

    one_burst needs several things at once: at least eight events with known times, and those nearly all
    events; all of them within 40 ms; a wait before them of at least 0.8 s, and at least twenty times as
    long as they took; and more than one content event per five milliseconds, which is faster than models
    write. None: too little is known to say.
    """
    if not times:
        return Timing(recorded=False)
    ordered = sorted(times)
    first, last = ordered[0], ordered[-1]
    gaps = [b - a for a, b in pairwise(ordered)]
    return Timing(
        recorded=True,
        first_ms=first,
        last_ms=last,
        max_gap_ms=max(gaps) if gaps else None,
        median_gap_ms=_median(gaps) if gaps else None,
        one_burst=_one_burst(first, last - first, len(times), content_events, events),
    )


def _median(values: list[float]) -> float:
    """As `statistics.median`, whose module takes longer to load than a capture to be read."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _one_burst(first: float, span: float, known: int, content_events: int, events: int) -> bool | None:
    if content_events < BURST_EVENTS or known < BURST_EVENTS:
        return None
    if known < 0.8 * events:
        return None
    return span <= BURST_SPAN_MS and first >= max(BURST_WAIT_MS, 20 * span) and content_events >= span / 5
