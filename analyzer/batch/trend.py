"""Causes and parties over time, in steps that fit the span."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final, Literal

from analyzer.batch.model import Bucket, Trend
from analyzer.batch.working import one

Step = Literal["hour", "day", "week", "month", "year"]
MOST: Final = 80  # buckets
_STEPS: Final[tuple[tuple[Step, float], ...]] = (
    ("hour", 3600.0),
    ("day", 86_400.0),
    ("week", 7 * 86_400.0),
    ("month", 30.5 * 86_400.0),
    ("year", 365.25 * 86_400.0),
)
_SHORTEST: Final = 48 * 3600.0  # a queue of two days is read by the hour, a longer one by the day


def trend(db: Any) -> Trend:
    """Tickets per stretch of time, empty stretches included. Needs `working.prepare`."""
    first, last, undated = one(
        db, "SELECT min(moment), max(moment), count(*) FILTER (WHERE moment IS NULL) FROM batch_t"
    )
    if first is None:
        return Trend(undated=undated)
    step = step_for(first, last)
    made: dict[datetime, Bucket] = {}
    rows = db.execute(
        f"""SELECT CAST(date_trunc('{step}', moment) AS TIMESTAMP) AS start, cause, party, coalesce(broken, false), count(*)
        FROM batch_t WHERE moment IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    ).fetchall()
    for start, cause, party, broken, count in rows:
        bucket = made.setdefault(start, Bucket(start=_iso(start)))
        bucket.tickets += count
        if broken:
            bucket.broken += count
            bucket.by_cause[cause] = bucket.by_cause.get(cause, 0) + count
            bucket.by_party[party] = bucket.by_party.get(party, 0) + count
    starts = sorted(made)
    if _many(starts[0], starts[-1], step) <= MOST:
        at = starts[0]
        while at < starts[-1]:
            made.setdefault(at, Bucket(start=_iso(at)))
            at = _next(at, step)
        kept = sorted(made)
    else:  # a clock that was wrong by decades: stretches without a ticket are left out
        kept = starts[-MOST:]
    left_out = sum(made[at].tickets for at in starts if at < kept[0])
    return Trend(step=step, buckets=[made[at] for at in kept], undated=undated, left_out=left_out)


def step_for(first: datetime, last: datetime) -> Step:
    """The finest step that gives at most 80 buckets; hours only for up to two days."""
    span = (last - first).total_seconds()
    for step, seconds in _STEPS:
        if (step != "hour" or span <= _SHORTEST) and span / seconds < MOST - 1:
            return step
    return "year"


def _many(first: datetime, last: datetime, step: Step) -> float:
    return (last - first).total_seconds() / dict(_STEPS)[step]


def _next(at: datetime, step: Step) -> datetime:
    if step == "hour":
        return at + timedelta(hours=1)
    if step == "day":
        return at + timedelta(days=1)
    if step == "week":
        return at + timedelta(days=7)
    if step == "month":
        return at.replace(year=at.year + at.month // 12, month=at.month % 12 + 1)
    return at.replace(year=at.year + 1)


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at.year >= 1000 else f"{at.isoformat()}Z"
