"""What a run does again and what it does not, and that it loses nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from analyzer.batch.ledger import Ledger
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.run import Here, Progress, run, state_of
from analyzer.batch.sources import find_tickets
from analyzer.batch.worker import Reply, Setup, Task
from analyzer.errors import HangupError
from tests.batch.queue import queue


def setup(**changes: object) -> Setup:
    values: dict[str, object] = {
        "rules": [], "stream_paths": [], "log_format": None, "reading": "r1", "ruleset": "j1", "memory": None,
        **changes,
    }  # fmt: skip
    return Setup(**values)  # type: ignore[arg-type]


def go(ledger: Ledger, what: Path, **changes: object) -> Progress:
    made = setup(**changes)
    return run(ledger, find_tickets([what]), Here(made), made)


def steps(progress: Progress) -> dict[str, int]:
    return dict(progress.steps)


def touch_without_trace(path: Path, data: bytes) -> None:
    """Other bytes behind the same size, time and inode: whoever reads the file notices."""
    before = path.stat()
    assert len(data) == before.st_size
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_second_run_does_nothing(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 6)
    with Ledger(tmp_path / "s.duckdb") as ledger:
        assert steps(go(ledger, what)) == {"analysed": 6}
        before = ledger.rows("SELECT * FROM tickets ORDER BY ticket")
        progress = go(ledger, what)
        assert steps(progress) == {"unchanged": 6}
        assert progress.states == {"done": 6}
        assert ledger.rows("SELECT * FROM tickets ORDER BY ticket") == before


def test_an_unchanged_file_is_not_even_hashed(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 1)
    with Ledger(None) as ledger:
        go(ledger, what)
        capture = next(what.rglob("*.har"))
        touch_without_trace(capture, b"x" * capture.stat().st_size)
        assert steps(go(ledger, what)) == {"unchanged": 1}


def test_only_what_is_new_or_changed_is_analysed(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 4)
    with Ledger(None) as ledger:
        go(ledger, what)
        shutil.copy(what / "T-001" / "openai-completed.har", what / "T-000" / "second.har")
        (what / "T-009").mkdir()
        shutil.copy(what / "T-002" / "anthropic-overloaded.har", what / "T-009")
        assert steps(go(ledger, what)) == {"unchanged": 3, "analysed": 2}
        assert ledger.rows("SELECT captures FROM tickets WHERE ticket = 'T-000'") == [{"captures": 2}]


def test_equal_content_in_another_file_is_hashed_and_not_analysed(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 2)
    with Ledger(None) as ledger:
        go(ledger, what)
        for capture in list(what.rglob("*.har")):
            data = capture.read_bytes()
            capture.unlink()
            capture.write_bytes(data)
        assert steps(go(ledger, what)) == {"unchanged": 2}
        # Now the new files are known, too: nothing is hashed any more.
        for capture in list(what.rglob("*.har")):
            touch_without_trace(capture, b"x" * capture.stat().st_size)
        assert steps(go(ledger, what)) == {"unchanged": 2}


def test_other_rules_judge_again_without_reading_a_capture(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 4)
    with Ledger(None) as ledger:
        go(ledger, what)
        before = ledger.rows("SELECT ticket, cause, rule, content FROM tickets ORDER BY ticket")
        for capture in list(what.rglob("*.har")):
            touch_without_trace(capture, b"x" * capture.stat().st_size)
        assert steps(go(ledger, what, ruleset="j2")) == {"rejudged": 4}
        assert ledger.rows("SELECT ticket, cause, rule, content FROM tickets ORDER BY ticket") == before
        assert steps(go(ledger, what, ruleset="j2")) == {"unchanged": 4}
        assert steps(go(ledger, what, ruleset="j2", reading="r2")) == {"analysed": 4}


def test_tickets_whose_files_are_gone_are_judged_again_from_what_is_stored(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 2)
    tickets = list(find_tickets([what]))
    with Ledger(None) as ledger:
        first = setup()
        run(ledger, tickets, Here(first), first)
        shutil.rmtree(what)
        assert all(state_of(ticket) == (None, True) for ticket in tickets)
        second = setup(ruleset="j2")
        assert steps(run(ledger, tickets, Here(second), second)) == {"rejudged": 2}
        third = setup(ruleset="j2", reading="r2")
        assert steps(run(ledger, tickets, Here(third), third)) == {"unchanged": 2}
        assert ledger.rows("SELECT DISTINCT state FROM tickets") == [{"state": "done"}]


def test_a_new_description_is_taken_over_without_work(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 1)
    ticket = next(find_tickets([what]))
    made = setup()
    with Ledger(None) as ledger:
        run(ledger, [ticket], Here(made), made)
        told = Ticket(
            id=ticket.id,
            attachments=ticket.attachments,
            customer="Acme",
            at="2026-03-02T10:00:00+02:00",
            tags=("x",),
        )
        assert steps(run(ledger, [told], Here(made), made)) == {"unchanged": 1}
        row = ledger.rows("SELECT customer, CAST(opened_at AS VARCHAR) AS opened, tags FROM tickets")[0]
        assert row == {"customer": "Acme", "opened": "2026-03-02 08:00:00", "tags": ["x"]}


def test_a_ticket_that_cannot_be_read_is_a_row_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("it does not work")
    tickets = [
        Ticket(id="A", attachments=(Attachment(url=str(tmp_path / "note.txt"), name="note.txt"),)),
        Ticket(id="B", attachments=(Attachment(url=str(tmp_path / "missing.har"), name="missing.har"),)),
        Ticket(id="C"),
        Ticket(id="D", problems=("chat.har: the export does not hold it",)),
    ]
    made = setup()
    with Ledger(None) as ledger:
        run(ledger, tickets, Here(made), made)
        ledger.fill()
        found = ledger.rows("SELECT ticket, state, reason FROM tickets ORDER BY ticket")
        assert [(row["ticket"], row["state"]) for row in found] == [(t, "unreadable") for t in "ABCD"]
        assert all(row["reason"] for row in found)
        errors = ledger.rows("SELECT ticket, path, error FROM captures ORDER BY ticket")
        assert {row["path"] for row in errors} == {"note.txt", "missing.har", "chat.har"}


def test_the_readable_captures_of_a_ticket_are_judged_beside_the_others(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 1)
    (what / "T-000" / "broken.har").write_text("{")
    with Ledger(None) as ledger:
        go(ledger, what)
        ledger.fill()
        assert ledger.rows("SELECT state, streams FROM tickets") == [{"state": "done", "streams": 1}]
        assert len(ledger.rows("SELECT 1 FROM captures WHERE error IS NOT NULL")) == 1


def test_old_tickets_are_not_looked_at(tmp_path: Path) -> None:
    made = setup()
    ticket = Ticket(id="A", at="2020-01-01T00:00:00Z", problems=("x: y",))
    with Ledger(None) as ledger:
        progress = run(ledger, [ticket], Here(made), made, retention=30)
        assert steps(progress) == {"too old": 1}
        assert ledger.known(["A"]) == {}


def test_what_was_given_up_is_tried_again_with_other_limits_only(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 1)
    made = setup()

    class GivesUp:
        def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
            from analyzer.batch.ledger import entry
            from analyzer.batch.ticket import failed

            for task in tasks:
                result = failed(task.ticket.id, "it took longer than the 1 s that it may take")
                yield [
                    Reply(
                        ticket=task.ticket.id,
                        entry=entry(task.ticket, result, source=task.source, reading="r1", ruleset="j1"),
                    )
                ]

        def stop(self) -> None: ...

    with Ledger(None) as ledger:
        progress = run(ledger, find_tickets([what]), GivesUp(), made, limits="1 s")
        assert progress.states == {"failed": 1}
        assert steps(run(ledger, find_tickets([what]), Here(made), made, limits="1 s")) == {"unchanged": 1}
        assert steps(run(ledger, find_tickets([what]), Here(made), made, limits="9 s")) == {"analysed": 1}
        assert ledger.rows("SELECT state FROM tickets") == [{"state": "done"}]


def test_what_is_no_ticket_s_fault_ends_the_run_and_keeps_what_is_done(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 3)
    made = setup()

    class Full(Here):
        def run(self, tasks: Iterable[Task]) -> Iterator[list[Reply]]:
            for number, replies in enumerate(super().run(tasks)):
                yield replies if number < 2 else [Reply(ticket=replies[0].ticket, error="no room")]

    with Ledger(None) as ledger:
        with pytest.raises(HangupError, match="no room"):
            run(ledger, find_tickets([what]), Full(made), made)
        assert len(ledger.known(["T-000", "T-001", "T-002"])) == 2
        assert steps(go(ledger, what)) == {"unchanged": 2, "analysed": 1}


def test_servers_are_asked_about_several_tickets_at_a_time(tmp_path: Path) -> None:
    """`memory://` is a place that fsspec opens like any other; what is there has no time and no checksum."""
    import fsspec

    system = fsspec.filesystem("memory")
    data = (queue(tmp_path / "q", 1) / "T-000" / "nginx-idle-60s.har").read_bytes()
    tickets = []
    for number in range(10):
        system.pipe(f"/queue/T-{number}/chat.har", data)
        tickets.append(
            Ticket(
                id=f"T-{number}",
                attachments=(Attachment(url=f"memory://queue/T-{number}/chat.har", name="chat.har"),),
            )
        )
    made = setup()
    with Ledger(None) as ledger:
        assert steps(run(ledger, tickets, Here(made), made)) == {"analysed": 10}
        assert steps(run(ledger, tickets, Here(made), made)) == {"unchanged": 10}
        assert ledger.rows("SELECT DISTINCT cause FROM tickets") == [{"cause": "gateway-idle-timeout"}]


def test_no_secret_of_a_capture_enters_the_store(tmp_path: Path) -> None:
    import json

    from analyzer.batch.ledger import DOCUMENTS
    from tests.redact.canary import har, leaks

    ticket = tmp_path / "q" / "T-1"
    ticket.mkdir(parents=True)
    (ticket / "chat.har").write_text(json.dumps(har()), encoding="utf-8")
    with Ledger(tmp_path / "s.duckdb") as ledger:
        for ruleset in ("j1", "j2"):  # as analysed, and as judged again
            go(ledger, tmp_path / "q", ruleset=ruleset)
            ledger.fill()
            said = {
                table: str(ledger.rows(f"SELECT * FROM {table}"))
                for table in ("tickets", "captures", "streams")
            }
            said |= {kind: (ledger.document("T-1", kind) or b"").decode() for kind in DOCUMENTS}
            assert said["html"]
            assert {place: leaks(text) for place, text in said.items() if leaks(text)} == {}
