"""Judging a stored ticket by other rules: from its redacted rows, without its captures.

Verdicts are made anew, and everything that follows from them: the order of the streams, clusters, counts and
the sentence to read first. What was read (rows, timelines, the table of everything) stays.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime

import msgspec

from analyzer.batch.model import TicketResult
from analyzer.batch.ticket import of_report, prepared
from analyzer.model import Report, Stream, Verdict
from analyzer.options import Options


def judge_again(ticket: str, stored: bytes, options: Options, *, content: str | None) -> TicketResult:
    """The result of a ticket by the rules in `options`. stored: its report as JSON, complete.

    content: the hash of its files, which stays.
    """
    began = time.monotonic()
    report = rejudged(msgspec.json.decode(stored, type=Report), options)
    result = of_report(ticket, report, complete=True)
    result.content = content
    result.seconds = round(time.monotonic() - began, 3)
    return result


def rejudged(report: Report, options: Options) -> Report:
    """The report by other rules. Its rows are taken as they are: redacted, and with what was recorded."""
    from analyzer.engine.weigh import judge
    from analyzer.facts.clusters import clusters
    from analyzer.pipeline import summarize, worst_order

    captures = {info.path: place for place, info in enumerate(report.captures)}
    streams = sorted(
        report.streams, key=lambda s: (captures.get(s.exchange.capture or "", 0), s.exchange.position or 0)
    )
    rows = [stream.exchange for stream in streams]
    verdicts, errors = judge(rows, prepared(options).ruleset)
    for stream, verdict in zip(streams, verdicts, strict=True):
        _name_places(stream, verdict)
    listed = worst_order(verdicts)
    names = {index: f"s{place + 1}" for place, index in enumerate(listed)}
    renamed = {streams[index].id: name for index, name in names.items()}
    same = all(_alike(stream.verdict, verdict) for stream, verdict in zip(streams, verdicts, strict=True))
    if same:
        # Nothing was decided anew: clusters that were found in what redaction has since taken out still hold.
        grouped = report.clusters
        for cluster in grouped:
            cluster.members = [renamed.get(member, member) for member in cluster.members]
    else:
        grouped = clusters(rows, verdicts, names)
    for index, stream in enumerate(streams):
        stream.verdict, stream.id = verdicts[index], names[index]
    for entry in report.entries:
        entry.stream_id = renamed.get(entry.stream_id) if entry.stream_id else None
    return msgspec.structs.replace(
        report,
        streams=[streams[index] for index in listed],
        clusters=grouped,
        summary=summarize(verdicts, grouped),
        rule_errors=errors,
        generated_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _name_places(stream: Stream, verdict: Verdict) -> None:
    if stream.places:
        verdict.evidence = [
            msgspec.structs.replace(item, where=stream.places[item.column])
            if item.column in stream.places
            else item
            for item in verdict.evidence
        ]


def _alike(one: Verdict, other: Verdict) -> bool:
    return (one.cause, one.rule) == (other.cause, other.rule)
