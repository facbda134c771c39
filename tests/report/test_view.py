from __future__ import annotations

import dataclasses

from analyzer.report.view import MOST_IN_FULL, MOST_ROWS, ReportView, build
from tests.report import build as make


def view(report: make.Report) -> ReportView:
    return build(report, version="1")


def test_first_sentence_is_the_report_s_own() -> None:
    got = view(make.idle_report())
    assert got.headline == "nginx hung up on the answer after 60 seconds of silence."
    assert got.sure is not None and got.sure.startswith("This is likely")
    assert [(c.number, c.label) for c in got.counts] == [
        ("1", "failed"),
        ("1", "nobody’s fault"),
        ("1", "completed"),
    ]


def test_report_without_a_headline_has_the_verdict_s_title() -> None:
    report = make.one(make.user_stop())
    report.summary.headline = ""
    assert view(report).headline == "The page or its user stopped it"


def test_unreadable_captures_are_rows_with_their_reason() -> None:
    got = view(make.batch_report(4))
    rows = {row.capture: row for row in got.overview}
    assert rows["tickets/T-4799/truncated.har"].tone_word == "Not readable"
    assert "byte 1,048,576" in rows["tickets/T-4799/truncated.har"].title
    assert rows["tickets/T-4800/no-streams.har"].tone_word == "No stream"
    assert any(c.label == "not readable" for c in got.counts)


def test_single_stream_needs_no_overview() -> None:
    assert view(make.one(make.completed())).overview == []


def test_only_so_many_streams_are_drawn_in_full() -> None:
    got = view(make.batch_report(MOST_IN_FULL + 10))
    assert len(got.streams) == MOST_IN_FULL
    assert sum(row.anchor is None and bool(row.cause) for row in got.overview) == 10


def test_several_problems_are_announced() -> None:
    got = view(make.batch_report(10))
    assert got.others is not None and "2 different problems" in got.others
    assert view(make.idle_report()).others is None


def test_redaction_is_stated_either_way() -> None:
    report = make.idle_report()
    assert "3 cookie" in view(report).redaction
    report.redacted = None
    assert view(report).redaction.startswith("Not redacted")


def test_unreadable_date_is_shown_as_it_is() -> None:
    report = make.idle_report()
    assert view(report).generated_at == "2026-03-02 11:02:44\u00a0UTC"
    report.generated_at = "yesterday"
    assert view(report).generated_at == "yesterday"
    report.generated_at = ""
    assert view(report).generated_at is None


def test_every_field_of_the_view_is_used_by_a_template() -> None:
    from analyzer.resources import folder

    templates = "".join(path.read_text() for path in folder("templates").rglob("*.j2"))
    unused = [f.name for f in dataclasses.fields(ReportView) if f"view.{f.name}" not in templates]
    assert unused == []


def test_overview_is_limited_and_says_so() -> None:
    report = make.one(make.completed())
    report.streams *= MOST_ROWS + 5
    got = view(report)
    assert len(got.overview) == MOST_ROWS and got.overview_more == 5
