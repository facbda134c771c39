"""The report as Markdown for a ticket: GitHub, GitLab and Jira take it, none can be made to run it.

Everything that comes from a capture or a rule is escaped character by character, so no text can
become a heading, a link, an image, a mention or HTML; a code block's fence is longer than any run of
backticks inside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from analyzer.causes import CAUSES
from analyzer.model import Report, Stream
from analyzer.report import words
from analyzer.report.json_v1 import worst_first
from analyzer.report.numbers import duration, plural
from analyzer.safe import one_line, visible

DETAILS: Final = 5
_ROWS: Final = 50
_FENCED: Final = re.compile(r"^```[^\n]*\n(.*?)(?:^```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_CODE: Final = re.compile(r"`([^`\n]+)`")
# Escaping every dot and dash would make the source unreadable; these need it only where they mean something.
_AT_START: Final = re.compile(r"^(\s*)(\d+)([.)])(?=\s|$)")


def render_markdown(report: Report, *, details: int = DETAILS) -> str:
    """The report as GitHub-flavoured Markdown that ends with a newline.

    details: how many broken streams are told in full; up to 50 of the others get a table row.
    """
    return "\n".join(_report(report, details)).rstrip("\n") + "\n"


def text(value: object, limit: int | None = None) -> str:
    """Plain text on one line, with everything that Markdown or HTML could read as markup escaped."""
    shown = one_line(value, limit)
    shown = shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    shown = re.sub(r"([\\`*_{}\[\]#!|~^$])", r"\\\1", shown)
    shown = re.sub(r"@(?=\w)", "@\u200b", shown)  # no mention of anybody
    shown = re.sub(
        r"\b(?:https?|ftp|www)(?=[:.])", lambda m: m.group() + "\u200b", shown, flags=re.IGNORECASE
    )
    return _AT_START.sub(r"\1\2\\\3", re.sub(r"^(\s*)([-+=:])", r"\1\\\2", shown))


def code(value: object, limit: int | None = None) -> str:
    """A code span. Its fence is longer than any run of backticks inside; `|` is safe for tables."""
    shown = one_line(value, limit) or " "
    ticks = "`" * (max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    pad = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{ticks}{pad}{shown.replace('|', chr(0xFF5C))}{pad}{ticks}"


def block(value: object, limit: int = 4000) -> list[str]:
    """A fenced code block that its content cannot close."""
    shown = visible(value, limit)
    ticks = "`" * max(3, max((len(run) for run in re.findall(r"`+", shown)), default=0) + 1)
    return [f"{ticks}text", *shown.split("\n"), ticks]


def prose(value: str) -> str:
    """A sentence whose `code` spans stay code."""
    parts: list[str] = []
    at = 0
    source = one_line(value, 4000)
    for match in _CODE.finditer(source):
        parts.append(text(source[at : match.start()]))
        parts.append(code(match.group(1)))
        at = match.end()
    parts.append(text(source[at:]))
    return "".join(parts)


def _report(report: Report, details: int) -> Iterator[str]:
    streams = worst_first(report.streams)
    yield f"## {text(words.headline(report))}"
    yield ""
    yield text(words.counts(report.summary))
    if report.summary.by_cause:
        yield ""
        yield "| streams | cause | who |"
        yield "| ---: | :--- | :--- |"
        for cause, count in sorted(report.summary.by_cause.items(), key=lambda item: -item[1]):
            who = words.WHO[CAUSES[cause].party] if cause in CAUSES else ""
            yield f"| {count:,} | {code(cause)} | {text(who)} |"
    shown = [s for s in streams if s.verdict.severity in ("failed", "degraded")][:details]
    for stream in shown:
        yield ""
        yield from _stream(stream)
    yield from _others([s for s in streams if s not in shown])
    for cluster in report.clusters[:10]:
        yield ""
        yield f"### {plural(cluster.size, 'stream')} with one problem ({code(cluster.cause)})"
        yield ""
        yield prose(cluster.text)
        if cluster.baseline:
            yield ""
            yield prose(cluster.baseline)
    yield from _captures(report)


def _stream(stream: Stream) -> Iterator[str]:
    verdict = stream.verdict
    yield f"### {words.SEVERITY[verdict.severity].capitalize()}: {text(verdict.title)}"
    yield ""
    yield from block(words.request(stream))
    yield ""
    yield "| | |"
    yield "| :--- | :--- |"
    yield f"| Who hung up | **{text(words.who(stream))}** |"
    yield f"| How sure | {text(words.SURE[verdict.confidence])} |"
    rule = f", rule {code(verdict.rule, 120)}" if verdict.rule else ""
    yield f"| Cause | {code(verdict.cause)}{rule} |"
    yield f"| Where | {code(words.place(stream))} |"
    if words.started(stream):
        yield f"| Started | {text(words.started(stream))} |"
    yield f"| Recorded | {text(', '.join(words.facts(stream)))} |"
    for name, value in list(stream.request_ids.items())[:8]:
        yield f"| {text(name, 60)} | {code(value, 200)} |"
    yield ""
    yield prose(verdict.explanation)
    if verdict.evidence:
        yield ""
        yield "**Evidence**"
        yield ""
        for item in sorted(verdict.evidence, key=lambda e: e.role != "primary")[:12]:
            where = f" ({code(item.where, 160)})" if item.where else ""
            yield f"- {prose(item.text)}{where}"
    yield from _fixes(stream)
    if verdict.runners_up:
        yield ""
        yield "**What else it could be**"
        yield ""
        for other in verdict.runners_up[:6]:
            yield f"- {code(other.cause)}: {prose(other.why)}"
    if verdict.settle and verdict.confidence != "certain":
        yield ""
        yield f"To be sure: {prose(verdict.settle)}"


def _fixes(stream: Stream) -> Iterator[str]:
    fix = stream.verdict.fix
    if not (fix.user or fix.operator or fix.developer):
        return
    yield ""
    yield "**What to do**"
    for reader, label in words.READERS:
        steps: list[str] = getattr(fix, reader)
        if not steps:
            continue
        yield ""
        yield f"{label}:"
        yield ""
        for step in steps:
            yield from _step(step)


def _step(step: str) -> Iterator[str]:
    """A list item; the fenced blocks in it become blocks of the item."""
    at, first = 0, True
    pieces: list[tuple[str, bool]] = []
    for match in _FENCED.finditer(step):
        pieces += [(step[at : match.start()], False), (match.group(1).rstrip("\n"), True)]
        at = match.end()
    pieces.append((step[at:], False))
    for piece, fenced in pieces:
        if not piece.strip():
            continue
        lines = (
            block(piece) if fenced else [prose(line.strip()) for line in piece.split("\n") if line.strip()]
        )
        if fenced and not first:
            yield ""
        for line in lines:
            yield f"- {line}" if first else f"  {line}"
            first = False


def _others(streams: list[Stream]) -> Iterator[str]:
    if not streams:
        return
    yield ""
    yield "### Other streams"
    yield ""
    yield "| verdict | cause | lasted | request |"
    yield "| :--- | :--- | ---: | :--- |"
    for stream in streams[:_ROWS]:
        verdict = stream.verdict
        lasted = text(duration(stream.exchange.duration_ms) or "")
        request = code(words.request(stream), 200)
        yield f"| {words.SEVERITY[verdict.severity].lower()} | {code(verdict.cause)} | {lasted} | {request} |"
    if len(streams) > _ROWS:
        yield ""
        yield f"and {len(streams) - _ROWS:,} more."


def _captures(report: Report) -> Iterator[str]:
    yield ""
    yield "### Captures"
    yield ""
    for info in report.captures[:50]:
        said = (
            f"could not be read: {text(info.error, 600)}"
            if info.error
            else text(", ".join(words.capture_facts(info)))
        )
        yield f"- {code(info.path, 300)}: {said}"
        for warning in info.warnings[:8]:
            yield f"  - {prose(warning)}"
    if len(report.captures) > 50:
        yield f"- and {len(report.captures) - 50:,} more"
    for error in report.rule_errors[:10]:
        yield f"- Rule error: {prose(error)}"
    yield ""
    if report.redacted is None:
        yield "This report was **not** redacted: it may hold personal data and secrets."
    else:
        yield f"Redacted: {sum(report.redacted.values()):,} values."
