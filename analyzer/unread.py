"""Recorded events that stay in the file until somebody asks for more than their times."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from analyzer.model import RecordedEvent


class UnreadEvents(Sequence[RecordedEvent]):
    """Recorded events of which so far only the times were read: beside a body they are all that is asked for.

    times: of all events, in order, as `RecordedEvent.at_ms`. read: makes the events, once.
    """

    __slots__ = ("_events", "_read", "times")

    def __init__(self, times: list[float | None], read: Callable[[], list[RecordedEvent]]) -> None:
        self.times, self._read = times, read
        self._events: list[RecordedEvent] | None = None

    def _all(self) -> list[RecordedEvent]:
        if self._events is None:
            self._events = self._read()
        return self._events

    def __len__(self) -> int:
        return len(self.times)

    @overload
    def __getitem__(self, index: int) -> RecordedEvent: ...

    @overload
    def __getitem__(self, index: slice) -> list[RecordedEvent]: ...

    def __getitem__(self, index: int | slice) -> RecordedEvent | list[RecordedEvent]:
        return self._all()[index]

    def __iter__(self) -> Iterator[RecordedEvent]:
        return iter(self._all())

    def __reversed__(self) -> Iterator[RecordedEvent]:
        return reversed(self._all())


def times_of(events: Sequence[RecordedEvent]) -> list[float]:
    """When they came, in ms since the request's start; those whose time is not known are left out."""
    times = events.times if isinstance(events, UnreadEvents) else [event.at_ms for event in events]
    return [at for at in times if at is not None]
