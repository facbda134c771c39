"""Facts of a whole log: what stands out, and what is chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from analyzer.columns import Exchange, create_table_sql
from analyzer.facts.logfacts import add_context, draw_line, rows_of


@pytest.fixture
def con() -> Iterator[Any]:
    made = duckdb.connect(":memory:")
    made.execute("SET TimeZone = 'UTC'")
    made.execute(create_table_sql("exchanges"))
    yield made
    made.close()


def fill(con: Any, durations: list[float], closed_by: str | None, gateway: str = "nginx") -> None:
    first = con.execute("SELECT count(*) FROM exchanges").fetchone()[0]
    con.execute(
        "INSERT INTO exchanges (n, duration_ms, closed_by, closed_phase, gateway, status)"
        " SELECT ? + row_number() OVER () - 1, d, ?, 'headers', ?, 200 FROM (SELECT unnest(?::DOUBLE[]) AS d)",
        [first, closed_by, gateway, durations],
    )


def series(con: Any) -> list[int | None]:
    return [row[0] for row in con.execute("SELECT series_same_duration FROM exchanges ORDER BY n").fetchall()]


def test_clients_that_leave_at_one_age_stand_out(con: Any) -> None:
    fill(con, [30_000.0 + i for i in range(9)], "client")
    add_context(con, "exchanges")
    assert series(con) == [9] * 9
    assert con.execute("SELECT DISTINCT limit_ms FROM exchanges").fetchall() == [(30_000.0,)]


def test_clients_that_leave_at_any_age_do_not_stand_out(con: Any) -> None:
    rng = random.Random(3)
    fill(con, [rng.uniform(1000, 60_000) for _ in range(2000)], "client")
    add_context(con, "exchanges")
    assert sum(value is not None for value in series(con)) < 20


def test_silent_lines_count_only_at_a_peak_of_a_known_limit(con: Any) -> None:
    rng = random.Random(4)
    fill(con, [rng.uniform(6000, 90_000) for _ in range(300)], None, "alb")
    fill(con, [60_010.0] * 30, None, "alb")
    add_context(con, "exchanges")
    found = series(con)
    assert all(value is not None and value >= 30 for value in found[300:])
    assert sum(value is not None for value in found[:300]) < 10


def test_long_polls_spread_out_are_no_peak(con: Any) -> None:
    rng = random.Random(5)
    fill(con, [rng.uniform(6000, 90_000) for _ in range(300)], None, "alb")
    add_context(con, "exchanges")
    assert all(value is None for value in series(con))


def test_rows_come_back_as_exchanges(con: Any) -> None:
    fill(con, [1000.0, 2000.0], "proxy")
    rows = rows_of(con, "exchanges", [1])
    assert rows == {
        1: Exchange(
            duration_ms=2000.0, closed_by="proxy", closed_phase="headers", gateway="nginx", status=200
        )
    }
    assert rows_of(con, "exchanges", []) == {}


def test_a_line_is_drawn_from_its_own_times() -> None:
    row = Exchange(duration_ms=5000.0, ttfb_ms=200.0, upstream_connect_ms=3.0, closed_by="proxy", status=200)
    drawn = draw_line(row)
    assert [(phase.kind, phase.start_ms, phase.end_ms) for phase in drawn.phases] == [
        ("connect", 0.0, 3.0), ("wait", 3.0, 200.0), ("receive", 200.0, 5000.0),
    ]  # fmt: skip
    assert drawn.cut_ms == 5000.0


def test_a_healthy_line_has_no_cut() -> None:
    assert draw_line(Exchange(duration_ms=5000.0, closed_by="none", status=200)).cut_ms is None
