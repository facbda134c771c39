"""Recorded events: read whole where nothing else has the answer, by their times beside a body."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.unread import UnreadEvents, times_of
from tests.intake.samples import DROP, START_S, entry, read_one

Json = dict[str, Any]


def event(at: float | None = 1.0, data: Any = "x", **rest: Any) -> Json:
    made = {"eventName": "message", "data": data, "eventId": "", **rest}
    return made if at is None else {**made, "time": START_S + at}


EVENTS = [event(0.5, "a"), event(0.75, "b", eventName="", eventId="7"), event(None, "c"), event(0.0, "d")]


def test_beside_a_body_the_events_are_those_without_one(tmp_path: Path) -> None:
    alone = read_one(tmp_path, entry(_eventSourceMessages=EVENTS, content={"text": DROP}))
    beside = read_one(tmp_path, entry(_eventSourceMessages=EVENTS))
    assert isinstance(alone.events, list)
    assert isinstance(beside.events, UnreadEvents)
    assert times_of(beside.events) == times_of(alone.events) == [500.0, 750.0]
    assert len(beside.events) == 4
    assert list(beside.events) == alone.events
    assert beside.events[1] == alone.events[1]
    assert next(reversed(beside.events)).data == "d"


@pytest.mark.parametrize("content", [{}, {"text": DROP}], ids=["body", "no body"])
@pytest.mark.parametrize(
    ("odd", "times"),
    [
        (event(1e305), []),
        (event(-5.0), []),
        ({"eventName": 5, "data": 7, "time": str(START_S + 1)}, [1000.0]),
        ({"time": "soon"}, []),
        (event(1.0, {"not": "text"}), [1000.0]),
    ],
)
def test_odd_events_are_kept_with_what_can_be_read(
    tmp_path: Path, odd: Json, times: list[float], content: Json
) -> None:
    found = read_one(tmp_path, entry(_eventSourceMessages=[odd], content=content)).events
    assert found is not None
    assert len(list(found)) == 1
    assert times_of(found) == times
    assert next(iter(found)).data in (None, "x")


@pytest.mark.parametrize("given", [[], None, {}, "x"])
def test_no_events_are_none(tmp_path: Path, given: Any) -> None:
    assert read_one(tmp_path, entry(_eventSourceMessages=given)).events is None
