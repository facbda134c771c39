"""Load on a running `hangup serve`: many uploads at once, all answered, memory bounded.

    python -m benchmarks.serve [--uploads 50] [--megabytes 20] [--workers N]

Starts the service in a process of its own, uploads as many different captures at the same time as
asked, waits until each has its report, and prints how long that took and how much memory the service
and its workers used at most. Exits with 1 if a single one is not answered with a report.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from benchmarks.makehar import write_har

_LOOK_EVERY = 2.5  # seconds


@dataclass
class Answer:
    """One upload. Times in seconds: until it was accepted, until its report was there."""

    accepted: float
    done: float
    state: str


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--uploads", type=int, default=50)
    parser.add_argument("--megabytes", type=float, default=20)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        capture = Path(folder, "capture.har")
        write_har(capture, chosen.megabytes)
        options = ["--port", "0", "--data", str(Path(folder, "data")), "--workers", str(chosen.workers)]
        service = subprocess.Popen(
            [sys.executable, "-m", "analyzer", "serve", *options, "--upload-rate", "10000"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            return _measure(service, capture, chosen.uploads, chosen.workers, Path(folder, "data", "spool"))
        finally:
            service.send_signal(signal.SIGTERM)
            service.wait(60)


def _measure(service: subprocess.Popen[str], capture: Path, uploads: int, workers: int, spool: Path) -> int:
    assert service.stderr is not None
    url = next(found[1] for line in service.stderr if (found := re.match(r"hangup serves on (\S+)/", line)))
    # Its log would fill the pipe.
    drain = subprocess.Popen(["cat"], stdin=service.stderr, stdout=subprocess.DEVNULL)
    size = capture.stat().st_size
    started = time.monotonic()
    answers, peak, worker_peak = asyncio.run(_load(url, capture, uploads, service.pid))
    took = time.monotonic() - started
    drain.kill()
    drain.wait()
    print(f"{uploads} uploads of {size / 1e6:.1f} MB at once, {workers} workers, {os.cpu_count()} cores")
    states = {state: sum(a.state == state for a in answers) for state in sorted({a.state for a in answers})}
    print(f"  answered            {', '.join(f'{n} {state}' for state, n in states.items())}")
    for label, values in (
        ("until accepted", [a.accepted for a in answers]),
        ("until the report", [a.done for a in answers]),
    ):
        values.sort()
        p95 = values[min(len(values) - 1, int(0.95 * len(values)))]
        print(
            f"  {label:<18}  median {statistics.median(values):6.1f} s   p95 {p95:6.1f} s   worst {values[-1]:6.1f} s"
        )
    print(f"  all together        {took:.1f} s, {uploads * size / 1e6 / took:.1f} MB/s")
    print(f"  memory at most      service {peak / 1e6:.0f} MB, largest worker {worker_peak / 1e6:.0f} MB")
    left = sorted(path.name for path in spool.iterdir())
    print(f"  left in the spool   {len(left)} uploads")
    return 0 if states == {"done": uploads} and not left else 1


async def _load(url: str, capture: Path, uploads: int, pid: int) -> tuple[list[Answer], int, int]:
    watch = asyncio.create_task(_watch(pid))
    limits = httpx.Limits(max_connections=uploads + 5)
    async with httpx.AsyncClient(base_url=url, timeout=600, limits=limits, trust_env=False) as client:
        answers = await asyncio.gather(*(_one(client, capture, number) for number in range(uploads)))
    watch.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watch
    return list(answers), *_PEAKS


async def _one(client: httpx.AsyncClient, capture: Path, number: int) -> Answer:
    """One upload under a name of its own, so that none is known already."""
    started = time.monotonic()
    answer = await client.post(
        f"/api/v1/reports?filename=capture-{number}.har",
        content=_pieces(capture),
        headers={"Content-Type": "application/json", "Content-Length": str(capture.stat().st_size)},
    )
    accepted = time.monotonic() - started
    if answer.status_code not in (201, 202):
        return Answer(accepted, accepted, f"refused with {answer.status_code}")
    status = answer.json()
    while status["state"] in ("queued", "running"):
        await asyncio.sleep(_LOOK_EVERY)
        again = await client.get(status["links"]["status"])
        if again.status_code != 429:  # one machine that plays many
            status = again.json()
    return Answer(accepted, time.monotonic() - started, status["state"])


async def _pieces(capture: Path):  # type: ignore[no-untyped-def]
    with capture.open("rb") as file:
        while piece := file.read(256 * 1024):
            yield piece
            await asyncio.sleep(0)


_PEAKS = [0, 0]


async def _watch(pid: int) -> None:
    service = psutil.Process(pid)
    while True:
        _PEAKS[0] = max(_PEAKS[0], service.memory_info().rss)
        for child in service.children():
            try:
                _PEAKS[1] = max(_PEAKS[1], child.memory_info().rss)
            except psutil.Error:
                continue  # it has just ended
        await asyncio.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
