"""The drawings of the batch page, as inline SVG. Each has its numbers in a table beside it or behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

from markupsafe import Markup

from analyzer.batch.model import Bucket, Trend
from analyzer.report.numbers import plural
from analyzer.report.svg import el, image, pct

_TALL: Final = 132
_SMALL: Final = 34
_STEPS: Final = {"hour": "hour", "day": "day", "week": "week", "month": "month", "year": "year"}


class Part(NamedTuple):
    """A part of the queue: how many tickets, in words, and the class that gives it its colour."""

    kind: str
    tickets: int
    label: str


def queue_bar(parts: Sequence[Part]) -> Markup:
    """All tickets as one bar; parts without tickets are left out. The list under it is its table."""
    total = sum(part.tickets for part in parts)
    shapes: list[Markup] = []
    at = 0
    for part in parts:
        if part.tickets:
            # Two pixels of paper between the parts: they are told apart without their colours.
            shapes.append(
                el(
                    "rect",
                    x=pct(at, total),
                    y=0,
                    width=pct(part.tickets, total),
                    height=36,
                    class_=f"q q-{part.kind}",
                )
            )
            at += part.tickets
    desc = "; ".join(f"{part.label}: {part.tickets:,}" for part in parts if part.tickets)
    return image(
        "queue", "What the tickets are made of", desc, *shapes, width="100%", height=36, class_="queue"
    )


def over_time(trend: Trend) -> Markup | None:
    """Tickets per step, those in which something broke below the others; None without times."""
    if trend.step is None or not trend.buckets:
        return None
    top = max(bucket.tickets for bucket in trend.buckets) or 1
    count = len(trend.buckets)
    base = _TALL - 22
    shapes: list[Markup | None] = []
    lines = [(value, 8 + (base - 8) * (1 - value / top)) for value in _ticks(top)]
    shapes += [el("line", x1=0, x2="100%", y1=y, y2=y, class_="rule") for _, y in lines]
    for place, bucket in enumerate(trend.buckets):
        shapes += _column(place, count, bucket.broken, bucket.tickets, top, base)
    shapes += [el("text", f"{value:,}", x=0, y=y - 3, class_="ax") for value, y in lines]
    for place in _labelled(count):
        anchor = "start" if place == 0 else "end" if place == count - 1 else "middle"
        x = "0" if place == 0 else "100%" if place == count - 1 else pct(place + 0.5, count)
        text = when(trend.buckets[place].start, trend.step)
        shapes.append(el("text", text, x=x, y=_TALL - 5, class_="ax", text_anchor=anchor))
    first, last = (when(trend.buckets[place].start, trend.step) for place in (0, -1))
    peak = max(trend.buckets, key=lambda bucket: bucket.tickets)
    desc = (
        f"Tickets per {_STEPS[trend.step]}, {first} to {last}; most, {peak.tickets:,}, in the {trend.step} that "
        f"begins {when(peak.start, trend.step)}."
    )
    return image("trend", "Tickets over time", desc, *shapes, width="100%", height=_TALL, class_="trend")


def _column(place: int, count: int, broken: int, total: int, top: int, base: float) -> list[Markup | None]:
    x, width = pct(place + 0.1, count), pct(0.8, count)
    full = (base - 8) * total / top
    bad = (base - 8) * broken / top
    return [
        el("rect", x=x, y=base - full, width=width, height=full - bad, class_="t-other")
        if total > broken
        else None,
        el("rect", x=x, y=base - bad, width=width, height=bad, class_="t-bad") if broken else None,
    ]


def small(ident: str, title: str, counts: Sequence[int], top: int) -> Markup:
    """One row of small multiples: a bar per bucket, on the scale that all rows share (`top`)."""
    shapes: list[Markup | None] = [
        el("line", x1=0, x2="100%", y1=_SMALL - 0.5, y2=_SMALL - 0.5, class_="rule")
    ]
    for place, value in enumerate(counts):
        if value:
            height = max(1.5, (_SMALL - 2) * value / max(top, 1))
            shapes.append(
                el("rect", x=pct(place + 0.1, len(counts)), width=pct(0.8, len(counts)), y=_SMALL - 1 - height,
                   height=height, class_="t-bad")
            )  # fmt: skip
    most = max(counts, default=0)
    desc = f"{plural(sum(counts), 'ticket')}, at most {most:,} at a time."
    return image(ident, title, desc, *shapes, width="100%", height=_SMALL, class_="small")


def share_bar(broken: int, total: int, top: int) -> Markup:
    """`broken` of `total` on a scale that ends at `top`. The numbers stand beside it, so it is decoration."""
    return el(
        "svg",
        el("rect", x=0, y=0, width=pct(total, top), height=10, class_="t-other"),
        el("rect", x=0, y=0, width=pct(broken, top), height=10, class_="t-bad") if broken else None,
        class_="bar",
        width="100%",
        height=10,
        aria_hidden="true",
    )


def when(start: str, step: str) -> str:
    """The beginning of a bucket for reading."""
    at = datetime.fromisoformat(start.removesuffix("Z"))
    if step == "hour":
        return f"{at.day} {at:%b %H}:00"
    if step in ("day", "week"):
        return f"{at.day} {at:%b} {at.year}"
    return f"{at:%b} {at.year}" if step == "month" else f"{at.year}"


def series(buckets: Sequence[Bucket], name: str, *, party: bool) -> list[int]:
    """How many broken tickets each bucket has of one cause or party."""
    return [(bucket.by_party if party else bucket.by_cause).get(name, 0) for bucket in buckets]


def _ticks(top: int) -> list[int]:
    """The largest round number that fits, and its half where that is whole."""
    step = 1
    while step * 10 <= top:
        step *= 10
    best = max(value for value in (step, 2 * step, 5 * step) if value <= top)
    return [best, best // 2] if best % 2 == 0 else [best]


def _labelled(count: int) -> list[int]:
    return [0] if count == 1 else [0, count - 1] if count < 9 else [0, count // 2, count - 1]
