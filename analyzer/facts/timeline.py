"""What a drawing of one stream needs: phases, arrivals, the silence, the cut."""

from __future__ import annotations

from typing import Final

from analyzer import protocols
from analyzer.columns import Exchange
from analyzer.facts import limits
from analyzer.facts.build import stream_input
from analyzer.model import Phase, Recorded, Timeline

_BROKEN_SIGNALS: Final = ("net-error", "close-code", "log-state")


def draw(recorded: Recorded) -> tuple[Timeline, list[int]]:
    """The timeline of one stream and the sizes of its events. Times in ms since the request's start."""
    row = recorded.exchange
    inp = stream_input(recorded)
    marks, total = protocols.marks(inp)
    if not marks and recorded.chunks:
        step = max(1, len(recorded.chunks) // 400)
        marks = [(chunk.at_ms, chunk.size, "chunk") for chunk in recorded.chunks[::step]]
        total = len(recorded.chunks)
    silence = row.idle_before_end_ms
    cut = row.duration_ms if _broke(row) else None
    return (
        Timeline(
            total_ms=row.duration_ms,
            phases=_phases(row),
            marks=marks,
            marks_total=total,
            times_known=bool(marks),
            silence_from_ms=(
                row.duration_ms - silence
                if silence and row.duration_ms is not None and silence > 1000
                else None
            ),
            cut_ms=cut,
            limits=_limits(row),
        ),
        protocols.shape(inp),
    )


def _broke(row: Exchange) -> bool:
    if row.terminal_marker == "seen":
        return False
    return (
        row.ending_signal in _BROKEN_SIGNALS or row.terminal_marker == "missing" or (row.status or 0) >= 400
    )


def _phases(row: Exchange) -> list[Phase]:
    phases: list[Phase] = []
    at = 0.0
    tls = row.tls_ms or 0.0
    connect = max(0.0, (row.connect_ms or 0.0) - tls)
    for kind, length in (
        ("queue", row.blocked_ms),
        ("dns", row.dns_ms),
        ("connect", connect),
        ("tls", tls),
        ("send", row.send_ms),
        ("wait", row.ttfb_ms),
        ("receive", row.receive_ms),
    ):
        if length is not None and length > 0:
            phases.append(Phase(kind, at, at + length))
            at += length
    return phases


def _limits(row: Exchange) -> list[tuple[float, str]]:
    """The well-known limits within sight of this stream's length; the one that fits comes with names."""
    total = row.duration_ms
    if total is None or total < 5000:
        return []
    found = []
    for limit, names in limits.candidates("total").items():
        if limit <= total * 1.15 and limit >= total * 0.25:
            found.append((limit, ", ".join(names[:2])))
    return found[-4:]
