"""hangup: says who hung up.

    from analyzer import analyze
    report = analyze(["chat.har"])
    report.summary.headline, report.streams[0].verdict.cause

Names are loaded when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analyzer.causes import CAUSES, Cause
    from analyzer.columns import Exchange
    from analyzer.errors import CaptureError, HangupError, RuleError, UsageError
    from analyzer.model import Report, Stream, Verdict
    from analyzer.pipeline import Options, analyze

__version__ = "0.1.0"

_HOME = {
    "CAUSES": "causes", "Cause": "causes", "Exchange": "columns", "CaptureError": "errors",
    "HangupError": "errors", "RuleError": "errors", "UsageError": "errors", "Report": "model",
    "Stream": "model", "Verdict": "model", "Options": "pipeline", "analyze": "pipeline",
}  # fmt: skip

__all__ = [
    "CAUSES", "CaptureError", "Cause", "Exchange", "HangupError", "Options", "Report", "RuleError",
    "Stream", "UsageError", "Verdict", "analyze",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"analyzer.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
