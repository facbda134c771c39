"""What a rule and a set of rules know about themselves."""

from __future__ import annotations

from analyzer.engine.rule import Clause, Mark, RuleSet, weaker
from tests.engine.making import clause, group, rule


def made(*rules: object) -> RuleSet:
    return RuleSet({each.id: each for each in rules})  # type: ignore[attr-defined]


def test_rule_named_by_id_wins_over_a_selector() -> None:
    ruleset = made(
        rule("wide", refines=("cause:gateway-timeout",)),
        rule("exact", refines=("wide",)),
    )
    assert ruleset.beats["wide"] == set()
    assert ruleset.beats["exact"] == {"wide"}


def test_selectors_reach_every_rule_but_their_own() -> None:
    ruleset = made(rule("a", refines=("basis:response",)), rule("b"), rule("c", basis="transport"))
    assert ruleset.beats == {"a": {"b"}, "b": set(), "c": set()}


def test_refining_is_inherited() -> None:
    ruleset = made(rule("a"), rule("b", refines=("a",)), rule("c", refines=("b",)), rule("d", refines=("c",)))
    assert ruleset.beats["d"] == {"a", "b", "c"}


def test_selector_of_a_refined_rule_is_inherited() -> None:
    ruleset = made(
        rule("net", cause="offline", basis="transport"),
        rule("wide", refines=("basis:transport",)),
        rule("exact", refines=("wide",)),
    )
    assert ruleset.beats["exact"] == {"wide", "net"}


def test_clause_reads_as_it_was_written() -> None:
    assert clause("status", [502, 504]).text == "status: [502, 504]"
    assert clause("in_band_error|unless", True).text == "in_band_error|unless: true"
    assert (
        clause("ttfb_ms|near", {"value": 60000, "within": 5}).text
        == "ttfb_ms|near: {value: 60000, within: 5}"
    )


def test_columns_include_the_other_one_and_the_kind() -> None:
    when = group(
        all=[
            clause("status|gt_column", "upstream_status"),
            clause("ttfb_ms|near_column", {"column": "active_ms", "within": 1}),
        ]
    )
    assert rule("r", when, kinds=("har",)).columns == {
        "status",
        "upstream_status",
        "ttfb_ms",
        "active_ms",
        "capture_kind",
    }


def test_positive_clauses_are_those_outside_every_none() -> None:
    when = group(
        all=[group(any=[clause("status", 1)], none=[clause("events", 0)])], none=[clause("gateway", "x")]
    )
    assert [each.column for each in when.positive()] == ["status"]
    assert [each.column for each in when.clauses()] == ["status", "events", "gateway"]


def test_place_is_the_nearest_one_known() -> None:
    made_rule = rule("r").located({("when",): Mark(5, 1), (): Mark(1, 1)})
    assert made_rule.place("when", "all", 0) == "rules/gateway/r.yaml:5:1"
    assert made_rule.place("say") == "rules/gateway/r.yaml:1:1"
    assert rule("r").place("say") == "rules/gateway/r.yaml"


def test_confidence_steps_down_to_possible() -> None:
    assert [weaker("certain"), weaker("likely"), weaker("possible")] == ["likely", "possible", "possible"]


def test_clauses_compare_by_value() -> None:
    assert Clause("status", "equals", 504) == clause("status", 504)
