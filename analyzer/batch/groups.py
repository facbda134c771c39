"""Where it breaks and for whom: the streams by column, the tickets by cause and by customer."""

from __future__ import annotations

from typing import Any, Final

from analyzer.batch.model import Breakdown, CauseCount, CustomerRow, Share
from analyzer.batch.working import one, wilson
from analyzer.causes import CAUSES, SEVERITIES

MOST: Final = 12  # values of one breakdown
CUSTOMERS: Final = 25
FEW: Final = 5  # below this many tickets a rate is an anecdote

# What is asked of a stream, as SQL over `batch_s`. The network has no column of its own: addresses of
# clients are redacted, and what is left is how the browser reached it.
_NETWORK: Final = """CASE
  WHEN network_after IS NOT NULL THEN 'changed while it ran (to ' || network_after || ')'
  WHEN client_proxy IS NOT NULL AND client_proxy NOT IN ('direct', 'quic') AND known_root IS FALSE
    THEN 'through an ' || client_proxy || ' proxy, certificate of a private authority'
  WHEN client_proxy IS NOT NULL AND client_proxy NOT IN ('direct', 'quic') THEN 'through an ' || client_proxy || ' proxy'
  WHEN known_root IS FALSE THEN 'certificate of a private authority'
  WHEN client_proxy = 'direct' OR known_root IS TRUE THEN 'direct' END"""
DIMENSIONS: Final[tuple[tuple[str, str, str], ...]] = (
    ("gateway", "Gateway", "gateway"),
    ("provider", "Model provider", "provider"),
    ("browser", "Browser", "CASE WHEN browser IS NOT NULL THEN concat_ws(' ', browser, browser_version) END"),
    ("http_version", "HTTP version", "http_version"),
    ("network", "Network, as the browser saw it", _NETWORK),
    ("edge_location", "Edge location", "edge_location"),
    ("host", "Host", "host"),
    ("upstream", "Upstream server", "upstream"),
    ("protocol", "Protocol", "coalesce(protocol, framing)"),
    ("dialect", "Recorded by", "dialect"),
)


def causes(db: Any) -> list[CauseCount]:
    """All causes that occur, worst severity first, then by tickets. Needs `working.prepare`."""
    rows = db.execute(
        """WITH t AS (SELECT cause, count(*) AS tickets FROM batch_t WHERE cause IS NOT NULL GROUP BY cause),
                s AS (SELECT cause, count(*) AS streams FROM batch_s GROUP BY cause)
        SELECT cause, coalesce(tickets, 0), coalesce(streams, 0) FROM t FULL JOIN s USING (cause)"""
    ).fetchall()
    made = [
        CauseCount(
            cause=cause,
            title=CAUSES[cause].title,
            party=CAUSES[cause].party,
            severity=CAUSES[cause].severity,
            tickets=tickets,
            streams=streams,
        )
        for cause, tickets, streams in rows
        if cause in CAUSES
    ]
    made.sort(
        key=lambda row: (SEVERITIES.index(CAUSES[row.cause].severity), -row.tickets, -row.streams, row.cause)
    )
    return made


def breakdowns(db: Any, *, most: int = MOST) -> list[Breakdown]:
    """One per column that at least one stream records. Needs `working.prepare`."""
    found = [_breakdown(db, by, title, sql, most) for by, title, sql in DIMENSIONS]
    return [item for item in found if item.values]


def _breakdown(db: Any, by: str, title: str, sql: str, most: int) -> Breakdown:
    browser = "capture_kind IS DISTINCT FROM 'log'"
    rows = db.execute(
        f"""SELECT v, count(DISTINCT ticket), count(DISTINCT ticket) FILTER (broken), count(*) FILTER ({browser}),
          count(*) FILTER (broken AND {browser}), mode(cause ORDER BY cause) FILTER (broken)
        FROM (SELECT *, {sql} AS v FROM batch_s) WHERE v IS NOT NULL
        GROUP BY v ORDER BY 3 DESC, 2 DESC, v LIMIT {most}"""
    ).fetchall()
    different, unknown = one(
        db, f"SELECT count(DISTINCT v), count(*) - count(v) FROM (SELECT {sql} AS v FROM batch_s)"
    )
    values = []
    for value, tickets, broken_tickets, streams, broken_streams, cause in rows:
        low, high = wilson(broken_streams, streams) if streams else (None, None)
        values.append(
            Share(
                value=value,
                tickets=tickets,
                broken_tickets=broken_tickets,
                streams=streams,
                broken_streams=broken_streams,
                low=low,
                high=high,
                cause=cause,
            )
        )
    return Breakdown(by=by, title=title, values=values, more=max(0, different - len(values)), unknown=unknown)


def customers(db: Any, *, most: int = CUSTOMERS) -> tuple[list[CustomerRow] | None, int]:
    """(those with most broken tickets first, how many there are); (None, 0) when no ticket names one.

    Needs `working.prepare`.
    """
    named, broken, total = one(
        db,
        "SELECT count(DISTINCT who), count(*) FILTER (broken), count(*) FROM batch_t WHERE who IS NOT NULL",
    )
    if not named:
        return None, 0
    rows = db.execute(
        f"""SELECT who, count(*), count(*) FILTER (broken), sum(streams), sum(broken_streams),
          mode(cause ORDER BY cause) FILTER (broken)
        FROM batch_t WHERE who IS NOT NULL GROUP BY who ORDER BY 3 DESC, 2 DESC, who LIMIT {most}"""
    ).fetchall()
    usual = broken / total
    made = []
    for who, tickets, bad, streams, bad_streams, cause in rows:
        low, high = wilson(bad, tickets)
        made.append(
            CustomerRow(
                customer=who,
                tickets=tickets,
                broken=bad,
                streams=int(streams),
                broken_streams=int(bad_streams),
                low=low,
                high=high,
                rate=bad / tickets if tickets >= FEW else None,
                notable=low > usual,
                cause=cause,
            )
        )
    return made, named
