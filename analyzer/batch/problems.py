"""The problems that make up the queue: clusters across tickets first, then what only shares a cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from analyzer.batch.model import Problem
from analyzer.batch.working import MEMBERS, ids, one, wilson
from analyzer.causes import CAUSES
from analyzer.facts.clusters import in_table, told
from analyzer.facts.clustertext import PLACES
from analyzer.model import Cluster
from analyzer.report.json_v1 import timestamp

MOST: Final = 12
_EXACT: Final = 0.75  # of the members that have to be as exact as a timer


def problems(db: Any, *, most: int = MOST) -> list[Problem]:
    """The problems, those with most tickets first. Needs `working.prepare`.

    Leaves `batch_p`: ticket, problem and its name, as in `Problem.id`; NULL for those beyond `most`.

    Each ticket is counted once, with its worst stream. A cluster needs three tickets, a mere cause two:
    a single ticket is a case and no pattern, and what nobody can explain need not be one problem.
    """
    _rows(db)
    total = one(db, "SELECT count(*) FROM batch_t")[0]
    db.execute("CREATE OR REPLACE TEMP TABLE batch_p (ticket VARCHAR, problem INTEGER)")
    found: list[Problem] = []
    for cluster in told(in_table(db, "batch_x", "batch_v"), unit="ticket"):
        number = len(found)
        if not _telling(db, cluster.cluster, cluster.numbers):
            continue
        db.execute(
            "INSERT INTO batch_p SELECT ticket, ? FROM batch_x WHERE n IN (SELECT unnest(?::BIGINT[]))"
            " AND ticket NOT IN (SELECT ticket FROM batch_p)",
            [number, cluster.numbers],
        )
        if one(db, "SELECT count(*) FROM batch_p WHERE problem = ?", [number])[0] < 3:
            db.execute("DELETE FROM batch_p WHERE problem = ?", [number])
            continue
        made = cluster.cluster
        found.append(
            _problem(db, number, total, "cluster", made.cause, made.text, made.baseline, _plain(made.shared))
        )
    causes = db.execute(
        "SELECT cause, count(*) AS c FROM batch_t WHERE broken AND cause <> 'unexplained'"
        " AND ticket NOT IN (SELECT ticket FROM batch_p) GROUP BY cause HAVING c > 1 ORDER BY c DESC, cause"
    ).fetchall()
    for cause, _ in causes:
        number = len(found)
        db.execute(
            "INSERT INTO batch_p SELECT ticket, ? FROM batch_t WHERE broken AND cause = ?"
            " AND ticket NOT IN (SELECT ticket FROM batch_p)",
            [number, cause],
        )
        found.append(_problem(db, number, total, "cause", cause, CAUSES[cause].meaning, "", {}))
    found.sort(key=lambda item: (-item.tickets, item.id))
    numbers = [int(item.id) for item in found[:most]]
    for place, item in enumerate(found):
        item.id = f"p{place + 1}"
    db.execute(
        """CREATE OR REPLACE TEMP TABLE batch_p AS SELECT p.ticket, p.problem, named.name
        FROM batch_p p LEFT JOIN (SELECT unnest(?::INTEGER[]) AS problem, unnest(?::VARCHAR[]) AS name) named
          ON named.problem = p.problem""",
        [numbers, [item.id for item in found[:most]]],
    )
    return found[:most]


def _rows(db: Any) -> None:
    """One row for each broken ticket, and one for each innocent ending of each ticket to compare with.

    What took less than two seconds was no timer's work: failures that are quick are alike in being quick.
    """
    db.execute(
        """CREATE OR REPLACE TEMP TABLE batch_x AS
        SELECT row_number() OVER (ORDER BY ticket, s.n) AS n, s.ticket, s.cause, s.rule, s.severity,
          CASE WHEN duration_ms >= 2000 THEN duration_ms END AS duration_ms, idle_before_end_ms, body_bytes, transfer_bytes, ended AS ended_at, upstream, edge_location, server_ip, route,
          host, protocol, http_version, gateway, s.ticket AS capture,
          CAST(NULL AS VARCHAR) AS connection_id, CAST(NULL AS VARCHAR) AS client_ip
        FROM batch_s s
        WHERE (broken AND s.n = 1) OR (fine AND s.n IN (
          SELECT min(o.n) FROM batch_s o WHERE o.ticket = s.ticket AND o.fine GROUP BY o.gateway, o.host, o.cause))"""
    )
    # The ticket's own verdict is the ledger's, which the worst stream bears out.
    db.execute("CREATE OR REPLACE TEMP TABLE batch_v AS SELECT n, cause, rule, severity FROM batch_x")


def _telling(db: Any, cluster: Cluster, numbers: list[int]) -> bool:
    """Whether what the tickets share is more than chance, or than what can be seen of any few tickets.

    A size and an instant were measured against chance already. A timer is exact: most of the members lie
    within 0.3 s or 1.5 % of what is called their time. A place (a gateway, a host, a version)
    has to be more frequent among all tickets with the cause than among healthy streams, beyond the reach of
    both shares' 95 % intervals; and for what nobody can explain a place alone is no explanation.
    """
    if "bytes" in cluster.shared or "at" in cluster.shared:
        return True
    for name, column in (("duration_ms", "duration_ms"), ("idle_ms", "idle_before_end_ms")):
        if name in cluster.shared:
            near = one(
                db,
                f"""SELECT count(*) FROM batch_x WHERE n IN (SELECT unnest(?::BIGINT[])) AND
                  len(list_filter(?::DOUBLE[], lambda peak: abs({column} - peak) <= greatest(300, 0.015 * peak))) > 0""",
                [numbers, [cluster.shared[name], *cluster.shared.get(f"also_{name}", [])]],
            )[0]
            if near >= _EXACT * len(numbers):
                return True
    if cluster.cause == "unexplained":
        return False
    for name, column in PLACES.items():
        if name not in cluster.shared or name in ("connection", "client_network"):
            continue
        there, broken, healthy, fine = one(
            db,
            f"""SELECT count(*) FILTER (cause = $1 AND {column} = $2), count({column}) FILTER (cause = $1),
              count(*) FILTER (severity IN ('ok', 'info') AND {column} = $2),
              count({column}) FILTER (severity IN ('ok', 'info')) FROM batch_x""",
            [cluster.cause, cluster.shared[name]],
        )
        if wilson(there, broken)[0] > wilson(healthy, fine)[1]:
            return True
    return False


def _problem(
    db: Any, number: int, total: int, kind: Any, cause: str, text: str, baseline: str, shared: dict[str, Any]
) -> Problem:
    inside = f"ticket IN (SELECT ticket FROM batch_p WHERE problem = {number})"
    count, customers = one(db, f"SELECT count(*), count(DISTINCT who) FROM batch_t WHERE {inside}")
    return Problem(
        id=f"{number:06d}",
        kind=kind,
        cause=cause,
        party=CAUSES[cause].party,
        title=CAUSES[cause].title,
        text=text,
        tickets=count,
        share=count / total if total else 0.0,
        customers=customers or None,
        baseline=baseline,
        shared=shared,
        members=ids(db, inside),
        more=max(0, count - MEMBERS),
    )


def _plain(shared: dict[str, Any]) -> dict[str, Any]:
    return {
        name: timestamp(value) if isinstance(value, datetime) else value for name, value in shared.items()
    }
