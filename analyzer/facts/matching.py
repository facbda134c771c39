"""The browser's side and the proxies' side of the same exchange."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from analyzer.model import Capture, Recorded, Verdict


@dataclass(slots=True)
class Pairs:
    """Which streams met which log rows."""

    lines: list[int] = field(default_factory=list)

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """Put the log's side into the verdicts of the streams that met a line."""


def match(con: Any, table: str, found: Sequence[tuple[Capture, Recorded]]) -> Pairs:
    """Nothing is matched yet."""
    return Pairs()
