"""The logs' half of the pipeline: log files -> rows -> one verdict per line -> what a report needs.

Everything that grows with the log happens in DuckDB. Python sees the streams that are listed, the
patterns of fired rules and the clusters, and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from copy import copy
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from analyzer.aside import aside
from analyzer.causes import CAUSES, CONFIDENCES, SEVERITIES
from analyzer.columns import Exchange, columns
from analyzer.errors import CaptureError
from analyzer.model import Capture, CaptureInfo, Cluster, Recorded, Report, Stream, Summary, Timeline
from analyzer.plain import counted

if TYPE_CHECKING:
    from analyzer.engine.rule import RuleSet
    from analyzer.engine.table import TableEvaluation
    from analyzer.facts.clusters import Found, Group
    from analyzer.facts.matching import Pairs
    from analyzer.intake import Input
    from analyzer.intake.logs import LogResult
    from analyzer.options import Options
    from analyzer.redact import Redactor

TABLE: Final = "exchanges"
VERDICTS: Final = "log_verdicts"
_LARGE: Final = 64 * 1024 * 1024  # bytes of logs that take longer to read than what judges them to load
_NEEDED: Final = (  # decimal and uuid: by the database, for the first parameter of a statement
    "decimal", "uuid", "analyzer.engine.table", "analyzer.facts.clusters",
    "analyzer.facts.ending", "analyzer.facts.logfacts", "analyzer.report.json_v1",
)  # fmt: skip
MEMORY: Final = "1GB"  # what is more goes to a temporary file


class Count(msgspec.Struct):
    """How many streams got one verdict."""

    rule: str | None
    cause: str
    confidence: str
    number: int


class LogOutcome(msgspec.Struct):
    """What the log files of one run hold.

    streams: the listed ones, worst first, without ids; numbers: their rows' numbers, in the same order.
    counts: over all streams of the logs, listed or not. clusters: with the numbers of their members that
    are listed.
    """

    captures: list[CaptureInfo] = msgspec.field(default_factory=list)
    streams: list[Stream] = msgspec.field(default_factory=list)
    numbers: list[int] = msgspec.field(default_factory=list)
    counts: list[Count] = msgspec.field(default_factory=list)
    clusters: list[Found] = msgspec.field(default_factory=list)
    rule_errors: list[str] = msgspec.field(default_factory=list)


class Logs:
    """The log files of one run in one table. Close it when done; it is a context manager."""

    def __init__(
        self, inputs: Sequence[Input], options: Options, opened: Callable[[], Any] | None = None
    ) -> None:
        """opened: gives the database, as `opening` began to open it."""
        self.options = options
        self.inputs = list(inputs)
        opened = opened or opening()
        if options.log_format is None:
            from analyzer.intake.logs import formats

            formats()  # meanwhile
        self.con = opened()
        self.format: Any = None
        if options.log_format is not None:
            from analyzer.intake.logs.custom import compile_user_format

            self.format = compile_user_format(options.log_format)
        self.captures: list[CaptureInfo] = []
        self.unkept = 0
        self.places: dict[int, str] = {}  # where the error message of a row stands
        # The rules, where there was time to load them.
        self.rules: Callable[[], RuleSet] | None = None
        if sum(inp.size or 0 for inp in inputs) > _LARGE:
            self.rules = aside(_get_ready)
        for done, inp in enumerate(inputs):
            if options.progress is not None:
                options.progress("reading", done, len(inputs))
            self.captures.append(self._read(inp))
        if self.rows:
            from analyzer.facts import logfacts

            self._join()
            logfacts.add_context(self.con, TABLE)

    def __enter__(self) -> Logs:
        return self

    def __exit__(self, *_: object) -> None:
        aside(self.con.close)  # which takes the tables apart

    @property
    def rows(self) -> int:
        """Streams in the table."""
        return int(self.con.execute(f"SELECT count(*) FROM {TABLE}").fetchone()[0])

    def _read(self, inp: Input) -> CaptureInfo:
        from analyzer.intake.logs import read_log

        # Another reader may work elsewhere, where the text of a format goes and a compiled one does not.
        other = self.options.log_reader
        try:
            result: LogResult = (other or read_log)(
                self.con,
                _source(inp),
                format=self.format if other is None else self.options.log_format,
                table=TABLE,
                stream_paths=self.options.stream_paths,
            )
        except CaptureError as error:
            return CaptureInfo(path=inp.path, kind="log", error=error.message, warnings=list(inp.warnings))
        self.unkept += result.streams - result.rows
        info = result.info
        info.warnings = [*inp.warnings, *info.warnings]
        return info

    def meet(self, found: Sequence[tuple[Capture, Recorded]]) -> Pairs:
        """Match the browser's streams with the lines that tell of them, and give each what its line knows."""
        from analyzer.facts.matching import Pairs, match

        if not found or not self.rows:
            return Pairs()
        return match(self.con, TABLE, found, self.places)

    def _join(self) -> None:
        """One row for each exchange: lines of two logs, error messages, ended workers."""
        from analyzer.facts import logfacts
        from analyzer.intake.logs import align_clocks, join_workers

        if len(self.captures) > 1:
            logfacts.join_twins(self.con, TABLE)
            shift = align_clocks(self.con, TABLE)
            if shift:
                self.captures[0].warnings.append(
                    f"the error log's clock was moved by {-shift / 3600:+g} h to fit the access log:"
                    " it names no time zone"
                )
        self.places |= logfacts.join_messages(self.con, TABLE)
        self.places |= dict(join_workers(self.con, TABLE))

    def judge(self, ruleset: RuleSet, redactor: Redactor, *, without: Sequence[int] = ()) -> LogOutcome:
        """Verdicts, counts, list and clusters.

        without: numbers of rows that were judged elsewhere, together with their browser's side.
        """
        outcome = LogOutcome(captures=self.captures)
        if not self.rows:
            return outcome
        from analyzer.engine.table import evaluate_table
        from analyzer.facts.clusters import told

        if without:
            self.con.execute(f"DELETE FROM {TABLE} WHERE n IN ({', '.join(str(int(n)) for n in without)})")
        evaluation = evaluate_table(self.con, TABLE, ruleset, result=VERDICTS)
        outcome.rule_errors = list(evaluation.rule_errors)
        outcome.counts = self._counts()
        con = self.con.cursor()
        groups = aside(lambda: _groups(con))  # the database searches while Python writes the list
        self._list(evaluation, ruleset, redactor, outcome)
        outcome.clusters = told(groups(), listed=outcome.numbers, show=redactor.column, unkept=self.unkept)
        return outcome

    def _counts(self) -> list[Count]:
        found = [
            Count(*row)
            for row in self.con.execute(
                f"SELECT rule, cause, confidence, count(*) FROM {VERDICTS} GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        ]
        # Streams that reading left out of the table are those without any sign of trouble.
        if self.unkept:
            found.append(Count(None, "completed", "possible", self.unkept))
        return found

    def _list(
        self, evaluation: TableEvaluation, ruleset: RuleSet, redactor: Redactor, outcome: LogOutcome
    ) -> None:
        shown = "true" if self.options.everything else "v.severity <> 'ok'"
        severities = " ".join(f"WHEN '{name}' THEN {i}" for i, name in enumerate(SEVERITIES))
        confidences = " ".join(f"WHEN '{name}' THEN {i}" for i, name in enumerate(CONFIDENCES))
        found = self.con.execute(
            f"SELECT v.n, v.pattern FROM {VERDICTS} v WHERE {shown}"
            f" ORDER BY CASE v.severity {severities} END, CASE v.confidence {confidences} END, v.n"
            f" LIMIT {int(self.options.limit)}"
        ).fetchall()
        from analyzer.engine.weigh import weigh
        from analyzer.facts.ending import read_ending
        from analyzer.facts.logfacts import draw_line, fetched_rows

        numbers = [n for n, _ in found]
        rows, recorded = fetched_rows(self.con, TABLE, numbers, evaluation.recorded)
        shown_rows = _shown([rows[n] for n in numbers], recorded, redactor)
        show, errors, drawn = redactor.column, outcome.rule_errors, self.options.drawings
        for (n, pattern), shown_row in zip(found, shown_rows, strict=True):
            row = rows[n]
            request_id = shown_row.request_id
            stream = Stream(
                id="",
                exchange=shown_row,
                ending=read_ending(row),
                verdict=weigh(row, evaluation.findings(pattern), ruleset, show=show, errors=errors),
                timeline=draw_line(row) if drawn else Timeline(),
                request_ids={} if request_id is None else {"request id": request_id},
            )
            if n in self.places:
                _place(stream, self.places[n])
            outcome.streams.append(stream)
            outcome.numbers.append(n)


def analyze_logs(
    inputs: Sequence[Input], options: Options, ruleset: RuleSet, redactor: Redactor
) -> LogOutcome:
    """Read the log files and judge every stream in them. A file that cannot be read is a row with a reason."""
    with Logs(inputs, options) as logs:
        return logs.judge(ruleset, redactor)


def add_to(report: Report, outcome: LogOutcome, limit: int) -> None:
    """Put the logs' streams, counts and clusters into a report that holds the browser's side.

    All streams are ordered together and named anew; the clusters of both follow their members.
    """
    from analyzer.facts.clusters import finish

    entries: list[tuple[tuple[int, int], Stream, int | None]] = [
        (_rank(stream), stream, None) for stream in report.streams
    ]
    entries += [
        (_rank(stream), stream, n) for stream, n in zip(outcome.streams, outcome.numbers, strict=True)
    ]
    entries.sort(key=lambda entry: entry[0])
    renamed: dict[str, str] = {}
    by_number: dict[int, str] = {}
    for place, (_, stream, n) in enumerate(entries[:limit], 1):
        name = f"s{place}"
        if n is None:
            renamed[stream.id] = name
        else:
            by_number[n] = name
        stream.id = name
    report.streams = [stream for _, stream, _ in entries[:limit]]
    for cluster in report.clusters:
        cluster.members = [renamed[member] for member in cluster.members if member in renamed]
    for entry in report.entries:
        entry.stream_id = renamed.get(entry.stream_id) if entry.stream_id else None
    grouped: list[Cluster] = [finish(found, by_number) for found in outcome.clusters]
    report.clusters = sorted([*report.clusters, *grouped], key=lambda cluster: -cluster.size)
    report.rule_errors += [error for error in outcome.rule_errors if error not in report.rule_errors]
    report.captures += outcome.captures
    report.summary = summarize(report.summary, outcome.counts, report.clusters)


def summarize(own: Summary, counts: Sequence[Count], clusters: Sequence[Cluster]) -> Summary:
    """Counts over the browser's streams and the logs' together, and the sentence to read first."""
    summary = Summary(
        streams=own.streams, failed=own.failed, degraded=own.degraded, info=own.info, ok=own.ok,
        by_cause=dict(own.by_cause), by_party=dict(own.by_party),
    )  # fmt: skip
    for count in counts:
        cause = CAUSES[count.cause]
        summary.streams += count.number
        setattr(summary, cause.severity, getattr(summary, cause.severity) + count.number)
        summary.by_cause[cause.id] = summary.by_cause.get(cause.id, 0) + count.number
        if cause.severity in ("failed", "degraded"):
            summary.by_party[cause.party] = summary.by_party.get(cause.party, 0) + count.number
    summary.by_cause = dict(sorted(summary.by_cause.items(), key=lambda item: (-item[1], item[0])))
    summary.by_party = dict(sorted(summary.by_party.items(), key=lambda item: (-item[1], item[0])))
    summary.headline = _headline(summary, clusters) if counts else own.headline
    return summary


def _headline(summary: Summary, clusters: Sequence[Cluster]) -> str:
    broken = summary.failed + summary.degraded
    return clusters[0].text if clusters and clusters[0].size >= 0.6 * broken > 0 else counted(summary)


def _rank(stream: Stream) -> tuple[int, int]:
    verdict = stream.verdict
    return SEVERITIES.index(verdict.severity), CONFIDENCES.index(verdict.confidence)


def _groups(con: Any) -> list[Group]:
    from analyzer.facts.clusters import in_table

    try:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("PRAGMA disable_optimizer")  # plain scans, on a few rows and on many
        return in_table(con, TABLE, VERDICTS)
    finally:
        con.close()


def _place(stream: Stream, place: str) -> None:
    """The facts that an error message told stand where it stands, not on the access line."""
    from analyzer.facts.pairtext import MESSAGE

    stream.verdict.evidence = [
        msgspec.structs.replace(item, where=place) if item.column in MESSAGE else item
        for item in stream.verdict.evidence
    ]


def _shown(rows: Sequence[Exchange], recorded: Sequence[str], redactor: Redactor) -> list[Exchange]:
    """The rows, redacted. A log fills few of the columns, and there are thousands of rows."""
    texts = [name for name in recorded if columns()[name].type == "text"]
    shown = [copy(row) for row in rows]
    found = [(name, [getattr(row, name) for row in rows]) for name in texts]
    # What many rows share comes first: three upstreams are 1 to 3, not 2,501 to 2,503 behind the clients.
    for name, values in sorted(found, key=lambda column: len(set(column[1]))):
        fit = redactor.column_of(name, values)
        if fit != values:
            for row, value in zip(shown, fit, strict=True):
                setattr(row, name, value)
    return shown


def _get_ready() -> RuleSet:
    """Load what judging needs while the database reads, which it does in threads of its own."""
    from analyzer.engine.load import load_rules
    from analyzer.facts.limits import candidates
    from analyzer.redact import Redactor

    for name in _NEEDED:
        import_module(name)
    candidates("total")
    Redactor().text("compiles the patterns of secrets")
    return load_rules(())


def _source(inp: Input) -> Any:
    """The input as the logs' reader wants it: a plain file by its path, anything else as a stream."""
    from analyzer.intake.logs import Source
    from analyzer.intake.logs.lines import plain_source

    if inp.plain is not None and inp.plain.is_file():
        return plain_source(inp.plain, inp.path)
    return Source(inp.path, inp.open, None, None)


def opening() -> Callable[[], Any]:
    """Begin to open the database of a run's logs, with its table, while what reads them is imported."""
    from analyzer.duck import driver

    driver()
    return aside(_opened)


def _opened() -> Any:
    from analyzer.duck import opened
    from analyzer.intake.logs.table import create_logged_sql

    # A name that nobody can guess: a folder that another user made before would get what spills.
    spill = str(Path(_temporary(), f"hangup-{os.getpid()}-{os.urandom(8).hex()}"))
    con = opened({"memory_limit": MEMORY, "temp_directory": spill})
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET preserve_insertion_order = true")
    con.execute(create_logged_sql(TABLE))
    return con


def _temporary() -> str:
    """What `tempfile.gettempdir` answers; that module and what it loads take longer than to look here."""
    given = filter(None, map(os.environ.get, ("TMPDIR", "TEMP", "TMP")))
    named = Path(next(given, "/tmp"))  # noqa: S108 - what tempfile tries first too
    if named.is_absolute() and named.is_dir() and os.access(named, os.W_OK | os.X_OK):
        return str(named)
    from tempfile import gettempdir

    return gettempdir()
