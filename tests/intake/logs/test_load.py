"""A format file that does not say what it must is refused with its place and the nearest name."""

from __future__ import annotations

import pytest

from analyzer.errors import RuleError
from analyzer.intake.logs.catalog import new_format
from analyzer.intake.logs.load import read_format, shared_blocks

GOOD = new_format("my-proxy")


def refusal(text: str) -> str:
    with pytest.raises(RuleError) as caught:
        read_format(text, "my.yaml", shared_blocks())
    return str(caught.value)


def test_skeleton_is_accepted() -> None:
    assert read_format(GOOD, "my.yaml", shared_blocks()).id == "my-proxy"


def test_unknown_column_names_the_nearest_one_and_its_place() -> None:
    message = refusal(GOOD.replace("  duration_ms: {from: seconds", "  duraton_ms: {from: seconds"))
    assert message.startswith("my.yaml:18:3: unknown column")
    assert 'nearest is "duration_ms"' in message


def test_unknown_group_is_refused() -> None:
    message = refusal(GOOD.replace("status: {from: status}", "status: {from: statuss}"))
    assert 'unknown group "statuss"' in message
    assert 'nearest is "status"' in message


def test_word_outside_a_closed_vocabulary_is_refused() -> None:
    assert "unknown value of closed_by" in refusal(
        GOOD.replace("closed_by: proxy, closed_phase: data", "closed_by: prxy")
    )


def test_pattern_that_re2_refuses_is_reported_with_its_place() -> None:
    message = refusal(GOOD.replace(r"^(?P<ts>\S+)", r"^(?=x)(?P<ts>\S+)"))
    assert message.startswith("my.yaml:9:3: not a pattern RE2 accepts")


def test_broken_yaml_names_line_and_column() -> None:
    assert refusal("id: [unclosed").startswith("my.yaml:")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("kind: text ", "kind: texts ", 'unknown kind "texts"'),
        ("unit: s}", "unit: sec}", 'unknown unit "sec"'),
        ("marks: end", "marks: ending", 'unknown moment "ending"'),
        ("- use: http-status", "- use: http-statuses", 'unknown shared block "http-statuses"'),
        ("rejects:", "rejekts:", 'unknown key "rejekts"'),
        ("title: What writes this log", "titel: x", 'unknown key "titel"'),
    ],
)
def test_misspelt_words_are_refused(old: str, new: str, says: str) -> None:
    assert says in refusal(GOOD.replace(old, new))


def test_unknown_comparison_is_refused_with_the_known_ones() -> None:
    message = refusal(GOOD.replace("{lt: 400}", "{between: [200, 399]}"))
    assert 'unknown comparison "between"' in message
    assert "gte, gt, lte, lt, not, is" in message
