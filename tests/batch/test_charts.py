"""The drawings of the batch page."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from analyzer.batch import charts
from analyzer.batch.model import Bucket, Trend


def bars(svg: str, kind: str) -> list[tuple[float, float]]:
    """(x in percent, height) of the rectangles of one class."""
    root = ElementTree.fromstring(svg)
    return [
        (float((rect.get("x") or "0").rstrip("%")), float(rect.get("height") or 0))
        for rect in root.iter("rect")
        if rect.get("class") == kind
    ]


def test_parts_of_the_queue_fill_the_bar_in_order() -> None:
    parts = [charts.Part("1", 50, "one"), charts.Part("rest", 0, "none"), charts.Part("ok", 150, "fine")]
    root = ElementTree.fromstring(charts.queue_bar(parts))
    drawn = [(r.get("class"), r.get("x"), r.get("width")) for r in root.iter("rect")]
    assert drawn == [("q q-1", "0%", "25%"), ("q q-ok", "25%", "75%")]
    assert "one: 50; fine: 150" in charts.queue_bar(parts)


def test_height_is_in_proportion_and_broken_stands_below() -> None:
    trend = Trend(
        step="day",
        buckets=[
            Bucket(start="2026-03-02T00:00:00Z", tickets=10, broken=4),
            Bucket(start="2026-03-03T00:00:00Z", tickets=5),
        ],
    )
    svg = str(charts.over_time(trend))
    ((x, bad),) = bars(svg, "t-bad")
    others = bars(svg, "t-other")
    assert [at for at, _ in others] == [5, 55] and x == 5
    assert bad / others[0][1] == pytest.approx(4 / 6)
    assert others[1][1] == pytest.approx((bad + others[0][1]) / 2)


def test_nothing_dated_is_no_drawing() -> None:
    assert charts.over_time(Trend(undated=7)) is None


def test_rows_of_small_multiples_share_a_scale() -> None:
    full, half = (bars(str(charts.small("a", "A", [0, value], 10)), "t-bad")[0][1] for value in (10, 5))
    assert half == pytest.approx(full / 2)


def test_one_ticket_among_thousands_can_still_be_seen() -> None:
    assert bars(str(charts.small("a", "A", [1], 5000)), "t-bad")[0][1] >= 1


@pytest.mark.parametrize(
    ("start", "step", "words"),
    [
        ("2026-03-02T08:00:00Z", "hour", "2 Mar 08:00"), ("2026-03-02T00:00:00Z", "day", "2 Mar 2026"),
        ("2026-03-02T00:00:00Z", "week", "2 Mar 2026"), ("2026-03-01T00:00:00Z", "month", "Mar 2026"),
        ("2026-01-01T00:00:00Z", "year", "2026"), ("0001-01-01T00:00:00Z", "year", "1"),
    ],
)  # fmt: skip
def test_beginning_of_a_bucket_in_words(start: str, step: str, words: str) -> None:
    assert charts.when(start, step) == words


def test_labels_are_escaped() -> None:
    text = "</title><script>alert(1)</script>"
    svg = str(charts.small("a", text, [1], 1)) + str(charts.queue_bar([charts.Part("1", 1, text)]))
    assert "<script" not in svg
    assert not re.search(r"\son\w+=", svg)
