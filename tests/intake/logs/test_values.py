"""The SQL of single values: what it gives for every text, not how it is written."""

from __future__ import annotations

import itertools
import re

import duckdb
import pytest

from analyzer.intake.logs.streams import literal
from analyzer.intake.logs.values import mapped_sql, starts_sql


@pytest.mark.parametrize("pattern", ["^CD", "^[sS]L", r"^\+", "^P[RT]", "^[DUK]D", "^no such", "^a=1:2,3-4"])
def test_a_beginning_is_tested_as_the_pattern_would(pattern: str) -> None:
    sql = starts_sql("v", pattern)
    assert sql is not None
    letters = sorted(set(re.sub(r"[\\^\[\]]", "", pattern)) | {"x"})
    texts = ["", "x", *("".join(t) for n in (1, 2, 3) for t in itertools.product(letters, repeat=n))][:2000]
    found = duckdb.execute(
        f"SELECT v, {sql}, regexp_matches(v, {literal(pattern)}) FROM (SELECT unnest(?) AS v)", [texts]
    ).fetchall()
    assert [(text, quick) for text, quick, _ in found] == [(text, slow) for text, _, slow in found]


@pytest.mark.parametrize(
    "pattern", ["^$", "^UH$", "^C|D", "^ab.c", "^a+", "^a?", "^[a-z]L", "^[^a]", r"^\d", "^(?:5|4)", "CD", "^", "^it's"]
)  # fmt: skip
def test_what_is_more_than_a_beginning_stays_a_pattern(pattern: str) -> None:
    assert starts_sql("v", pattern) is None


def test_a_word_that_is_not_listed_has_no_value() -> None:
    sql = mapped_sql("v", {"true": "https", "it's": "http", "-": None})
    rows = duckdb.execute(f"SELECT {sql} FROM (VALUES ('true'), ('it''s'), ('-'), ('TRUE'), (NULL)) t(v)")
    assert [row[0] for row in rows.fetchall()] == ["https", "http", None, None, None]
