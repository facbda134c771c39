"""The proof of rules: their own examples, refinement, coverage; and the rules of this program."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from analyzer.engine.check import check, example_row
from analyzer.engine.load import load_rules
from analyzer.engine.rule import Quiet, RuleSet
from tests.engine.making import clause, group, rule


def problems(*rules: Any) -> list[str]:
    return [str(each) for each in check(RuleSet({each.id: each for each in rules}), complete=False)]


def test_fixture_rules_hold(ruleset: RuleSet) -> None:
    assert [each for each in check(ruleset, complete=False) if each.severity == "error"] == []


def test_example_that_does_not_fire_is_an_error_that_says_why() -> None:
    (found,) = problems(rule("a", fires=({"status": 502},)))
    assert "a does not fire on its own example: clear: status: 504" in found


def test_near_miss_that_fires_is_an_error() -> None:
    (found,) = problems(rule("a", quiet=(Quiet({"status": 504}, "it should differ"),)))
    assert "fires on a near miss" in found
    assert "it should differ" in found


def test_another_verdict_on_an_example_is_a_warning() -> None:
    weak = rule("weak", cause="server-error", basis="inference", fires=({"status": 504},))
    (found,) = problems(rule("strong"), weak)
    assert found.startswith("warning:")
    assert "the verdict is strong" in found
    assert problems(rule("strong", refines=("weak",)), weak) == []


def test_text_that_cannot_be_written_is_an_error() -> None:
    (found,) = problems(rule("a", say="{{ nothing }}", fires=({"status": 504},)))
    assert "a text cannot be written" in found


def test_selector_that_names_nobody_is_a_warning() -> None:
    (found,) = problems(rule("a", refines=("basis:context",)))
    assert "which no rule has" in found


def test_mutual_selectors_and_rings_are_warnings() -> None:
    one = rule("one", basis="transport", refines=("basis:context",))
    two = rule("two", basis="context", refines=("basis:transport",))
    assert all("refine each other by selectors" in found for found in problems(one, two))
    ring = [
        rule("a", cause="bad-gateway", refines=("cause:server-error",)),
        rule("b", cause="server-error", refines=("cause:offline",)),
        rule("c", cause="offline", refines=("cause:bad-gateway",)),
    ]
    (found,) = problems(*ring)
    assert "in a ring" in found


def test_each_cause_needs_a_rule() -> None:
    found = [
        str(each)
        for each in check(RuleSet({"a": rule("a"), "b": rule("b", cause="offline", kinds=("log",))}))
    ]
    assert any("the cause completed has no rule" in each for each in found)
    assert any(each.startswith("warning") and "offline" in each for each in found)
    assert not any("gateway-timeout" in each or "unexplained" in each for each in found)


def test_only_the_chosen_rules_are_checked() -> None:
    broken = rule("broken", fires=({"status": 1},))
    ruleset = RuleSet({"broken": broken, "fine": rule("fine")})
    assert check(ruleset, only=["fine"], complete=False) == []
    assert len(check(ruleset, only=["broken"], complete=False)) == 1


def test_example_rows_are_streams_of_the_first_kind() -> None:
    row = example_row(
        replace(rule("a", group(all=[clause("status", 1)])), kinds=("log", "har")), {"status": 1}
    )
    assert (row.capture_kind, row.is_stream, row.status, row.url) == ("log", True, 1, None)


def test_the_rules_of_this_program_hold() -> None:
    ruleset = load_rules(thorough=True)
    errors = [str(each) for each in check(ruleset, complete=False) if each.severity == "error"]
    assert errors == []
