"""The recorded values of one stream, in groups, and what each of them means."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup, escape

from analyzer.columns import Exchange, columns
from analyzer.model import Stream
from analyzer.report.numbers import duration, instant, number, size
from analyzer.report.prose import breakable
from analyzer.safe import one_line, visible


@dataclass(frozen=True, slots=True)
class FactView:
    """One recorded value. help: anchor of what its label means, None where that goes without saying."""

    label: str
    help: str | None
    value: Markup


def show(column: str, value: object) -> str:
    """A value as its column's unit asks for."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return instant(value) or ""
    if isinstance(value, int | float):
        if column.endswith("_ms"):
            return duration(value) or ""
        if column.endswith("_bytes"):
            return size(value) or ""
        if column in ("status", "close_code", "grpc_status") or column.endswith("_status"):
            return str(value)
        return number(value) or ""
    return "not recorded" if value is None else visible(value, 600)


_GROUPS: Final[tuple[tuple[str, tuple[tuple[str, str], ...]], ...]] = (
    ("Response", (("status", "Status"), ("net_error", "Net error"), ("failure_text", "Failure"), ("content_type", "Content type"),
                  ("content_encoding", "Encoding"), ("gateway", "Gateway"), ("server", "Server"), ("from_cache", "From cache"),
                  ("error_type", "Error type"), ("error_code", "Error code"), ("error_text", "Error message"),
                  ("retry_after_ms", "Retry after"))),
    ("Connection", (("http_version", "HTTP version"), ("server_ip", "Server address"), ("connection_id", "Connection"),
                    ("connection_reused", "Reused"), ("ttfb_ms", "First byte after"), ("duration_ms", "Lasted"),
                    ("body_bytes", "Body"), ("transfer_bytes", "On the wire"))),
    ("Stream", (("protocol", "Protocol"), ("framing", "Framing"), ("provider", "Provider"), ("model", "Model"),
                ("events", "Events"), ("heartbeats", "Heartbeats"), ("idle_before_end_ms", "Silence before end"),
                ("max_gap_ms", "Longest silence"), ("median_gap_ms", "Usual silence"), ("terminal_marker", "End marker"),
                ("finish_reason", "Finish reason"), ("close_code", "Close code"), ("grpc_status", "gRPC status"),
                ("tail_bytes", "Left over"), ("cut_inside_event", "Cut inside an event"))),
    ("Proxy", (("upstream", "Upstream"), ("upstream_status", "Upstream status"), ("upstream_response_ms", "Upstream took"),
               ("termination_state", "Termination state"), ("response_flags", "Response flags"), ("edge_result", "Edge result"),
               ("error_reason", "Reason"), ("closed_by", "Closed by"), ("closed_why", "Closed because"), ("route", "Route"))),
)  # fmt: skip
# Labels that need no explanation get none: less noise, and a smaller page.
_PLAIN: Final = frozenset(
    {
        "status", "gateway", "server", "model", "provider", "events", "http_version", "server_ip", "duration_ms", "body_bytes",
        "from_cache", "connection_reused", "error_type", "error_code", "error_text", "ended_at", "connection_id", "protocol",
    }
)  # fmt: skip
_MARKER: Final = {"seen": "seen", "missing": "owed, and never came", "none": "this protocol has none"}
_BY: Final = {
    "client": "the client", "proxy": "a proxy", "server": "the server", "network": "the network",
    "recorder": "the recording", "unknown": "not known",
}  # fmt: skip
_PHASE_WORDS: Final = {
    "connect": "while connecting", "request": "while sending the request", "headers": "while waiting for the answer",
    "data": "in the middle of the answer", "last": "after the end marker",
}  # fmt: skip
ENDING: Final = "ending"
_ENDING_HELP: Final = (
    "who ended it, in which phase, whether the protocol announced it, and what carried the end"
)


PHASES: Final = {
    "queue": ("Queued", "waiting inside the browser before anything was sent"),
    "dns": ("Name lookup", "turning the server's name into an address"),
    "connect": ("Connecting", "setting up the connection"),
    "tls": ("Encrypting", "agreeing on the encryption (TLS handshake)"),
    "send": ("Sending", "sending the request"),
    "wait": ("Waiting", "from the request sent to the first byte of the answer"),
    "receive": ("Receiving", "from the first byte of the answer to the end"),
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a recorded value means. anchor: its id on the page; label: empty where the report has none."""

    anchor: str
    label: str
    column: str
    text: str


def meaning_anchor(column: str) -> str:
    """The id of a column's explanation at the end of the page."""
    return f"c-{column.replace('_', '-')}"


def phase_anchor(kind: str) -> str:
    """The id of a phase's explanation at the end of the page."""
    return f"ph-{kind}"


def meanings(wanted: Container[str]) -> list[Meaning]:
    """What the values with these anchors mean, in alphabetical order of how they are called."""
    labels = {name: label for _, names in _GROUPS for name, label in names}
    found = [
        Meaning(anchor, labels.get(name, ""), name, column.meaning)
        for name, column in columns().items()
        if (anchor := meaning_anchor(name)) in wanted
    ]
    found += [
        Meaning(phase_anchor(kind), label, "", text)
        for kind, (label, text) in PHASES.items()
        if phase_anchor(kind) in wanted
    ]
    if meaning_anchor(ENDING) in wanted:
        found.append(Meaning(meaning_anchor(ENDING), "Ended by", "", _ENDING_HELP))
    return sorted(found, key=lambda meaning: (meaning.label or meaning.column).lower())


def facts_of(row: Exchange, stream: Stream) -> list[tuple[str, list[FactView]]]:
    """Groups of recorded values; what is not recorded is left out."""
    found: list[tuple[str, list[FactView]]] = []
    for group, names in _GROUPS:
        facts: list[FactView] = []
        for name, label in names:
            value = getattr(row, name)
            if value is None:
                continue
            text = show(name, value)
            if name == "terminal_marker":
                text = _MARKER.get(text, text) + (
                    f" ({one_line(row.terminal_name, 60)})" if row.terminal_name else ""
                )
            facts.append(
                FactView(
                    label, None if name in _PLAIN else meaning_anchor(name), breakable(one_line(text, 400))
                )
            )
        if facts:
            found.append((group, facts))
    ending = stream.ending
    text = f"{_BY.get(ending.by, one_line(ending.by, 40))}, {_PHASE_WORDS.get(ending.phase, one_line(ending.phase, 40))}"
    if ending.announced is not None:
        text += ", announced" if ending.announced else ", unannounced"
    if ending.signal != "unknown":
        text += f", by {one_line(ending.signal.replace('-', ' '), 60)}"
    ends = [FactView("Ended by", meaning_anchor(ENDING), escape(text))]
    if row.ended_at:
        ends.append(FactView("Ended at", None, escape(instant(row.ended_at) or "")))
    found.append(("Ending", ends))
    return found
