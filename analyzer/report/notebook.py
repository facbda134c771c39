"""What a notebook shows of a report: the headline and the worst streams, small, with nothing that runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from markupsafe import Markup

from analyzer.model import Report
from analyzer.report import words
from analyzer.report.json_v1 import worst_first
from analyzer.report.numbers import duration
from analyzer.report.svg import el
from analyzer.safe import clipped, one_line

ROWS: Final = 10


def report_html(report: Report) -> str:
    """A heading, the counts and a table of the ten worst streams. Everything from a capture is escaped."""
    streams = worst_first(report.streams)
    rows = [
        (
            words.SEVERITY[stream.verdict.severity].lower(), stream.verdict.title, words.who(stream),
            duration(stream.exchange.duration_ms) or "", clipped(words.request(stream), 100),
        )
        for stream in streams[:ROWS]
    ]  # fmt: skip
    unread = [f"{info.path} could not be read: {info.error}" for info in report.captures if info.error]
    notes = [*unread[:ROWS], *([f"and {len(streams) - ROWS:,} more streams"] if len(streams) > ROWS else [])]
    return panel(
        words.headline(report),
        words.counts(report.summary),
        ("result", "what happened", "who", "lasted", "request"),
        rows,
        notes,
    )


def panel(
    headline: str, lead: str, header: Sequence[str], rows: Iterable[Sequence[str]], notes: Iterable[str] = ()
) -> str:
    """Plain HTML without scripts, styles, links or ids, which takes the notebook's own looks."""
    body = [el("tr", *(el("td", one_line(cell, 300)) for cell in row)) for row in rows]
    parts: list[Markup | None] = [
        el("p", el("b", one_line(headline, 600))),
        el("p", one_line(lead, 600)) if lead else None,
        el(
            "table",
            el("thead", el("tr", *(el("th", title, scope="col") for title in header))),
            el("tbody", *body),
        )
        if body
        else None,
        *(el("p", one_line(note, 300)) for note in notes),
    ]
    return str(el("div", *parts))
