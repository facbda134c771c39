"""Phrases that the text renderers share: who, how sure, how many, and the facts of one stream."""

from __future__ import annotations

from typing import Final

from analyzer.causes import Confidence, Party, Severity
from analyzer.model import CaptureInfo, Report, Stream, Summary
from analyzer.report.numbers import duration, instant, number, plural, size
from analyzer.safe import one_line

WHO: Final[dict[Party, str]] = {
    "none": "nobody",
    "user": "the user or the page",
    "browser": "the browser",
    "network": "the network",
    "gateway": "the gateway",
    "origin": "the application",
    "provider": "the model provider",
    "account": "the account or session",
    "unknown": "not known",
}
SURE: Final[dict[Confidence, str]] = {
    "certain": "certain: the evidence names the cause",
    "likely": "likely: it fits, and nothing contradicts it",
    "possible": "possible: it fits, and so does something else",
}
SEVERITY: Final[dict[Severity, str]] = {
    "failed": "FAILED",
    "degraded": "DEGRADED",
    "info": "NOBODY'S FAULT",
    "ok": "COMPLETED",
}
READERS: Final = (("user", "User"), ("operator", "Operator"), ("developer", "Developer"))


def who(stream: Stream) -> str:
    """Who hung up, with the product's name where the capture gives one."""
    verdict = stream.verdict
    name = WHO[verdict.party]
    known = {"gateway": stream.exchange.gateway, "provider": stream.exchange.provider}.get(verdict.party)
    return f"{name} ({one_line(known, 40)})" if known else name


def counts(summary: Summary) -> str:
    """`12 streams: 1 failed, 2 degraded, 1 ended by nobody's fault, 8 completed`."""
    parts = [
        (summary.failed, "failed"),
        (summary.degraded, "degraded"),
        (summary.info, "nobody's fault"),
        (summary.ok, "completed"),
    ]
    said = ", ".join(f"{count:,} {word}" for count, word in parts if count)
    return f"{plural(summary.streams, 'stream')}: {said}" if said else plural(summary.streams, "stream")


def place(stream: Stream, *, with_capture: bool = True) -> str:
    """Where the stream is in its capture: `capture.har $.log.entries[17]`, `access.log:1234`."""
    capture, where = stream.exchange.capture or "", stream.exchange.where or ""
    name = capture.replace("\\", "/").rsplit("/", 1)[-1]
    if not with_capture or not name or where.startswith((capture, name)):
        return one_line(where, 200)
    return one_line(f"{name} {where}", 240).strip()


def request(stream: Stream) -> str:
    """`POST https://host/path`; of a log line its host before the request target."""
    row = stream.exchange
    url = row.url or ""
    if url.startswith("/") and row.host:
        url = f"{row.host}{url}"
    return one_line(f"{row.method or '?'} {url or row.host or '(no URL recorded)'}")


def facts(stream: Stream) -> list[str]:
    """What was recorded, shortest first to read: status, protocol, times, sizes."""
    row = stream.exchange
    status = "no status" if row.status == 0 else f"status {row.status}" if row.status is not None else None
    found = (
        status,
        row.net_error,
        f"HTTP/{row.http_version}" if row.http_version else None,
        "/".join(part for part in (row.framing, row.protocol) if part) or None,
        row.gateway,
        f"{plural(row.events, 'event')}" if row.events is not None else None,
        size(row.body_bytes),
        f"first byte after {duration(row.ttfb_ms)}" if row.ttfb_ms is not None else None,
        f"lasted {duration(row.duration_ms)}" if row.duration_ms is not None else None,
        f"silent for {duration(row.idle_before_end_ms)} before the end"
        if row.idle_before_end_ms is not None
        else None,
    )
    return [one_line(part, 120) for part in found if part]


def started(stream: Stream) -> str | None:
    """When it began, in UTC."""
    return instant(stream.exchange.started_at)


def capture_facts(info: CaptureInfo) -> list[str]:
    """Kind, dialect and counts of one input file."""
    lines = None if info.lines is None else plural(info.lines, "line")
    unparsed = f"{number(info.unparsed)} of them unread" if info.unparsed else None
    names = {"har": "HAR", "netlog": "NetLog", "log": "log"}
    found = (
        " ".join(part for part in (names[info.kind], info.dialect or info.format) if part),
        lines,
        unparsed,
        plural(info.exchanges, "exchange"),
        plural(info.streams, "stream"),
    )
    return [one_line(part, 120) for part in found if part]


def headline(report: Report) -> str:
    """The one sentence to read first."""
    if report.summary.headline:
        return one_line(report.summary.headline, 600)
    if any(info.error for info in report.captures) and not report.streams:
        return "No capture could be read."
    return "No streams were found." if not report.summary.streams else counts(report.summary)
