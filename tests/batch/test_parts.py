"""Part files: what a worker wrote is what the other side reads."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import fsspec
import pytest

from analyzer.batch.ledger import entry
from analyzer.batch.model import Ticket, TicketResult
from analyzer.batch.parts import part_name, read_part, write_part
from analyzer.batch.shape import stream_columns
from analyzer.batch.worker import Reply
from analyzer.errors import HangupError

AT = datetime(2026, 3, 2, 10, 15, tzinfo=UTC)
RESULTS = [
    TicketResult(
        ticket="4711", state="done", severity="failed", cause="gateway-timeout", rule="nginx-504", seconds=0.5,
        streams=[{"id": "s1", "cause": "gateway-timeout", "status": 504, "started_at": AT, "is_stream": True}],
        report=b"{}", documents={"html": b"<!doctype html>"},
    ),
    TicketResult(ticket="4712", state="unreadable", reason="no capture could be read"),
]  # fmt: skip
REPLIES = [
    *(
        Reply(
            ticket=result.ticket,
            entry=entry(Ticket(id=result.ticket), result, source=None, reading="r", ruleset="j"),
        )
        for result in RESULTS
    ),
    Reply(ticket="4713"),  # it has not changed
]


@pytest.mark.parametrize("kind", ["folder", "address"])
def test_what_was_written_is_read_again(kind: str, tmp_path: Path) -> None:
    place = str(tmp_path / "parts") if kind == "folder" else "memory://parts/a"
    name = part_name(["4711", "4712", "4713"])
    write_part(REPLIES, place, name)
    assert read_part(place, name) == REPLIES
    if kind == "address":
        fsspec.filesystem("memory").rm("/parts", recursive=True)


def test_streams_and_tickets_are_tables_for_everybody_to_query(tmp_path: Path) -> None:
    write_part(REPLIES, str(tmp_path), "a")
    write_part(REPLIES[1:], str(tmp_path), "b")
    streams = f"'{tmp_path}/streams-*.parquet'"
    rows = duckdb.sql(f"SELECT ticket, status, epoch_ms(started_at), host FROM {streams}").fetchall()
    assert rows == [("4711", 504, AT.timestamp() * 1000, None)]
    described = duckdb.sql(f"DESCRIBE SELECT * FROM {streams}").fetchall()
    assert [row[0] for row in described] == ["ticket", *stream_columns()]
    tickets = duckdb.sql(f"SELECT ticket, state, cause FROM '{tmp_path}/results-a.parquet'").fetchall()
    assert tickets == [
        ("4711", "done", "gateway-timeout"),
        ("4712", "unreadable", None),
        ("4713", None, None),
    ]


def test_a_part_written_twice_is_one_part_and_nothing_else_lies_around(tmp_path: Path) -> None:
    write_part(REPLIES, str(tmp_path), "a")
    write_part(REPLIES, str(tmp_path), "a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["results-a.parquet", "streams-a.parquet"]
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.iterdir())


def test_a_part_that_is_not_there_is_an_error_that_says_why(tmp_path: Path) -> None:
    with pytest.raises(HangupError, match="a place that this machine sees"):
        read_part(str(tmp_path), "gone")


def test_a_place_that_cannot_be_written_to_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HangupError, match="cannot be written"):
        write_part(REPLIES, str(tmp_path / "file" / "parts"), "a")
