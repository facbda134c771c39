"""The page loads of a HAR, as haralyzer counts them. The only module that knows haralyzer.

haralyzer indexes fields without checking and scans all entries once per page. It is therefore given
one page at a time, rebuilt from rows that our own decoding has checked: every field that it may ask
for is there, and no capture's text reaches it except what the page needs.
"""

from __future__ import annotations

from typing import Any

from analyzer.columns import Exchange
from analyzer.model import Capture, Page, PageView

# A report shows a handful of pages; a capture of a thousand is counted in full elsewhere.
MOST_PAGES = 50
MOST_ENTRIES = 2000

# What a media type holds, first match wins.
_MEDIA = (
    ("javascript", "js"), ("css", "css"), ("html", "document"), ("event-stream", "event stream"), ("image/", "image"),
    ("font", "font"), ("json", "json"), ("audio/", "media"), ("video/", "media"), ("text/", "text"),
)  # fmt: skip
_KINDS = {"stylesheet": "css", "script": "js", "xhr": "fetch"}


def page_views(capture: Capture) -> list[PageView]:
    """One view per page that the capture lists and that has requests, in recorded order.

    Times in ms since the page's start, bytes on the wire; None where the exporter has no number.
    """
    by_page: dict[str, list[Exchange]] = {}
    for recorded in capture.entries:
        if recorded.page is not None:
            by_page.setdefault(recorded.page, []).append(recorded.exchange)
    views = []
    for page in capture.pages[:MOST_PAGES]:
        rows = by_page.pop(page.id, None)
        if rows:
            views.append(_view(capture.info.path, page, rows))
    return views


def _view(path: str, page: Page, rows: list[Exchange]) -> PageView:
    from haralyzer import HarPage

    timed = [row for row in rows if row.started_at is not None][:MOST_ENTRIES]
    view = PageView(
        capture=path,
        title=page.title,
        requests=len(rows),
        by_type=_by_type(rows),
        failed=sum(row.net_error is not None or row.status == 0 or (row.status or 0) >= 400 for row in rows),
    )
    loaded = HarPage(
        page.id, har_data={"log": {"pages": [_page(page)], "entries": [_entry(page, row) for row in timed]}}
    )
    view.load_ms = _known(loaded.page_load_time)
    view.content_load_ms = _known(loaded.content_load_time)
    if len(timed) == len(rows) and any(row.transfer_bytes is not None for row in rows):
        view.bytes = int(loaded.page_size)
    return view


def _page(page: Page) -> dict[str, Any]:
    return {
        "id": page.id,
        "title": page.title,
        "startedDateTime": "",
        "pageTimings": {"onContentLoad": page.on_content_load_ms, "onLoad": page.on_load_ms},
    }


def _entry(page: Page, row: Exchange) -> dict[str, Any]:
    """A minimal entry with every key that haralyzer indexes; -1 is HAR's own "unknown"."""
    return {
        "pageref": page.id,
        "startedDateTime": row.started_at.isoformat() if row.started_at is not None else "",
        "time": row.duration_ms or 0,
        "timings": {},
        "request": {"method": row.method or "GET", "url": row.url or "", "httpVersion": "", "headers": []},
        "response": {
            "status": row.status or 0,
            "statusText": "",
            "httpVersion": "",
            "headers": [],
            "headersSize": -1,
            "bodySize": row.transfer_bytes if row.transfer_bytes is not None else -1,
            "content": {"size": row.body_bytes or 0, "mimeType": row.content_type or ""},
        },
    }


def _by_type(rows: list[Exchange]) -> dict[str, int]:
    """Requests by resource type; by media type where the exporter has no resource types."""
    counts: dict[str, int] = {}
    for row in rows:
        kind = row.resource_type or _kind(row.content_type or "")
        kind = _KINDS.get(kind, kind)
        counts[kind] = counts.get(kind, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _kind(media_type: str) -> str:
    return next((kind for word, kind in _MEDIA if word in media_type), "other")


def _known(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) else None
