"""The work on one ticket: what counts as a capture that could not be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec

from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.ticket import work
from analyzer.model import Report
from analyzer.options import Options
from tests.conftest import ROOT


def ticket(folder: Path) -> Ticket:
    paths = sorted(folder.iterdir())
    return Ticket(id="4711", attachments=tuple(Attachment(url=str(path), name=path.name) for path in paths))


def test_notes_beside_a_capture_are_set_aside_and_a_broken_capture_is_not(tmp_path: Path) -> None:
    shutil.copy(ROOT / "sample_hars" / "nginx-504.har", tmp_path / "chat.har")
    (tmp_path / "notes.txt").write_text("Dear support, it stops after a minute.\n")
    (tmp_path / "config.json").write_text('{"theme": "dark"}')
    (tmp_path / "broken.har").write_text('{"theme": "dark"}')
    result = work(ticket(tmp_path), Options())
    assert result.state == "done"
    assert [(c.path, c.error is None) for c in result.captures] == [("broken.har", False), ("chat.har", True)]
    assert sorted(msgspec.json.decode(result.report or b"", type=Report).skipped) == [
        "config.json",
        "notes.txt",
    ]


def test_with_nothing_that_can_be_read_every_file_has_its_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Dear support, it stops after a minute.\n")
    (tmp_path / "config.json").write_text('{"theme": "dark"}')
    result = work(ticket(tmp_path), Options())
    assert result.state == "unreadable"
    assert sorted(capture.path for capture in result.captures if capture.error) == [
        "config.json",
        "notes.txt",
    ]
