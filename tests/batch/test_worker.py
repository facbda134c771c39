"""A worker process by itself: what it does when the run that asked it has gone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec

from analyzer.batch.worker import HEAD, ROOM, Setup
from tests.conftest import ROOT

SETUP = Setup(rules=[], stream_paths=[], log_format=None, reading="r", ruleset="j", memory=None)


def start(room: Path) -> subprocess.Popen[bytes]:
    room.mkdir(parents=True)
    (room / "copy.har").write_text("of a customer")
    started = subprocess.Popen(
        [sys.executable, "-m", "analyzer.batch.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(room), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert started.stdin is not None
    data = msgspec.msgpack.encode(SETUP)
    started.stdin.write(HEAD.pack(len(data)) + data)
    started.stdin.flush()
    return started


def test_copies_are_removed_when_the_run_is_killed(tmp_path: Path) -> None:
    room = tmp_path / f"{ROOM}x" / "0"
    worker = start(room)
    assert worker.stdin is not None and worker.stdout is not None
    assert worker.stdout.read(HEAD.size)  # it is warm
    worker.stdin.close()  # as the system does when the run has gone
    worker.stdout.close()
    assert worker.wait(timeout=60) == 3
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_that_is_not_the_runs_own_is_left_alone(tmp_path: Path) -> None:
    room = tmp_path / "somebody" / "0"
    worker = start(room)
    assert worker.stdin is not None and worker.stdout is not None
    worker.stdin.close()
    worker.stdout.close()
    assert worker.wait(timeout=60) == 3
    assert (room / "copy.har").exists()
