"""The pool of workers: a capture that hangs, eats memory or kills its reader costs one row, not the run."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import zstandard

from analyzer.batch.ledger import Entry
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.pool import Pool
from analyzer.batch.worker import Reply, Setup, Task
from analyzer.resources import folder
from tests.batch.test_run import setup

MB = 1_000_000


@pytest.fixture(scope="module")
def heavy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small file that takes long to read, and much memory: 90 MB of exchanges, compressed."""
    sample = json.loads((folder("sample_hars") / "openai-completed.har").read_bytes())
    entries = sample["log"]["entries"]
    one = json.dumps(entries[-1])[:-1].encode() + b', "comment": "' + b"x" * 4000 + b'"}'
    rest = {name: value for name, value in sample["log"].items() if name != "entries"}
    head = json.dumps({**rest, "entries": []})[:-2].encode()
    path = tmp_path_factory.mktemp("heavy") / "heavy.har.zst"
    with path.open("wb") as file, zstandard.ZstdCompressor(level=3).stream_writer(file) as out:
        out.write(b'{"log": ' + head + one)
        for _ in range(90 * MB // len(one)):
            out.write(b"," + one)
        out.write(b"]}}")
    return path


def task(name: str, path: Path) -> Task:
    return Task(ticket=Ticket(id=name, attachments=(Attachment(url=str(path), name=path.name),)))


def small(name: str) -> Task:
    return task(name, folder("sample_hars") / "openai-completed.har")


def outcome(pool: Pool, tasks: list[Task]) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for replies in pool.run(tasks):
        for reply in replies:
            assert reply.error is None, reply.error
            assert reply.entry is not None
            assert reply.ticket not in found
            found[reply.ticket] = reply.entry
    return found


def test_tickets_are_done_by_processes_that_are_used_again() -> None:
    with Pool(setup(), 2, 60) as pool:
        found = outcome(pool, [small(f"T-{n}") for n in range(8)])
        assert pool.processes <= 2
    assert sorted(found) == [f"T-{n}" for n in range(8)]
    assert {entry.state for entry in found.values()} == {"done"}
    assert {entry.cause for entry in found.values()} == {"completed"}


def test_no_task_starts_no_process() -> None:
    with Pool(setup(), 4, 60) as pool:
        assert list(pool.run([])) == []
        assert pool.processes == 0


def test_what_takes_too_long_is_ended_and_the_others_are_done(heavy: Path) -> None:
    long = Ticket(id="B", attachments=task("B", heavy).ticket.attachments * 12)
    with Pool(setup(), 2, 2.0) as pool:
        found = outcome(pool, [small("A"), Task(ticket=long), small("C"), small("D")])
    assert found["B"].state == "failed"
    assert found["B"].reason == "it took longer than the 2 s that it may take"
    assert [found[name].state for name in "ACD"] == ["done"] * 3


def test_what_needs_too_much_memory_is_ended_and_the_others_are_done(heavy: Path) -> None:
    with Pool(setup(memory=220 * MB), 1, 120) as pool:
        found = outcome(pool, [small("A"), task("B", heavy), small("C")])
    assert found["B"].state == "failed"
    assert "memory" in str(found["B"].reason)
    assert [found[name].state for name in "AC"] == ["done"] * 2


def kill_workers(times: int, killed: list[int], over: threading.Event) -> None:
    """Kill a worker while it reads the heavy capture, so many times."""
    while len(killed) < times and not over.is_set():
        for child in psutil.Process().children():
            try:
                busy = child.memory_info().rss > 130 * MB and child.pid not in killed
            except psutil.Error:
                continue
            if busy:
                os.kill(child.pid, signal.SIGKILL)
                killed.append(child.pid)
        time.sleep(0.02)


@pytest.mark.parametrize(("times", "state"), [(1, "done"), (2, "failed")])
def test_a_worker_that_is_killed_is_replaced_and_its_ticket_tried_once_more(
    heavy: Path, times: int, state: str
) -> None:
    killed: list[int] = []
    over = threading.Event()
    killer = threading.Thread(target=kill_workers, args=(times, killed, over))
    killer.start()
    try:
        with Pool(setup(), 1, 120) as pool:
            found = outcome(pool, [task("B", heavy), small("C")])
    finally:
        over.set()
        killer.join()
    assert len(killed) == times
    assert found["B"].state == state
    assert (found["B"].reason is None) == (state == "done")
    assert found["C"].state == "done"


def test_workers_that_cannot_start_end_the_run_and_blame_no_ticket() -> None:
    with Pool(setup(memory=1 * MB), 1, 60) as pool:
        replies = [reply for found in pool.run([small("A")]) for reply in found]
    assert [(reply.entry, reply.error) for reply in replies] == [(None, "the workers cannot be started")]


def test_rules_that_are_wrong_blame_no_ticket(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("id: [")
    with Pool(setup(rules=[str(tmp_path)]), 1, 60) as pool:
        replies = [reply for found in pool.run([small("A")]) for reply in found]
    assert [reply.entry for reply in replies] == [None]
    assert replies[0].error


def test_stopping_takes_no_further_tickets_and_finishes_those_in_hand() -> None:
    taken = []

    def tasks() -> Iterator[Task]:
        for number in range(1000):
            taken.append(number)
            yield small(f"T-{number}")

    with Pool(setup(), 1, 60) as pool:
        done: list[Reply] = []
        for replies in pool.run(tasks()):
            done += replies
            if done:
                pool.stop()
        assert 1 <= len(done) <= len(taken) <= 8


def test_nothing_is_left_of_workers_when_the_pool_ends(heavy: Path) -> None:
    before = {child.pid for child in psutil.Process().children()}
    with Pool(setup(), 2, 60) as pool:
        for replies in pool.run([task("A", heavy), task("B", heavy), small("C")]):
            if replies:
                break
        assert {child.pid for child in psutil.Process().children()} - before
    assert {child.pid for child in psutil.Process().children()} - before == set()


def test_the_setup_makes_the_options_of_an_analysis() -> None:
    made = Setup(
        rules=["a"], stream_paths=["/x/*"], log_format="nginx", reading="r", ruleset="j", memory=None
    ).options
    assert (made.rules, made.stream_paths, made.log_format) == ((Path("a"),), ("/x/*",), "nginx")
