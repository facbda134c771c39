"""Two captures of the same thing: what differs, is the failure gone, and is that evidence or luck."""

from __future__ import annotations

from analyzer.compare.captures import compare

__all__ = ["compare"]
