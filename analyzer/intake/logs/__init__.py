"""Proxy logs → the exchange table. See docs/log-formats.md for the formats and how to write one."""

from __future__ import annotations

from analyzer.intake.logs.detect import Detection, detect
from analyzer.intake.logs.join import align_clocks, join_workers
from analyzer.intake.logs.lines import Source
from analyzer.intake.logs.read import LogResult, read_log
from analyzer.intake.logs.schema import Format
from analyzer.intake.logs.shipped import formats

__all__ = [
    "Detection",
    "Format",
    "LogResult",
    "Source",
    "align_clocks",
    "detect",
    "formats",
    "join_workers",
    "read_log",
]
