"""hangup: says who hung up.

    from analyzer import analyze
    report = analyze(["chat.har"])
    report.summary.headline, report.streams[0].verdict.cause

    from analyzer import analyze_many
    batch = analyze_many(["tickets/"])
    batch.summary.headline, batch.frame()

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.batch.api import Batch, analyze_many
    from analyzer.batch.model import Attachment, BatchSummary, Ticket
    from analyzer.causes import CAUSES, Cause
    from analyzer.columns import Exchange
    from analyzer.errors import CaptureError, HangupError, RuleError, UsageError
    from analyzer.model import Report, Stream, Verdict
    from analyzer.options import Options
    from analyzer.pipeline import analyze

__version__ = "0.1.0"

_HOME = {
    "CAUSES": "causes", "Cause": "causes", "Exchange": "columns", "CaptureError": "errors",
    "HangupError": "errors", "RuleError": "errors", "UsageError": "errors", "Report": "model",
    "Stream": "model", "Verdict": "model", "Options": "options", "analyze": "pipeline", "Batch": "batch.api",
    "analyze_many": "batch.api", "Attachment": "batch.model", "BatchSummary": "batch.model", "Ticket": "batch.model",
}  # fmt: skip

__all__ = [
    "CAUSES", "Attachment", "Batch", "BatchSummary", "CaptureError", "Cause", "Exchange", "HangupError", "Options",
    "Report", "RuleError", "Stream", "Ticket", "UsageError", "Verdict", "analyze", "analyze_many",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"analyzer.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
