"""Intake: a capture file → exchanges. Sniffed by content, read in its dialect, nothing lost silently."""

from __future__ import annotations

from analyzer.intake.har import read_har
from analyzer.intake.inputs import Input, open_inputs
from analyzer.intake.limits import Limits
from analyzer.intake.netlog import read_netlog

__all__ = ["Input", "Limits", "open_inputs", "read_har", "read_netlog"]
