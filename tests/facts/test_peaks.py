"""Crowded windows: specification by example."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.facts.peaks import coverage, peaks


def test_values_at_one_limit_are_one_peak() -> None:
    found = peaks([(60010.0, 2), (60400.0, 1), (61200.0, 1)], share=0.02, least=1000.0, spread=120_000.0)
    assert [(peak.low, peak.high, peak.count) for peak in found] == [(60010.0, 61200.0, 4)]


def test_two_limits_are_two_peaks_fullest_first() -> None:
    values = [(60010.0, 5), (60030.0, 9), (90020.0, 3)]
    found = peaks(values, share=0.02, least=1000.0, spread=85_000.0)
    assert [peak.count for peak in found] == [14, 3]
    assert found[0].middle == 60030.0


def test_two_values_are_no_peak() -> None:
    assert peaks([(60000.0, 2)], share=0.02, least=1000.0, spread=100_000.0) == []


def test_evenly_spread_values_have_no_peak() -> None:
    values = [(float(ms), 1) for ms in range(1000, 100_000, 250)]
    assert peaks(values, share=0.02, least=1000.0, spread=99_000.0) == []


@given(st.lists(st.tuples(st.floats(1, 1e6), st.integers(1, 50)), max_size=60))
def test_peaks_hold_no_more_than_there_is(pairs: list[tuple[float, int]]) -> None:
    values = sorted(dict(pairs).items())
    found = peaks(values, share=0.02, least=1000.0, spread=1e6)
    assert coverage(found) <= sum(count for _, count in values)
    assert all(peak.low <= peak.middle <= peak.high and peak.count >= 3 for peak in found)
