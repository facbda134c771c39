"""Why a rule did not fire: the clause and the column that stopped it."""

from __future__ import annotations

from analyzer.columns import Exchange
from analyzer.engine.explain import Outcome, explain_outcomes
from analyzer.engine.rule import RuleSet
from tests.engine.making import clause, group, rule


def outcome(row: Exchange, *, kinds: tuple[str, ...] = (), **parts: object) -> Outcome:
    return explain_outcomes(row, [rule("r", group(**parts), kinds=kinds)])[0]  # type: ignore[arg-type]


def test_clear_names_the_clause_that_is_not_met() -> None:
    found = outcome(
        Exchange(status=502, gateway="nginx"), all=[clause("gateway", "nginx"), clause("status", 504)]
    )
    assert (found.outcome, found.clause, found.column) == ("clear", "status: 504", "status")


def test_a_false_clause_outweighs_an_unrecorded_one() -> None:
    found = outcome(Exchange(status=502), all=[clause("gateway", "nginx"), clause("status", 504)])
    assert (found.outcome, found.column) == ("clear", "status")


def test_not_applicable_names_the_unrecorded_column() -> None:
    found = outcome(Exchange(status=504), all=[clause("status", 504), clause("ttfb_ms|gte", 1)])
    assert (found.outcome, found.column, found.clause) == ("not-applicable", "ttfb_ms", "ttfb_ms|gte: 1")
    assert found.text == "not applicable: ttfb_ms is not recorded (ttfb_ms|gte: 1)"


def test_not_applicable_names_the_other_column_of_a_comparison() -> None:
    found = outcome(Exchange(status=504), all=[clause("status|gt_column", "upstream_status")])
    assert found.column == "upstream_status"


def test_blocking_none_clause_is_named() -> None:
    found = outcome(
        Exchange(status=504, gateway="caddy"), all=[clause("status", 504)], none=[clause("gateway", "caddy")]
    )
    assert (found.outcome, found.clause) == ("clear", "gateway: caddy")


def test_any_without_a_true_clause_names_the_unrecorded_one() -> None:
    found = outcome(Exchange(status=502), any=[clause("status", 504), clause("grpc_status", 4)])
    assert (found.outcome, found.column) == ("not-applicable", "grpc_status")


def test_other_capture_kind_is_not_applicable() -> None:
    found = outcome(Exchange(status=504, capture_kind="har"), kinds=("log",), all=[clause("status", 504)])
    assert (found.outcome, found.column) == ("not-applicable", "capture_kind")


def test_fired_carries_the_finding() -> None:
    found = outcome(Exchange(status=504), all=[clause("status", 504)], none=[clause("gateway", "caddy")])
    assert found.finding is not None
    assert found.finding.capped
    assert "held at likely" in found.text


def test_place_is_the_clause_in_the_file(ruleset: RuleSet) -> None:
    found = {each.rule: each for each in explain_outcomes(Exchange(status=200, capture_kind="har"), ruleset)}
    assert found["acme-504"].where == "rules_fixture/gateway/acme-504.yaml:8:7"
    assert explain_outcomes(Exchange(), []) == []
