"""A connection with the exchange table, and a reader that returns the rows it made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from analyzer.columns import create_table_sql
from analyzer.intake.logs import LogResult, read_log

Read = Callable[..., tuple[LogResult, list[dict[str, Any]]]]


@pytest.fixture
def con() -> Iterator[Any]:
    connection = duckdb.connect()
    connection.execute(create_table_sql())
    yield connection
    connection.close()


@pytest.fixture
def read(con: Any, tmp_path: Path) -> Read:
    def run(
        content: bytes | str, name: str = "access.log", **options: Any
    ) -> tuple[LogResult, list[dict[str, Any]]]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        result = read_log(con, path, **options)
        cursor = con.execute("SELECT * FROM exchanges ORDER BY n")
        names = [item[0] for item in cursor.description]
        return result, [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    return run
