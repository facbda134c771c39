"""`hangup analyze` against haralyzer opening the same HAR, whole process against whole process.

    python -m benchmarks.har                       100 MB, five turns
    python -m benchmarks.har --mb 20 --repeats 9
    python -m benchmarks.har --file capture.har    a capture of your own
    python -m benchmarks.har --series 20000        many reconnects to one host: time per stream

hangup reads, decodes the streams, judges them and prints the JSON report. haralyzer's side only parses
the file and visits every entry, which is the least that any use of it does.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.makehar import write_har, write_series
from benchmarks.measure import HANGUP, Side, environment, machine, table, take_turns

# What a script on top of haralyzer does at the very least. Entries are wrapped by the page where the
# HAR has pages, as the library's own documentation does.
WALK: Final = """
import sys
from haralyzer import HarParser

count = size = 0
spent = 0.0
for page in HarParser.from_file(sys.argv[1]).pages:
    for entry in page.entries:
        request, response = entry.request, entry.response
        count += 1
        size += max(response.bodySize, 0) + response.contentSize
        spent += entry.time + sum(value for value in entry.timings.values() if value > 0)
        if response.status >= 400 and request.method == "POST":
            print(request.url, response.status, len(request.headers), entry.startTime)
print(count, size, spent)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the machine, the command, both sides and their ratios."""
    options = _options(arguments)
    print(machine())
    with tempfile.TemporaryDirectory(prefix="hangup-bench-") as name:
        folder = Path(name)
        if options.series:
            _series(options.series)
            return 0
        path = options.file
        if path is None:
            path = folder / "generated.har"
            entries = write_har(path, options.mb, seed=options.seed, wide=options.wide)
            print(f"{path.stat().st_size / 1e6:.0f} MB, {entries:,} entries, seed {options.seed}")
        sides = [
            Side(
                "hangup",
                [sys.executable, "-c", HANGUP, "analyze", str(path), "--format", "json"],
                codes=(0, 1),
            ),
            Side("haralyzer", [sys.executable, "-c", WALK, str(path)]),
        ]
        take_turns(sides, options.repeats, environment(folder / "bytecode"))
    print(table(sides))
    return 0


def _series(most: int) -> None:
    """Streams to one host, one after the other: twice the streams may take twice the time, not four.

    CPU time of this process: other programs do not disturb it.
    """
    from analyzer.options import Options
    from analyzer.pipeline import analyze

    before = 0.0
    with tempfile.TemporaryDirectory(prefix="hangup-bench-") as name:
        path = Path(name) / "series.har"
        write_series(path, min(50, most))
        analyze([path])  # imports, rules and profiles are not what is measured
        for count in dict.fromkeys([most // 8 or 1, most // 4 or 1, most // 2 or 1, most]):
            write_series(path, count)
            start = time.process_time()
            report = analyze([path], Options(drawings=False))
            spent = time.process_time() - start
            ratio = f"   ratio to half as many: {spent / before:.2f}" if before else ""
            print(
                f"{report.summary.streams:>7,} streams  {spent:7.2f} s  {spent / count * 1e6:5.0f} µs each{ratio}"
            )
            before = spent


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.har", description=__doc__.splitlines()[0])
    parser.add_argument("--mb", type=float, default=100.0, help="size of the HAR in 10^6 bytes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--wide", action="store_true", help="bodies with characters outside Latin-1")
    parser.add_argument("--repeats", type=int, default=5, help="turns that each side takes")
    parser.add_argument("--file", type=Path, help="measure this HAR instead of a generated one")
    parser.add_argument("--series", type=int, metavar="N", help="time N reconnecting streams to one host")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    raise SystemExit(main())
