"""Two captures of the same thing: VPN on and off, an ordinary and a private window, before and after a
limit was raised.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from analyzer.causes import CAUSES, SEVERITIES, Confidence
from analyzer.columns import Exchange
from analyzer.compare.differences import differences
from analyzer.compare.judge import Row, judge
from analyzer.report.compare import Call, Comparison, Difference, Outcome, Side, title_of
from analyzer.report.numbers import plural

if TYPE_CHECKING:
    from analyzer.model import Report
    from analyzer.options import Options
    from analyzer.redact import Redactor

_RESOURCE: Final = re.compile(
    r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,40}|\d+|(?=[\w-]*\d)[0-9a-fA-F]{8,}|(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{16,}"
)

_PLACEHOLDER: Final = re.compile(r"⟨[^⟨⟩]{0,200}⟩")


@dataclass(slots=True)
class _Capture:
    rows: list[Row]
    paths: list[str]
    extensions: set[str]
    browsers: set[str]
    warnings: list[str]


def compare(
    before: Sequence[str | Path], after: Sequence[str | Path], options: Options | None = None
) -> Comparison:
    """Compare two captures, or two sets of captures, of the same thing.

    Raises like `analyze`. All texts are redacted unless the options say otherwise; equal values keep
    equal placeholders on both sides.
    """
    from analyzer.options import Options
    from analyzer.redact import Redactor

    options = replace(options or Options(), drawings=False, details=False, everything=True)
    return _compare(_read(before, options), _read(after, options), Redactor(enabled=options.redact))


def compare_reports(before: Report, after: Report) -> Comparison:
    """Compare two redacted reports, for when their captures are gone.

    What was replaced in a report is not compared: placeholders are numbered within one report, so
    that equal ones mean nothing across two. Extensions and browsers are known from streams only.
    """
    from analyzer.redact import Redactor

    return _compare(_known(before), _known(after), Redactor())


def _compare(earlier: _Capture, later: _Capture, redactor: Redactor) -> Comparison:
    pairs, only_before, only_after = _match(earlier.rows, later.rows)
    calls = [_call(key, ones, others, redactor) for key, ones, others in pairs]
    calls.sort(key=_weight)
    outcome, confidence, title, explanation = _whole(calls, earlier, later)
    return Comparison(
        outcome=outcome,
        confidence=confidence,
        title=title,
        explanation=explanation,
        before=_side(earlier.rows),
        after=_side(later.rows),
        before_paths=earlier.paths,
        after_paths=later.paths,
        calls=calls,
        differences=_whole_differences(earlier, later),
        only_before=[_named(key, redactor) for key in only_before],
        only_after=[_named(key, redactor) for key in only_after],
        warnings=[*earlier.warnings, *later.warnings],
    )


def _read(paths: Sequence[str | Path], options: Options) -> _Capture:
    from analyzer.pipeline import examine

    report, exchanges, captures = examine(paths, options)
    # Rows of logs are known in their redacted form only.
    rows = [recorded.exchange for recorded in exchanges] or [stream.exchange for stream in report.streams]
    every = [recorded.exchange for capture in captures for recorded in capture.entries]
    return _Capture(
        rows=[Row(row, stream.verdict) for row, stream in zip(rows, report.streams, strict=True)],
        paths=[info.path for info in report.captures],
        extensions={row.initiator_extension for row in every if row.initiator_extension},
        browsers={f"{row.browser} {row.browser_version or ''}".strip() for row in every if row.browser},
        warnings=[f"{info.path}: {info.error}" for info in report.captures if info.error],
    )


def _known(report: Report) -> _Capture:
    rows = [Row(_without_placeholders(stream.exchange), stream.verdict) for stream in report.streams]
    every = [row.exchange for row in rows]
    return _Capture(
        rows=rows,
        paths=[info.path for info in report.captures],
        extensions={row.initiator_extension for row in every if row.initiator_extension},
        browsers={f"{row.browser} {row.browser_version or ''}".strip() for row in every if row.browser},
        warnings=[f"{info.path}: {info.error}" for info in report.captures if info.error],
    )


def _without_placeholders(row: Exchange) -> Exchange:
    values = {name: str(getattr(row, name)) for name in row.__struct_fields__}
    masked: dict[str, str | None] = {name: None for name, value in values.items() if "⟨" in value}
    # In a path a placeholder stands for one part of it, as `*` does; elsewhere nothing is known.
    masked |= {name: _PLACEHOLDER.sub("*", values[name]) for name in ("path", "url") if name in masked}
    return msgspec.structs.replace(row, **masked)


# ---------------------------------------------------------------------------------- matching

Key = tuple[str | None, str | None, str]


def _key(row: Exchange) -> Key:
    """Method, host and path; what names one conversation or one message is a `*`."""
    path = (row.path or (row.url or "").partition("?")[0]) or "/"
    parts = ["*" if _RESOURCE.fullmatch(part) else part for part in path.split("/")]
    return row.method, row.host, "/".join(parts)


def _match(
    before: list[Row], after: list[Row]
) -> tuple[list[tuple[Key, list[Row], list[Row]]], list[Key], list[Key]]:
    """Calls of both captures; then those that differ in nothing but the host; what is left on each side."""
    ones, others = _by_key(before), _by_key(after)
    pairs = [(key, ones.pop(key), others.pop(key)) for key in list(ones) if key in others]
    for key in list(ones):
        moved = [other for other in others if (other[0], other[2]) == (key[0], key[2])]
        if len(moved) == 1 and sum((o[0], o[2]) == (key[0], key[2]) for o in ones) == 1:
            pairs.append((key, ones.pop(key), others.pop(moved[0])))
    return pairs, list(ones), list(others)


def _by_key(rows: list[Row]) -> dict[Key, list[Row]]:
    found: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[_key(row.exchange)].append(row)
    return dict(found)


def _named(key: Key, redactor: Redactor) -> str:
    host = redactor.column("host", key[1]) or ""
    return f"{key[0] or '?'} {host}{redactor.column('path', key[2])}"


# ---------------------------------------------------------------------------------- one call


def _side(rows: list[Row]) -> Side:
    causes = Counter(row.verdict.cause for row in rows)
    order = sorted(causes, key=lambda c: (SEVERITIES.index(CAUSES[c].severity), -causes[c], c))
    return Side(len(rows), sum(row.failed for row in rows), {cause: causes[cause] for cause in order})


def _call(key: Key, before: list[Row], after: list[Row], redactor: Redactor) -> Call:
    one, other = _side(before), _side(after)
    found = judge(before, after)
    return Call(
        method=key[0],
        host=redactor.column("host", key[1]),
        path=redactor.column("path", key[2]),
        before=one,
        after=other,
        outcome=found.outcome,
        confidence=found.confidence,
        why=found.why,
        chance=found.chance,
        reached=found.reached,
        differences=differences([r.exchange for r in before], [r.exchange for r in after], redactor),
    )


def _whole_differences(before: _Capture, after: _Capture) -> list[Difference]:
    """What concerns all requests: the browser, and the extensions that sent any."""
    found = []
    for name, ones, others in (
        ("initiator_extension", before.extensions, after.extensions),
        ("browser", before.browsers, after.browsers),
    ):
        if ones != others and (name == "initiator_extension" or (ones and others)):
            one, other = sorted(ones), sorted(others)
            label = "browser extensions at work" if name == "initiator_extension" else "browser"
            said = f"{label}: {', '.join(one) or 'none'} before, {', '.join(other) or 'none'} after"
            found.append(Difference(name, "client", list(one), list(other), not ones & others, said))
    return found


# ---------------------------------------------------------------------------------- the whole


def _weight(call: Call) -> tuple[int, int, str]:
    """What matters first: what failed before, then what fails now, most streams first."""
    return (0 if call.before.failed else 1 if call.after.failed else 2, -call.before.streams, call.path)


def _whole(calls: list[Call], before: _Capture, after: _Capture) -> tuple[Outcome, Confidence, str, str]:
    if not before.rows and not after.rows:
        return "no-streams", "certain", "Neither capture has a stream in it.", "There is nothing to compare."
    if not calls:
        missing = "before" if not before.rows else "after"
        why = (
            f"The capture from {missing} has no stream in it."
            if not before.rows or not after.rows
            else "They have no call in common: method, host and path differ for all of them."
        )
        return "not-comparable", "certain", "The two captures are not of the same thing.", why
    new = [call for call in calls if call.outcome == "new"]
    first = calls[0]
    if first.outcome == "fine" or (not first.before.failed and new):
        first = new[0] if new else first
    cause = next(iter(first.before.causes if first.before.failed else first.after.causes), "completed")
    title = {
        "gone": (
            f"This time it did not fail: {title_of(cause)}"
            if first.confidence == "possible"
            else f"The failure is gone: {title_of(cause)}"
        ),
        "rarer": f"The failure has become rarer: {title_of(cause)}",
        "still": f"It still fails: {title_of(cause)}",
        "changed": f"It fails for another reason now: {title_of(next(iter(first.after.causes), cause))}",
        "more-often": f"It fails more often now: {title_of(cause)}",
        "new": f"It fails since then: {title_of(cause)}",
        "fine": "Nothing failed, neither before nor after",
        "untested": "The captures do not tell whether it helped",
    }.get(first.outcome, "")
    explanation = first.why
    if first.outcome == "gone" and new:
        explanation += f" But {plural(len(new), 'other call')} that had worked before went wrong after."
    return first.outcome, first.confidence, title, explanation
