"""One stream of the report, ready to print: verdict, drawings, evidence, facts, advice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup, escape

from analyzer.causes import CAUSES, Confidence, Party
from analyzer.columns import Exchange, columns
from analyzer.model import Evidence, Stream, Timeline, Verdict
from analyzer.report.measures import Measure, measures
from analyzer.report.numbers import duration, instant, number, size
from analyzer.report.path import never_answered, path_of
from analyzer.report.prose import Block, blocks, breakable, prose
from analyzer.report.svg_timeline import (
    Words,
    phase_class,
    shape,
    shape_words,
    silence_ms,
    tick_words,
    timeline,
    timeline_words,
    worth_showing,
)
from analyzer.safe import clipped, one_line, pretty_json, visible

SURE: Final[dict[Confidence, str]] = {
    "certain": "We are certain: the evidence names the cause.",
    "likely": "This is likely: it fits all that the capture shows, and nothing contradicts it.",
    "possible": "This is possible, no more: it fits, and so does something else that is named below.",
}
PARTY_WORDS: Final[dict[Party, str]] = {
    "none": "nobody", "user": "the user or the page", "browser": "the browser", "network": "the network",
    "gateway": "the gateway", "origin": "the application", "provider": "the model provider",
    "account": "the account or session", "unknown": "not known",
}  # fmt: skip
_ENDED: Final[dict[Party, str]] = {
    "none": "nobody hung up", "user": "ended by the user or the page", "browser": "ended in the browser",
    "network": "ended in the network", "gateway": "ended by the gateway", "origin": "ended by the application",
    "provider": "ended by the model provider", "account": "about the account or session", "unknown": "ended by someone unknown",
}  # fmt: skip
_TONE_WORDS: Final = {"failed": "Failed", "degraded": "Degraded", "info": "Nobody’s fault", "ok": "Completed"}
_READERS: Final = (
    ("user", "I use it", "For the person in front of the screen"),
    ("operator", "I run it", "For whoever runs the proxy, the gateway or the platform"),
    ("developer", "I build it", "For whoever writes the application"),
)
_NOTHING: Final = {
    "user": "There is nothing for you to change. Ask again; if it keeps happening, pass this report on.",
    "operator": "There is nothing to change in the proxies or the platform because of this.",
    "developer": "There is nothing to change in the application because of this.",
}


@dataclass(frozen=True, slots=True)
class FixTab:
    """Advice for one reader: steps, each a list of paragraphs and blocks to copy. nothing: said when there is none."""

    key: str
    label: str
    about: str
    steps: list[list[Block]]
    nothing: str


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One fact. meaning: what its column means; known: whether the entry it is from is on the page."""

    role: str
    text: Markup
    column: str
    meaning: str | None
    value: str
    where: str
    known: bool


@dataclass(frozen=True, slots=True)
class RunnerView:
    """A verdict that lost, and why."""

    title: str
    rule: str
    why: Markup


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase in the legend under the timeline."""

    kind: str
    label: str
    meaning: str
    lasted: str


@dataclass(frozen=True, slots=True)
class StreamView:
    """One section of the page. anchor: its id; every id inside begins with it."""

    anchor: str
    tone: str
    tone_word: str
    title: str
    request: str
    capture: str | None
    when: str | None
    where: str
    explanation: Markup
    sure: str
    who: str
    caption: str
    timeline: Markup | None
    phases: list[PhaseView]
    legend: list[tuple[str, str]]
    limits: list[str]
    shape: Markup | None
    shape_words: str
    evidence: list[EvidenceView]
    facts: list[tuple[str, list[tuple[str, str, Markup]]]]
    request_ids: list[tuple[str, str]]
    runners: list[RunnerView]
    settle: Markup | None
    fixes: list[FixTab]
    rule: str | None
    raw: str | None
    raw_where: str


def stream_view(stream: Stream, anchor: str, *, raw_limit: int, several: bool) -> StreamView:
    """The view of one redacted stream. several: the report is made from more than one capture."""
    row, verdict, line = stream.exchange, stream.verdict, stream.timeline
    seen: set[str] = set()
    limits = measures(line, row)
    end_word = _end_word(stream)
    words = Words(end_word, _empty_lane(stream), timeline_words(line, end_word=end_word))
    request = " ".join(x for x in (row.method, f"{row.host or ''}{row.path or ''}" or row.url) if x)
    sizes = [max(0, value) for value in stream.shape]
    said = shape_words(sizes, row.events)
    return StreamView(
        anchor=anchor,
        tone=verdict.severity,
        tone_word=_TONE_WORDS[verdict.severity],
        title=one_line(verdict.title, 240),
        request=one_line(request or stream.id, 240),
        capture=one_line(row.capture, 160) if several and row.capture else None,
        when=instant(row.started_at),
        where=one_line(row.where or "", 200),
        explanation=prose(verdict.explanation, seen),
        sure=SURE[verdict.confidence],
        who=_ENDED[verdict.party],
        caption=path_of(stream).caption,
        timeline=timeline(line, f"{anchor}-tl", limits, words),
        phases=_phases(line),
        legend=_legend(line),
        limits=_limits(limits),
        shape=shape(sizes, f"{anchor}-sh", said),
        shape_words=said,
        evidence=[_evidence(item, stream) for item in verdict.evidence],
        facts=_facts(row, stream),
        request_ids=[
            (one_line(name, 80), one_line(value, 200)) for name, value in stream.request_ids.items()
        ],
        runners=[_runner(item.cause, item.rule, item.why, seen) for item in verdict.runners_up],
        settle=prose(verdict.settle, seen) if verdict.settle and verdict.confidence != "certain" else None,
        fixes=[tab for tab in fix_tabs(verdict, seen) if tab.steps],
        rule=one_line(verdict.rule, 100) if verdict.rule else None,
        raw=pretty_json(stream.raw, limit=raw_limit) if stream.raw else None,
        raw_where=one_line(row.where or "", 200),
    )


def fix_tabs(verdict: Verdict, seen: set[str]) -> list[FixTab]:
    """The three readers' advice, always in the same order."""
    lines = {"user": verdict.fix.user, "operator": verdict.fix.operator, "developer": verdict.fix.developer}
    return [
        FixTab(
            key,
            label,
            about,
            [found for text in lines[key] if (found := blocks(text, seen))],
            _nothing(verdict, key),
        )
        for key, label, about in _READERS
    ]


def _nothing(verdict: Verdict, reader: str) -> str:
    if verdict.severity in ("ok", "info"):
        return "Nothing is broken, so there is nothing to do."
    return _NOTHING[reader]


def _end_word(stream: Stream) -> str:
    verdict, row = stream.verdict, stream.exchange
    if verdict.cause == "open-at-export":
        return "still open"
    if verdict.party == "user":
        return "stopped"
    if verdict.severity == "failed" and never_answered(stream) and row.status:
        return f"answered {row.status}"
    if verdict.severity == "failed" and never_answered(stream):
        return "failed"
    return "cut" if verdict.severity == "failed" or stream.timeline.cut_ms is not None else "ended"


def _empty_lane(stream: Stream) -> str:
    if stream.exchange.events == 0 or never_answered(stream):
        return "no event arrived"
    return "the capture has no arrival times"


def _runner(cause: str, rule: str, why: str, seen: set[str]) -> RunnerView:
    known = CAUSES.get(cause)
    return RunnerView(known.title if known else one_line(cause, 80), one_line(rule, 100), prose(why, seen))


# ------------------------------------------------------------------------------ the timeline's legend

_PHASES: Final = {
    "queue": ("Queued", "waiting inside the browser before anything was sent"),
    "dns": ("Name lookup", "turning the server's name into an address"),
    "connect": ("Connecting", "setting up the connection"),
    "tls": ("Encrypting", "agreeing on the encryption (TLS handshake)"),
    "send": ("Sending", "sending the request"),
    "wait": ("Waiting", "from the request sent to the first byte of the answer"),
    "receive": ("Receiving", "from the first byte of the answer to the end"),
}


def _phases(line: Timeline) -> list[PhaseView]:
    found: list[PhaseView] = []
    for phase in line.phases:
        label, meaning = _PHASES.get(phase.kind, (one_line(phase.kind, 30), ""))
        found.append(
            PhaseView(phase_class(phase.kind), label, meaning, duration(phase.end_ms - phase.start_ms) or "")
        )
    return found


def _legend(line: Timeline) -> list[tuple[str, str]]:
    """(class, words) for what is drawn in the lower lane."""
    kinds = {kind for _, _, kind in line.marks}
    found: list[tuple[str, str]] = []
    if "event" in kinds:
        found.append(("event", "an event; the taller, the more bytes"))
    if "chunk" in kinds:
        found.append(("chunk", "bytes that arrived together"))
    if "heartbeat" in kinds:
        found.append(("heartbeat", "a heartbeat, without content"))
    quiet = silence_ms(line)
    if quiet is not None and worth_showing(quiet, line.total_ms):
        found.append(("quiet", f"{duration(quiet)} of silence before the end"))
    if line.marks and line.marks_total > len(line.marks):
        found.append(("more", f"{number(len(line.marks))} of {number(line.marks_total)} arrivals are drawn"))
    return found


def _limits(limits: Sequence[Measure]) -> list[str]:
    """Legend of the limits: a line for each that fits, one for all that were outlived."""
    found: list[str] = []
    for limit in limits:
        if limit.fits:
            since = "of silence" if limit.from_last else "since the request began"
            whose = clipped(limit.label, 160) if limit.label else "a value that is often set"
            found.append(f"{tick_words(limit.limit_ms)} {since}: {whose}")
    passed = [
        f"{tick_words(m.limit_ms)}{f' ({clipped(m.label, 60)})' if m.label else ''}"
        for m in limits
        if not m.fits
    ]
    if passed:
        found.append(f"Outlived: {', '.join(passed)}")
    return found


# ------------------------------------------------------------------------------ evidence and facts


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


_NAMES: Final = frozenset({"nginx", "openai", "anthropic", "cloudflare", "haproxy", "envoy"})


def _sentence(text: str) -> str:
    """With a capital at its beginning, unless it begins with a name that has none."""
    first = text.split(" ", 1)[0]
    return text[0].upper() + text[1:] if first.isalpha() and first.isascii() and first not in _NAMES else text


def _evidence(item: Evidence, stream: Stream) -> EvidenceView:
    column = columns().get(item.column)
    where, entry = item.where, stream.exchange.where
    return EvidenceView(
        role="main" if item.role == "primary" else "related",
        text=prose(_sentence(item.text)),  # inside a summary, where links must not be
        column=one_line(item.column, 60),
        meaning=column.meaning if column else None,
        value=show(item.column, item.value),
        where=one_line(where, 240),
        known=bool(stream.raw) and entry is not None and where.startswith(entry),
    )


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
_ENDING_HELP: Final = (
    "who ended it, in which phase, whether the protocol announced it, and what carried the end"
)


def _facts(row: Exchange, stream: Stream) -> list[tuple[str, list[tuple[str, str, Markup]]]]:
    """Groups of (label, meaning of the column, value); what is not recorded is left out."""
    found: list[tuple[str, list[tuple[str, str, Markup]]]] = []
    known = columns()
    for group, names in _GROUPS:
        facts: list[tuple[str, str, Markup]] = []
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
                (label, "" if name in _PLAIN else known[name].meaning, breakable(one_line(text, 400)))
            )
        if facts:
            found.append((group, facts))
    ending = stream.ending
    text = f"{_BY.get(ending.by, one_line(ending.by, 40))}, {_PHASE_WORDS.get(ending.phase, one_line(ending.phase, 40))}"
    if ending.announced is not None:
        text += ", announced" if ending.announced else ", unannounced"
    if ending.signal != "unknown":
        text += f", by {one_line(ending.signal.replace('-', ' '), 60)}"
    ends = [("Ended by", _ENDING_HELP, escape(text))]
    if row.ended_at:
        ends.append(("Ended at", "", escape(instant(row.ended_at) or "")))
    found.append(("Ending", ends))
    return found
