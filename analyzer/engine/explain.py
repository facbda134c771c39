"""Why a rule did or did not fire on one row: the four outcomes, with the clause that decided."""

# ruff: noqa: S608 - the SQL is built from column names and literals that `operators` quotes.
from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from analyzer.columns import Exchange
from analyzer.engine.compile import clause_sql
from analyzer.engine.evaluate import evaluate, load_rows
from analyzer.engine.rule import Clause, Finding, Node, Rule, RuleSet

Truth = bool | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one rule on one row.

    outcome: fired; clear (a clause is not met); not-applicable (a column is not recorded); error.
    clause: the clause that stopped it, as written; with its place in `where`. column: the column that
    is not recorded, for not-applicable, or that the clause reads. finding: set when it fired.
    """

    rule: str
    outcome: Literal["fired", "clear", "not-applicable", "error"]
    clause: str | None = None
    column: str | None = None
    where: str | None = None
    finding: Finding | None = None

    @property
    def text(self) -> str:
        """One line: what happened and why."""
        if self.outcome == "fired" and self.finding:
            cap = ", held at likely: a none clause is not recorded" if self.finding.capped else ""
            return f"fired ({self.finding.confidence}{cap})"
        if self.outcome == "not-applicable":
            return f"not applicable: {self.column} is not recorded ({self.clause})"
        if self.outcome == "clear":
            return f"clear: {self.clause}"
        return f"error: {self.clause}"


def explain_outcomes(row: Exchange, ruleset: RuleSet | Iterable[Rule]) -> list[Outcome]:
    """The outcome of every rule on one row, in the order of the rules."""
    rules = list(ruleset)
    if not rules:
        return []
    evaluation = evaluate([row], RuleSet({rule.id: rule for rule in rules}))
    fired = {finding.rule: finding for finding in evaluation.findings[0]}
    broken = {
        rule.id: text for rule in rules for text in evaluation.rule_errors if f"rule {rule.id} " in text
    }
    clauses = [clause for rule in rules for clause in rule.when.clauses() if rule.id not in broken]
    truth = dict(zip(map(id, clauses), _truths(row, clauses), strict=True))
    found = []
    for rule in rules:
        if rule.id in broken:
            found.append(Outcome(rule.id, "error", clause=broken[rule.id]))
        elif rule.id in fired:
            found.append(Outcome(rule.id, "fired", finding=fired[rule.id]))
        elif rule.kinds and row.capture_kind not in rule.kinds:
            kinds = f"kinds: {', '.join(rule.kinds)}"
            found.append(Outcome(rule.id, "not-applicable", kinds, "capture_kind", rule.place("kinds")))
        else:
            found.append(_stopped(rule, row, truth))
    return found


def _truths(row: Exchange, clauses: Sequence[Clause]) -> list[Truth]:
    """Each clause's truth on the row, by the same SQL that evaluation uses."""
    if not clauses:
        return []
    from analyzer.engine.db import connection

    con = connection()
    try:
        names = {name for clause in clauses for name in clause.columns()}
        known = load_rows(con, "row_now", [row], names)
        tests = ", ".join(f"({clause_sql(clause, known)})::BOOLEAN" for clause in clauses)
        found = con.execute(f"SELECT {tests} FROM row_now").fetchone()
    finally:
        con.close()
    return list(found)


def _stopped(rule: Rule, row: Exchange, truth: dict[int, Truth]) -> Outcome:
    value, clause = _find(rule.when, truth, lenient=True)
    if clause is None:
        return Outcome(rule.id, "clear", clause="no clause of it can fire", where=rule.place("when"))
    if value is None:
        missing = next((n for n in clause.columns() if getattr(row, n) is None), clause.column)
        return Outcome(rule.id, "not-applicable", clause.text, missing, rule_place(rule, clause))
    return Outcome(rule.id, "clear", clause.text, clause.column, rule_place(rule, clause))


def rule_place(rule: Rule, clause: Clause) -> str:
    """`file:line:column` of a clause."""
    return f"{rule.file}:{clause.mark.line}:{clause.mark.column}"


def _find(node: Node, truth: dict[int, Truth], *, lenient: bool) -> tuple[Truth, Clause | None]:
    """A node's truth, and the first clause that keeps it from being true."""
    if isinstance(node, Clause):
        return truth[id(node)], node
    results: list[tuple[Truth, Clause | None]] = [_find(child, truth, lenient=lenient) for child in node.all]
    if node.any:
        results.append(_any([_find(child, truth, lenient=lenient) for child in node.any]))
    if node.none:
        value, clause = _any([_find(child, truth, lenient=False) for child in node.none])
        results.append((True if value is None and lenient else None if value is None else not value, clause))
    for wanted in (False, None):
        for value, clause in results:
            if value is wanted:
                return value, clause
    return True, next(node.clauses(), None)


def _any(results: Sequence[tuple[Truth, Clause | None]]) -> tuple[Truth, Clause | None]:
    """OR. The clause named is the first that decides: a true one, or else an undecided, or a false one."""
    order: tuple[Truth, ...] = (True, None, False)
    for wanted in order:
        for value, clause in results:
            if value is wanted:
                return value, clause
    return False, None
