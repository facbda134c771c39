"""Looking things up by their time among many."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple


def nearest(times: Sequence[float], at: float, first: int = 0) -> int:
    """The place of the time nearest to `at`, from place `first` on; the earlier one of two.

    times: in order, with something at or after `first`.
    """
    place = bisect_left(times, at, first)
    if place == len(times) or (place > first and at - times[place - 1] <= times[place] - at):
        place = bisect_left(times, times[place - 1], first)
    return place


class Since(NamedTuple):
    """What began from some time on: when the first did, and whether any of all was completed."""

    first: float
    completed: bool


class Later:
    """Streams by their start, asked for what came after a time."""

    __slots__ = ("_completed", "_pairs", "_starts")

    def __init__(self) -> None:
        self._pairs: list[tuple[float, bool]] = []
        self._starts: list[float] | None = None
        self._completed: list[bool] = []

    def add(self, start: float, completed: bool) -> None:
        """Add a stream. start: epoch ms."""
        self._pairs.append((start, completed))
        self._starts = None

    def since(self, at: float) -> Since | None:
        """What began at `at` or later; None when nothing did."""
        if self._starts is None:
            self._pairs.sort()
            self._starts = [start for start, _ in self._pairs]
            self._completed = [completed for _, completed in self._pairs]
            for place in range(len(self._completed) - 2, -1, -1):  # any from here to the end
                self._completed[place] |= self._completed[place + 1]
        place = bisect_left(self._starts, at)
        if place == len(self._starts):
            return None
        return Since(self._starts[place], self._completed[place])
