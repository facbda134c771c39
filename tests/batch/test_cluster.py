"""Tickets on a real scheduler with two worker processes; one is killed in mid-run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analyzer.batch.cluster import run_on_cluster
from analyzer.batch.model import Attachment, Ticket, TicketResult
from analyzer.errors import UsageError
from analyzer.options import Options
from tests.batch import works
from tests.conftest import ROOT

ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
    "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
}


class Cluster:
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
        import json

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


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path)
    made.worker()
    made.worker()
    try:
        yield made
    finally:
        made.close()


def tickets(count: int, folder: Path, tags: dict[int, str] | None = None) -> list[Ticket]:
    captures = folder / "captures"
    captures.mkdir()
    found = []
    for number in range(count):
        path = captures / f"{number}.har"
        path.write_bytes(b"x" * (number + 1))
        tag = (tags or {}).get(number)
        attachment = Attachment(url=str(path), name=path.name)
        found.append(
            Ticket(
                id=str(number), attachments=(attachment,), customer=str(captures), tags=(tag,) if tag else ()
            )
        )
    return found


def sizes(results: list[TicketResult]) -> dict[str, int]:
    return {result.ticket: result.streams[0]["body_bytes"] for result in results}


def test_a_run_survives_the_death_of_a_worker(cluster: Cluster, tmp_path: Path) -> None:
    work = tickets(60, tmp_path)
    asked: list[str] = []

    def given() -> Iterator[Ticket]:
        for ticket in work:
            asked.append(ticket.id)
            yield ticket

    found: list[TicketResult] = []
    for result in run_on_cluster(given(), Options(), works.slow, scheduler=cluster.address):
        found.append(result)
        # Only so much is out as keeps the workers busy.
        assert len(asked) - len(found) <= 5
        if len(found) == 10:
            cluster.workers[0].send_signal(signal.SIGKILL)
    assert sizes(found) == {str(n): n + 1 for n in range(60)}
    assert len(found) == 60


def test_parts_are_written_by_the_workers_and_a_poisoned_ticket_is_a_row(
    cluster: Cluster, tmp_path: Path
) -> None:
    for _ in range(4):  # the poison takes two at each try: with its companions, then alone
        cluster.worker()
    wait_for(lambda: all(worker.poll() is None for worker in cluster.workers))
    work = tickets(9, tmp_path, {4: "poison", 7: "bug"})
    parts = tmp_path / "parts"
    found = list(
        run_on_cluster(
            work, Options(), works.poisoned, scheduler=cluster.address, parts=str(parts), chunk=3, in_flight=2
        )
    )
    by_ticket = {result.ticket: result for result in found}
    assert len(found) == len(by_ticket) == 9
    assert by_ticket["4"].state == by_ticket["7"].state == "failed"
    assert "died" in (by_ticket["4"].reason or "")
    assert "ZeroDivisionError" in (by_ticket["7"].reason or "")
    done = [result for result in found if result.state == "done"]
    assert sizes(done) == {str(n): n + 1 for n in range(9) if n not in (4, 7)}
    # One part for the three that went together, one for each of those that had to go alone.
    assert len(list(parts.glob("streams-*.parquet"))) == 1 + 2 + 2


def test_no_scheduler_and_no_worker_are_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Dask scheduler answers"):
        list(run_on_cluster([], Options(), works.quick, scheduler="tcp://127.0.0.1:1", patience=0.3))
    lonely = Cluster(tmp_path)
    try:
        with pytest.raises(UsageError, match="has no worker"):
            list(run_on_cluster([], Options(), works.quick, scheduler=lonely.address, patience=0.3))
    finally:
        lonely.close()


def test_the_scheduler_comes_from_the_environment(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DASK_SCHEDULER_ADDRESS", cluster.address)
    assert sizes(list(run_on_cluster(tickets(1, tmp_path), Options(), works.quick))) == {"0": 1}
    monkeypatch.delenv("DASK_SCHEDULER_ADDRESS")
    with pytest.raises(UsageError, match="no scheduler is named"):
        run_on_cluster([], Options(), works.quick)
