"""Which known limits the timeline of a broken stream shows, and from where each one counts."""

from __future__ import annotations

from typing import Final, NamedTuple

from analyzer.columns import Exchange
from analyzer.model import Timeline

# A limit fires after the time it names; clocks are a little coarse on the early side.
_UNDER_MS: Final = 300.0
_OVER_MS: Final = 2500.0


class Measure(NamedTuple):
    """A limit. start_ms, end_ms: where it lies on the axis. from_last: it counts from the last byte.

    fits: the stream ended when it fired; otherwise the stream outlived it. label: whose limit it is,
    None when it is nobody's default, only a value that operators like to set.
    """

    limit_ms: float
    start_ms: float
    from_last: bool
    fits: bool
    label: str | None

    @property
    def end_ms(self) -> float:
        """Where the limit fires."""
        return self.start_ms + self.limit_ms


def measures(line: Timeline, row: Exchange) -> list[Measure]:
    """The limits to draw: those that fit first, then those outlived. Empty when nothing was cut.

    A limit of `line.limits` counts from the last byte only if the silence fits it and the total does not.
    """
    end = line.cut_ms
    if end is None:
        return []
    found: dict[tuple[float, bool], Measure] = {}
    last = line.silence_from_ms

    def add(limit: float, from_last: bool, label: str | None) -> None:
        start = last if from_last and last is not None else 0.0
        lasted = end - start
        fits = limit - _UNDER_MS <= lasted <= limit + _OVER_MS
        if fits or lasted > limit:
            known = found.get((limit, from_last))
            found[(limit, from_last)] = Measure(
                limit, start, from_last, fits, (known and known.label) or label
            )

    if row.idle_limit_ms is not None and last is not None:
        add(row.idle_limit_ms, True, row.idle_limit_of)
    if row.limit_ms is not None:
        add(row.limit_ms, False, row.limit_of)
    for limit, label in line.limits:
        if limit <= 0:
            continue
        silent = last is not None and limit - _UNDER_MS <= end - last <= limit + _OVER_MS
        total = limit - _UNDER_MS <= end <= limit + _OVER_MS
        add(limit, silent and not total, label or None)
    return sorted(found.values(), key=lambda m: (not m.fits, not m.from_last, m.limit_ms))
