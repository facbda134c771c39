"""What the templates of the HTML report receive: one documented object, ready to print.

Every string here is either plain text, which the templates escape, or `Markup` built by `svg.py` and
`prose.py`, which escape it themselves. All numbers are formatted. None means that the capture does
not say, and the templates leave it out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from markupsafe import Markup

from analyzer.causes import CAUSES
from analyzer.model import CaptureInfo, Cluster, PageView, Report, Stream
from analyzer.report import glossary, svg_path
from analyzer.report.numbers import clock, duration, instant_to_second, number, plural, size
from analyzer.report.path import path_of
from analyzer.report.prose import prose
from analyzer.report.replies import replies
from analyzer.report.view_exchanges import ExchangesView, exchanges_view
from analyzer.report.view_facts import Meaning, meanings
from analyzer.report.view_stream import (
    PARTY_WORDS,
    SURE,
    FixTab,
    StreamView,
    fix_tabs,
    stream_view,
)
from analyzer.safe import clipped, one_line, visible

MOST_IN_FULL: Final = 60  # streams drawn in full; the overview names the others
MOST_ROWS: Final = 2000  # rows of the overview
LONG_PATH: Final = 160


@dataclass(frozen=True, slots=True)
class Count:
    """One number of the summary line. tone: failed, degraded, info, ok or none."""

    number: str
    label: str
    tone: str


@dataclass(frozen=True, slots=True)
class ReplyView:
    """A message to send. about: when to use it."""

    key: str
    label: str
    about: str
    text: str


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One stream, or one capture that has none. anchor: id of its section, None when it has none."""

    capture: str
    anchor: str | None
    tone: str
    tone_word: str
    title: str
    cause: str
    who: str
    sure: str
    when: str | None
    lasted: str | None
    where: str
    mini: Markup


@dataclass(frozen=True, slots=True)
class CaptureView:
    """One input file. error: why it could not be read at all."""

    path: str
    kind: str
    facts: list[str]
    warnings: list[str]
    error: str | None


@dataclass(frozen=True, slots=True)
class ClusterView:
    """Streams with one problem. shared: (what, value) they have in common."""

    title: str
    who: str
    size: str
    text: Markup
    baseline: Markup | None
    shared: list[tuple[str, str]]
    members: list[tuple[str, str | None]]
    more: int


@dataclass(frozen=True, slots=True)
class PageCard:
    """One page load. facts: (label, value)."""

    title: str
    capture: str
    facts: list[tuple[str, str]]
    kinds: str | None


@dataclass(frozen=True, slots=True)
class ReportView:
    """The whole page. main: the stream that the first part is about; None when there is none."""

    version: str
    title: str
    headline: str
    lead_title: str | None
    lead: Markup | None
    tone: str
    sure: str | None
    generated_at: str | None
    redaction: str
    counts: list[Count]
    main: StreamView | None
    path_wide: Markup | None
    path_tall: Markup | None
    path_caption: str
    others: str | None
    fixes: list[FixTab]
    replies: list[ReplyView]
    streams: list[StreamView]
    overview: list[OverviewRow]
    overview_more: int
    clusters: list[ClusterView]
    exchanges: ExchangesView | None
    pages: list[PageCard]
    captures: list[CaptureView]
    rule_errors: list[str]
    glossary: list[glossary.Term]
    meanings: list[Meaning]
    sprite: Markup


_TONE_WORDS: Final = {"failed": "Failed", "degraded": "Degraded", "info": "Nobody's fault", "ok": "Completed"}
_REPLIES: Final = (
    ("customer", "To the customer", "Plain words, no blame, what to do next."),
    ("provider", "To the model provider", "Request ids and times, so that they can look it up."),
    ("sre", "To the operators", "Where to look, when, and what we know so far."),
)


def build(report: Report, *, version: str) -> ReportView:
    """The view of a redacted report."""
    anchors = {stream.id: f"s{i + 1}" for i, stream in enumerate(report.streams[:MOST_IN_FULL])}
    several = len(report.captures) > 1
    views = [
        stream_view(
            stream,
            f"s{i + 1}",
            raw_limit=8000 if len(report.streams) <= 5 else 2500,
            several=several,
            excerpts=report.excerpts,
        )
        for i, stream in enumerate(report.streams[:MOST_IN_FULL])
    ]
    main = report.streams[0] if report.streams else None
    path = path_of(main) if main else None
    rows = _overview(report, anchors)
    exchanges = exchanges_view(report.entries, anchors, several) if report.entries else None
    headline = one_line(
        report.summary.headline or (main.verdict.title if main else "") or _nothing(report), 400
    )
    seen: set[str] = set()
    lead = prose(main.verdict.explanation, seen) if main and main.verdict.explanation else None
    return ReportView(
        version=one_line(version, 40),
        title=one_line(headline, 120),
        headline=headline,
        lead_title=_lead_title(report),
        lead=lead,
        tone=_tone(report),
        sure=SURE[main.verdict.confidence] if main else None,
        generated_at=_generated(report.generated_at),
        redaction=_redaction(report.redacted),
        counts=_counts(report),
        main=views[0] if views else None,
        path_wide=svg_path.wide(path, "path-w") if path else None,
        path_tall=svg_path.tall(path, "path-t") if path else None,
        path_caption=path.caption if path else "",
        others=_others(report),
        fixes=fix_tabs(main.verdict, set()) if main else [],
        replies=_replies(report),
        streams=views,
        overview=rows if len(rows) > 1 else [],
        overview_more=max(0, len(report.streams) - MOST_ROWS),
        clusters=[_cluster(cluster, anchors) for cluster in report.clusters],
        exchanges=exchanges,
        pages=[_page(page) for page in report.pages],
        captures=[_capture(report, i) for i in range(len(report.captures))],
        rule_errors=[visible(text, 1000) for text in report.rule_errors],
        glossary=_glossary(report),
        meanings=meanings(_wanted(views)),
        sprite=svg_path.sprite(path_of(stream) for stream in report.streams[:MOST_ROWS]),
    )


def _wanted(views: Iterable[StreamView]) -> set[str]:
    """Anchors of the recorded values whose labels link to what they mean."""
    wanted: set[str] = set()
    for view in views:
        wanted.update(item.help for item in view.evidence if item.help)
        wanted.update(fact.help for _, facts in view.facts for fact in facts if fact.help)
        wanted.update(phase.help for phase in view.phases if phase.help)
    return wanted


def _tone(report: Report) -> str:
    if report.streams:
        return report.streams[0].verdict.severity
    return "failed" if any(info.error for info in report.captures) else "none"


def _nothing(report: Report) -> str:
    if report.captures and all(info.error for info in report.captures):
        return (
            "This capture could not be read."
            if len(report.captures) == 1
            else "None of the captures could be read."
        )
    return "There is no streamed answer in this capture."


def _counts(report: Report) -> list[Count]:
    summary = report.summary
    counts = [
        Count(number(n) or "", label, tone)
        for n, label, tone in (
            (summary.failed, "failed", "failed"),
            (summary.degraded, "degraded", "degraded"),
            (summary.info, "nobody’s fault", "info"),
            (summary.ok, "completed", "ok"),
        )
        if n
    ]
    unread = sum(1 for info in report.captures if info.error)
    if unread:
        counts.append(Count(str(unread), "not readable", "failed"))
    return counts


def _lead_title(report: Report) -> str | None:
    """The verdict that the lead explains, where the headline speaks of several streams."""
    bad = sum(stream.verdict.severity in ("failed", "degraded") for stream in report.streams)
    return one_line(report.streams[0].verdict.title, 240) if bad > 1 else None


def _others(report: Report) -> str | None:
    """A hint that the advice is about the worst problem, when there are several."""
    bad = [s for s in report.streams if s.verdict.severity in ("failed", "degraded")]
    causes = Counter(stream.verdict.cause for stream in bad)
    if len(causes) < 2:
        return None
    return f"There are {len(causes)} different problems here. This is about the worst of them; each stream below has its own advice."


def _generated(text: str) -> str | None:
    try:
        return instant_to_second(datetime.fromisoformat(text))
    except ValueError:
        return one_line(text, 60) or None


def _redaction(redacted: dict[str, int] | None) -> str:
    if redacted is None:
        return "Not redacted: this page holds what the capture held. Do not pass it on."
    if not redacted or not any(redacted.values()):
        return "Redacted: nothing secret was found in what is shown."
    kinds = ", ".join(f"{number(n)} {one_line(kind, 40)}" for kind, n in sorted(redacted.items()) if n)
    return f"Redacted before it was written: {kinds}."


def _overview(report: Report, anchors: dict[str, str]) -> list[OverviewRow]:
    rows = [_row(stream, anchors.get(stream.id)) for stream in report.streams[:MOST_ROWS]]
    several = len(report.captures) > 1
    with_streams = {stream.exchange.capture for stream in report.streams}
    for info in report.captures:
        if info.error:
            rows.append(_empty_row(info.path, "failed", "Not readable", info.error))
        elif info.path not in with_streams and several:
            rows.append(_empty_row(info.path, "none", *_without_stream(info)))
    return rows


def _without_stream(info: CaptureInfo) -> tuple[str, str]:
    """Why a capture that was read has no row of its own: nothing to tell, or told with another."""
    if info.streams:
        return (
            "Read along",
            f"{plural(info.streams, 'stream')}, healthy or told together with another capture.",
        )
    return "No stream", f"{plural(info.exchanges, 'exchange')}, none of them a stream."


def _row(stream: Stream, anchor: str | None) -> OverviewRow:
    row, verdict = stream.exchange, stream.verdict
    where = " ".join(x for x in (row.method, f"{row.host or ''}{row.path or ''}" or row.url) if x)
    return OverviewRow(
        capture=one_line(row.capture or "", LONG_PATH),
        anchor=anchor,
        tone=verdict.severity,
        tone_word=_TONE_WORDS[verdict.severity],
        title=one_line(verdict.title, 200),
        cause=one_line(verdict.cause, 60),
        who=PARTY_WORDS[verdict.party],
        sure=verdict.confidence,
        when=clock(row.started_at),
        lasted=duration(row.duration_ms),
        where=one_line(where or stream.id, LONG_PATH),
        mini=svg_path.mini(path_of(stream)),
    )


def _empty_row(path: str, tone: str, word: str, why: str) -> OverviewRow:
    return OverviewRow(
        capture=one_line(path, LONG_PATH), anchor=None, tone=tone, tone_word=word, title=one_line(why, 400), cause="", who="",
        sure="", when=None, lasted=None, where="", mini=Markup(""),
    )  # fmt: skip


def _replies(report: Report) -> list[ReplyView]:
    texts = replies(report)
    # Without a stream there is nothing to ask the others about.
    wanted = _REPLIES if report.streams else _REPLIES[:1]
    by_key = {"customer": texts.customer, "provider": texts.provider, "sre": texts.sre}
    return [ReplyView(key, label, about, by_key[key]) for key, label, about in wanted]


_SHARED: Final = {
    "duration_ms": "Lasted", "idle_ms": "Silence", "bytes": "Bytes", "at": "When", "connection": "Connection",
    "server_ip": "Server address", "host": "Host", "gateway": "Gateway", "protocol": "Protocol",
}  # fmt: skip


def _shared_value(name: str, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        if name.endswith("_ms"):
            return duration(float(value)) or ""
        if name.endswith("bytes"):
            return size(value) or ""
        return number(value) or ""
    return one_line(value, 200)


def _cluster(cluster: Cluster, anchors: dict[str, str]) -> ClusterView:
    cause = CAUSES.get(cluster.cause)
    most = 40
    return ClusterView(
        title=cause.title if cause else one_line(cluster.cause, 80),
        who=PARTY_WORDS[cluster.party],
        size=plural(cluster.size, "stream"),
        text=prose(cluster.text, set()),
        baseline=prose(cluster.baseline, set()) if cluster.baseline else None,
        shared=[
            (_SHARED.get(name, one_line(name.replace("_", " "), 40)), _shared_value(name, value))
            for name, value in cluster.shared.items()
            if value is not None
        ],
        members=[(one_line(member, 40), anchors.get(member)) for member in cluster.members[:most]],
        more=max(0, cluster.size - min(most, len(cluster.members))),
    )


def _page(page: PageView) -> PageCard:
    facts = [
        (label, value)
        for label, value in (
            ("Requests", number(page.requests)),
            ("Failed", number(page.failed) if page.failed else None),
            ("Content ready", duration(page.content_load_ms)),
            ("Loaded", duration(page.load_ms)),
            ("Size", size(page.bytes)),
        )
        if value is not None
    ]
    kinds = ", ".join(
        f"{number(n)} {one_line(kind, 30)}"
        for kind, n in sorted(page.by_type.items(), key=lambda kv: -kv[1])[:12]
    )
    return PageCard(one_line(page.title, 200), one_line(page.capture, LONG_PATH), facts, kinds or None)


def _capture(report: Report, index: int) -> CaptureView:
    info = report.captures[index]
    facts = [clipped(text, 140) for text in (info.dialect, info.format, info.creator) if text]
    if not info.error:
        facts.append(plural(info.exchanges, "exchange"))
        facts.append(plural(info.streams, "stream"))
    if info.lines is not None:
        facts.append(plural(info.lines, "line"))
    if info.unparsed:
        facts.append(f"{plural(info.unparsed, 'line')} not understood")
    kinds = {"har": "HAR", "netlog": "NetLog", "log": "proxy log"}
    return CaptureView(
        path=one_line(info.path, 400),
        kind=kinds.get(info.kind, one_line(info.kind, 40)),
        facts=facts,
        warnings=[visible(text, 600) for text in info.warnings],
        error=visible(info.error, 600) if info.error else None,
    )


_FEW: Final = "capture stream exchange redacted"
_ALWAYS: Final = "gateway provider origin capture stream event end marker exchange UTC redacted first byte"


def _glossary(report: Report) -> list[glossary.Term]:
    texts = [_ALWAYS if report.streams else _FEW]
    for stream in report.streams[:MOST_IN_FULL]:
        verdict = stream.verdict
        texts += [verdict.title, verdict.explanation, verdict.settle or "", stream.exchange.framing or ""]
        texts += [item.text for item in verdict.evidence]
        texts += [runner.why for runner in verdict.runners_up]
        texts += [*verdict.fix.user, *verdict.fix.operator, *verdict.fix.developer]
    texts += [text for cluster in report.clusters for text in (cluster.text, cluster.baseline)]
    texts += [info.kind for info in report.captures]
    return glossary.used([text[:4000] for text in texts])
