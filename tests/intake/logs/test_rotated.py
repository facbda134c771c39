"""Rotated sets are read from the oldest file to the newest."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from analyzer.intake.logs.rotated import in_order
from analyzer.options import Options
from analyzer.pipeline import analyze


@pytest.mark.parametrize(
    "ordered",
    [
        ["access.log.10.gz", "access.log.2.gz", "access.log.1", "access.log"],
        ["access.log-20261119.gz", "access.log-20261120", "access.log"],
        ["access-2026-11-19.log", "access-2026-11-20.log.zst", "access.log"],
        ["access.log.20261120-06", "access.log.20261120-18"],
    ],
)
def test_a_set_is_read_from_old_to_new(ordered: list[str]) -> None:
    given = sorted(ordered)
    assert [given[place] for place in in_order(given)] == ordered


def test_sets_and_single_files_stay_where_they_are() -> None:
    given = ["error.log", "logs/b.log", "logs/b.log.1", "error.log.1", "10.0.0.1.log", "10.0.0.2.log"]
    assert [given[place] for place in in_order(given)] == [
        "error.log.1", "error.log", "logs/b.log.1", "logs/b.log", "10.0.0.1.log", "10.0.0.2.log",
    ]  # fmt: skip


def test_the_folder_of_a_rotated_log_is_one_story(tmp_path: Path) -> None:
    at = datetime(2026, 11, 22, 10)
    for age, name in enumerate(["access.log", "access.log.1", "access.log.2.gz"]):
        line = (
            f"203.0.113.9 - - [{at - timedelta(hours=age):%d/%b/%Y:%H:%M:%S} +0000]"
            ' "POST /v1/chat/completions HTTP/1.1" 504 160 "-" "curl/8.5.0"\n'
        ).encode()
        (tmp_path / name).write_bytes(gzip.compress(line) if name.endswith("gz") else line)
    report = analyze([tmp_path], Options())
    assert [Path(info.path).name for info in report.captures] == [
        "access.log.2.gz",
        "access.log.1",
        "access.log",
    ]
    assert len(report.streams) == 3
