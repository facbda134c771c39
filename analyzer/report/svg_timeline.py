"""The drawing of one stream over time, and of its text's shape. Sizes and moments, never words.

Coordinates along time are percentages, so the drawing fits any column while its text keeps its size;
the many ticks live in a nested, stretched viewport of 1000 units.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from markupsafe import Markup

from analyzer.model import Timeline
from analyzer.report.measures import Measure
from analyzer.report.numbers import NBSP, duration, plural, size
from analyzer.report.svg import el, image, num, pct
from analyzer.safe import one_line

_PHASE_Y, _LANE_Y, _LANE_H = 26, 42, 56
_AXIS_Y = _LANE_Y + _LANE_H
_FOOT = 26  # the axis and its labels
_SPAN_H = 22  # one known limit, drawn as a span under the axis
_MOST_LIMITS = 3
_STEPS: Final = (
    1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
    600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 43_200_000, 86_400_000,
)  # fmt: skip


def ticks(total_ms: float, most: int = 7) -> list[float]:
    """Round moments from 0 up to `total_ms`, at most `most` of them."""
    step: float = next((s for s in _STEPS if total_ms / s <= most - 1), 0) or total_ms / (most - 1)
    return [i * step for i in range(math.floor(total_ms / step + 1e-9) + 1)]


def tick_words(ms: float) -> str:
    """A round moment without needless decimals: `0`, `15 s`, `1.5 s`, `2 min`."""
    if ms < 1000 or ms >= 120_000:
        return (duration(ms) or "") if ms else "0"
    return f"{ms / 1000:g}{NBSP}s"


def silence_ms(line: Timeline) -> float | None:
    """Length of the silence before the end, None where it is not known."""
    end = line.cut_ms if line.cut_ms is not None else line.total_ms
    if line.silence_from_ms is None or end is None:
        return None
    return max(0.0, end - line.silence_from_ms)


def worth_showing(quiet_ms: float, total_ms: float | None) -> bool:
    """Whether a silence is more than the pause between any two events."""
    return (quiet_ms >= 1000 and quiet_ms > 0.015 * (total_ms or 0.0)) or quiet_ms > 0.2 * (
        total_ms or math.inf
    )


class Words(NamedTuple):
    """What the drawing says. end: how it ended, `ended` for a finish, anything else is drawn as a cut.

    empty: said in the lane when it holds no arrival. desc: the picture in words.
    """

    end: str
    empty: str
    desc: str


def timeline(line: Timeline, ident: str, limits: Sequence[Measure], words: Words) -> Markup | None:
    """The timeline, None when not even a duration was recorded."""
    total = line.total_ms
    if total is None or not math.isfinite(total) or total <= 0:
        return None
    shown = [limit for limit in limits if limit.fits][:_MOST_LIMITS]
    span = max([total, *(limit.end_ms for limit in shown)])
    end = line.cut_ms if line.cut_ms is not None else total
    quiet = silence_ms(line)
    parts: list[Markup | None] = [
        _phases(line, span),
        el("rect", y=_LANE_Y, width="100%", height=_LANE_H, class_="lane"),
    ]
    if quiet is not None and worth_showing(quiet, span) and line.silence_from_ms is not None:
        x, width = pct(line.silence_from_ms, span), pct(quiet, span)
        parts.append(el("rect", x=x, y=_LANE_Y, width=width, height=_LANE_H, class_="quiet"))
        parts.append(el("rect", x=x, y=_LANE_Y, width=width, height=_LANE_H, fill="url(#hatch)"))
        if quiet > span * 0.3:
            middle = pct(line.silence_from_ms + quiet / 2, span)
            text = f"{duration(quiet)} of silence"
            parts.append(el("text", text, x=middle, y=_LANE_Y + 33, class_="quiet-t", text_anchor="middle"))
    parts.append(_marks(line, span))
    if not line.marks:
        parts.append(
            el(
                "text",
                words.empty,
                x="50%",
                y=_LANE_Y + 33,
                class_="none-t",
                text_anchor="middle",
            )
        )
    parts += _axis(span)
    for limit in limits:
        if not limit.fits:
            x = pct(limit.end_ms, span)
            parts.append(el("line", x1=x, x2=x, y1=_AXIS_Y - 5, y2=_AXIS_Y + 4, class_="limit-e"))
    for i, limit in enumerate(shown):
        parts += _limit(limit, span, _AXIS_Y + _FOOT + i * _SPAN_H)
    parts += _end(end, span, words.end)
    height = _AXIS_Y + _FOOT + len(shown) * _SPAN_H
    inner = el("svg", *parts, x="1.5%", width="97%", height=height, class_="ov")
    return image(ident, "Timeline", words.desc, inner, width="100%", height=height, class_="timeline")


def _limit(limit: Measure, span: float, y: float) -> list[Markup]:
    """A limit that fits, as a measure under the axis: from where it counts to where it fires."""
    x1, x2 = pct(limit.start_ms, span), pct(limit.end_ms, span)
    middle = pct((limit.start_ms + limit.end_ms) / 2, span)
    parts = [
        el("line", x1=x1, x2=x2, y1=y + 8, y2=y + 8, class_="limit"),
        el("line", x1=x1, x2=x1, y1=y + 3, y2=y + 13, class_="limit-e"),
        el("line", x1=x2, x2=x2, y1=y + 3, y2=y + 13, class_="limit-e"),
        el("line", x1=x2, x2=x2, y1=_LANE_Y, y2=_AXIS_Y, class_="limit"),
    ]
    text = f"{tick_words(limit.limit_ms)} limit on {'silence' if limit.from_last else 'the whole'}"
    parts.append(el("text", text, x=middle, y=y + 12, class_="limit-t", text_anchor="middle"))
    return parts


def _phases(line: Timeline, span: float) -> Markup:
    rects = [
        el(
            "rect",
            x=pct(phase.start_ms, span),
            width=pct(max(phase.end_ms - phase.start_ms, span * 0.0015), span),
            y=_PHASE_Y,
            height=10,
            class_=f"ph ph-{phase_class(phase.kind)}",
        )
        for phase in line.phases
        if phase.end_ms >= phase.start_ms
    ]
    return el("g", *rects)


def phase_class(kind: str) -> str:
    """The class of a phase's colour; an unknown kind gets the neutral one."""
    return kind if kind in ("queue", "dns", "connect", "tls", "send", "wait", "receive") else "queue"


def _marks(line: Timeline, span: float) -> Markup | None:
    if not line.marks:
        return None
    biggest = max((mark_size for _, mark_size, _ in line.marks), default=1)
    tall: dict[tuple[int, str], float] = {}
    for at, mark_size, kind in line.marks:
        if not math.isfinite(at):
            continue
        key = (
            round(1000 * min(1.0, max(0.0, at / span))),
            kind if kind in ("heartbeat", "chunk") else "event",
        )
        height = 12 + 36 * _log_share(mark_size, biggest)
        tall[key] = max(tall.get(key, 0.0), height)
    drawn = {"event": "", "chunk": "", "heartbeat": ""}
    for (x, kind), height in sorted(tall.items()):
        drawn[kind] += f"M{x} 50h0" if kind == "heartbeat" else f"M{x} 55v-{height:.0f}"
    paths = [
        el("path", d=d, class_=f"mk mk-{kind}", vector_effect="non-scaling-stroke")
        for kind, d in drawn.items()
        if d
    ]
    return el(
        "svg",
        *paths,
        y=_LANE_Y,
        width="100%",
        height=_LANE_H,
        viewBox=f"0 0 1000 {_LANE_H}",
        preserveAspectRatio="none",
        class_="ov",
    )


def _log_share(value: int, biggest: int) -> float:
    return math.log1p(max(0, value)) / math.log1p(biggest) if biggest > 0 else 0.0


def _axis(span: float) -> list[Markup]:
    """The line, its ticks in one stretched path, and their labels; every second is left out where it is narrow."""
    at = ticks(span)
    marks = "".join(f"M{num(1000 * moment / span, 1)} 0v4" for moment in at)
    path = el("path", d=f"M0 0h1000{marks}", class_="axis", vector_effect="non-scaling-stroke")
    labels = []
    for i, moment in enumerate(at):
        side = " first" if moment == 0 else " last" if moment > span * 0.985 else ""
        name = f"{'alt' if i % 2 else ''}{side}".strip() or None
        labels.append(el("text", tick_words(moment), x=pct(moment, span), class_=name))
    stretched = el(
        "svg", path, y=_AXIS_Y, width="100%", height=4, viewBox="0 0 1000 4", preserveAspectRatio="none", class_="ov"
    )  # fmt: skip
    return [stretched, el("svg", *labels, y=_AXIS_Y + 18, class_="ov axis-t")]


def _end(end: float, span: float, word: str) -> list[Markup]:
    x = pct(end, span)
    broken = word != "ended"
    kind = "cut" if broken else "done"
    anchor, dx = ("end", -10) if end > span * 0.35 else ("start", 10)
    parts = [
        el("line", x1=x, x2=x, y1=10, y2=_AXIS_Y, class_=f"end end-{kind}"),
        el(
            "text",
            f"{word} at {duration(end)}",
            x=x,
            y=14,
            dx=dx,
            class_=f"end-t t-{kind}",
            text_anchor=anchor,
        ),
    ]
    mark = "M-4.5 -4.5l9 9M4.5 -4.5l-9 9" if broken else "M-5 0l3.5 4 6.5-8"
    parts.append(el("svg", el("path", d=mark, class_=f"end-m end-{kind}"), x=x, y=10, class_="ov"))
    return parts


def shape(sizes: Sequence[int], ident: str, desc: str) -> Markup | None:
    """Sizes of the events in order, as bars; None when there is no event."""
    if not sizes:
        return None
    biggest = max(max(sizes), 1)
    bars = "".join(f"M{i} 40v-{max(1, round(38 * value / biggest))}" for i, value in enumerate(sizes))
    wide = max(len(sizes), 40)  # few events do not become fat slabs
    path = el("path", d=bars, class_="bars", transform="translate(.5 0)")
    return image(
        ident, "Size of each event", desc, path, width="100%", height=44, viewBox=f"0 0 {wide} 40",
        preserveAspectRatio="none", class_="shape",
    )  # fmt: skip


def shape_words(sizes: Sequence[int], total: int | None) -> str:
    """The shape in one sentence."""
    if not sizes:
        return "No event was recorded."
    ordered = sorted(sizes)
    middle = ordered[len(ordered) // 2]
    count = plural(total if total is not None else len(sizes), "event")
    if ordered[0] == ordered[-1]:
        return f"{count}, each {size(middle)}."
    return f"{count}, from {size(ordered[0])} to {size(ordered[-1])}; half are at most {size(middle)}."


def timeline_words(line: Timeline, *, end_word: str) -> str:
    """The timeline in words, for those who do not see it."""
    if line.total_ms is None:
        return "No duration was recorded."
    said = [f"{one_line(phase.kind, 30)} {duration(phase.end_ms - phase.start_ms)}" for phase in line.phases]
    text = f"Lasted {duration(line.total_ms)}"
    text += f" ({', '.join(said)})." if said else "."
    if line.times_known:
        text += f" {plural(line.marks_total or len(line.marks), 'arrival')}"
        if line.marks:
            text += f" between {duration(line.marks[0][0])} and {duration(line.marks[-1][0])}"
        text += "."
    else:
        text += " Arrival times were not recorded."
    quiet = silence_ms(line)
    if quiet is not None and quiet >= 1:
        text += f" Then {duration(quiet)} of silence before the end."
    if line.cut_ms is not None:
        text += f" It was {end_word} at {duration(line.cut_ms)}."
    return text


def bar(start_ms: float | None, length_ms: float | None, span: float) -> Markup | None:
    """One bar of the waterfall, for a table cell; None when it has no place in time."""
    if start_ms is None or span <= 0:
        return None
    width = max((length_ms or 0.0) / span * 100, 0.4)
    x = min(max(0.0, start_ms / span * 100), 99.6)
    return el(
        "svg",
        el("rect", x=f"{num(x)}%", width=f"{num(min(width, 100 - x))}%"),
        class_="wf",
        aria_hidden="true",
    )
