"""What many tickets have in common, by SQL over the ledger: the values behind the page and the JSON.

Nothing here holds a row per ticket in Python: groups name their first members and count the others.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from analyzer.batch.groups import breakdowns, causes, customers
from analyzer.batch.model import BatchSummary, Problem
from analyzer.batch.problems import problems
from analyzer.batch.questions import questions, unreadable
from analyzer.batch.trend import trend
from analyzer.batch.working import one, prepare
from analyzer.causes import CAUSES
from analyzer.report.numbers import NBSP, plural

VERSION: Final = 1
_WORDS: Final = ("", "One problem", "Two problems", "Three problems")
_ENOUGH: Final = 0.9  # no further problem is named once this much of the broken tickets is told


def summarize_batch(db: Any) -> BatchSummary:
    """The summary of the tickets in a ledger.

    db: a DuckDB connection that sees the tables `tickets`, `captures` and `streams`; temporary tables
    `batch_*` are made in it. Everything in the ledger is redacted already; e-mail addresses among the
    customers are replaced here (see `working.prepare`).
    """
    prepare(db)
    summary = BatchSummary()
    (
        summary.tickets, summary.broken, summary.innocent, summary.without_streams, summary.streams,
        summary.broken_streams, summary.captures, first, last,
    ) = one(
        db,
        """SELECT count(*), count(*) FILTER (broken), count(*) FILTER (state = 'done' AND severity IN ('ok', 'info')),
          count(*) FILTER (state = 'done' AND coalesce(severity, 'none') = 'none'),
          CAST(coalesce(sum(streams), 0) AS BIGINT), CAST(coalesce(sum(broken_streams), 0) AS BIGINT),
          CAST(coalesce(sum(captures), 0) AS BIGINT), min(moment), max(moment) FROM batch_t""",
    )  # fmt: skip
    summary.first_at = f"{first.isoformat(timespec='seconds')}Z" if first else None
    summary.last_at = f"{last.isoformat(timespec='seconds')}Z" if last else None
    summary.by_state = dict(
        db.execute(
            "SELECT state, count(*) AS c FROM batch_t GROUP BY state ORDER BY c DESC, state"
        ).fetchall()
    )
    summary.by_party = dict(
        db.execute(
            "SELECT party, count(*) AS c FROM batch_t WHERE broken AND party IS NOT NULL GROUP BY party ORDER BY c DESC, party"
        ).fetchall()
    )
    summary.problems = problems(db)
    summary.unexplained = one(
        db,
        "SELECT count(*) FROM batch_t WHERE broken AND cause = 'unexplained' AND ticket NOT IN (SELECT ticket FROM batch_p)",
    )[0]
    summary.causes = causes(db)
    summary.trend = trend(db)
    summary.breakdowns = breakdowns(db)
    summary.customers, summary.customers_total = customers(db)
    summary.questions = questions(db)
    summary.unreadable, summary.unreadable_total = unreadable(db)
    summary.headline = headline(summary)
    summary.lead = lead(summary)
    return summary


def headline(summary: BatchSummary) -> str:
    """The one sentence to read first: how much of the queue the largest problems are."""
    if not summary.tickets:
        return "There is no ticket here."
    if not summary.broken:
        if summary.innocent:
            return f"Nothing broke in any of {plural(summary.innocent, 'ticket')} that hold a stream."
        return "No ticket holds a stream that could be judged."
    named = leading(summary)
    whole = plural(summary.tickets, "ticket")
    if not named:
        return f"{summary.broken:,} of {whole} hold something that broke, each in its own way."
    share = sum(item.tickets for item in named) / summary.tickets
    make = "makes" if len(named) == 1 else "make"
    return f"{_WORDS[len(named)]} {make} up {_percent(share)} of {whole}."


def leading(summary: BatchSummary) -> list[Problem]:
    """The problems that the headline counts: as few as tell most of the story, at most three."""
    named: list[Problem] = []
    told = 0
    for item in summary.problems[:3]:
        if named and told >= _ENOUGH * summary.broken:
            break
        named.append(item)
        told += item.tickets
    return named


def lead(summary: BatchSummary) -> str:
    """The sentence after it: the largest problem in words, and what is no problem at all."""
    parts = []
    if summary.problems:
        top = summary.problems[0]
        title = CAUSES[top.cause].title
        parts.append(f"The largest ({plural(top.tickets, 'ticket')}): {title[0].lower()}{title[1:]}.")
    quiet = []
    if summary.innocent:
        quiet.append(f"in {summary.innocent:,} nothing broke")
    if summary.without_streams:
        quiet.append(f"{summary.without_streams:,} hold no stream")
    lost = sum(count for state, count in summary.by_state.items() if state != "done")
    if lost:
        quiet.append(f"{lost:,} could not be read")
    if quiet and (summary.broken or len(quiet) > 1):
        parts.append(f"Of the {'others' if summary.broken else 'tickets'}, {_listed(quiet)}.")
    return " ".join(parts)


def _listed(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _percent(share: float) -> str:
    """Never 100 % of what is not all, never 0 % of what is something."""
    if share >= 1:
        return f"100{NBSP}%"
    return f"{min(99, max(1, round(share * 100)))}{NBSP}%"


def to_json(summary: BatchSummary, *, version: str) -> bytes:
    """`summary.json`: the summary with a version of its shape. Schema: docs/batch-v1.schema.json.

    The same summary gives the same bytes: there is no time of writing in it.
    """
    from analyzer.report.json_v1 import NAME

    value = {
        "version": VERSION,
        "generator": {"name": NAME, "version": version},
        **msgspec.to_builtins(summary),
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
