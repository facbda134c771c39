"""Intake: a capture file → exchanges. Sniffed by content, read in its dialect, nothing lost silently."""

from __future__ import annotations

from analyzer.intake.inputs import Input, open_inputs
from analyzer.intake.limits import Limits
from analyzer.model import Capture

__all__ = ["Input", "Limits", "open_inputs", "read_har", "read_netlog"]


def read_har(inp: Input) -> Capture:
    """Read a HAR; see `analyzer.intake.har`, which is loaded for one only."""
    from analyzer.intake.har import read_har as read

    return read(inp)


def read_netlog(inp: Input) -> Capture:
    """Read a NetLog; see `analyzer.intake.netlog`, which is loaded for one only."""
    from analyzer.intake.netlog import read_netlog as read

    return read(inp)
