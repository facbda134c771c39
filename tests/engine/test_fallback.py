"""What is said of a row on which no rule fired."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.columns import Exchange
from analyzer.engine.db import connection
from analyzer.engine.evaluate import load_rows
from analyzer.engine.fallback import cause_sql, columns_read, fallback
from analyzer.engine.weigh import as_shown

CASES: list[tuple[dict[str, Any], str]] = [
    ({}, "completed"),
    ({"status": 200}, "completed"),
    ({"status": 200, "terminal_marker": "none", "ending_signal": "clean-close"}, "completed"),
    ({"status": 500}, "unexplained"),
    ({"status": 0}, "unexplained"),
    ({"status": 0, "end_recorded": False}, "open-at-export"),
    ({"net_error": "net::ERR_FAILED"}, "unexplained"),
    ({"failure_text": "it broke", "end_recorded": False}, "unexplained"),
    ({"terminal_marker": "missing"}, "unexplained"),
    ({"terminal_marker": "missing", "end_recorded": False}, "open-at-export"),
    ({"cut_inside_event": True}, "unexplained"),
    ({"cut_inside_event": True, "ending_by": "recorder"}, "open-at-export"),
    ({"cut_inside_event": False, "in_band_error": False}, "completed"),
    ({"in_band_error": True, "end_recorded": False}, "unexplained"),
    ({"close_code": 1000}, "completed"),
    ({"close_code": 1006}, "unexplained"),
    ({"grpc_status": 0}, "completed"),
    ({"grpc_status": 14}, "unexplained"),
    ({"finish_class": "limit"}, "completed"),
    ({"finish_class": "error"}, "unexplained"),
    ({"closed_by": "client", "closed_why": "abort"}, "unexplained"),
    ({"closed_by": "none", "closed_why": "none"}, "completed"),
    ({"end_recorded": False}, "open-at-export"),
    ({"ending_signal": "not-ended"}, "open-at-export"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "cause"), CASES, ids=[str(case[0]) for case in CASES])
def test_verdict_without_a_rule(values: dict[str, Any], cause: str) -> None:
    verdict = fallback(Exchange(**values), as_shown)
    assert verdict.cause == cause
    assert verdict.rule is None
    assert verdict.confidence == "possible"
    assert verdict.settle


def test_sql_says_the_same() -> None:
    con = connection()
    try:
        known = load_rows(con, "cases", [Exchange(**values) for values, _ in CASES], columns_read())
        found = con.execute(f"SELECT {cause_sql(known.absent)} FROM cases ORDER BY n").fetchall()
    finally:
        con.close()
    assert [cause for (cause,) in found] == [cause for _, cause in CASES]


def test_sql_over_a_table_without_any_of_the_columns() -> None:
    con = connection()
    try:
        assert con.execute(f"SELECT {cause_sql(columns_read())}").fetchone() == ("completed",)
    finally:
        con.close()


def test_evidence_of_the_unexplained_is_what_failed() -> None:
    verdict = fallback(Exchange(net_error="net::ERR_FAILED", status=200, where="$.log.entries[3]"), as_shown)
    assert verdict.evidence[0].column == "net_error"
    assert verdict.evidence[0].role == "primary"
    assert verdict.evidence[0].where == "$.log.entries[3]"


def test_quiet_end_says_that_nothing_proves_it() -> None:
    assert "no end marker" in fallback(Exchange(status=200), as_shown).explanation


def test_settling_names_the_seconds_around_the_end() -> None:
    row = Exchange(
        net_error="net::ERR_FAILED", capture_kind="har", ended_at=datetime(2026, 3, 2, 10, 15, 4, tzinfo=UTC)
    )
    assert "10:15:03-10:15:05 UTC" in (fallback(row, as_shown).settle or "")
