"""What a verdict shows as proof."""

from __future__ import annotations

from datetime import UTC, datetime

from analyzer.columns import Exchange
from analyzer.engine.evidence import evidence_for, evidence_of
from analyzer.engine.weigh import as_shown
from tests.engine.making import clause, group, rule

ROW = Exchange(status=504, ttfb_ms=60_000.0, where="$.log.entries[17]")


def test_first_recorded_column_is_primary() -> None:
    found = evidence_for(ROW, rule("r", evidence=("gateway", "status", "ttfb_ms")), as_shown)
    assert [(each.role, each.column, each.value) for each in found] == [
        ("primary", "status", 504),
        ("related", "ttfb_ms", 60_000.0),
    ]
    assert {each.where for each in found} == {"$.log.entries[17]"}


def test_columns_of_the_condition_stand_in() -> None:
    found = evidence_for(ROW, rule("r", evidence=("gateway",)), as_shown)
    assert [(each.role, each.column) for each in found] == [("primary", "status")]


def test_rule_about_something_unrecorded_shows_that() -> None:
    absent = rule("r", group(all=[clause("gateway|exists", False)]), evidence=("gateway",))
    (found,) = evidence_for(ROW, absent, as_shown)
    assert (found.role, found.column, found.value) == ("primary", "gateway", None)
    assert found.text.startswith("not recorded: ")


def test_values_are_plain_and_redacted() -> None:
    row = Exchange(
        url="https://h/?k=secret", started_at=datetime(2026, 3, 2, tzinfo=UTC), cut_inside_event=True
    )
    found = evidence_of(row, ["url", "started_at", "cut_inside_event"], lambda _column, _value: "[hidden]")
    assert [each.value for each in found] == ["[hidden]", "2026-03-02T00:00:00+00:00", True]
    assert found[0].text == "the request went to [hidden]"


def test_what_the_redactor_withholds_is_left_out() -> None:
    assert evidence_of(Exchange(url="x"), ["url"], lambda _column, _value: None) == []
