"""The engine's connection to the database in memory."""

from __future__ import annotations

from typing import Any

from analyzer.duck import cursor


def connection() -> Any:
    """A cursor for rules: see `analyzer.duck.cursor`. Close it when done."""
    con = cursor()
    # With a few rows, optimising a long SELECT takes longer than running it as it stands.
    con.execute("PRAGMA disable_optimizer")
    return con
