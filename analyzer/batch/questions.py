"""What to ask for: the tickets nobody could explain, and the attachments nobody could read."""

from __future__ import annotations

from typing import Any, Final

from analyzer.batch.model import Question, Unreadable
from analyzer.batch.working import MEMBERS, ids, one

MOST: Final = 1000  # rows of the unreadable
_SPAN: Final = r"\d\d:\d\d:\d\d-\d\d:\d\d:\d\d UTC"
_RECORD: Final = (
    "Record again: open the developer tools first, keep the log, reproduce the problem, and save the "
    "recording before the page is reloaded."
)


def questions(db: Any) -> list[Question]:
    """What to ask for, the most asked first. Needs `working.prepare`.

    Hours that differ by ticket are taken out of the sentence, so that one question stands for all; each
    ticket's own report names its hours.
    """
    found: list[Question] = []
    silent = "state = 'done' AND coalesce(severity, 'none') = 'none'"
    count = one(db, f"SELECT count(*) FROM batch_t WHERE {silent}")[0]
    if count:
        found.append(_question(db, "no-stream", _RECORD, count, silent))
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE batch_q AS
        SELECT t.ticket, CASE WHEN t.cause = 'unexplained' THEN 'unexplained' ELSE 'unsure' END AS kind,
          coalesce(regexp_replace(s.settle, '{_SPAN}', 'the seconds around the end'), '') AS ask
        FROM batch_t t JOIN batch_s s ON s.ticket = t.ticket AND s.n = 1
        WHERE t.broken AND (t.cause = 'unexplained' OR (t.confidence = 'possible' AND s.settle IS NOT NULL))"""
    )
    rows = db.execute(
        "SELECT kind, ask, count(*) AS c FROM batch_q GROUP BY kind, ask ORDER BY c DESC, kind, ask LIMIT 40"
    ).fetchall()
    for kind, ask, count in rows:
        test = "ticket IN (SELECT ticket FROM batch_q WHERE kind = ? AND ask = ?)"
        found.append(_question(db, kind, ask or _RECORD, count, test, [kind, ask]))
    order = {"unexplained": 0, "no-stream": 1, "unsure": 2}
    found.sort(key=lambda item: (order[item.kind], -item.tickets, item.ask))
    return found


def _question(
    db: Any, kind: Any, ask: str, count: int, test: str, parameters: list[Any] | None = None
) -> Question:
    return Question(
        kind=kind,
        ask=ask,
        tickets=count,
        members=ids(db, test, parameters),
        more=max(0, count - MEMBERS),
    )


def unreadable(db: Any, *, most: int = MOST) -> tuple[list[Unreadable], int]:
    """(attachments and tickets that gave nothing, with the reason, by ticket; how many there are)."""
    sql = """FROM (
        SELECT ticket, nullif(path, '') AS capture, error AS reason FROM captures WHERE error IS NOT NULL
        UNION ALL
        SELECT ticket, NULL, coalesce(reason, 'no reason was recorded') FROM batch_t t WHERE state <> 'done'
          AND NOT EXISTS (SELECT 1 FROM captures c WHERE c.ticket = t.ticket AND c.error IS NOT NULL))"""
    rows = db.execute(f"SELECT ticket, capture, reason {sql} ORDER BY ALL LIMIT {most}").fetchall()
    return [Unreadable(ticket=t, capture=c, reason=r) for t, c, r in rows], one(db, f"SELECT count(*) {sql}")[
        0
    ]
