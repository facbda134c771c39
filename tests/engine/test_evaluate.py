"""Rows in, findings out; a rule that the database refuses is named and the others go on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from analyzer.columns import Exchange
from analyzer.engine import operators
from analyzer.engine.evaluate import evaluate
from analyzer.engine.explain import explain_outcomes
from analyzer.engine.operators import OPERATORS
from analyzer.engine.rule import RuleSet
from analyzer.engine.weigh import judge
from tests.engine.making import clause, group, rule


def made(*rules: Any) -> RuleSet:
    return RuleSet({each.id: each for each in rules})


def fired(row: Exchange, text: str, value: Any) -> bool:
    return bool(evaluate([row], made(rule("r", group(all=[clause(text, value)])))).findings[0])


def test_no_rows_and_no_rules_give_nothing(ruleset: RuleSet) -> None:
    assert evaluate([], ruleset).findings == []
    assert evaluate([Exchange(status=504)], RuleSet({})).findings == [[]]


def test_findings_come_in_the_order_of_the_rows(ruleset: RuleSet) -> None:
    rows = [Exchange(capture_kind="har", status=504 if n % 3 == 0 else 200) for n in range(50)]
    found = evaluate(rows, ruleset).findings
    assert [bool(each) for each in found] == [n % 3 == 0 for n in range(50)]


@pytest.fixture
def broken_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator whose SQL fails only when it runs."""
    failing = OPERATORS["equals"]._replace(
        name="fails", sql=lambda c, _, v: f"(CAST({c} || 'x' AS INTEGER) = 1)"
    )
    monkeypatch.setitem(operators.OPERATORS, "fails", failing)


@pytest.mark.usefixtures("broken_operator")
def test_rule_that_the_database_refuses_is_left_out_and_named() -> None:
    ruleset = made(
        rule("before"), rule("broken", group(all=[clause("gateway|fails", "x")])), rule("after"),
    )  # fmt: skip
    found = evaluate([Exchange(status=504, gateway="nginx")], ruleset)
    assert [finding.rule for finding in found.findings[0]] == ["before", "after"]
    (error,) = found.rule_errors
    assert "rule broken was left out" in error
    assert error.startswith("rules/gateway/broken.yaml")
    assert "nginx" not in error


@pytest.mark.usefixtures("broken_operator")
def test_errors_of_rules_reach_the_caller_and_the_explanation() -> None:
    ruleset = made(rule("good"), rule("broken", group(all=[clause("gateway|fails", "x")])))
    row = Exchange(status=504, gateway="nginx")
    verdicts, errors = judge([row], ruleset)
    assert verdicts[0].rule == "good"
    assert len(errors) == 1
    assert [each.outcome for each in explain_outcomes(row, ruleset)] == ["fired", "error"]


def test_hostile_values_do_not_stop_the_run() -> None:
    rows = [
        Exchange(status=10**30, gateway="\ud800\x00'\"", duration_ms=float("nan"), ttfb_ms=float("inf")),
        Exchange(status=504, gateway="x" * 100_000, duration_ms=1.0, ttfb_ms=2.0),
    ]
    conditions = [
        clause("status|gte", 0), clause("gateway|contains", "'"), clause("duration_ms|gte", 0), clause("ttfb_ms|gte", 0),
    ]  # fmt: skip
    ruleset = made(*(rule(f"r{i}", group(all=[each])) for i, each in enumerate(conditions)))
    found = evaluate(rows, ruleset)
    assert found.rule_errors == []
    # A number that the column cannot hold counts as unrecorded.
    assert [finding.rule for finding in found.findings[0]] == ["r1"]
    assert [finding.rule for finding in found.findings[1]] == ["r0", "r2", "r3"]


def test_instants_compare_across_time_zones() -> None:
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    earlier_elsewhere = datetime(2026, 3, 2, 13, tzinfo=timezone(timedelta(hours=5)))
    row = Exchange(started_at=earlier_elsewhere, ended_at=noon)
    assert fired(row, "ended_at|gt_column", "started_at")
    assert not fired(row, "ended_at|lt_column", "started_at")
