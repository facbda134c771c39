"""No interruption loses or repeats a ticket: `kill -9`, Ctrl-C and a full disk, against an undisturbed run."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.batch.queue import command, contents, environment, queue, rows, run

TICKETS = 30
KILLS = 30


def begun(what: Path, out: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(what, out, *options),
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )


def count(store: Path) -> int:
    """Tickets in a store that nobody has open."""
    return len(rows(store, "tickets"))


def test_a_run_that_is_killed_thirty_times_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", TICKETS)
    run(what, tmp_path / "calm")
    expected = contents(tmp_path / "calm" / "hangup.duckdb")
    assert len(expected["tickets"]) == TICKETS

    out = tmp_path / "out"
    rng = random.Random(20)
    kills = finished = 0
    before = 0
    while kills < KILLS:
        child = begun(what, out, "--quiet")
        # Most moments lie in the work, some in the start and some in the writing of the results.
        time.sleep(rng.uniform(0.3, 1.6))
        if child.poll() is None:
            kills += 1
            child.send_signal(signal.SIGKILL)
        child.communicate()
        if child.returncode == 0:
            finished += 1
            # All is done: begin anew, so that the remaining kills meet a run at work.
            assert contents(out / "hangup.duckdb") == expected
            for path in out.glob("hangup.duckdb*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            before = 0
        elif (out / "hangup.duckdb").is_file():
            now = stored(out / "hangup.duckdb")
            assert now >= before, "a ticket that was stored is gone"
            before = now
    run(what, out)
    assert contents(out / "hangup.duckdb") == expected
    assert sorted(p.name for p in (out / "tickets").iterdir() if p.is_dir()) == sorted(
        p.name for p in (tmp_path / "calm" / "tickets").iterdir() if p.is_dir()
    )
    assert (out / "tickets.csv").read_text() == (tmp_path / "calm" / "tickets.csv").read_text()


def stored(store: Path) -> int:
    """Tickets that are durable in a store whose writer was killed; a store without tables has none."""
    import duckdb

    with duckdb.connect(str(store)) as db:
        names = {row[0] for row in db.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if "tickets" not in names:
            return 0
        total, distinct = db.execute("SELECT count(*), count(DISTINCT ticket) FROM tickets").fetchone() or (
            0,
            0,
        )
        assert total == distinct
        return int(total)


def test_ctrl_c_finishes_what_is_in_hand_and_says_how_to_go_on(tmp_path: Path) -> None:
    many = 200  # more than a fast machine gets through in two seconds
    what = queue(tmp_path / "q", many)
    child = begun(what, tmp_path / "out")
    assert child.stderr is not None
    first = child.stderr.readline()  # it has begun
    time.sleep(2.0)
    child.send_signal(signal.SIGINT)
    said = first + child.communicate(timeout=60)[1]
    assert child.returncode == 130, said
    assert "the same command goes on from there" in said
    done = count(tmp_path / "out" / "hangup.duckdb")
    assert 0 < done < many
    assert f"{done:,} tickets are done" in said
    told = run(what, tmp_path / "out")
    assert f"{many - done} analysed, {done} unchanged" in told


def test_a_second_ctrl_c_stops_at_once_and_leaves_no_process(tmp_path: Path) -> None:
    import psutil

    what = queue(tmp_path / "q", 200)
    child = begun(what, tmp_path / "out")
    assert child.stderr is not None
    child.stderr.readline()
    time.sleep(2.0)
    workers = psutil.Process(child.pid).children()
    child.send_signal(signal.SIGINT)
    child.send_signal(signal.SIGTERM)
    said = child.communicate(timeout=60)[1]
    assert child.returncode == 130, said
    _, left = psutil.wait_procs(workers, timeout=10)
    assert left == []
    count(tmp_path / "out" / "hangup.duckdb")


def test_workers_of_a_killed_run_end_by_themselves(tmp_path: Path) -> None:
    import psutil

    what = queue(tmp_path / "q", 200)
    child = begun(what, tmp_path / "out")
    assert child.stderr is not None
    child.stderr.readline()
    time.sleep(2.0)
    workers = psutil.Process(child.pid).children()
    assert workers
    child.kill()
    child.communicate()
    _, left = psutil.wait_procs(workers, timeout=20)
    assert left == []


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.getuid() != 0, reason="needs a file system of its own"
)
def test_a_full_disk_loses_nothing_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    what = queue(tmp_path / "q", 60)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True).returncode != 0:
        if os.environ.get("CI"):
            pytest.fail("no file system can be mounted here")
        pytest.skip("no file system can be mounted here")
    try:
        out = tmp_path / "out"
        store = disk / "store.duckdb"
        said = run(what, out, "--store", str(store), code=74)
        assert "the disk is full" in said
        assert "run the same command again" in said
        before = stored(store)
        assert 0 < before < 60
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        told = run(what, out, "--store", str(store))
        assert f"{before} unchanged" in told
        run(what, tmp_path / "calm")
        assert contents(store) == contents(tmp_path / "calm" / "hangup.duckdb")
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
