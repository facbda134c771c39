"""Run whole processes in turns and say what each took: wall time, CPU time, peak memory.

Turns are taken (a, b, a, b, …) so that both sides meet the same machine, busy or not; the minimum is
the figure least disturbed by others, the median says how much they disturbed.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# What pip writes into the `hangup` script.
HANGUP: Final = "from analyzer.__main__ import run; run()"


@dataclass(frozen=True, slots=True)
class Run:
    """One process, from its start to its end. Seconds; bytes of peak resident memory."""

    wall: float
    cpu: float
    peak: int


@dataclass(slots=True)
class Side:
    """One of the programs compared. codes: exit codes that are no failure. reads: its input, if it is large.

    warm: the same program with next to nothing to do.
    """

    name: str
    command: Sequence[str]
    codes: tuple[int, ...] = (0,)
    reads: Path | None = None
    warm: Sequence[str] = ()
    runs: list[Run] = field(default_factory=list)

    def least(self, what: Callable[[Run], float]) -> float:
        return min(what(run) for run in self.runs)

    def middle(self, what: Callable[[Run], float]) -> float:
        return median(what(run) for run in self.runs)


def environment(bytecode: Path) -> dict[str, str]:
    """The environment of both sides: compiled modules are kept, as they are once installed."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env["PYTHONPYCACHEPREFIX"] = str(bytecode)
    env["PYTHONPATH"] = str(ROOT)
    return env


def run(side: Side, env: dict[str, str]) -> Run:
    """Run it once. Output goes nowhere. Raises RuntimeError when it fails."""
    start = time.perf_counter()
    child = subprocess.Popen(side.command, env=env, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in side.codes:
        raise RuntimeError(f"{side.name} ended with {child.returncode}: {' '.join(side.command)}")
    unit = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes on macOS, KiB elsewhere
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit)


def take_turns(sides: Sequence[Side], repeats: int, env: dict[str, str]) -> None:
    """Fill `Side.runs`. One run of each before that is not counted: it warms the caches of all.

    Some systems forget a file that nobody has read for half a minute, the program's own files too, and a
    program that takes a second would wait for the disk after one that takes a minute. So before each turn
    the side's `warm` command runs, which is not counted either, and its input is read once.
    """
    for side in sides:
        run(side, env)
    for _ in range(repeats):
        for side in sides:
            if side.warm:
                run(replace(side, command=side.warm), env)
            if side.reads is not None:
                _read(side.reads)
            side.runs.append(run(side, env))


def _read(path: Path) -> None:
    buffer = bytearray(1 << 24)
    with path.open("rb", buffering=0) as file:
        while file.readinto(buffer):
            pass


def table(sides: Sequence[Side]) -> str:
    """The figures side by side, and how the first compares with each other."""
    width = max(len(side.name) for side in sides)
    lines = [f"{'':{width}}  wall min  median   cpu min   peak memory"]
    lines += [
        f"{side.name:{width}}  {side.least(_wall):6.2f} s  {side.middle(_wall):5.2f} s"
        f"  {side.least(_cpu):6.2f} s  {side.middle(_peak) / 1e6:8.0f} MB"
        for side in sides
    ]
    first = sides[0]
    for other in sides[1:]:
        lines.append(
            f"ratio {first.name} / {other.name}: wall {first.least(_wall) / other.least(_wall):.2f}, "
            f"median wall {first.middle(_wall) / other.middle(_wall):.2f}, "
            f"cpu {first.least(_cpu) / other.least(_cpu):.2f}, "
            f"peak memory {first.middle(_peak) / other.middle(_peak):.2f}"
        )
    return "\n".join(lines)


def machine() -> str:
    """One line on where this ran."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs, "
        f"{platform.python_implementation()} {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    )


def _wall(run: Run) -> float:
    return run.wall


def _cpu(run: Run) -> float:
    return run.cpu


def _peak(run: Run) -> float:
    return float(run.peak)
