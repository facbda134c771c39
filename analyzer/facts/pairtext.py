"""What a pair says in a verdict: where each fact stands, how the two were matched, what neither saw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from analyzer.columns import Exchange
from analyzer.model import Evidence, Verdict

# What an error message tells, and the access line beside it does not.
MESSAGE: Final = frozenset({"closed_by", "closed_phase", "closed_why", "worker_message"})
_CLIENT: Final = ("net::ERR_ABORTED", "NS_BINDING_ABORTED", "net::ERR_CONTEXT_SHUT_DOWN")


@dataclass(slots=True)
class Pair:
    """A stream and its log row. skew_ms: proxy clock minus browser clock. copied: columns from the log.

    message_where: where the error message stands that belongs to the row, if there is one.
    in_front: the gateway that the browser's response names, where it is not the one that wrote the log.
    """

    index: int
    number: int
    where: str
    by: str
    message_where: str | None = None
    skew_ms: float | None = None
    row: Exchange | None = None
    copied: set[str] = field(default_factory=set)
    in_front: str | None = None
    net_error: str | None = None
    answered_in_front: bool = False


def retold(verdict: Verdict, pairs: Sequence[Pair]) -> None:
    """Correct the places of the facts that come from a log, and say how the two sides were matched."""
    first = pairs[0]
    verdict.evidence = [
        msgspec.structs.replace(item, where=_where(first, item.column))
        if item.column in first.copied
        else item
        for item in verdict.evidence
    ]
    for pair in pairs:
        if pair.row is None:
            continue
        text = f"the proxy's log tells of this request here (matched by {pair.by}{_skew(pair)})"
        verdict.evidence.append(
            Evidence(role="related", where=pair.where, column="where", value=pair.where, text=text)
        )
    unseen = _unseen(first)
    places = " and ".join(
        place for pair in pairs for place in (pair.where, pair.message_where) if place is not None
    )
    verdict.explanation += f" Both sides were compared: the browser's capture and {places}{_clock(first)}."
    if unseen:
        verdict.explanation += " " + unseen


def _where(pair: Pair, column: str) -> str:
    return pair.message_where if pair.message_where and column in MESSAGE else pair.where


def _skew(pair: Pair) -> str:
    return "" if pair.skew_ms is None else f"; clocks {pair.skew_ms / 1000:+.1f} s apart"


def _clock(pair: Pair) -> str:
    if pair.skew_ms is None or abs(pair.skew_ms) < 2000:
        return ""
    side = "ahead of" if pair.skew_ms > 0 else "behind"
    return f", whose clock is {abs(pair.skew_ms) / 1000:.0f} s {side} the browser's"


def _unseen(pair: Pair) -> str | None:
    """What neither of the two could see."""
    line = pair.row
    if line is None:
        return None
    if pair.answered_in_front:
        return (
            "To the proxy that wrote this line the gateway in front of it looked like a client that left: "
            "it had given up, and answered the browser itself."
        )
    if "status" in pair.copied:
        return (
            f"The browser recorded no status; the proxy answered {line.status}. "
            "That the page could not read it (for want of CORS headers, say) hides the status from the page only."
        )
    if pair.net_error and pair.net_error not in _CLIENT and line.closed_by in ("none", None):
        front = f" {pair.in_front} stands in front of it, and its log would tell." if pair.in_front else ""
        return (
            "The proxy's line shows nothing of a break, so it happened between the proxy and the browser, "
            f"where neither of the two can see.{front}"
        )
    if pair.net_error and pair.net_error not in _CLIENT and line.closed_by == "client":
        return "What happened between the two machines is in neither file."
    return None
