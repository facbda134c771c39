"""The catalogue of rules, and one rule's card."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.causes import CAUSES
from analyzer.engine.load import load_rules
from analyzer.engine.operators import OPERATORS
from analyzer.engine.reference import (
    columns_reference,
    condition_lines,
    confidence_text,
    reference,
    rule_card,
)
from analyzer.engine.rule import BASES, RuleSet
from tests.engine.making import clause, group, rule

DOCS = Path(__file__).parents[2] / "docs"


def test_catalogue_holds_every_rule_and_operator(ruleset: RuleSet) -> None:
    page = reference(ruleset)
    for each in ruleset:
        assert f"### {each.id}\n" in page
        assert f'<a id="cause-{each.cause}"></a>' in page
    for name in OPERATORS:
        assert f"| `{name}` |" in page


def test_catalogue_has_no_dead_links(ruleset: RuleSet) -> None:
    import re

    page = reference(ruleset)
    anchors = set(re.findall(r'<a id="([^"]+)">', page)) | set(re.findall(r"^### (.+)$", page, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


def test_catalogue_in_docs_is_up_to_date() -> None:
    page = DOCS / "reference" / "rules.md"
    expected = reference(load_rules(thorough=True))
    assert page.read_text(encoding="utf-8") == expected, "run: python -m analyzer.engine.reference"


def test_columns_in_docs_are_up_to_date() -> None:
    page = DOCS / "reference" / "columns.md"
    assert page.read_text(encoding="utf-8") == columns_reference(), "run: python -m analyzer.engine.reference"


def test_card_is_plain(ruleset: RuleSet) -> None:
    card = rule_card(ruleset["status-504"], ruleset)
    assert card["confidence"] == "likely; certain when ttfb_ms|near: {value: 60000, within: 1500}"
    assert card["refined_by"] == ["acme-504"]
    assert card["party"] == "gateway"
    assert card["when"] == [
        "any of",
        "  status: [504, 408, 598]",
        "  all of",
        "    status: 200",
        "    grpc_status: 4",
    ]


def test_conditions_read_aloud() -> None:
    when = group(all=[clause("status", 504)], none=[clause("gateway", "x"), clause("via|exists", True)])
    assert condition_lines(when) == [
        "all of",
        "  status: 504",
        "none of",
        "  gateway: x",
        "  via|exists: true",
    ]
    made = rule(
        "r", likely_when=group(any=[clause("status", 1), clause("status", 2)], none=[clause("events", 0)])
    )
    assert confidence_text(made) == "certain; likely when (status: 1 or status: 2) and not events: 0"


@pytest.mark.parametrize("word", [*BASES, *OPERATORS, "certain_when", "confused_with", "settle"])
def test_guide_explains_every_word_of_a_rule(word: str) -> None:
    assert f"`{word}`" in (DOCS / "rules.md").read_text(encoding="utf-8")


def test_guide_names_only_causes_that_exist() -> None:
    import re

    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    for cause in re.findall(r"^cause: ([a-z-]+)", text, re.MULTILINE):
        assert cause in CAUSES
