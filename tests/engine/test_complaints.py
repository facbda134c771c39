"""Complaints, one or many, and the names they suggest."""

from __future__ import annotations

import pytest

from analyzer.engine.complaints import RuleErrors, nearest, raise_all
from analyzer.errors import RuleError


def test_nothing_collected_raises_nothing() -> None:
    raise_all([])


def test_one_complaint_is_raised_as_it_is() -> None:
    with pytest.raises(RuleError) as caught:
        raise_all([RuleError("wrong", where="a.yaml:1:2")])
    assert not isinstance(caught.value, RuleErrors)


def test_many_complaints_are_counted_by_file() -> None:
    with pytest.raises(RuleErrors) as caught:
        raise_all(
            [RuleError("one", where="a.yaml:1:2"), RuleError("two", where="b.yaml:3:4", expected="this")]
        )
    assert str(caught.value) == "2 problems in 2 files\na.yaml:1:2: one\nb.yaml:3:4: two\n  expected: this"


def test_nearest_name_or_the_short_list() -> None:
    assert nearest("statu", ["status", "server"], what="a column") == 'a column; nearest is "status"'
    assert nearest("zzz", ["a", "b"], what="one of") == "one of: a, b"
    assert nearest("zzz", [f"name{i}" for i in range(40)], what="a column") == "a column"
    assert nearest(5, ["a"], what="one") == "one: a"
