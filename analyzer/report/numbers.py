"""How numbers are written for people: durations, sizes, counts, instants. None stays None."""

from __future__ import annotations

import math
from datetime import UTC, datetime

NBSP = "\u00a0"  # keeps a number and its unit on one line


def duration(ms: float | None) -> str | None:
    """Milliseconds for reading: `340 ms`, `1.24 s`, `60.1 s`, `2 min 5 s`, `1 h 4 min`."""
    if ms is None or not math.isfinite(ms):
        return None
    sign = "−" if ms < 0 else ""
    ms = abs(ms)
    if ms < 0.95:
        return f"{sign}{ms:.1f}{NBSP}ms" if ms else f"0{NBSP}ms"
    if ms < 999.5:
        return f"{sign}{ms:.0f}{NBSP}ms"
    seconds = ms / 1000
    if seconds < 9.995:
        return f"{sign}{seconds:.2f}{NBSP}s"
    if seconds < 119.95:
        return f"{sign}{seconds:.1f}{NBSP}s"
    whole = round(seconds)
    if whole < 7200:
        minutes, rest = divmod(whole, 60)
        return f"{sign}{minutes}{NBSP}min" + (f"{NBSP}{rest}{NBSP}s" if rest else "")
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{sign}{hours}{NBSP}h" + (f"{NBSP}{minutes}{NBSP}min" if minutes else "")


def size(count: int | float | None) -> str | None:
    """Bytes for reading, in powers of 1000: `812 B`, `6.2 kB`, `3.1 MB`."""
    if count is None or not math.isfinite(count):
        return None
    if abs(count) < 1000:
        return f"{count:.0f}{NBSP}B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if abs(value) < 999.5 or unit == "TB":
            break
    return f"{value:.1f}{NBSP}{unit}" if abs(value) < 99.95 else f"{value:.0f}{NBSP}{unit}"


def number(count: int | float | None) -> str | None:
    """A count with thousands separated."""
    if count is None:
        return None
    return f"{count:,}" if isinstance(count, int) else f"{count:,.6g}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 stream`, `2 streams`."""
    return f"{count:,}{NBSP}{one if count == 1 else many or one + 's'}"


def instant(at: datetime | None) -> str | None:
    """An instant in UTC, to the millisecond: `2026-03-02 10:15:06.123 UTC`. Naive means UTC."""
    if at is None:
        return None
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}.{utc.microsecond // 1000:03d}{NBSP}UTC"


def clock(at: datetime | None) -> str | None:
    """The time of day of an instant in UTC, to the second."""
    if at is None:
        return None
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{utc:%H:%M:%S}{NBSP}UTC"


def instant_to_second(at: datetime) -> str:
    """An instant in UTC, to the second. Naive means UTC."""
    utc = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{utc:%Y-%m-%d %H:%M:%S}{NBSP}UTC"
