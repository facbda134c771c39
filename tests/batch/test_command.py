"""`hangup batch` as people run it: what it leaves, what it says, how it ends."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from analyzer.batch.progress import Display
from analyzer.batch.run import Progress
from analyzer.batch.versions import judging_version, reading_version
from tests.batch.queue import queue, rows, run


def test_a_run_leaves_a_store_and_results_that_only_their_owner_reads(tmp_path: Path) -> None:
    what, out = queue(tmp_path / "q", 4), tmp_path / "out"
    said = run(what, out)
    assert "4 tickets in" in said
    assert f"wrote {out / 'index.html'}" in said
    assert {"hangup.duckdb", "index.html", "tickets.csv", "streams.parquet", "summary.json", "tickets"} <= {
        path.name for path in out.iterdir()
    }
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.rglob("*"))
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.name != "hangup.duckdb"}
    assert "4 unchanged" in run(what, out)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_changed_rule_judges_again_what_is_stored(tmp_path: Path) -> None:
    what, out, rules = queue(tmp_path / "q", 4), tmp_path / "out", tmp_path / "rules"
    run(what, out)
    (rules / "gateway").mkdir(parents=True)
    (rules / "gateway" / "our-idle-limit.yaml").write_text(
        """
id: our-idle-limit
cause: gateway-idle-timeout
title: Our gateway hangs up after a minute of silence
basis: protocol
refines: [idle-limit]
when: {all: [{idle_before_end_ms|gt: 59000}, {gateway: nginx}]}
confidence: certain
evidence: [idle_before_end_ms]
say: "Nothing came for {{ idle_before_end_ms | duration }}."
fix: {user: [Try again.], operator: [Raise it.], developer: [Send heartbeats.]}
sources: [our own handbook]
examples:
  fires: [{idle_before_end_ms: 60000, gateway: nginx}]
  quiet: [{row: {idle_before_end_ms: 5, gateway: nginx}, because: it was not silent}]
""",
        encoding="utf-8",
    )
    for capture in what.rglob("*.har"):  # same size, time and inode: reading one would be noticed
        before = capture.stat()
        with capture.open("r+b") as file:
            file.write(b"x" * before.st_size)
        os.utime(capture, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert "4 judged again by other rules" in run(what, out, "--rules", str(rules))
    found = {row["ticket"]: row["rule"] for row in rows(out / "hangup.duckdb", "tickets")}
    assert found["T-000"] == "our-idle-limit"
    assert [row["rule"] for row in rows(out / "hangup.duckdb", "streams") if row["ticket"] == "T-000"] == [
        "our-idle-limit"
    ]
    assert "Our gateway hangs up" in (out / "tickets" / "T-000" / "report.html").read_text(encoding="utf-8")


def test_tickets_that_are_gone_from_the_queue_leave_the_results_and_stay_in_the_store(tmp_path: Path) -> None:
    what, out = queue(tmp_path / "q", 4), tmp_path / "out"
    run(what, out)
    shutil.rmtree(what / "T-003")
    run(what, out)
    assert json.loads((out / "summary.json").read_bytes())["tickets"] == 3
    assert not (out / "tickets" / "T-003").exists()
    assert len(rows(out / "hangup.duckdb", "tickets")) == 4


def test_results_inside_the_queue_are_no_tickets(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 2)
    for _ in range(2):
        said = run(what, what / "results", "--store", str(what / "known.duckdb"))
        assert "2 tickets in" in said
    assert [row["ticket"] for row in rows(what / "known.duckdb", "tickets")] == ["T-000", "T-001"]


def test_retention_forgets_tickets_in_the_store_and_in_the_results(tmp_path: Path) -> None:
    queue(tmp_path / "q", 2)
    out = tmp_path / "out"
    listed = tmp_path / "q" / "tickets.csv"
    listed.write_text(
        "id,created_at,attachments\n"
        "OLD-1,2020-01-01T00:00:00Z,T-000/nginx-idle-60s.har\n"
        "NEW-1,2126-01-01T00:00:00Z,T-001/openai-completed.har\n"
    )
    run(listed, out)
    assert len(rows(out / "hangup.duckdb", "tickets")) == 2
    said = run(listed, out, "--retention", "30")
    assert "1 too old" in said
    assert "forgot 1 ticket older than 30 days" in said
    assert [row["ticket"] for row in rows(out / "hangup.duckdb", "tickets")] == ["NEW-1"]
    assert b"OLD-1" not in (out / "hangup.duckdb").read_bytes()
    assert not (out / "tickets" / "OLD-1").exists()


def test_the_exit_code_says_what_was_asked(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 2)
    assert run(what, tmp_path / "a", "--quiet") == ""
    run(what, tmp_path / "a", "--quiet", "--fail-on", "failed", code=1)
    fine = queue(tmp_path / "fine", 1, ("openai-completed.har",))
    run(fine, tmp_path / "b", "--quiet", "--fail-on", "degraded")
    (fine / "T-009").mkdir()
    (fine / "T-009" / "chat.har").write_text("{")
    run(fine, tmp_path / "b", "--quiet")
    run(fine, tmp_path / "b", "--quiet", "--fail-on", "failed", code=3)
    bad = tmp_path / "bad" / "T-1"
    bad.mkdir(parents=True)
    (bad / "chat.har").write_text("{")
    run(bad.parent, tmp_path / "c", "--quiet", code=3)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--layout", "zendesk"), "Zendesk"),
        (("--rules", "/nowhere/rules"), "no such folder"),
        (("--manifest", "/nowhere/list.csv"), ""),
        (("--log-format", "no-such-format"), ""),
    ],
)
def test_wrong_arguments_are_told_and_nothing_is_analysed(
    tmp_path: Path, options: tuple[str, ...], told: str
) -> None:
    what, out = queue(tmp_path / "q", 1), tmp_path / "out"
    said = run(what, out, *options, code=2)
    assert "error:" in said
    assert told.lower() in said.lower()
    assert not (out / "index.html").exists()


def test_no_folder_above_the_queue_and_no_secret_is_in_the_results(tmp_path: Path) -> None:
    what, out = queue(tmp_path / "jane-doe" / "q", 2), tmp_path / "out"
    run(what, out)
    for path in out.rglob("*"):
        if path.is_file():
            assert b"jane-doe" not in path.read_bytes(), path


def test_another_run_on_the_same_store_is_refused(tmp_path: Path) -> None:
    from analyzer.batch.ledger import Ledger

    what, out = queue(tmp_path / "q", 1), tmp_path / "out"
    with Ledger(out / "hangup.duckdb"):
        assert "another hangup has this store open" in run(what, out, code=2)


# ---------------------------------------------------------------------------------- what it says


def test_plain_lines_tell_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    display = Display()
    display._began -= 10
    display._last -= 100
    display.counter = lambda: lambda: 100
    display.progress(Progress(found=50, done=20))
    told = capsys.readouterr().err
    assert told.startswith("20 of 100 tickets, ")
    assert told.endswith(" s left\n")


def test_versions_follow_options_rules_and_nothing_else(tmp_path: Path) -> None:
    assert reading_version() == reading_version()
    assert reading_version(("/a",)) != reading_version()
    assert reading_version(("/a", "/b")) == reading_version(("/b", "/a"))
    assert reading_version(log_format="nginx") != reading_version()
    (tmp_path / "x.yaml").write_text("id: x")
    first = judging_version([tmp_path])
    assert first != judging_version()
    (tmp_path / "note.txt").write_text("not a rule")
    assert judging_version([tmp_path]) == first
    (tmp_path / "x.yaml").write_text("id: y")
    assert judging_version([tmp_path]) != first


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_bar_with_rate_and_time_left(tmp_path: Path) -> None:
    import pty
    import subprocess

    from tests.batch.queue import command, environment

    what = queue(tmp_path / "q", 12)
    master, slave = pty.openpty()
    env = {**environment(), "TERM": "xterm-256color", "COLUMNS": "100"}
    child = subprocess.Popen(command(what, tmp_path / "out"), stderr=slave, stdout=slave, env=env)
    os.close(slave)
    said = b""
    try:
        while piece := os.read(master, 65536):
            said += piece
    except OSError:  # the other end was closed
        pass
    finally:
        os.close(master)
    assert child.wait() == 0
    text = said.decode()
    assert "━" in text
    assert "12/12" in text
    assert "/s" in text
    assert "12 tickets in" in text


def test_a_ticket_whose_name_begins_like_the_store_is_no_result(tmp_path: Path) -> None:
    """`--store q` beside a folder `queue`: only the store's own files are left out."""
    from analyzer.batch.command import _without_results
    from analyzer.batch.model import Attachment, Ticket

    def ticket(*names: str) -> Ticket:
        return Ticket(id="T", attachments=tuple(Attachment(str(tmp_path / name), name) for name in names))

    given = ticket("queue/a.har", "q", "q.wal", "out/x.har", "outer/y.har", "out/../queue/b.har")
    (kept,) = _without_results(iter([given]), tmp_path / "out", tmp_path / "q")
    assert [attachment.name for attachment in kept.attachments] == [
        "queue/a.har", "outer/y.har", "out/../queue/b.har",
    ]  # fmt: skip
