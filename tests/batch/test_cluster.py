"""Tickets on a real scheduler with two worker processes; one is killed in mid-run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from analyzer.batch.cluster import Cluster
from analyzer.batch.ledger import Ledger, unpacked
from analyzer.batch.model import Attachment, Ticket
from analyzer.batch.versions import judging_version, reading_version
from analyzer.batch.worker import Reply, Setup, Task, do
from analyzer.errors import HangupError, UsageError
from tests.batch import works
from tests.batch.test_split import LOGS, write
from tests.conftest import ROOT

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}
SETUP = Setup(
    rules=[],
    stream_paths=[],
    log_format=None,
    reading=reading_version(),
    ruleset=judging_version(),
    memory=None,
)


class Dask:
    """A scheduler and its workers, all on loopback."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        file = folder / "scheduler.json"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file", str(file)
        )
        wait_for(file.exists)
        wait_for(lambda: '"address"' in file.read_text())
        self.address: str = json.loads(file.read_text())["address"]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments]
        return subprocess.Popen(
            command, env=ENVIRONMENT, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def worker(self) -> subprocess.Popen[bytes]:
        started = self._start(
            "worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1"
        )
        self.workers.append(started)
        return started

    def close(self) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait()


def wait_for(happened: Callable[[], bool]) -> None:
    for _ in range(600):
        if happened():
            return
        time.sleep(0.05)
    raise AssertionError("it never happened")


@pytest.fixture(scope="module")
def dask(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dask]:
    """For tests that leave all alive."""
    yield from started(tmp_path_factory.mktemp("dask"))


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Dask]:
    """For tests that kill."""
    yield from started(tmp_path)


def started(folder: Path) -> Iterator[Dask]:
    made = Dask(folder)
    made.worker()
    made.worker()
    try:
        yield made
    finally:
        made.close()


def tasks(count: int, folder: Path, tags: dict[int, str] | None = None) -> list[Task]:
    captures = folder / "captures"
    captures.mkdir()
    found = []
    for number in range(count):
        path = captures / f"{number}.har"
        path.write_bytes(b"x" * (number + 1))
        tag = (tags or {}).get(number)
        attachment = Attachment(url=str(path), name=path.name)
        found.append(
            Task(ticket=Ticket(id=str(number), attachments=(attachment,), tags=(tag,) if tag else ()))
        )
    return found


def states(replies: list[Reply]) -> dict[str, str]:
    return {reply.ticket: reply.entry.state for reply in replies if reply.entry is not None}


def sizes(replies: list[Reply]) -> dict[str, int]:
    found = {}
    for reply in replies:
        assert reply.entry is not None
        (stream,) = msgspec.msgpack.decode(unpacked(reply.entry.streams_data))
        found[reply.ticket] = stream["body_bytes"]
    return found


def test_a_run_survives_the_death_of_a_worker(doomed: Dask, tmp_path: Path) -> None:
    work = tasks(60, tmp_path)
    asked: list[str] = []

    def given() -> Iterator[Task]:
        for task in work:
            asked.append(task.ticket.id)
            yield task

    found: list[Reply] = []
    with Cluster(SETUP, doomed.address, work=works.slow) as cluster:
        wait_for(lambda: cluster.processes == 2)  # the second may still be on its way
        for replies in cluster.run(given()):
            found += replies
            # Only so much is out as keeps the workers busy.
            assert len(asked) - len(found) <= 5
            if len(found) == 10:
                doomed.workers[0].send_signal(signal.SIGKILL)
    assert sizes(found) == {str(n): n + 1 for n in range(60)}
    assert len(found) == 60


def test_parts_are_written_by_the_workers_and_a_poisoned_ticket_is_a_row(
    doomed: Dask, tmp_path: Path
) -> None:
    for _ in range(4):  # the poison takes two at each try: with its companions, then alone
        doomed.worker()
    work = tasks(9, tmp_path, {4: "poison", 7: "bug"})
    parts = tmp_path / "parts"
    with Cluster(
        SETUP, doomed.address, parts=str(parts), chunk=3, in_flight=2, work=works.poisoned
    ) as cluster:
        found = [reply for replies in cluster.run(work) for reply in replies]
    assert len(found) == 9
    assert states(found) == {str(n): "failed" if n in (4, 7) else "done" for n in range(9)}
    reasons = {reply.ticket: reply.entry.reason or "" for reply in found if reply.entry is not None}
    assert "died" in reasons["4"]
    assert "ZeroDivisionError" in reasons["7"]
    done = [reply for reply in found if reply.ticket not in ("4", "7")]
    assert sizes(done) == {str(n): n + 1 for n in range(9) if n not in (4, 7)}
    # One part for the three that went together, one for each of those that had to go alone.
    assert len(list(parts.glob("streams-*.parquet"))) == 1 + 2 + 2


def test_real_tickets_get_the_verdicts_they_get_here(dask: Dask, tmp_path: Path) -> None:
    samples = [
        path for name in ("nginx-504", "openai-completed") for path in ROOT.glob(f"sample_hars/{name}.har")
    ]
    work = [
        Task(ticket=Ticket(id=path.stem, attachments=(Attachment(url=str(path), name=path.name),)))
        for path in samples
    ]
    work.append(
        Task(
            ticket=Ticket(
                id="gone", attachments=(Attachment(url=str(tmp_path / "gone.har"), name="gone.har"),)
            )
        )
    )
    with Cluster(SETUP, dask.address, seconds=60) as cluster:
        found = [reply for replies in cluster.run(work) for reply in replies]
    verdicts = {
        reply.ticket: (reply.entry.state, reply.entry.cause) for reply in found if reply.entry is not None
    }
    local = {task.ticket.id: do(task, SETUP).entry for task in work}
    assert verdicts == {name: (made.state, made.cause) for name, made in local.items() if made is not None}
    assert verdicts["gone"][0] == "unreadable"


def test_a_large_log_is_read_by_all_workers_with_the_same_result(dask: Dask, tmp_path: Path) -> None:
    write(tmp_path, LOGS["nginx with its error log"])
    attachments = tuple(Attachment(url=str(path), name=path.name) for path in sorted(tmp_path.glob("*.log")))
    task = Task(ticket=Ticket(id="1", attachments=attachments))
    with Cluster(SETUP, dask.address, work=works.in_parts) as cluster:
        (found,) = [reply for replies in cluster.run([task]) for reply in replies]
    assert found.entry is not None
    local = do(task, SETUP).entry
    assert local is not None
    for name in ("captures_data", "streams_data"):
        assert unpacked(getattr(found.entry, name)) == unpacked(getattr(local, name))
    assert found.entry.headline == local.headline


def test_stopping_lets_what_is_in_hand_finish(dask: Dask, tmp_path: Path) -> None:
    found: list[Reply] = []
    with Cluster(SETUP, dask.address, work=works.slow) as cluster:
        for replies in cluster.run(tasks(40, tmp_path)):
            found += replies
            cluster.stop()
    assert 1 <= len(found) <= 5


def test_no_scheduler_and_no_worker_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        Cluster(SETUP, "tcp://127.0.0.1:1", patience=0.3)
    lonely = Dask(tmp_path)
    try:
        with pytest.raises(UsageError, match="has no worker"):
            Cluster(SETUP, lonely.address, patience=0.3)
    finally:
        lonely.close()


def test_a_scheduler_that_is_lost_ends_the_run_in_words(doomed: Dask, tmp_path: Path) -> None:
    with (
        Cluster(SETUP, doomed.address, work=works.slow) as cluster,
        pytest.raises(HangupError, match="goes on where it was"),
    ):
        for replies in cluster.run(tasks(40, tmp_path)):
            if replies:
                doomed.scheduler.kill()


def test_the_scheduler_comes_from_the_environment(
    dask: Dask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", dask.address)
    with Cluster(SETUP, work=works.quick) as cluster:
        assert sizes([reply for replies in cluster.run(tasks(1, tmp_path)) for reply in replies]) == {"0": 1}
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    with pytest.raises(UsageError, match="no scheduler is named"):
        Cluster(SETUP)


def test_the_command_gives_the_same_results_as_on_one_machine(dask: Dask, tmp_path: Path) -> None:
    queue = tmp_path / "tickets"
    for name in ("nginx-504", "openai-completed", "openai-http2-reset"):
        (queue / name).mkdir(parents=True)
        shutil.copy(ROOT / "sample_hars" / f"{name}.har", queue / name / "chat.har")
    found = []
    for extra in ((), ("--scheduler", dask.address, "--parts", str(tmp_path / "parts"))):
        out = tmp_path / f"out{len(found)}"
        command = [sys.executable, "-m", "analyzer", "batch", str(queue), "-o", str(out), "--quiet", *extra]
        done = subprocess.run(command, env=ENVIRONMENT, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        with Ledger(out / "hangup.duckdb") as ledger:
            found.append(
                ledger.rows(
                    "SELECT ticket, state, cause, rule, headline, content FROM tickets ORDER BY ticket"
                )
            )
    assert found[0] == found[1]
    assert len(found[0]) == 3
    assert len(list((tmp_path / "parts").glob("results-*.parquet"))) == 1
