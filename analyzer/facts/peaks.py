"""Where values crowd together: the narrow windows that hold far more of them than chance puts there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

LEAST: Final = 3
_MOST: Final = 4


class Peak(msgspec.Struct, frozen=True):
    """Values from low to high (both included), their median, and how many there are."""

    low: float
    high: float
    middle: float
    count: int


def peaks(values: Sequence[tuple[float, int]], *, share: float, least: float, spread: float) -> list[Peak]:
    """The crowded windows among values, the fullest first; at most four.

    values: (value, how often), ascending. A window is as wide as `share` of its lower end, and at
    least `least`. spread: the range of the same quantity over all streams, healthy ones too, which says
    how many a window of that width would hold by chance; a peak holds three times that, and at least
    three values.
    """
    left = list(values)
    total = sum(count for _, count in left)
    found: list[Peak] = []
    while left and len(found) < _MOST:
        first, end, count = _fullest(left, share, least)
        width = max(share * left[first][0], least)
        expected = total * min(1.0, width / spread) if spread > width else 0.0
        if count < LEAST or (count < 3 * expected and count < 0.8 * total):
            break
        window = left[first:end]
        found.append(Peak(window[0][0], window[-1][0], _median(window, count), count))
        del left[first:end]
    return found


def coverage(found: Sequence[Peak]) -> int:
    """How many values the peaks hold together."""
    return sum(peak.count for peak in found)


def _fullest(values: Sequence[tuple[float, int]], share: float, least: float) -> tuple[int, int, int]:
    """(first, end, count) of the window with the most values; the narrowest of equals."""
    best = (0, 0, 0)
    narrowest = float("inf")
    count = 0
    end = 0
    for first, (low, times) in enumerate(values):
        reach = low + max(share * low, least)
        while end < len(values) and values[end][0] <= reach:
            count += values[end][1]
            end += 1
        width = values[end - 1][0] - low
        if count > best[2] or (count == best[2] and width < narrowest):
            best, narrowest = (first, end, count), width
        count -= times
    return best


def _median(window: Sequence[tuple[float, int]], count: int) -> float:
    seen = 0
    for value, times in window:
        seen += times
        if 2 * seen >= count:
            return value
    return window[-1][0]
