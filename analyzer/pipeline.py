"""analyze(paths) -> Report: the only place that knows the order of the stages.

intake -> facts (with decode and protocols) -> engine -> report values. One bad file is a row with a
reason; the others get their verdicts. Nothing is redacted late: rows pass the redactor before they
enter the report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analyzer import duck
from analyzer.columns import Exchange
from analyzer.errors import CaptureError
from analyzer.model import (
    Capture,
    CaptureInfo,
    PageEntry,
    PageView,
    Recorded,
    Report,
    Stream,
    Summary,
    Timeline,
    Verdict,
)
from analyzer.options import Options, Progress
from analyzer.patterns import later
from analyzer.plain import headline

if TYPE_CHECKING:
    from analyzer.engine.rule import RuleSet
    from analyzer.intake import Input
    from analyzer.pipeline_logs import Logs
    from analyzer.redact import Redactor

__all__ = ["Options", "Progress", "analyze"]

# What is found in a folder and cannot be read is worth a row only if it is called like a capture.
_NAMED = later(r"\.z?har|netlog|\.log|access|error", re.IGNORECASE)
MAX_ENTRIES = 20_000  # exchanges in the table of everything; the counts cover all
MAX_QUOTED = 60  # streams whose log lines are quoted


def analyze(paths: str | Path | Sequence[str | Path], options: Options | None = None) -> Report:
    """Read the captures behind `paths`, one or several, and judge every stream in them.

    Raises CaptureError when not a single capture could be read, RuleError for rules of one's own
    that are wrong. A file that could not be read stands in `Report.captures` with its error.
    """
    return _analyze(_listed(paths), options or Options(), None)


def _listed(paths: str | Path | Sequence[str | Path]) -> Sequence[str | Path]:
    return [paths] if isinstance(paths, str | Path) else paths


class Examined(NamedTuple):
    """A report with what it was made from, not redacted.

    exchanges: behind each stream of the report, in the same order; a log line is none. captures: of
    browsers, with all their exchanges.
    """

    report: Report
    exchanges: list[Recorded]
    captures: list[Capture]


def examine(paths: Sequence[str | Path], options: Options | None = None) -> Examined:
    """Like `analyze`, for those who need the exchanges themselves. Where there are logs, `exchanges` is empty."""
    found = Examined(Report(captures=[], streams=[], clusters=[], summary=Summary()), [], [])
    return found._replace(report=_analyze(paths, options or Options(), found))


def _analyze(paths: Sequence[str | Path], options: Options, kept: Examined | None) -> Report:
    ruleset = options.ruleset
    if ruleset is None and options.rules:
        ruleset = _rules(
            options
        )  # of somebody's own: what is wrong with them is said before anything is read
    tell = options.progress or _silent
    captures, logs, skipped = _read(paths, options)
    # What judges is imported only now: meanwhile a large log may have been read.
    from analyzer.engine.weigh import judge
    from analyzer.redact import Redactor

    redactor = Redactor(enabled=options.redact)
    if ruleset is None:
        ruleset = logs.rules() if logs is not None and logs.rules is not None else _rules(options)
    found = _decoded(captures, options) if captures else []
    rows = [recorded.exchange for _, recorded in found]
    tell("judging", 0, len(rows))
    if rows:
        from analyzer.facts.context import add_run_context

        add_run_context(rows)

    def judged() -> tuple[list[Verdict], list[str]]:
        verdicts, errors = judge(rows, ruleset, show=redactor.column)
        if found:
            from analyzer.facts.netlog_merge import name_places

            name_places(found, verdicts)
        return verdicts, errors

    if logs is None:
        verdicts, rule_errors = judged()
        report = _report(captures, found, verdicts, rule_errors, redactor, options)
        report.skipped = skipped
        if kept is not None:
            kept.exchanges.extend(found[index][1] for index in worst_order(verdicts)[: options.limit])
            kept.captures.extend(captures)
        return report
    from analyzer.pipeline_logs import add_to

    with logs:
        pairs = logs.meet(found) if found else None
        verdicts, rule_errors = judged()
        if pairs is not None:
            pairs.tell(verdicts)
        report = _report(captures, found, verdicts, rule_errors, redactor, options)
        outcome = logs.judge(ruleset, redactor, without=pairs.lines if pairs is not None else ())
        add_to(report, outcome, options.limit)
        report.captures = [info for info in report.captures if info.path not in skipped]
        report.skipped = skipped
        if options.details:
            report.excerpts = _excerpts(report, logs, redactor)
        report.redacted = redactor.redacted
        return report


def _excerpts(report: Report, logs: Logs, redactor: Redactor) -> dict[str, str]:
    """The log lines that the evidence of the worst streams names."""
    from analyzer.redact.excerpts import excerpts

    places = {
        place
        for stream in report.streams[:MAX_QUOTED]
        for place in (stream.exchange.where, *(item.where for item in stream.verdict.evidence))
        if place
    }
    try:
        return excerpts(logs.inputs, places, redactor)
    except (CaptureError, OSError):
        report.captures[0].warnings.append("the logs could not be read a second time: no line is quoted")
        return {}


def _rules(options: Options) -> RuleSet:
    from analyzer.engine.load import load_rules

    return load_rules(options.rules)


def is_called_like_a_capture(path: str) -> bool:
    """Whether it is worth a complaint when a file among others cannot be read."""
    return _NAMED.search(path) is not None


def _silent(stage: str, done: int, total: int | None) -> None:
    """Nobody asked."""


# ---------------------------------------------------------------------------------- reading


def _decoded(captures: list[Capture], options: Options) -> list[tuple[Capture, Recorded]]:
    """The streams of the browser's captures, with what only a whole capture can tell."""
    from analyzer.facts.build import Settings, build
    from analyzer.facts.context import add_context
    from analyzer.facts.netlog_merge import merge

    merged = merge(captures)
    settings = Settings(stream_paths=options.stream_paths)
    tell = options.progress or _silent
    found: list[tuple[Capture, Recorded]] = []
    for done, capture in enumerate(captures):
        tell("decoding", done, len(captures))
        streams = build(capture.entries, settings)
        add_context(capture.entries, streams)
        capture.forget()
        capture.info.streams = len(streams)
        found += [(capture, recorded) for recorded in streams]
    return merged.once(found)


def _read(paths: Sequence[str | Path], options: Options) -> tuple[list[Capture], Logs | None, list[str]]:
    """The browser's captures, read, the proxies' logs in a table of their own (None without any), and
    the files of a folder that are no captures.
    """
    from analyzer.intake import open_inputs

    captures: list[Capture] = []
    files: list[Input] = []
    opened: Callable[[], Any] | None = None
    found: set[str] = set()
    tell = options.progress or _silent
    inputs = ((path, inp) for path in paths for inp in open_inputs([path]))
    for done, (given, inp) in enumerate(inputs):
        tell("reading", done, None)
        if options.short_paths:
            inp.path = _without_home(inp.path, given)
        if not inp.explicit:
            found.add(inp.path)
        if inp.kind == "log":
            if opened is None:
                from analyzer.pipeline_logs import opening

                opened = opening()  # meanwhile all that reads a log is imported
            files.append(inp)
        else:
            captures.append(_read_one(inp))
    logs: Logs | None = None
    if files:
        from analyzer.intake.logs.rotated import in_order
        from analyzer.pipeline_logs import Logs

        files = [files[place] for place in in_order([inp.path for inp in files])]
        logs = Logs(files, options, opened)
    every = [*captures, *(Capture(info) for info in (logs.captures if logs else []))]
    skipped = [
        capture.info.path
        for capture in every
        if capture.info.error is not None
        and capture.info.path in found
        and not is_called_like_a_capture(capture.info.path)
    ]
    captures = [capture for capture in captures if capture.info.path not in skipped]
    if all(capture.info.error is not None for capture in every):
        _refuse([capture for capture in every if capture.info.path not in skipped] or every, paths)
    return captures, logs, skipped


def _without_home(shown: str, given: str | Path) -> str:
    """A capture's path without the folders above what was named: they hold people's names."""
    return shown.removeprefix(f"{Path(given).parent}/") if Path(given).is_absolute() else shown


def _read_one(inp: Input) -> Capture:
    from analyzer.intake import read_har, read_netlog

    try:
        if inp.kind == "har":
            duck.prepare()
            return read_har(inp)
        if inp.kind == "netlog":
            duck.prepare()
            return read_netlog(inp)
    except CaptureError as error:
        return _unreadable(inp, error.message)
    return _unreadable(inp, inp.reason)


def _unreadable(inp: Input, reason: str) -> Capture:
    kind = inp.kind if inp.kind != "unknown" else "har"
    return Capture(CaptureInfo(path=inp.path, kind=kind, error=reason, warnings=list(inp.warnings)))


def _refuse(captures: list[Capture], paths: Sequence[str | Path]) -> None:
    if len(captures) == 1:
        info = captures[0].info
        raise CaptureError(
            info.error or "it cannot be read",
            where=info.path,
            help="export a HAR from the Network panel of the browser's DevTools",
        )
    named = ", ".join(str(path) for path in paths[:3])
    raise CaptureError(
        "no capture could be read" if captures else "there is no capture here",
        where=named,
        expected="HAR files or proxy logs (plain, gzip, zstd or in a ZIP)",
        help="; ".join(f"{c.info.path}: {c.info.error}" for c in captures[:3]) or None,
    )


# ---------------------------------------------------------------------------------- the report


def _report(
    captures: list[Capture],
    found: list[tuple[Capture, Recorded]],
    verdicts: list[Verdict],
    rule_errors: list[str],
    redactor: Redactor,
    options: Options,
) -> Report:
    from analyzer.facts.clusters import clusters

    order = worst_order(verdicts)
    names = {index: f"s{place + 1}" for place, index in enumerate(order)}
    streams = _streams(order[: options.limit], names, found, verdicts, redactor, options) if order else []
    grouped = clusters([recorded.exchange for _, recorded in found], verdicts, names, redactor.column)
    entries, pages = _around(captures, found, names, redactor) if options.details else ([], [])
    for capture in captures:
        capture.info.warnings = [redactor.text(warning) for warning in capture.info.warnings]
    return Report(
        captures=[capture.info for capture in captures],
        streams=streams,
        clusters=grouped,
        summary=summarize(verdicts, grouped),
        entries=entries,
        pages=pages,
        rule_errors=rule_errors,
        redacted=redactor.redacted,
        generated_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def _streams(
    listed: Sequence[int],
    names: dict[int, str],
    found: list[tuple[Capture, Recorded]],
    verdicts: list[Verdict],
    redactor: Redactor,
    options: Options,
) -> list[Stream]:
    from analyzer.facts.ending import read_ending
    from analyzer.facts.gateways import request_ids
    from analyzer.facts.timeline import draw

    streams: list[Stream] = []
    tell = options.progress or _silent
    for done, index in enumerate(listed):
        tell("judging", done, len(listed))
        recorded = found[index][1]
        row = recorded.exchange
        ids = {**request_ids(dict(recorded.request_headers)), **request_ids(dict(recorded.response_headers))}
        timeline, shape = draw(recorded) if options.drawings else (Timeline(), [])
        streams.append(
            Stream(
                id=names[index],
                exchange=redactor.exchange(row),
                ending=read_ending(row),
                verdict=verdicts[index],
                timeline=timeline,
                shape=shape,
                raw=redactor.entry(recorded.raw()) if options.details else None,
                request_ids={name: redactor.header(name, value) for name, value in ids.items()},
                places=dict(recorded.places),
            )
        )
    return streams


def worst_order(verdicts: Sequence[Verdict]) -> list[int]:
    """Places of the streams as a report lists them: worst first."""
    return sorted(range(len(verdicts)), key=lambda i: (_rank(verdicts[i]), i))


def _rank(verdict: Verdict) -> tuple[int, int]:
    from analyzer.causes import CONFIDENCES, SEVERITIES

    return SEVERITIES.index(verdict.severity), CONFIDENCES.index(verdict.confidence)


def _around(
    captures: list[Capture], found: list[tuple[Capture, Recorded]], names: dict[int, str], redactor: Redactor
) -> tuple[list[PageEntry], list[PageView]]:
    from analyzer.intake.pageview import page_views

    by_row = {id(recorded): names[index] for index, (_, recorded) in enumerate(found)}
    entries: list[PageEntry] = []
    pages: list[PageView] = []
    for capture in captures:
        starts = [r.exchange.started_at for r in capture.entries if r.exchange.started_at is not None]
        first = min(starts) if starts else None
        for recorded in capture.entries[: MAX_ENTRIES - len(entries)]:
            entries.append(_page_entry(recorded, capture, first, by_row.get(id(recorded)), redactor))
        if capture.info.error is None and capture.info.kind == "har":
            for view in page_views(capture):
                view.title = redactor.title(view.title)
                pages.append(view)
    return entries, pages


def _page_entry(
    recorded: Recorded, capture: Capture, first: datetime | None, stream: str | None, redactor: Redactor
) -> PageEntry:
    row: Exchange = recorded.exchange
    start = (row.started_at - first).total_seconds() * 1000 if row.started_at and first else None
    return PageEntry(
        where=row.where or "",
        capture=capture.info.path,
        method=redactor.column("method", row.method),
        url=redactor.column("url", row.url),
        status=row.status,
        net_error=row.net_error,
        resource_type=row.resource_type,
        content_type=redactor.column("content_type", row.content_type),
        start_ms=start,
        duration_ms=row.duration_ms,
        body_bytes=row.body_bytes,
        stream_id=stream,
    )


def summarize(verdicts: Sequence[Verdict], grouped: Sequence[object] = ()) -> Summary:
    """Counts over all verdicts, and the sentence to read first."""
    summary = Summary(streams=len(verdicts))
    for verdict in verdicts:
        setattr(summary, verdict.severity, getattr(summary, verdict.severity) + 1)
        summary.by_cause[verdict.cause] = summary.by_cause.get(verdict.cause, 0) + 1
        if verdict.severity in ("failed", "degraded"):
            summary.by_party[verdict.party] = summary.by_party.get(verdict.party, 0) + 1
    summary.by_cause = dict(sorted(summary.by_cause.items(), key=lambda item: (-item[1], item[0])))
    summary.by_party = dict(sorted(summary.by_party.items(), key=lambda item: (-item[1], item[0])))
    summary.headline = headline(verdicts, summary)
    return summary
