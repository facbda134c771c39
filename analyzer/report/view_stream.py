"""One stream of the report, ready to print: verdict, drawings, evidence, facts, advice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from analyzer.causes import CAUSES, Confidence, Party
from analyzer.columns import columns
from analyzer.model import Evidence, Stream, Timeline, Verdict
from analyzer.report.measures import Measure, measures
from analyzer.report.numbers import duration, instant, number
from analyzer.report.path import never_answered, path_of
from analyzer.report.prose import Block, blocks, prose
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
from analyzer.report.view_facts import PHASES, FactView, facts_of, meaning_anchor, phase_anchor, show
from analyzer.report.view_raw import raw_entry
from analyzer.safe import clipped, one_line

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


_LONGEST_LINE: Final = 1400


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
    """One fact. help: anchor of what its column means; known: anchor of the entry it is from, None if that is not on the page."""

    role: str
    text: Markup
    column: str
    help: str | None
    value: str
    where: str
    known: str | None


@dataclass(frozen=True, slots=True)
class RunnerView:
    """A verdict that lost, and why."""

    title: str
    rule: str
    why: Markup


@dataclass(frozen=True, slots=True)
class LineView:
    """A line of a log, redacted. place: `access.log:1234`."""

    anchor: str
    place: str
    text: str


@dataclass(frozen=True, slots=True)
class PhaseView:
    """One phase in the legend under the timeline. help: anchor of what its name means, None for an unknown one."""

    kind: str
    label: str
    help: str | None
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
    facts: list[tuple[str, list[FactView]]]
    request_ids: list[tuple[str, str]]
    runners: list[RunnerView]
    settle: Markup | None
    fixes: list[FixTab]
    rule: str | None
    raw: Markup | None
    raw_where: str
    lines: list[LineView]


def stream_view(
    stream: Stream, anchor: str, *, raw_limit: int, several: bool, excerpts: Mapping[str, str] | None = None
) -> StreamView:
    """The view of one redacted stream. several: the report is made from more than one capture.

    excerpts: lines of logs by their place.
    """
    lines = _lines(stream, anchor, excerpts or {})
    anchors = {line.place: line.anchor for line in lines}
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
        evidence=[_evidence(item, stream, anchor, anchors) for item in verdict.evidence],
        facts=facts_of(row, stream),
        request_ids=[
            (one_line(name, 80), one_line(value, 200)) for name, value in stream.request_ids.items()
        ],
        runners=[_runner(item.cause, item.rule, item.why, seen) for item in verdict.runners_up],
        settle=prose(verdict.settle, seen) if verdict.settle and verdict.confidence != "certain" else None,
        fixes=[tab for tab in fix_tabs(verdict, seen) if tab.steps],
        rule=one_line(verdict.rule, 100) if verdict.rule else None,
        raw=raw_entry(stream.raw, limit=raw_limit, ends=6 if raw_limit > 3000 else 2) if stream.raw else None,
        raw_where=one_line(row.where or "", 200),
        lines=lines,
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


def _phases(line: Timeline) -> list[PhaseView]:
    found: list[PhaseView] = []
    for phase in line.phases:
        known = PHASES.get(phase.kind)
        found.append(
            PhaseView(
                phase_class(phase.kind),
                known[0] if known else one_line(phase.kind, 30),
                phase_anchor(phase.kind) if known else None,
                duration(phase.end_ms - phase.start_ms) or "",
            )
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


# ------------------------------------------------------------------------------ evidence

_NAMES: Final = frozenset({"nginx", "openai", "anthropic", "cloudflare", "haproxy", "envoy"})


def _sentence(text: str) -> str:
    """With a capital at its beginning, unless it begins with a name that has none."""
    first = text.split(" ", 1)[0]
    return text[0].upper() + text[1:] if first.isalpha() and first.isascii() and first not in _NAMES else text


def _lines(stream: Stream, anchor: str, excerpts: Mapping[str, str]) -> list[LineView]:
    """The log lines that the stream's evidence names, its own first, each once."""
    places = [stream.exchange.where or "", *(item.where for item in stream.verdict.evidence)]
    return [
        LineView(f"{anchor}-l{number}", one_line(place, 240), one_line(excerpts[place], _LONGEST_LINE))
        for number, place in enumerate(dict.fromkeys(places), 1)
        if place in excerpts
    ]


def _evidence(item: Evidence, stream: Stream, anchor: str, lines: Mapping[str, str]) -> EvidenceView:
    column = columns().get(item.column)
    where, entry = item.where, stream.exchange.where
    return EvidenceView(
        role="main" if item.role == "primary" else "related",
        text=prose(_sentence(item.text)),  # inside a summary, where links must not be
        column=one_line(item.column, 60),
        help=meaning_anchor(item.column) if column else None,
        value=show(item.column, item.value),
        where=one_line(where, 240),
        known=lines.get(one_line(where, 240))
        or (f"{anchor}-raw" if stream.raw and entry is not None and where.startswith(entry) else None),
    )
