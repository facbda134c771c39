"""Page loads, as haralyzer counts them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.intake.pageview import page_views
from tests.intake.samples import DROP, entry, har, read

PAGE = {
    "id": "page_1",
    "title": "https://app.example/chat",
    "startedDateTime": "2026-03-02T10:15:00.000Z",
    "pageTimings": {"onContentLoad": 230.5, "onLoad": 410.25},
}


def views(tmp_path: Path, *entries: dict[str, Any], pages: Any = (PAGE,)):
    return page_views(read(tmp_path, har(*entries, pages=list(pages))))


def test_a_page_is_counted(tmp_path: Path) -> None:
    (view,) = views(
        tmp_path,
        entry(pageref="page_1"),
        entry(pageref="page_1", _resourceType="script"),
        entry(pageref="page_1", response={"status": 503}),
        entry(pageref="page_1", response={"_error": "net::ERR_FAILED"}),
        entry(pageref="elsewhere"),
        entry(),
    )
    assert (view.title, view.load_ms, view.content_load_ms) == ("https://app.example/chat", 410.25, 230.5)
    assert (view.requests, view.failed, view.bytes) == (4, 2, 436)
    assert view.by_type == {"fetch": 3, "js": 1}


@pytest.mark.parametrize("timings", [{}, None, {"onLoad": -1, "onContentLoad": "soon"}])
def test_a_page_without_times_has_none(tmp_path: Path, timings) -> None:
    (view,) = views(tmp_path, entry(pageref="page_1"), pages=[{**PAGE, "pageTimings": timings}])
    assert (view.load_ms, view.content_load_ms) == (None, None)


def test_pages_without_requests_and_requests_without_pages_have_no_view(tmp_path: Path) -> None:
    assert views(tmp_path, entry()) == []
    assert views(tmp_path, entry(pageref="page_1"), pages=[]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"startedDateTime": ""},
        {"response": {"_transferSize": DROP, "bodySize": -1}},
        {"request": {"url": DROP, "method": DROP}},
        {"response": {"status": DROP, "headers": DROP}},
        {"timings": {}, "time": None},
        {"serverIPAddress": DROP, "connection": DROP},
    ],
)
def test_missing_fields_are_no_error(tmp_path: Path, changes) -> None:
    (view,) = views(tmp_path, entry(pageref="page_1", **changes), entry(pageref="page_1"))
    assert view.requests == 2


def test_types_come_from_the_media_type_where_there_is_no_other(tmp_path: Path) -> None:
    made = entry(pageref="page_1", _resourceType=DROP)
    (view,) = views(tmp_path, made)
    assert view.by_type == {"event stream": 1}
