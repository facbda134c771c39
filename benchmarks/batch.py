"""Many tickets: how fast the first run, an unchanged run and a run with other rules are, and what they cost.

    python -m benchmarks.batch [--tickets 2000] [--megabytes 1] [--sizes 500,2000,8000] [--jobs N]

Generates captures as Chrome exports them, lays them out as a folder per ticket, and runs `hangup batch` on
them as a process of its own. Of `--captures` different captures each ticket gets its own name for one, so that
the disk holds few and every ticket is nevertheless read, hashed and analysed by itself. For each of `--sizes`
it prints the time per ticket of a first run: it should not grow with their number. Peak memory is that of the
run itself and of its largest worker.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

from benchmarks.makehar import write_har

ROOT: Final = Path(__file__).resolve().parent.parent
_LOOK_EVERY: Final = 0.2  # seconds

_RULE: Final = """id: benchmark-rule
cause: gateway-duration-limit
title: A rule of one's own, for measuring
basis: protocol
when: {all: [{status: 299}, {duration_ms|gt: 1}]}
confidence: certain
evidence: [status]
say: "It ended with status {{ status }}."
fix: {user: [Ask.], operator: [Look.], developer: [Mend.]}
sources: [made up]
examples:
  fires: [{status: 299, duration_ms: 5}]
  quiet: [{row: {status: 200, duration_ms: 5}, because: another status}]
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One run. Seconds, CPU with all workers; bytes of resident memory: of the run, and of its largest worker."""

    wall: float
    cpu: float
    peak: int
    peak_worker: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; the exit code, 1 when a run failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=200)
    parser.add_argument("--megabytes", type=float, default=1.0)
    parser.add_argument("--captures", type=int, default=20)
    parser.add_argument("--sizes", default="", help="numbers of tickets, with commas: first runs only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where to work; default: a temporary folder"
    )
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        root = Path(folder)
        captures = make_captures(root / "captures", chosen.captures, chosen.megabytes)
        print(f"{chosen.captures} captures of {chosen.megabytes:g} MB, {chosen.jobs} workers")
        if chosen.tickets:
            _three_runs(root, captures, chosen.tickets, chosen.jobs)
        for size in (int(number) for number in chosen.sizes.split(",") if number):
            queue = make_queue(root / f"queue-{size}", captures, size)
            first = measure(queue, root / f"out-{size}", chosen.jobs)
            _say(f"{size:,} tickets, first run", first, size)
            shutil.rmtree(queue)
            shutil.rmtree(root / f"out-{size}")
    return 0


def _three_runs(root: Path, captures: Sequence[Path], count: int, jobs: int) -> None:
    queue = make_queue(root / "queue", captures, count)
    out = root / "out"
    first = measure(queue, out, jobs)
    _say(f"{count:,} tickets, first run", first, count)
    again = min((measure(queue, out, jobs) for _ in range(2)), key=lambda run: run.wall)
    _say("  unchanged", again, count)
    print(f"  unchanged is {first.wall / again.wall:.0f} times faster than first")
    rules = root / "rules"
    (rules / "gateway").mkdir(parents=True)
    (rules / "gateway" / "benchmark-rule.yaml").write_text(_RULE, encoding="utf-8")
    changed = measure(queue, out, jobs, rules)
    _say("  other rules", changed, count)
    size = (out / "hangup.duckdb").stat().st_size
    print(f"  the store has {size / count / 1e3:.1f} kB per ticket")


def make_captures(folder: Path, count: int, megabytes: float) -> list[Path]:
    """Different captures of about that size (10^6 bytes)."""
    folder.mkdir(parents=True)
    made = []
    for number in range(count):
        path = folder / f"capture-{number}.har"
        write_har(path, megabytes, seed=number + 1)
        made.append(path)
    return made


def make_queue(folder: Path, captures: Sequence[Path], count: int) -> Path:
    """A folder per ticket, each with a name of its own for one of the captures."""
    for number in range(count):
        ticket = folder / f"T-{number:06d}"
        ticket.mkdir(parents=True)
        os.link(captures[number % len(captures)], ticket / "capture.har")
    return folder


def measure(queue: Path, out: Path, jobs: int, rules: Path | None = None) -> Figures:
    """One `hangup batch` from its start to its end. Raises RuntimeError when it fails."""
    options = ["--jobs", str(jobs), "--quiet", *(["--rules", str(rules)] if rules else [])]
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "analyzer", "batch", str(queue), "-o", str(out), *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    watch = _Watch(child.pid)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    watch.stop()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise RuntimeError(f"hangup batch ended with {child.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB elsewhere
    return Figures(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit, watch.most)


class _Watch:
    """Looks at a process's children now and then. most: the largest one's resident bytes."""

    def __init__(self, pid: int) -> None:
        self.most = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_EVERY):
            try:
                for child in psutil.Process(self._pid).children():
                    self.most = max(self.most, child.memory_info().rss)
            except psutil.Error:
                continue


def _say(what: str, run: Figures, count: int) -> None:
    print(
        f"{what:<28} {run.wall:8.2f} s  {run.wall / count * 1e3:8.2f} ms per ticket ({run.cpu / count * 1e3:.2f} ms CPU)  {count / run.wall:8.1f} a second"
        f"  memory {run.peak / 1e6:5.0f} MB, worker {run.peak_worker / 1e6:5.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
