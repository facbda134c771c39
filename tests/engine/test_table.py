"""Verdicts for a table agree with verdicts for its rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from analyzer.columns import Exchange, columns, create_table_sql
from analyzer.engine.rule import RuleSet
from analyzer.engine.table import evaluate_table
from analyzer.engine.weigh import judge, weigh
from tests.engine.making import clause, group, rule

ROWS = [
    Exchange(capture_kind="log", status=499, closed_by="client"),
    Exchange(capture_kind="log", status=504),
    Exchange(capture_kind="log", status=504, gateway="nginx"),
    Exchange(capture_kind="log", status=504, gateway="nginx", body_kind="json"),
    Exchange(capture_kind="log", status=200, terminal_marker="seen", in_band_error=False, finish_class="ok"),
    Exchange(capture_kind="har", net_error="net::ERR_CONNECTION_RESET", status=200),
    Exchange(capture_kind="log", net_error="net::ERR_CONNECTION_RESET", status=200),
    Exchange(capture_kind="log", status=418),
    Exchange(capture_kind="log", status=200),
    Exchange(),
]  # fmt: skip


@pytest.fixture
def con() -> Iterator[Any]:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute(create_table_sql())
    names = list(columns())
    marks = ", ".join("?" * (len(names) + 1))
    for n, row in enumerate(ROWS * 3):
        connection.execute(
            f"INSERT INTO exchanges VALUES ({marks})", [n, *(getattr(row, name) for name in names)]
        )
    yield connection
    connection.close()


def test_table_and_rows_agree(con: Any, ruleset: RuleSet) -> None:
    verdicts, _ = judge(ROWS, ruleset)
    result = evaluate_table(con, "exchanges", ruleset)
    assert result.rule_errors == []
    found = con.execute(
        "SELECT n, rule, cause, party, severity, confidence FROM verdicts ORDER BY n"
    ).fetchall()
    expected = [(v.rule, v.cause, v.party, v.severity, v.confidence) for v in verdicts]
    assert [tuple(row[1:]) for row in found] == expected * 3


def test_patterns_lead_to_full_verdicts(con: Any, ruleset: RuleSet) -> None:
    result = evaluate_table(con, "exchanges", ruleset, result="mine")
    (pattern,) = con.execute("SELECT pattern FROM mine WHERE n = 2").fetchone()
    verdict = weigh(ROWS[2], result.findings(pattern), ruleset)
    assert verdict.rule == "acme-504"
    assert verdict.evidence


def test_only_chosen_rows_are_weighed(con: Any, ruleset: RuleSet) -> None:
    evaluate_table(con, "exchanges", ruleset, where="status = 499")
    assert con.execute("SELECT n FROM verdicts ORDER BY n").fetchall() == [(0,), (10,), (20,)]


def test_table_without_most_columns_is_enough(ruleset: RuleSet) -> None:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute("CREATE TABLE lines AS SELECT range AS n, 504::BIGINT AS status FROM range(3)")
    evaluate_table(connection, "lines", ruleset)
    assert connection.execute("SELECT DISTINCT cause, rule FROM verdicts").fetchall() == [
        ("gateway-timeout", "status-504")
    ]
    connection.close()


def test_the_recorded_columns_are_told_in_the_tables_order(con: Any, ruleset: RuleSet) -> None:
    recorded = evaluate_table(con, "exchanges", ruleset, where="status = 499").recorded
    assert {"capture_kind", "status"} <= set(recorded)
    assert recorded == [name for name in columns() if name in recorded]
    assert all(con.execute(f'SELECT count("{name}") FROM exchanges').fetchone()[0] for name in recorded)


def test_many_different_values_are_looked_up_by_the_database(ruleset: RuleSet) -> None:
    connection = duckdb.connect(":memory:", config={"threads": 1})
    connection.execute(
        "CREATE TABLE lines AS SELECT range AS n, 504::BIGINT AS status, 'proxy-' || range AS gateway FROM range(3000)"
    )
    evaluate_table(connection, "lines", ruleset)
    assert connection.execute("SELECT rule, count(*) FROM verdicts GROUP BY rule").fetchall() == [
        ("status-504", 3000)
    ]
    connection.close()


def test_empty_table_has_no_verdicts(con: Any, ruleset: RuleSet) -> None:
    con.execute("DELETE FROM exchanges")
    assert evaluate_table(con, "exchanges", ruleset).patterns == {}
    assert con.execute("SELECT count(*) FROM verdicts").fetchone() == (0,)


def test_no_rules_leave_the_fallback(con: Any) -> None:
    evaluate_table(con, "exchanges", RuleSet({}))
    found = dict(con.execute("SELECT cause, count(*) FROM verdicts GROUP BY cause").fetchall())
    assert found == {"unexplained": 21, "completed": 9}


def test_nothing_but_the_result_is_left_behind(con: Any, ruleset: RuleSet) -> None:
    evaluate_table(con, "exchanges", ruleset)
    evaluate_table(con, "exchanges", ruleset)
    assert {name for (name,) in con.execute("SHOW TABLES").fetchall()} == {"exchanges", "verdicts"}


def test_more_rules_than_fit_one_number(con: Any) -> None:
    many = {f"r{i:02}": rule(f"r{i:02}", group(all=[clause("status", 400 + i)])) for i in range(60)}
    evaluate_table(con, "exchanges", RuleSet(many))
    found = con.execute("SELECT DISTINCT rule FROM verdicts WHERE n = 7").fetchall()
    assert found == [("r18",)]
