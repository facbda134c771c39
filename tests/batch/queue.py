"""Queues of tickets on disk, and the program run over them as people run it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb

from analyzer.resources import folder

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = (
    "nginx-idle-60s.har", "openai-completed.har", "anthropic-overloaded.har", "firefox-cut.har", "openai-401.har",
    "connection-closed.har",
)  # fmt: skip
# Columns that say when, how fast or in which order something was done, not what came of it.
TIMES = ("seconds", "analysed_at", "number")


def queue(place: Path, count: int, samples: tuple[str, ...] = SAMPLES) -> Path:
    """A folder per ticket, each with one of the bundled samples."""
    for number in range(count):
        name = samples[number % len(samples)]
        ticket = place / f"T-{number:03d}"
        ticket.mkdir(parents=True)
        shutil.copy(folder("sample_hars") / name, ticket / name)
    return place


def command(what: Path, out: Path, *options: str) -> list[str]:
    """The command line."""
    return [sys.executable, "-m", "analyzer", "batch", str(what), "-o", str(out), "--jobs", "2", *options]


def environment() -> dict[str, str]:
    """The environment in which this checkout is run."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def run(what: Path, out: Path, *options: str, code: int = 0) -> str:
    """`hangup batch` to its end; what it says on stderr."""
    done = subprocess.run(
        command(what, out, *options), capture_output=True, text=True, env=environment(), timeout=240
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def rows(store: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table of a store, without times, in a fixed order."""
    with duckdb.connect(str(store), read_only=True) as db:
        found = db.execute(f"SELECT * FROM {table} ORDER BY ALL")
        names = [column[0] for column in found.description]
        return [
            {name: value for name, value in zip(names, row, strict=True) if name not in TIMES}
            for row in found.fetchall()
        ]


def contents(store: Path) -> dict[str, list[dict[str, Any]]]:
    """Everything that a run made, row for row."""
    return {table: rows(store, table) for table in ("tickets", "captures", "streams", "unfilled")}
