"""Verdicts for a whole DuckDB table: millions of log lines, weighed without a Python loop over rows.

However many rows there are, few *patterns* of fired rules occur. SQL computes each row's pattern, Python
weighs every distinct pattern once, and a join carries the verdict back to the rows.
"""

# ruff: noqa: S608 - the SQL is built from column names and literals that `operators` quotes.
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from analyzer.causes import CAUSES
from analyzer.columns import columns
from analyzer.engine.compile import decode
from analyzer.engine.evaluate import Plan, resilient
from analyzer.engine.fallback import cause_sql, columns_read
from analyzer.engine.known import MANY, Known
from analyzer.engine.operators import quote
from analyzer.engine.rule import Finding, RuleSet
from analyzer.engine.weigh import rank

# Besides those with a closed vocabulary: columns in which a log has few different values.
_FEW: Final = frozenset({"gateway", "status"})


class TableEvaluation(msgspec.Struct):
    """What `evaluate_table` leaves behind.

    result: the temporary table: n, pattern (BIGINT), rule (NULL when none fired), cause, party,
    severity, confidence. patterns: the findings behind each pattern, as `weigh` takes them. recorded:
    columns of the exchange table that any chosen row records, in the table's order.
    """

    result: str
    patterns: dict[int, list[Finding]]
    rule_errors: list[str] = msgspec.field(default_factory=list)
    recorded: list[str] = msgspec.field(default_factory=list)

    def findings(self, pattern: int) -> list[Finding]:
        """The rules that fired on rows with this pattern."""
        return self.patterns[pattern]


def evaluate_table(
    con: Any, table: str, ruleset: RuleSet, *, result: str = "verdicts", where: str | None = None
) -> TableEvaluation:
    """One verdict for each row of `table`, as the table `result`.

    con: the caller's connection. table: has a column `n` and any of the exchange table's columns; the
    missing ones count as unrecorded. where: SQL that chooses rows (trusted: it comes from the program).
    """
    described = con.execute(f"SELECT * FROM {quote(table)} LIMIT 0").description
    present = [item[0] for item in described if item[0] in columns()]
    wanted = ruleset.columns | columns_read()
    chosen = f" WHERE {where}" if where else ""
    known, recorded = _known(con, table, present, wanted, chosen)
    keyed = f"{result}_keys"
    own = cause_sql(known.absent)

    def run(plan: Plan) -> Plan:
        keys = "".join(f", {key} AS k{i}" for i, key in enumerate(plan.keys))
        # The optimizer makes a join of each list of statuses and looks for parts in common among thousands:
        # on 4,000 rows and on 200,000 alike, that takes longer than it saves.
        con.execute("PRAGMA disable_optimizer")
        try:
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {quote(keyed)} AS "
                f"SELECT n, {own} AS own_cause{keys} FROM {quote(table)}{chosen}"
            )
        finally:
            con.execute("PRAGMA enable_optimizer")
        return plan

    plan, errors = resilient(con, f"(SELECT * FROM {quote(table)}{chosen})", ruleset, known, run)
    names = ["own_cause", *(f"k{i}" for i in range(len(plan.keys)))]
    found = con.execute(f"SELECT DISTINCT {', '.join(names)} FROM {quote(keyed)}").fetchall()
    patterns: dict[int, list[Finding]] = {}
    rows: list[tuple[Any, ...]] = []
    for pattern, (own_cause, *keys) in enumerate(found):
        findings = decode(keys, plan.rule_ids)
        patterns[pattern] = findings
        rule, cause, confidence = None, CAUSES[own_cause], "possible"
        if findings:
            ranking = rank(tuple(findings), ruleset)
            rule, confidence = ranking.winner, ranking.confidence
            cause = CAUSES[ruleset[rule].cause]
        rows.append((pattern, rule, cause.id, cause.party, cause.severity, confidence, own_cause, *keys))
    _store(con, result, keyed, names, rows)
    return TableEvaluation(result, patterns, errors, recorded)


def _known(
    con: Any, table: str, present: Sequence[str], wanted: frozenset[str], chosen: str
) -> tuple[Known, list[str]]:
    """What the chosen rows record, and of columns with few different values which: most rules need no SQL then.

    Also the recorded columns by name.
    """
    source = f"FROM {quote(table)}{chosen}"
    counted = "".join(f", count({quote(name)})" for name in present)
    rows, *counts = con.execute(f"SELECT count(*){counted} {source}").fetchone()
    recorded = [name for name, count in zip(present, counts, strict=True) if count]
    absent = wanted - set(recorded)
    whole = frozenset(name for name, count in zip(present, counts, strict=True) if count == rows)
    few = [name for name in recorded if name in wanted and (name in _FEW or columns()[name].values)]
    if not few:
        return Known(absent, {}, whole), recorded
    listed = ", ".join(map(quote, few))
    found = con.execute(f"SELECT DISTINCT {listed} {source} LIMIT {MANY + 1}").fetchall()
    if len(found) > MANY:
        return Known(absent, {}, whole), recorded
    held = {
        name: frozenset(values) - {None} for name, values in zip(few, zip(*found, strict=True), strict=True)
    }
    return Known(absent, held, whole), recorded


def _store(con: Any, result: str, keyed: str, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    head = ("pattern", "rule", "cause", "party", "severity", "confidence")
    types = ["BIGINT", *["VARCHAR"] * 6, *["BIGINT"] * (len(names) - 1)]
    lists = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in types]
    unnested = ", ".join(
        f"unnest(?::{kind}[]) AS {name}" for kind, name in zip(types, (*head, *names), strict=True)
    )
    con.execute(f"CREATE OR REPLACE TEMP TABLE {quote(result + '_patterns')} AS SELECT {unnested}", lists)
    con.execute(
        f"CREATE OR REPLACE TABLE {quote(result)} AS "
        f"SELECT n, {', '.join(head)} FROM {quote(keyed)} JOIN {quote(result + '_patterns')} "
        f"USING ({', '.join(names)})"
    )
    con.execute(f"DROP TABLE {quote(keyed)}")
    con.execute(f"DROP TABLE {quote(result + '_patterns')}")
