"""Instants and spans of a capture, whose numbers may be anything."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

#: Thirty years in ms: what a recorder gives as a longer span is no time.
LONGEST_MS: Final = 1e12


def after(at: datetime, ms: float) -> datetime | None:
    """The instant so many ms later; None where the calendar has no such day."""
    try:
        return at + timedelta(milliseconds=ms)
    except OverflowError:
        return None
