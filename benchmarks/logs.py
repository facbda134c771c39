"""Proxy logs, whole process against whole process, in turns.

    python -m benchmarks.logs                     nginx, haproxy and twice
    python -m benchmarks.logs memory              a log of 5 GB: peak memory
    python -m benchmarks.logs nginx --repeats 3
    python -m benchmarks.logs --scale 0.1         a tenth of the lines, to try it out

nginx: 2,000,000 lines in the combined format; GoAccess makes its HTML report of the same file.
haproxy: 1,500,000 lines in the HTTP format; `halog -tc` counts their termination states.
twice: 1,000,000 nginx lines and 2,000,000: what growth costs.

hangup reads, judges every stream and prints its JSON report. Needs `goaccess`, and `halog` from the haproxy
package; without one its figure is missing, and that is said.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.makelog import write_haproxy, write_log, write_nginx
from benchmarks.measure import HANGUP, Side, environment, machine, table, take_turns

_BIG: Final = 5_000_000_000


class Setting(NamedTuple):
    """Where to work, how large, how often."""

    folder: Path
    scale: float
    repeats: int

    def log(self, name: str, lines: int) -> Path:
        """A generated log; made once."""
        count = max(int(lines * self.scale), 1000)
        path = self.folder / f"{name}-{count}.log"
        if not path.exists():
            write_log(path, count, write_nginx if name == "nginx" else write_haproxy)
            print(f"{path.name}: {count:,} lines, {path.stat().st_size / 1e6:,.0f} MB")
        return path

    def turns(self, sides: Sequence[Side], repeats: int | None = None) -> None:
        """Run the sides in turns and print what came of it."""
        take_turns(sides, repeats or self.repeats, environment(self.folder / "bytecode"))
        print(table(sides), flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the machine, and for each part both sides and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; default: nginx haproxy twice")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, metavar="FACTOR")
    options = parser.parse_args(arguments)
    wanted = options.parts or ["nginx", "haproxy", "twice"]
    unknown = [part for part in wanted if part not in PARTS]
    if unknown:
        parser.error(f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}")
    print(machine())
    with tempfile.TemporaryDirectory(prefix="hangup-bench-") as name:
        for part in wanted:
            print(f"\n{part}")
            PARTS[part](Setting(Path(name), options.scale, options.repeats))
    return 0


def _hangup(path: Path, small: Path, name: str = "hangup") -> Side:
    head = [sys.executable, "-c", HANGUP, "analyze"]
    return replace(_side(name, path, small, lambda log: [*head, log, "--format", "json"]), codes=(0, 1))


def _side(name: str, path: Path, small: Path, command: Callable[[str], list[str]]) -> Side:
    """command: of a log. small: a log of a thousand lines, to warm the program up."""
    return Side(name, command(str(path)), reads=path, warm=command(str(small)))


def _nginx(setting: Setting) -> None:
    path, small = setting.log("nginx", 2_000_000), setting.log("nginx", 1_000)
    sides = [_hangup(path, small)]
    goaccess = shutil.which("goaccess")
    if goaccess is None:
        print("goaccess is not installed: there is nothing to compare with")
    else:
        report = ["--log-format=COMBINED", "--no-progress", "-o", str(setting.folder / "report.html")]
        sides.append(_side("goaccess", path, small, lambda log: [goaccess, log, *report]))
    setting.turns(sides)
    if goaccess is not None:
        ratio = sides[1].least(lambda run: run.wall) / sides[0].least(lambda run: run.wall)
        print(f"hangup is {ratio:.1f} times as fast (goal: 40)")


def _haproxy(setting: Setting) -> None:
    path, small = setting.log("haproxy", 1_500_000), setting.log("haproxy", 1_000)
    sides = [_hangup(path, small)]
    halog = shutil.which("halog") or shutil.which("halog", path="/usr/sbin:/usr/local/sbin:/usr/local/bin")
    if halog is None:
        print("halog is not installed: there is nothing to compare with")
    else:
        shell = ["sh", "-c", 'exec "$0" -tc < "$1"', halog]
        sides.append(_side("halog -tc", path, small, lambda log: [*shell, log]))
    setting.turns(sides)
    if halog is not None:
        ratio = sides[0].least(lambda run: run.wall) / sides[1].least(lambda run: run.wall)
        print(f"hangup takes {ratio:.1f} times as long (goal: at most 8)")


def _twice(setting: Setting) -> None:
    small = setting.log("nginx", 1_000)
    sides = [
        _hangup(setting.log("nginx", 2_000_000), small, "2,000,000"),
        _hangup(setting.log("nginx", 1_000_000), small, "1,000,000"),
    ]
    setting.turns(sides)
    ratio = sides[0].least(lambda run: run.wall) / sides[1].least(lambda run: run.wall)
    print(f"twice the lines take {ratio:.2f} times the time (goal: at most 2.1)")


def _memory(setting: Setting) -> None:
    part = setting.log("nginx", 2_000_000)
    whole = setting.folder / "nginx-big.log"
    size = int(_BIG * setting.scale)
    with whole.open("wb") as out:
        while out.tell() < size:
            with part.open("rb") as source:
                shutil.copyfileobj(source, out, 1 << 24)
    print(f"{whole.stat().st_size / 1e9:.2f} GB")
    setting.turns([replace(_hangup(whole, setting.log("nginx", 1_000)), reads=None)], repeats=1)
    whole.unlink()


PARTS: Final[dict[str, Callable[[Setting], None]]] = {
    "nginx": _nginx,
    "haproxy": _haproxy,
    "twice": _twice,
    "memory": _memory,
}


if __name__ == "__main__":
    raise SystemExit(main())
