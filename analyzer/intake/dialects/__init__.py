"""Exporters: who wrote a HAR, and what only that exporter does differently, one module each."""

from __future__ import annotations

from analyzer.intake.dialects.base import Dialect, Failure, Times
from analyzer.intake.dialects.sniff import choose

__all__ = ["Dialect", "Failure", "Times", "choose"]
