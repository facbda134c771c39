"""What the caller of an analysis may choose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

# Told what is under way: a stage, how much of it is done, and of how much (None while that is unknown).
# Stages, in order: reading, decoding (captures); judging (streams).
Progress = Callable[[str, int, int | None], None]


class Options(msgspec.Struct, frozen=True):
    """What the caller may choose.

    rules: folders with rules of one's own. ruleset: these rules, loaded before (`analyzer.engine.load`), for who
    analyses many captures; None loads them. stream_paths: globs over the URL's path that mark streams.
    log_format: a format id or a format string. everything: list healthy streams of logs too. limit:
    most streams listed. redact: False only for one's own eyes. details: raw entries, pages and the
    table of all exchanges, which only the HTML report shows. drawings: timelines and event sizes, for
    the reports that draw; False spares a full decoding of every long stream. short_paths: captures are
    named without the folders above what was given, for output that leaves the machine. progress: is told what is
    under way, now and then. log_reader: reads one log file into the table of exchanges, called as
    `analyzer.intake.logs.read_log`; None is that function.
    """

    rules: tuple[Path, ...] = msgspec.field(default=())
    stream_paths: tuple[str, ...] = msgspec.field(default=())
    log_format: str | None = None
    everything: bool = False
    limit: int = 10_000
    redact: bool = True
    details: bool = False
    drawings: bool = True
    short_paths: bool = False
    progress: Progress | None = None
    ruleset: Any = None
    log_reader: Callable[..., Any] | None = None
