"""The report as JUnit XML, for CI: one test case per stream, a failure for each that failed.

A degraded stream passes with a note in `system-out`, unless `degraded_fails`. Characters that XML 1.0
forbids are made visible before anything is written.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from analyzer.model import CaptureInfo, Report, Stream
from analyzer.report import words
from analyzer.report.json_v1 import timestamp, worst_first
from analyzer.safe import one_line, visible

# XML 1.0, production [2] Char; what is left out may not even be written as a reference.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_junit(report: Report, *, degraded_fails: bool = False) -> str:
    """JUnit XML, UTF-8, with one test suite per capture. A capture that could not be read is an error."""
    streams = worst_first(report.streams)
    by_capture: dict[str, list[Stream]] = {}
    for stream in streams:
        by_capture.setdefault(stream.exchange.capture or "", []).append(stream)
    infos = {info.path: info for info in report.captures}
    names = [*infos, *(name for name in by_capture if name not in infos)]
    suites = [_suite(name, infos.get(name), by_capture.get(name, []), degraded_fails) for name in names]
    failures = sum(_fails(stream, degraded_fails) for stream in streams)
    errors = sum(bool(info.error) for info in report.captures)
    head = (
        f'<testsuites name="hangup" tests="{len(streams) + errors}" failures="{failures}" errors="{errors}" '
        f'time="{sum(map(_seconds, streams)):.3f}">'
    )
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>"]) + "\n"


def legal(text: object) -> str:
    """`text` without characters that XML cannot hold; invisible ones become visible escapes."""
    return _ILLEGAL.sub("\ufffd", visible(text, 20_000))


def _attribute(text: object) -> str:
    return quoteattr(_ILLEGAL.sub("\ufffd", one_line(text, 2000)))


def _fails(stream: Stream, degraded_fails: bool) -> bool:
    severity = stream.verdict.severity
    return severity == "failed" or (degraded_fails and severity == "degraded")


def _seconds(stream: Stream) -> float:
    value = stream.exchange.duration_ms
    return value / 1000 if value is not None and 0 <= value < 1e12 else 0.0


def _suite(name: str, info: CaptureInfo | None, streams: list[Stream], degraded_fails: bool) -> str:
    failures = sum(_fails(stream, degraded_fails) for stream in streams)
    error = info.error if info is not None else None
    started = min((s.exchange.started_at for s in streams if s.exchange.started_at), default=None)
    when = f' timestamp="{timestamp(started)}"' if started else ""
    lines = [
        f'  <testsuite name={_attribute(name or "captures")} tests="{len(streams) + bool(error)}" '
        f'failures="{failures}" errors="{int(bool(error))}" skipped="0" '
        f'time="{sum(map(_seconds, streams)):.3f}"{when}>'
    ]
    if error:
        lines.append(f'    <testcase name="can be read" classname={_attribute(name)} time="0">')
        lines.append(f"      <error message={_attribute(error)}/>")
        lines.append("    </testcase>")
    lines += [_case(stream, degraded_fails) for stream in streams]
    if info is not None and info.warnings:
        lines.append(f"    <system-err>{escape(legal(chr(10).join(info.warnings)))}</system-err>")
    lines.append("  </testsuite>")
    return "\n".join(lines)


def _case(stream: Stream, degraded_fails: bool) -> str:
    verdict = stream.verdict
    name = f"{words.request(stream)} [{stream.id}]"
    head = (
        f"    <testcase name={_attribute(name)} classname={_attribute(words.place(stream))} "
        f'time="{_seconds(stream):.3f}">'
    )
    details = escape(legal("\n".join(_details(stream))))
    if _fails(stream, degraded_fails):
        inner = f"      <failure type={_attribute(verdict.cause)} message={_attribute(verdict.title)}>{details}</failure>"
    else:
        inner = f"      <system-out>{details}</system-out>"
    return "\n".join([head, inner, "    </testcase>"])


def _details(stream: Stream) -> list[str]:
    verdict = stream.verdict
    lines = [
        verdict.title,
        f"who hung up: {words.who(stream)}",
        f"how sure: {words.SURE[verdict.confidence]}",
        f"cause: {verdict.cause}" + (f" (rule {verdict.rule})" if verdict.rule else ""),
        f"recorded: {', '.join(words.facts(stream))}",
        "",
        verdict.explanation,
    ]
    lines += [f"- {item.text} [{item.where}]" for item in verdict.evidence[:12]]
    for reader, label in words.READERS:
        lines += [f"{label}: {step}" for step in getattr(verdict.fix, reader)]
    return lines
