"""The engine's database: offline, closed to files, one view per caller."""

from __future__ import annotations

import threading

import pytest

from analyzer.columns import Exchange
from analyzer.engine.db import connection
from analyzer.engine.evaluate import evaluate, load_rows
from analyzer.engine.rule import RuleSet


def test_database_is_closed_to_the_outside() -> None:
    import duckdb

    con = connection()
    try:
        for sql in ("SELECT * FROM read_csv('/etc/passwd')", "COPY (SELECT 1) TO '/tmp/x'", "INSTALL httpfs"):
            with pytest.raises(duckdb.Error):
                con.execute(sql)
    finally:
        con.close()


def test_connections_do_not_see_each_others_rows() -> None:
    one, other = connection(), connection()
    try:
        load_rows(one, "mine", [Exchange(status=1)], ["status"])
        load_rows(other, "mine", [Exchange(status=2)], ["status"])
        assert one.execute("SELECT status FROM mine").fetchall() == [(1,)]
    finally:
        one.close()
        other.close()


def test_threads_evaluate_side_by_side(ruleset: RuleSet) -> None:
    results: dict[int, list[bool]] = {}

    def work(number: int) -> None:
        rows = [Exchange(capture_kind="har", status=504 if n == number else 200) for n in range(6)]
        results[number] = [bool(each) for each in evaluate(rows, ruleset).findings]

    threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: [n == number for n in range(6)] for number in range(6)}
