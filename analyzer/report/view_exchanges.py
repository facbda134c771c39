"""Every exchange of the captures, in portions that a browser can skip while they are off screen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from markupsafe import Markup

from analyzer.model import PageEntry
from analyzer.report.numbers import duration, size
from analyzer.report.svg import num
from analyzer.report.svg_timeline import bar
from analyzer.safe import one_line

PORTION: Final = 200
MOST: Final = 10_000  # rows; a page with more is no use to anybody
_LONG_URL: Final = 220


@dataclass(frozen=True, slots=True)
class ExchangeRow:
    """One row. sort_…: numbers the script sorts by, empty where nothing was recorded."""

    tone: str
    method: str
    url: str
    error: str | None
    status: str
    kind: str
    start: str
    lasted: str
    size: str
    sort_status: str
    sort_start: str
    sort_lasted: str
    sort_size: str
    anchor: str | None
    bar: Markup | None


@dataclass(frozen=True, slots=True)
class Portion:
    """Up to PORTION rows of one capture. span: length of the bars' axis."""

    caption: str
    rows: list[ExchangeRow]


@dataclass(frozen=True, slots=True)
class ExchangesView:
    """All exchanges. kinds: for the filter. spans: what each capture's bars measure. more: rows left out."""

    total: int
    failed: int
    kinds: list[str]
    portions: list[Portion]
    spans: list[tuple[str, str]]
    more: int


def exchanges_view(entries: Sequence[PageEntry], anchors: dict[str, str], several: bool) -> ExchangesView:
    """The table of everything. anchors: section of each stream that has one."""
    portions: list[Portion] = []
    spans: list[tuple[str, str]] = []
    kinds: dict[str, int] = {}
    failed = 0
    for capture, group in groupby(entries[:MOST], key=lambda entry: entry.capture):
        rows = list(group)
        span = _span(rows)
        name = one_line(capture, 120)
        if span > 0:
            spans.append((name, duration(span) or ""))
        made = [_row(entry, anchors, span) for entry in rows]
        for row in made:
            kinds[row.kind] = kinds.get(row.kind, 0) + 1
            failed += row.tone == "failed"
        for first in range(0, len(made), PORTION):
            part = made[first : first + PORTION]
            caption = f"Exchanges {first + 1:,} to {first + len(part):,} of {len(made):,}"
            portions.append(Portion(f"{caption} in {name}" if several else caption, part))
    common = sorted((kind for kind in kinds if kind), key=lambda kind: -kinds[kind])[:16]
    return ExchangesView(
        min(len(entries), MOST), failed, common, portions, spans, max(0, len(entries) - MOST)
    )


def _span(rows: Sequence[PageEntry]) -> float:
    ends = [row.start_ms + (row.duration_ms or 0.0) for row in rows if row.start_ms is not None]
    return max((end for end in ends if math.isfinite(end)), default=0.0)


def _row(entry: PageEntry, anchors: dict[str, str], span: float) -> ExchangeRow:
    failed = bool(entry.net_error) or entry.status == 0 or (entry.status or 0) >= 400
    tone = "failed" if failed else "stream" if entry.stream_id else "plain"
    status = "" if entry.status is None else "none" if entry.status == 0 else str(entry.status)
    return ExchangeRow(
        tone=tone,
        method=one_line(entry.method or "", 20),
        url=_address(entry),
        error=one_line(entry.net_error, 80) if entry.net_error else None,
        status=status,
        kind=one_line(entry.resource_type or "", 24),
        start=duration(entry.start_ms) or "",
        lasted=duration(entry.duration_ms) or "",
        size=size(entry.body_bytes) or "",
        sort_status=_key(entry.status),
        sort_start=_key(entry.start_ms),
        sort_lasted=_key(entry.duration_ms),
        sort_size=_key(entry.body_bytes),
        anchor=anchors.get(entry.stream_id) if entry.stream_id else None,
        bar=bar(entry.start_ms, entry.duration_ms, span),
    )


def _key(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else num(value, 0)


def _address(entry: PageEntry) -> str:
    """The URL without the scheme that goes without saying."""
    return one_line((entry.url or entry.where).removeprefix("https://"), _LONG_URL)
