"""Two captures of the same thing: what differs, is the failure gone, and is that evidence or luck."""

from __future__ import annotations

from analyzer.compare.captures import compare, compare_reports

__all__ = ["compare", "compare_reports"]
