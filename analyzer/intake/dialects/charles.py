"""Charles: `_charlesStatus` is COMPLETE, or the exchange failed, whatever its status says."""

from __future__ import annotations

from typing import ClassVar

from analyzer.intake.dialects.base import Dialect
from analyzer.intake.shape import Entry


class Charles(Dialect):
    """Charles Proxy."""

    name: ClassVar[str] = "charles"

    def errors_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return entry.response is not None and entry.response.charles_status is not None

    def end_recorded(self, entry: Entry, status: int | None) -> bool | None:
        return True if entry.response is not None and entry.response.charles_status else None
