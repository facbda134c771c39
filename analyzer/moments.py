"""Instants and spans of a capture, whose numbers may be anything."""

from __future__ import annotations

from datetime import datetime, timedelta


def after(at: datetime, ms: float) -> datetime | None:
    """The instant so many ms later; None where the calendar has no such day."""
    try:
        return at + timedelta(milliseconds=ms)
    except OverflowError:
        return None
