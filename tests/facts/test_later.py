"""Looking things up by their time says what looking at all of them says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.later import Later, nearest

TIMES = st.lists(st.integers(0, 30).map(float), min_size=1, max_size=20).map(sorted)


@given(TIMES, st.integers(-3, 33), st.data())
def test_nearest_is_the_first_of_the_least_distant(times: list[float], at: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(times) - 1))
    least = min(abs(time - at) for time in times[first:])
    place = nearest(times, at, first)
    assert abs(times[place] - at) == least
    assert all(abs(time - at) > least for time in times[first:place])


@given(st.lists(st.tuples(st.integers(0, 30).map(float), st.booleans())), st.integers(-3, 33))
def test_since_tells_the_first_and_whether_any_was_completed(
    streams: list[tuple[float, bool]], at: int
) -> None:
    later = Later()
    for start, completed in streams:
        later.add(start, completed)
    wanted = [(start, completed) for start, completed in streams if start >= at]
    found = later.since(at)
    if not wanted:
        assert found is None
        return
    assert found is not None
    assert found.first == min(start for start, _ in wanted)
    assert found.completed is any(completed for _, completed in wanted)


def test_streams_may_be_added_after_a_question() -> None:
    later = Later()
    later.add(5.0, False)
    assert later.since(0) == (5.0, False)
    later.add(3.0, True)
    assert later.since(0) == (3.0, True)
    assert later.since(4) == (5.0, False)
