"""The starting point for a new rule is itself a sound rule."""

from __future__ import annotations

import pytest

from analyzer.causes import CAUSES
from analyzer.engine.check import check
from analyzer.engine.load import load_rule_text
from analyzer.engine.rule import RuleSet
from analyzer.engine.scaffold import new_rule_path, new_rule_template
from analyzer.errors import UsageError


@pytest.mark.parametrize("cause", list(CAUSES))
def test_new_rule_loads_and_holds(cause: str) -> None:
    rule = load_rule_text(new_rule_template("my-rule", cause), new_rule_path("my-rule", cause))
    assert rule.cause == cause
    assert check(RuleSet({rule.id: rule}), complete=False) == []


@pytest.mark.parametrize("rule_id", ["", "Upper", "a b", "../x", "a--b", "-a", "a\n", "x" * 90])
def test_id_that_is_no_file_name_is_refused(rule_id: str) -> None:
    with pytest.raises(UsageError, match="cannot be a rule id"):
        new_rule_template(rule_id, "offline")


def test_unknown_cause_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match='nearest is "gateway-timeout"'):
        new_rule_path("my-rule", "gateway-timeot")
