"""The verdict on a row on which no rule fired.

| what the row shows | verdict | confidence |
|---|---|---|
| a sign of failure that counts at any time (`FAILED`) | `unexplained` | possible |
| the capture ended before the stream did (`OPEN`) | `open-at-export` | possible |
| a sign that counts once the stream has ended (`CUT`) | `unexplained` | possible |
| none of these | `completed` | possible, and it says that no end marker proves it |

A false alarm costs more than a miss: without any sign of failure nobody is blamed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.engine.evidence import evidence_of
from analyzer.engine.operators import literal, quote
from analyzer.engine.render import Show
from analyzer.engine.settle import settle_text
from analyzer.model import Verdict

# (column, test, value); tests: "is" one of the values, "not" recorded and none of them, "from" at least.
Sign = tuple[str, str, tuple[Any, ...]]

FAILED: Final[tuple[Sign, ...]] = (
    ("net_error", "not", ()),
    ("failure_text", "not", ()),
    ("status", "from", (400,)),
    ("in_band_error", "is", (True,)),
    ("grpc_status", "not", (0,)),
    # 1000 normal, 1001 going away, 1005 none given: no failure by themselves (RFC 6455, 7.4.1)
    ("close_code", "not", (1000, 1001, 1005)),
    ("finish_class", "is", ("error", "overloaded", "rate-limit")),
    ("preflight_error", "not", ()),
    ("closed_why", "not", ("none", "abort", "keepalive-race", "shutdown")),
    ("worker_message", "not", ()),
)
OPEN: Final[tuple[Sign, ...]] = (
    ("end_recorded", "is", (False,)),
    ("ending_by", "is", ("recorder",)),
    ("ending_signal", "is", ("not-ended",)),
)
CUT: Final[tuple[Sign, ...]] = (
    ("cut_inside_event", "is", (True,)),
    ("terminal_marker", "is", ("missing",)),
    ("status", "is", (0,)),
    ("closed_why", "is", ("abort", "keepalive-race", "shutdown")),
)
# What to show of a row that gives no sign of failure.
_QUIET: Final = ("ending_signal", "terminal_marker", "status", "events", "body_bytes", "duration_ms", "url")


def fallback(row: Exchange, show: Show) -> Verdict:
    """The verdict by the table above. Its evidence is the signs themselves."""
    failed, opened, cut = _met(row, FAILED), _met(row, OPEN), _met(row, CUT)
    if failed or (cut and not opened):
        return _verdict(
            row,
            show,
            "unexplained",
            (*failed, *cut, "ending_signal", "status", "duration_ms", "idle_before_end_ms"),
            "It failed, but nothing in the capture says who ended it or why; what is known is listed as evidence.",
        )
    if opened:
        return _verdict(
            row,
            show,
            "open-at-export",
            (*opened, "status", "events", "duration_ms"),
            "The capture was saved before this stream ended, and nothing up to then went wrong.",
        )
    return _verdict(
        row,
        show,
        "completed",
        _QUIET,
        "Nothing went wrong as far as the capture shows. It also shows no end marker, so that the answer "
        "was whole is likely but not proved.",
    )


def cause_sql(absent: frozenset[str] = frozenset()) -> str:
    """The same table as SQL: the cause of a row on which no rule fired."""
    failed, opened, cut = (_sql(signs, absent) for signs in (FAILED, OPEN, CUT))
    return (
        f"CASE WHEN {failed} THEN 'unexplained' WHEN {opened} THEN 'open-at-export' "
        f"WHEN {cut} THEN 'unexplained' ELSE 'completed' END"
    )


def columns_read() -> frozenset[str]:
    """The columns that the table above looks at."""
    return frozenset(sign[0] for sign in (*FAILED, *OPEN, *CUT))


def _met(row: Exchange, signs: Sequence[Sign]) -> list[str]:
    return list(
        dict.fromkeys(name for name, test, values in signs if _holds(getattr(row, name), test, values))
    )


def _holds(value: Any, test: str, values: tuple[Any, ...]) -> bool:
    if value is None:
        return False
    if test == "from":
        return bool(value >= values[0])
    return (value in values) == (test == "is")


def _sql(signs: Sequence[Sign], absent: frozenset[str]) -> str:
    parts = []
    for name, test, values in signs:
        if name in absent:
            continue
        col, listed = quote(name), ", ".join(literal(value) for value in values)
        if test == "from":
            parts.append(f"{col} >= {listed}")
        elif test == "is":
            parts.append(f"{col} IN ({listed})")
        else:
            parts.append(f"{col} NOT IN ({listed})" if values else f"{col} IS NOT NULL")
    return "(" + " OR ".join(f"coalesce({part}, FALSE)" for part in parts) + ")" if parts else "FALSE"


def _verdict(row: Exchange, show: Show, cause_id: str, names: Sequence[str], explanation: str) -> Verdict:
    cause = CAUSES[cause_id]
    return Verdict(
        cause=cause.id,
        party=cause.party,
        severity=cause.severity,
        confidence="possible",
        rule=None,
        title=cause.title,
        explanation=explanation,
        evidence=evidence_of(row, dict.fromkeys(names), show),
        settle=settle_text(row, cause.party),
    )
