"""What may go wrong around the service: it loses nothing, leaves nothing behind and goes on."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from analyzer.web import spool
from analyzer.web.config import MB
from tests.web.harness import (
    FORM,
    HAR,
    WAIT,
    Process,
    Running,
    held_workers,
    serving,
    settings,
    wait_for,
    workers_of,
)


def large(copies: int = 40) -> bytes:
    """A capture that takes a moment to read."""
    har = json.loads(HAR)
    har["log"]["entries"] *= copies
    return json.dumps(har).encode()


LARGE = large()


def start_upload(client: httpx.Client, number: int) -> dict[str, Any]:
    answer = client.post("/api/v1/reports", files={"file": (f"{number}.har", LARGE)})
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()
    return found


def states(client: httpx.Client, ids: list[str]) -> list[str]:
    return [client.get(f"/api/v1/reports/{id}/status").json()["state"] for id in ids]


# ---------------------------------------------------------------------------------- workers


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Running]:
    with serving(settings(tmp_path / "data")) as found:
        yield found


@pytest.fixture
def held(small: Running) -> Iterator[int]:
    """The process id of the worker that takes the first upload, and that stands still."""
    with held_workers(os.getpid()) as workers:
        yield min(workers)


def test_killed_worker_costs_a_second_attempt_and_no_report(small: Running, held: int) -> None:
    id = start_upload(small.client, 1)["id"]
    for pid in workers_of(os.getpid()):  # also the one in reserve
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: states(small.client, [id]) == ["done"])
    assert small.spooled() == []


def test_worker_that_dies_twice_fails_its_report_only(small: Running, held: int) -> None:
    id = start_upload(small.client, 1)["id"]

    def kill_all() -> bool:
        for pid in workers_of(os.getpid()):
            os.kill(pid, signal.SIGKILL)
        return states(small.client, [id]) == ["failed"]

    wait_for(kill_all)
    answer = small.client.get(f"/api/v1/reports/{id}")
    assert answer.status_code == 422 and answer.json()["type"].endswith(":analysis-failed")
    assert small.spooled() == []
    assert small.upload()["state"] == "done"


def test_capture_that_takes_too_long_is_stopped(tmp_path: Path) -> None:
    with serving(settings(tmp_path, worker_seconds=0.2)) as found, held_workers(os.getpid()):
        answer = found.client.post("/api/v1/reports", files={"file": ("slow.har", LARGE)}, headers=WAIT)
        assert answer.status_code == 422 and answer.json()["type"].endswith(":capture-too-demanding")
        assert found.spooled() == []
        assert found.client.get("/healthz").status_code == 200


def test_capture_that_takes_too_much_memory_is_stopped(tmp_path: Path) -> None:
    entry = b'{"request":{"method":"GET","url":"https://e.example/"},"response":{"status":200}},'
    har = b'{"log":{"entries":[' + entry * 400_000 + b"{}]}}"
    with serving(settings(tmp_path, worker_memory=450 * MB)) as found:
        files = {"file": ("wide.har.gz", gzip.compress(har, 1))}
        answer = found.client.post("/api/v1/reports", files=files, headers=WAIT, timeout=90)
        assert answer.status_code == 422, answer.text
        assert answer.json()["type"].endswith((":capture-too-demanding", ":analysis-failed"))
        assert found.spooled() == []
        assert found.upload()["state"] == "done"


def test_deleting_a_running_report_ends_its_worker(small: Running, held: int) -> None:
    id = start_upload(small.client, 1)["id"]
    wait_for(lambda: states(small.client, [id]) == ["running"])
    assert small.client.delete(f"/api/v1/reports/{id}").status_code == 204
    wait_for(lambda: held not in workers_of(os.getpid()))
    assert small.client.get(f"/api/v1/reports/{id}/status").status_code == 404
    assert small.spooled() == []
    assert small.service.store.rows("SELECT * FROM results") == []


def test_listener_of_a_deleted_report_hears_of_it(small: Running, held: int) -> None:
    id = start_upload(small.client, 1)["id"]
    with small.client.stream("GET", f"/api/v1/reports/{id}/events") as answer:
        lines = answer.iter_lines()
        next(lines)
        small.client.delete(f"/api/v1/reports/{id}")
        assert "event: gone" in list(lines)


def test_listener_that_leaves_is_forgotten(small: Running, held: int) -> None:
    id = start_upload(small.client, 1)["id"]
    with small.client.stream("GET", f"/api/v1/reports/{id}/events") as answer:
        lines = answer.iter_lines()  # kept: httpx closes the connection with its last iterator
        next(lines)
        assert sum(small.service.listening.values()) == 1
    wait_for(lambda: not small.service.listening)


def test_silence_between_events_has_heartbeats(small: Running, held: int) -> None:
    first = start_upload(small.client, 1)["id"]
    with small.client.stream("GET", f"/api/v1/reports/{first}/events") as answer:
        lines = (line for line in answer.iter_lines() if line.startswith(":"))
        assert [next(lines), next(lines)] == [": still here"] * 2
    small.client.delete(f"/api/v1/reports/{first}")


def test_expired_reports_are_gone(small: Running) -> None:
    id = small.upload()["id"]
    with small.service.store.transaction() as db:
        db.execute("UPDATE reports SET expires_at = TIMESTAMP '2020-01-01'")
    assert small.client.get(f"/api/v1/reports/{id}").status_code == 404
    assert small.service.jobs.expire() == [id]
    assert small.service.store.rows("SELECT * FROM results") == []


# ---------------------------------------------------------------------------------- disk


def test_full_disk_is_told_before_it_is_full(small: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=1000)
    monkeypatch.setattr(spool.shutil, "disk_usage", lambda path: usage)
    answer = small.client.post("/api/v1/reports", files=FORM)
    assert answer.status_code == 507 and answer.json()["type"].endswith(":disk-full")
    assert small.spooled() == []


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB, where this user may make one."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting takes more rights than this user has")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_disk_that_fills_up_refuses_and_goes_on(tiny_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=10**12)
    monkeypatch.setattr(
        spool.shutil, "disk_usage", lambda path: usage
    )  # so that only the disk itself says so
    with serving(settings(tiny_disk / "data")) as found:
        before = found.upload()["id"]
        answer = found.client.post("/api/v1/reports", files={"file": ("a.har", b" " * 20_000_000)})
        assert answer.status_code == 507
        assert found.spooled() == []
        filler = tiny_disk / "filler"
        with filler.open("wb", buffering=0) as out, pytest.raises(OSError):
            while True:
                out.write(b"x" * 4096)
        answer = found.client.post("/api/v1/reports", files=FORM)
        assert answer.status_code == 507, answer.text
        assert found.client.get(f"/api/v1/reports/{before}").status_code == 200
        filler.unlink()
        assert found.upload(name="after.har")["state"] == "done"
        assert found.spooled() == []


# ---------------------------------------------------------------------------------- the service's own end


def test_killed_service_continues_where_it_was(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Process(data, "--workers", "1") as first:
        with held_workers(first.process.pid):
            ids = [start_upload(first.client, number)["id"] for number in range(2)]
            wait_for(lambda: "running" in states(first.client, ids))
            workers = workers_of(first.process.pid)
            os.kill(first.process.pid, signal.SIGKILL)
            first.process.wait(20)
        wait_for(lambda: not any(Path(f"/proc/{pid}/cmdline").exists() for pid in workers))
        assert first.spooled() != []
    (data / "spool" / ".part-left").mkdir()
    (data / "spool" / "nobody").mkdir()
    with Process(data, "--workers", "1") as second:
        wait_for(lambda: states(second.client, ids) == ["done"] * 2)
        assert second.spooled() == []


def test_queue_outlives_a_service_that_is_killed_again_and_again(tmp_path: Path) -> None:
    data, ids = tmp_path / "data", list[str]()
    for start in range(3):
        with Process(data) as service:
            if not ids:
                for number in range(8):
                    har = HAR.replace(b'"version"', f'"x{number}": 1, "version"'.encode(), 1)
                    answer = service.client.post("/api/v1/reports", files={"file": ("a.har", har)})
                    ids.append(answer.json()["id"])
            assert set(states(service.client, ids)) <= {"queued", "running", "done"}
            if start == 2:
                wait_for(lambda: states(service.client, ids) == ["done"] * 8)
                assert service.spooled() == []


def test_terminated_service_finishes_what_runs_and_keeps_the_queue(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Process(data, "--workers", "1") as first, contextlib.ExitStack() as holding:
        holding.enter_context(held_workers(first.process.pid))
        ids = [start_upload(first.client, number)["id"] for number in range(2)]
        wait_for(lambda: "running" in states(first.client, ids))
        running = ids[states(first.client, ids).index("running")]
        with first.client.stream("GET", f"/api/v1/reports/{ids[1]}/events") as listener:
            for pid in (first.process.pid, *workers_of(first.process.pid)):  # as systemd does
                os.kill(pid, signal.SIGTERM)
            holding.close()
            list(listener.iter_lines())  # let go of, not cut
        assert first.process.wait(60) == 0
        assert "Traceback" not in "".join(first.said)
    with Process(data, "--workers", "1") as second:
        assert states(second.client, [running]) == ["done"]
        wait_for(lambda: states(second.client, ids) == ["done"] * 2)
        assert second.spooled() == []


def test_upload_that_runs_when_the_service_ends_is_finished(tmp_path: Path) -> None:
    with Process(tmp_path / "data") as found:

        def pieces() -> Iterator[bytes]:
            yield HAR[:1000]
            found.process.send_signal(signal.SIGTERM)
            time.sleep(0.5)
            yield HAR[1000:]

        headers = {"Content-Type": "application/json", "Connection": "close"}
        answer = found.client.post("/api/v1/reports", content=pieces(), headers=headers)
        assert answer.status_code == 202
        assert found.process.wait(60) == 0


def test_second_service_on_the_same_data_is_refused(small: Running) -> None:
    command = [sys.executable, "-m", "analyzer", "serve", "--port", "0", "--data", str(small.data)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "another hangup has this store open" in done.stderr and "Traceback" not in done.stderr
