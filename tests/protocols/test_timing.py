from __future__ import annotations

import pytest

from analyzer.protocols.timing import timing_of


def test_no_known_times_say_nothing() -> None:
    timing = timing_of([], 40, 40)
    assert (timing.recorded, timing.first_ms, timing.one_burst) == (False, None, None)


def test_gaps_are_between_neighbours_in_time() -> None:
    timing = timing_of([30.0, 10.0, 60.0], 3, 3)
    assert (timing.first_ms, timing.last_ms, timing.max_gap_ms, timing.median_gap_ms) == (
        10.0,
        60.0,
        30.0,
        25.0,
    )


def test_one_event_has_no_gap() -> None:
    assert timing_of([10.0], 1, 1).max_gap_ms is None


@pytest.mark.parametrize(
    ("times", "content", "events", "wanted"),
    [
        ([4000.0 + i * 0.1 for i in range(40)], 40, 40, True),  # all at once after four seconds
        ([4000.0 + i * 50 for i in range(40)], 40, 40, False),  # one by one
        ([200.0 + i * 0.1 for i in range(40)], 40, 40, False),  # a fast answer that nobody waited for
        ([4000.0 + i * 0.1 for i in range(5)], 5, 5, None),  # too few to say
        ([4000.0 + i * 0.1 for i in range(10)], 40, 40, None),  # too few of them have times
        ([9000.0 + i * 4 for i in range(9)], 3, 9, None),  # hardly any content
    ],
)
def test_one_burst(times: list[float], content: int, events: int, wanted: bool | None) -> None:
    assert timing_of(times, content, events).one_burst is wanted
