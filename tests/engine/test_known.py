"""What is known of the columns before any SQL: it may say "never" only when that is true."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from analyzer.columns import Exchange
from analyzer.engine.known import known_from
from analyzer.engine.rule import Clause
from tests.engine import three_valued
from tests.engine.making import clause
from tests.engine.test_compile import clauses, rows


@settings(max_examples=200, deadline=None)
@given(clauses(), rows, rows)
def test_never_means_never(made: Clause, one: Exchange, other: Exchange) -> None:
    held: dict[str, list[Any]] = {name: [getattr(one, name), getattr(other, name)] for name in made.columns()}
    if known_from(held).never(made):
        assert three_valued.clause_truth(made, one) is not True
        assert three_valued.clause_truth(made, other) is not True


def test_value_that_no_row_has_is_never() -> None:
    known = known_from({"status": [200, 502], "gateway": [None, None], "events": [1, None]})
    assert known.never(clause("status", [504, 503]))
    assert not known.never(clause("status", [504, 502]))
    assert known.never(clause("status|gte", 503))
    assert known.never(clause("gateway", "nginx"))
    assert known.never(clause("status|exists", False))
    assert not known.never(clause("events|exists", False))
    assert not known.never(clause("gateway|unless", "nginx"))
    assert known.never(clause("status|unless", [200, 502]))


def test_too_many_values_are_not_known() -> None:
    assert not known_from({"status": range(5000)}).never(clause("status", -1))
