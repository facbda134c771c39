from __future__ import annotations

from xml.etree import ElementTree

import pytest

from analyzer.columns import Exchange
from analyzer.model import Phase, Timeline
from analyzer.report.measures import measures
from analyzer.report.svg_timeline import (
    Words,
    bar,
    shape,
    shape_words,
    tick_words,
    ticks,
    timeline,
    timeline_words,
)
from tests.report import build

WORDS = Words("cut", "nothing", "A description.")


@pytest.mark.parametrize("total", [0.4, 3, 99, 1000, 1934, 9871, 60_935, 74_061, 601_000, 3.6e6, 9e7, 4e8])
def test_axis_has_a_few_round_moments(total: float) -> None:
    moments = ticks(total)
    assert moments[0] == 0 and moments[-1] <= total * 1.000001
    assert 1 <= len(moments) <= 8


def test_round_moments_have_no_needless_decimals() -> None:
    assert [tick_words(ms).replace("\u00a0", " ") for ms in (0, 500, 1500, 15_000, 60_000, 120_000)] == [
        "0",
        "500 ms",
        "1.5 s",
        "15 s",
        "60 s",
        "2 min",
    ]


def test_timeline_of_a_cut_stream_is_well_formed_and_says_what_it_shows() -> None:
    stream = build.idle_timeout()
    drawn = timeline(stream.timeline, "x", measures(stream.timeline, stream.exchange), WORDS)
    assert drawn is not None
    texts = " ".join(node.text for node in ElementTree.fromstring(drawn).iter() if node.text).replace(
        "\u00a0", " "
    )
    assert ("60.0 s of silence" in texts and "cut at 74." in texts) or "cut at 73." in texts
    assert "60 s limit on silence" in texts


def test_nothing_is_drawn_without_a_duration() -> None:
    assert timeline(Timeline(), "x", [], WORDS) is None
    assert timeline(Timeline(total_ms=0.0), "x", [], WORDS) is None
    assert timeline(Timeline(total_ms=float("inf")), "x", [], WORDS) is None


def test_odd_numbers_do_not_break_the_drawing() -> None:
    nan = float("nan")
    line = Timeline(
        total_ms=10.0, phases=[Phase("odd", -5, 1e9), Phase("wait", nan, nan)], marks=[(nan, 5, "event"), (-3.0, -9, "chunk"), (1e12, 0, "?")],
        marks_total=3, times_known=True, silence_from_ms=-50.0, cut_ms=1e7, limits=[(-1.0, ""), (0.0, "x")],
    )  # fmt: skip
    drawn = timeline(line, "x", measures(line, Exchange()), WORDS)
    assert drawn is not None
    ElementTree.fromstring(drawn)
    assert "nan" not in drawn.lower().replace("nanosecond", "")


def test_many_arrivals_in_one_place_are_one_tick() -> None:
    line = Timeline(
        total_ms=1000.0,
        marks=[(500.0 + i / 1e4, 10, "event") for i in range(400)],
        marks_total=400,
        times_known=True,
    )
    drawn = timeline(line, "x", [], WORDS)
    assert drawn is not None and drawn.count("M500 ") == 1


def test_words_tell_what_the_drawing_shows() -> None:
    stream = build.idle_timeout()
    said = timeline_words(stream.timeline, end_word="cut").replace("\u00a0", " ")
    assert "Lasted 74.0 s" in said or "Lasted 73.9 s" in said or "Lasted 74.1 s" in said
    assert "60.0 s of silence before the end" in said and "It was cut at" in said
    assert timeline_words(Timeline(), end_word="cut") == "No duration was recorded."


def test_shape_is_sizes_and_no_words() -> None:
    drawn = shape([10, 500, 0], "x", "three")
    assert drawn is not None
    path = ElementTree.fromstring(drawn).find("path")
    assert path is not None and path.attrib["d"] == "M0 40v-1M1 40v-38M2 40v-1"
    assert shape([], "x", "") is None
    assert shape_words([5, 5], 2) == "2\u00a0events, each 5\u00a0B."
    assert shape_words([], None) == "No event was recorded."


def test_bar_stays_within_its_cell_and_is_none_without_a_place() -> None:
    assert bar(None, 5, 100) is None and bar(1, 5, 0) is None
    drawn = bar(99.9, 500, 100)
    assert drawn is not None and 'x="99.6%"' in drawn and 'width="0.4%"' in drawn
