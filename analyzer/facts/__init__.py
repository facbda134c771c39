"""From what was recorded to what a rule may ask: the columns that intake alone cannot fill.

`build` fills one row from its headers, its body and its protocol; `context` fills what only the
whole capture can tell. Both write into the exchange in place and know nothing of rules.
"""

from __future__ import annotations

from analyzer.facts.build import Settings, build
from analyzer.facts.context import add_context

__all__ = ["Settings", "add_context", "build"]
