"""The work on one ticket: its captures together, one redacted result. The same in this process, in a worker of
the pool, or on a cluster.

It never raises for what a ticket holds: a ticket that cannot be read is a result with a reason. What is
raised (HangupError) is no fault of the ticket: no room for temporary files, rules that are wrong.
"""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec.structs import replace

from analyzer.batch.model import Ticket, TicketResult
from analyzer.errors import CaptureError, RuleError
from analyzer.model import CaptureInfo, Report
from analyzer.options import Options

if TYPE_CHECKING:
    from analyzer.batch.fetch import Fetched
    from analyzer.engine.rule import RuleSet
    from analyzer.pipeline import Examined

_MEMORY: Final = "reading it needs more memory than it may take"
_STEP: Final = 1 << 20
MOST_STREAMS: Final = 2_000  # listed for one ticket; the counts cover all


class Unchanged(msgspec.Struct, frozen=True):
    """The ticket's files hold what they held when it was last analysed. content: their hash."""

    ticket: str
    content: str


def work(ticket: Ticket, options: Options) -> TicketResult:
    """Fetch the ticket's captures, analyse them together, and render the report.

    options: as for `analyze`; everything is redacted and drawn whatever they say.
    """
    found = work_unless(ticket, options, None)
    assert isinstance(found, TicketResult)  # nothing was known that it could be equal to
    return found


def work_unless(ticket: Ticket, options: Options, known: str | None) -> TicketResult | Unchanged:
    """Like `work`, unless the files' hash is `known`."""
    from analyzer.batch.fetch import fetched

    began = time.monotonic()
    with fetched(ticket) as found:
        try:
            content = _content(found)
            if content is not None and content == known:
                return Unchanged(ticket.id, content)
            result = _analysed(ticket, found, options)
            result.content = content
        except MemoryError:
            result = failed(ticket.id, _MEMORY)
        except RuleError:
            raise
        except Exception as error:  # noqa: BLE001  a row with the place, and without the capture's text
            # DuckDB has an error of its own for it.
            full = type(error).__name__ == "OutOfMemoryException"
            result = failed(ticket.id, _MEMORY if full else f"a mistake of hangup's own: {place_of(error)}")
    result.seconds = round(time.monotonic() - began, 3)
    return result


def failed(ticket: str, reason: str) -> TicketResult:
    """The work on a ticket was ended, or ended by itself."""
    return TicketResult(ticket=ticket, state="failed", reason=reason)


def place_of(error: BaseException) -> str:
    """Which error, and where in the program; not its text, which can quote a capture."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def prepared(options: Options) -> Options:
    """Options for many tickets: the rules are loaded once for a process."""
    return replace(
        options, ruleset=_ruleset(options.rules), details=True, drawings=True, short_paths=True, redact=True,
        progress=None, limit=min(options.limit, MOST_STREAMS),
    )  # fmt: skip


@lru_cache(maxsize=4)
def _ruleset(rules: tuple[Path, ...]) -> RuleSet:
    from analyzer.engine.load import load_rules

    return load_rules(rules)


# ---------------------------------------------------------------------------------- reading


def _content(found: Fetched) -> str | None:
    """One hash over the files' names and bytes; None when a file cannot be read to its end."""
    digest = hashlib.sha256()
    try:
        for path in sorted(found.paths, key=lambda path: path.name):
            one = hashlib.sha256()
            with path.open("rb") as file:
                while piece := file.read(_STEP):
                    one.update(piece)
            digest.update(f"{path.name}\0{one.hexdigest()}\n".encode("utf-8", "surrogatepass"))
    except OSError:
        return None
    for problem in sorted(found.problems):
        digest.update(f"{problem}\0\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _analysed(ticket: Ticket, found: Fetched, options: Options) -> TicketResult:
    from analyzer.pipeline import examine

    lost = [_lost(problem) for problem in found.problems]
    if not found.paths:
        return _unreadable(ticket, lost)
    chosen = prepared(options)
    try:
        examined = examine(found.paths, chosen)
    except CaptureError as error:
        if isinstance(error.__cause__, MemoryError) or "MemoryError" in error.message:
            raise MemoryError from error
        return _unreadable(ticket, [*_refused(found.paths, error, chosen), *lost])
    report = examined.report
    _set_aside(report)
    report.captures += lost
    return of_report(ticket.id, report, complete=_complete(examined, chosen))


def _set_aside(report: Report) -> None:
    """Notes and settings beside captures that were read are no captures that could not be."""
    from analyzer.pipeline import is_called_like_a_capture

    aside = [c.path for c in report.captures if c.error is not None and not is_called_like_a_capture(c.path)]
    report.captures = [capture for capture in report.captures if capture.path not in aside]
    report.skipped += aside


def of_report(ticket: str, report: Report, *, complete: bool) -> TicketResult:
    """The result that a redacted report makes, with its documents."""
    import analyzer
    from analyzer.report.html import render_html
    from analyzer.report.tables import row, table_columns

    names = list(table_columns())
    worst = report.streams[0].verdict if report.streams else None
    return TicketResult(
        ticket=ticket,
        state="done",
        captures=report.captures,
        streams=[_filled(names, row(stream)) for stream in report.streams],
        headline=report.summary.headline,
        severity=worst.severity if worst else "none",
        cause=worst.cause if worst else None,
        party=worst.party if worst else None,
        confidence=worst.confidence if worst else None,
        rule=worst.rule if worst else None,
        report=msgspec.json.encode(report),
        documents={"html": render_html(report, version=analyzer.__version__).encode()},
        summary=report.summary,
        complete=complete,
    )


def _filled(names: list[str], values: list[Any]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, values, strict=True) if value is not None}


def _complete(examined: Examined, options: Options) -> bool:
    """Whether the report's own rows, redacted, are enough to judge the ticket by other rules.

    They are not when the list was cut, when healthy lines of a log were only counted, when both sides of a
    request were told in one verdict, and when redaction took out what a rule has looked at.
    """
    report = examined.report
    if report.summary.streams != len(report.streams) or report.summary.streams != len(examined.exchanges):
        return False
    rows = [stream.exchange for stream in report.streams]
    ruleset: RuleSet = options.ruleset
    changed = {
        name
        for recorded, shown in zip(examined.exchanges, rows, strict=True)
        for name in shown.__struct_fields__
        if getattr(recorded.exchange, name) != getattr(shown, name)
    }
    if not changed & ruleset.columns:
        return True
    from analyzer.engine.weigh import judge

    again, _ = judge(rows, ruleset)
    return all(
        (one.cause, one.rule, one.confidence)
        == (stream.verdict.cause, stream.verdict.rule, stream.verdict.confidence)
        for one, stream in zip(again, report.streams, strict=True)
    )


# ---------------------------------------------------------------------------------- what cannot be read


def _lost(problem: str) -> CaptureInfo:
    """An attachment that could not be had. problem: `name: reason`, or a reason alone."""
    name, colon, reason = problem.partition(": ")
    return CaptureInfo(path=name if colon else "", error=reason if colon else problem)


def _refused(paths: Sequence[Path], error: CaptureError, options: Options) -> list[CaptureInfo]:
    """A row for each file, when there is not one among them that can be read."""
    from analyzer.pipeline import analyze

    if len(paths) == 1:
        return [CaptureInfo(path=paths[0].name, error=error.message)]
    rows = []
    for path in paths:
        try:
            rows += analyze([path], options).captures
        except CaptureError as own:
            rows.append(CaptureInfo(path=path.name, error=own.message))
    return rows


def _unreadable(ticket: Ticket, captures: list[CaptureInfo]) -> TicketResult:
    if not captures:
        reason = "it has no attachments"
    elif len(captures) == 1:
        reason = captures[0].error or "its attachment could not be read"
    else:
        reason = f"none of its {len(captures)} attachments could be read"
    return TicketResult(ticket=ticket.id, state="unreadable", reason=reason, captures=captures)
