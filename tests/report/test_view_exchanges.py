from __future__ import annotations

from analyzer.model import PageEntry
from analyzer.report.view_exchanges import MOST, PORTION, exchanges_view
from tests.report import build


def test_all_exchanges_are_there_in_portions() -> None:
    view = exchanges_view(build.entries(5000), {"1": "s1"}, False)
    assert view.total == 5000 == sum(len(p.rows) for p in view.portions)
    assert len(view.portions) == -(-5000 // PORTION)
    assert view.portions[1].caption == "Exchanges 201 to 400 of 5,000"


def test_stream_links_to_its_section() -> None:
    rows = exchanges_view(build.entries(10), {"1": "s1"}, False).portions[0].rows
    assert [row.anchor for row in rows if row.anchor] == ["s1"]


def test_each_capture_has_its_own_clock() -> None:
    view = exchanges_view([*build.entries(3, "a.har"), *build.entries(3, "b.har")], {}, True)
    assert [name for name, _ in view.spans] == ["a.har", "b.har"]
    assert view.portions[1].caption.endswith("in b.har")


def test_unrecorded_values_stay_empty() -> None:
    entry = PageEntry(
        where="access.log:7", capture="a", method=None, url=None, status=None, net_error=None, resource_type=None, content_type=None,
        start_ms=None, duration_ms=None, body_bytes=None,
    )  # fmt: skip
    row = exchanges_view([entry], {}, False).portions[0].rows[0]
    assert (row.status, row.kind, row.start, row.lasted, row.size, row.sort_size, row.bar) == (
        "",
        "",
        "",
        "",
        "",
        "",
        None,
    )
    assert row.url == "access.log:7" and row.tone == "plain"


def test_status_0_and_net_errors_are_failures() -> None:
    entry = build.entries(1)[0]
    view = exchanges_view([entry], {}, False)
    assert view.failed == 1 and view.portions[0].rows[0].error == "net::ERR_INCOMPLETE_CHUNKED_ENCODING"


def test_more_rows_than_a_page_can_bear_are_counted_and_left_out() -> None:
    view = exchanges_view(build.entries(3) * 4000, {}, False)
    assert (view.total, view.more) == (MOST, 12_000 - MOST)
