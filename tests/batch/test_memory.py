"""What a run itself holds does not grow with the number of tickets; benchmarks.batch measures whole runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.batch.queue import environment

RUN = """
import random, sys
from pathlib import Path
import zstandard
from msgspec.structs import replace
from analyzer.batch.ledger import QUESTION_MEMORY, Ledger
from analyzer.batch.summary import summarize_batch
from analyzer.batch.tables import write_streams
from tests.batch.test_ledger import made

folder, count = Path(sys.argv[1]), int(sys.argv[2])
rng, pack = random.Random(9), zstandard.ZstdCompressor().compress
with Ledger(folder / "store.duckdb") as ledger:
    ledger.begin()
    for start in range(0, count, 4):
        group = [
            replace(made(f"T-{n:06d}"), documents={"html": pack(rng.randbytes(24_000))})
            for n in range(start, start + 4)
        ]
        ledger.put(group, ())
        ledger.see([entry.ticket for entry in group])
    db = ledger.scope()
    ledger.allow(QUESTION_MEMORY[0])
    summarize_batch(db)
    for n in range(0, count, 3):
        assert len(ledger.document(f"T-{n:06d}", "html")) == 24_000
    write_streams(db, folder / "streams.parquet")
    db.close()
lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(int(lines["VmHWM"].split()[0]))
"""


def peak(folder: Path, tickets: int) -> int:
    """The most that a process with so many tickets held, in KiB; its store has 24 kB for each."""
    folder.mkdir()
    command = [sys.executable, "-c", RUN, str(folder), str(tickets)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), check=True, timeout=240)
    return int(done.stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads what only Linux tells")
def test_five_times_as_many_tickets_take_hardly_more_memory(tmp_path: Path) -> None:
    few, many = peak(tmp_path / "few", 320), peak(tmp_path / "many", 1600)
    assert many < 1.3 * few, f"{few:,} KiB for 320 tickets, {many:,} for 1,600"
