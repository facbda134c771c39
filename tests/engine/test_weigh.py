"""The weighing table, line by line."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.columns import Exchange
from analyzer.engine.rule import Finding, Rule, RuleSet
from analyzer.engine.weigh import judge, rank, weigh
from tests.engine.making import clause, group, rule


def made(*rules: Rule) -> RuleSet:
    return RuleSet({each.id: each for each in rules})


def ranked(ruleset: RuleSet, *findings: tuple[str, Any]) -> Any:
    return rank(tuple(Finding(*finding) for finding in findings), ruleset)


def test_refining_rule_wins_even_on_weaker_evidence() -> None:
    ruleset = made(
        rule("general", basis="protocol"), rule("special", basis="inference", refines=("general",))
    )
    found = ranked(ruleset, ("general", "certain"), ("special", "possible"))
    assert found.winner == "special"
    assert found.confidence == "possible"
    assert found.runners_up[0][0] == "general"
    assert "more specific" in found.runners_up[0][1]


def test_refining_is_transitive_when_the_middle_one_did_not_fire() -> None:
    ruleset = made(rule("a"), rule("b", refines=("a",)), rule("c", refines=("b",), basis="inference"))
    assert ranked(ruleset, ("a", "certain"), ("c", "possible")).winner == "c"


def test_refining_a_cause_and_a_basis() -> None:
    ruleset = made(
        rule("net", cause="connection-reset", basis="transport"),
        rule("late", cause="buffered-by-proxy", basis="context"),
        rule("wide", basis="inference", refines=("basis:transport", "cause:buffered-by-proxy")),
    )
    assert ruleset.beats["wide"] == {"net", "late"}
    assert ranked(ruleset, ("net", "certain"), ("late", "certain"), ("wide", "possible")).winner == "wide"


def test_selectors_that_name_each_other_cancel_out() -> None:
    ruleset = made(
        rule("one", basis="transport", refines=("basis:context",)),
        rule("two", basis="context", refines=("basis:transport",)),
    )
    assert ranked(ruleset, ("one", "possible"), ("two", "certain")).winner == "one"


def test_ring_of_selectors_falls_back_to_the_table() -> None:
    ruleset = made(
        rule("one", cause="bad-gateway", basis="inference", refines=("cause:server-error",)),
        rule("two", cause="server-error", basis="transport", refines=("cause:offline",)),
        rule("three", cause="offline", basis="context", refines=("cause:bad-gateway",)),
    )
    assert ranked(ruleset, ("one", "likely"), ("two", "likely"), ("three", "likely")).winner == "two"


@pytest.mark.parametrize(
    ("strong", "weak"),
    [("protocol", "response"), ("response", "transport"), ("transport", "context"), ("context", "inference")],
)
def test_stronger_kind_of_evidence_wins_over_confidence(strong: Any, weak: Any) -> None:
    ruleset = made(rule("a", basis=weak), rule("z", basis=strong))
    found = ranked(ruleset, ("a", "certain"), ("z", "possible"))
    assert found.winner == "z"
    assert found.confidence == "possible"


def test_surer_rule_wins_within_a_basis() -> None:
    ruleset = made(rule("a"), rule("z"))
    assert ranked(ruleset, ("a", "possible"), ("z", "likely")).winner == "z"


def test_rule_with_more_clauses_wins_a_tie() -> None:
    longer = group(all=[clause("status", 504), clause("gateway", "nginx")])
    ruleset = made(rule("a"), rule("z", longer))
    found = ranked(ruleset, ("a", "certain"), ("z", "certain"))
    assert found.winner == "z"
    assert found.confidence == "certain"


def test_id_decides_last_and_order_of_findings_never() -> None:
    ruleset = made(rule("b"), rule("a"))
    for order in (("a", "b"), ("b", "a")):
        assert ranked(ruleset, *((each, "likely") for each in order)).winner == "a"


def test_contradiction_takes_one_step_and_is_shown() -> None:
    ruleset = made(rule("a"), rule("b", cause="server-error", title="The server failed"))
    row = Exchange(status=504, where="$.log.entries[0]")
    verdict = weigh(row, [Finding("a", "certain"), Finding("b", "certain")], ruleset)
    assert verdict.rule == "a"
    assert verdict.confidence == "likely"
    assert "The server failed" in verdict.explanation
    assert verdict.runners_up[0].rule == "b"
    assert "another party" in verdict.runners_up[0].why


@pytest.mark.parametrize(
    ("other", "other_confidence"),
    [
        ({"cause": "bad-gateway"}, "certain"),  # the same party
        ({"cause": "server-error", "basis": "transport"}, "certain"),  # weaker evidence
        ({"cause": "server-error"}, "likely"),  # less sure
        ({"cause": "server-error", "confused_with": ("a",)}, "certain"),  # known and told apart
    ],
)
def test_what_is_no_contradiction(other: dict[str, Any], other_confidence: Any) -> None:
    ruleset = made(rule("a"), rule("b", **other))
    found = ranked(ruleset, ("a", "certain"), ("b", other_confidence))
    assert (found.winner, found.confidence, found.against) == ("a", "certain", ())


def test_possible_goes_no_lower() -> None:
    ruleset = made(rule("a"), rule("b", cause="server-error"))
    assert ranked(ruleset, ("a", "possible"), ("b", "possible")).confidence == "possible"


def test_fixture_verdicts(ruleset: RuleSet) -> None:
    rows = [
        Exchange(capture_kind="har", status=504, gateway="nginx", body_kind="html", ttfb_ms=60000.0),
        Exchange(
            capture_kind="har",
            terminal_marker="seen",
            in_band_error=False,
            finish_class="ok",
            net_error="net::ERR_CONNECTION_RESET",
        ),
        Exchange(capture_kind="har", net_error="net::ERR_ABORTED", stop_call_ms=200.0),
    ]
    verdicts, errors = judge(rows, ruleset)
    assert errors == []
    assert [(v.cause, v.rule, v.confidence) for v in verdicts] == [
        ("gateway-timeout", "acme-504", "certain"),
        ("completed", "end-marker-seen", "certain"),
        ("stopped-by-user", "aborted", "likely"),
    ]
    assert [v.settle is None for v in verdicts] == [True, True, False]
    assert "nginx gave up after 60.0 s." in verdicts[0].explanation
    assert verdicts[0].fix.operator[0].startswith("Raise the limit:")


def test_redactor_sees_every_column_that_is_not_fit_to_be_shown() -> None:
    seen: list[str] = []

    def show(column: str, value: object) -> object:
        seen.append(column)
        return "hidden"

    made_rule = rule("a", say="{{ url }} and {{ status }} and {{ error_text }}", evidence=("url", "status"))
    row = Exchange(status=504, url="https://h/?key=secret", error_text="secret\x1b[31m")
    verdict = weigh(row, [Finding("a", "certain")], made(made_rule), show=show)
    assert verdict.explanation == "hidden and 504 and hidden"
    assert verdict.evidence[0].value == "hidden"
    assert "secret" not in str(verdict)
    assert set(seen) == {"url", "error_text"}


def test_text_that_fails_is_reported_and_the_title_stands_in() -> None:
    broken = rule("a", say="{{ status | nothing }}")
    errors: list[str] = []
    verdict = weigh(Exchange(status=504), [Finding("a", "certain")], made(broken), errors=errors)
    assert verdict.explanation == broken.title
    assert len(errors) == 1
    assert "rule a" in errors[0]


def test_runners_up_are_kept_with_their_reasons() -> None:
    rules = [rule("a"), rule("b", basis="transport"), rule("c"), rule("d", cause="bad-gateway")]
    ruleset = made(*rules)
    verdict = weigh(
        Exchange(status=504),
        [Finding("a", "certain"), Finding("b", "certain"), Finding("c", "certain"), Finding("d", "likely")],
        ruleset,
    )
    assert [(each.rule, each.cause) for each in verdict.runners_up] == [
        ("c", "gateway-timeout"),
        ("d", "bad-gateway"),
        ("b", "gateway-timeout"),
    ]
    assert all(each.why for each in verdict.runners_up)
