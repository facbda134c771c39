"""Findings into one verdict. The weighing table, in the order in which it decides:

0. A rule that concludes `unexplained` counts only when no other rule fired.
1. A rule that another fired rule refines has lost.
2. Basis: protocol over response over transport over context over inference.
3. Confidence: certain over likely over possible (a `none` that was not recorded caps at likely).
4. Specificity: the rule with more clauses.
5. The id, so that the answer never depends on the order of files.

Contradiction: another finding that was not refined away, of the same basis, as sure as the winner and
blaming another party, takes one step off the winner's confidence and is shown, unless one of the two
rules names the other in `confused_with` or `refines`. Weaker findings and weaker kinds of evidence do
not contradict; they are runners-up. When nothing fired, `fallback` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from analyzer.causes import CAUSES, CONFIDENCES, Confidence
from analyzer.columns import Exchange
from analyzer.engine.evaluate import evaluate
from analyzer.engine.evidence import evidence_for
from analyzer.engine.fallback import fallback
from analyzer.engine.render import Show, render
from analyzer.engine.rule import BASES, Finding, Rule, RuleSet, weaker
from analyzer.engine.settle import settle_text
from analyzer.model import Fix, RunnerUp, Verdict

MAX_RUNNERS_UP = 12
_RANKED: Final = 4096  # sets of findings whose ranking is kept


class Ranking(NamedTuple):
    """The outcome of weighing, before any value of the row is looked at.

    runners_up: (rule id, why it lost). against: the rules that contradict the winner.
    """

    winner: str
    confidence: Confidence
    capped: bool
    runners_up: tuple[tuple[str, str], ...]
    against: tuple[str, ...]


def as_shown(_column: str, value: object) -> object:
    """The redactor that changes nothing: for tests and for output that stays on the machine."""
    return value


def judge(
    rows: Sequence[Exchange], ruleset: RuleSet, *, show: Show = as_shown
) -> tuple[list[Verdict], list[str]]:
    """One verdict for each row, and what went wrong with rules: `evaluate`, then `weigh`."""
    evaluation = evaluate(rows, ruleset)
    errors = list(evaluation.rule_errors)
    verdicts = [
        weigh(row, findings, ruleset, show=show, errors=errors)
        for row, findings in zip(rows, evaluation.findings, strict=True)
    ]
    return verdicts, errors


def weigh(
    row: Exchange,
    findings: Sequence[Finding],
    ruleset: RuleSet,
    *,
    show: Show = as_shown,
    errors: list[str] | None = None,
) -> Verdict:
    """The verdict on one row.

    show: the redactor, called as show(column, value) for every column that is not fit to be shown as
    it is. errors: gains a sentence for each template that fails on this row; the rule's title then
    stands in for the explanation.
    """
    if not findings:
        return fallback(row, show)
    ranking = rank(tuple(findings), ruleset)
    rule = ruleset[ranking.winner]
    cause = CAUSES[rule.cause]
    problems: list[str] = [] if errors is None else errors
    explanation = _rendered(rule, rule.say, row, show, problems) or rule.title
    for other in ranking.against:
        against = ruleset[other]
        explanation += (
            f" Against it: the same kind of evidence also fits “{against.title}”, so this is less sure."
        )
    certain = ranking.confidence == "certain"
    settle = None
    if not certain:
        settle = (rule.settle and _rendered(rule, rule.settle, row, show, problems)) or settle_text(
            row, cause.party
        )
    return Verdict(
        cause=rule.cause,
        party=cause.party,
        severity=cause.severity,
        confidence=ranking.confidence,
        rule=rule.id,
        title=rule.title,
        explanation=explanation,
        evidence=evidence_for(row, rule, show),
        fix=_fix(rule, row, show, problems),
        runners_up=[RunnerUp(rule=r, cause=ruleset[r].cause, why=why) for r, why in ranking.runners_up],
        settle=settle,
    )


def rank(findings: tuple[Finding, ...], ruleset: RuleSet) -> Ranking:
    """Which finding wins, how sure it is, and why each other lost. findings: at least one."""
    # Kept with the rule set and not beside it: a process that analyses for days loads many of them.
    known: dict[tuple[Finding, ...], Ranking] = ruleset.ranked
    found = known.get(findings)
    if found is None:
        if len(known) >= _RANKED:
            known.clear()
        found = known[findings] = _ranked(findings, ruleset)
    return found


def _ranked(findings: tuple[Finding, ...], ruleset: RuleSet) -> Ranking:
    # A rule that only admits ignorance neither competes with an explanation nor contradicts it.
    findings = tuple(f for f in findings if ruleset[f.rule].cause != "unexplained") or findings
    fired = {finding.rule: finding for finding in findings}
    lost_to: dict[str, str] = {}
    for winner in fired:
        for loser in ruleset.beats[winner]:
            if loser in fired and winner not in ruleset.beats[loser]:
                lost_to.setdefault(loser, winner)
    # Selectors could make every finding lose to another one; then the rest of the table decides.
    standing = [finding for finding in findings if finding.rule not in lost_to] or list(findings)

    def weight(finding: Finding) -> tuple[int, int, int, str]:
        rule = ruleset[finding.rule]
        return (
            BASES.index(rule.basis),
            CONFIDENCES.index(finding.confidence),
            -rule.clause_count,
            rule.id,
        )

    first, *others = sorted(standing, key=weight)
    winner_rule = ruleset[first.rule]
    against = tuple(o.rule for o in others if _contradicts(o, first, winner_rule, ruleset[o.rule]))
    confidence = weaker(first.confidence) if against else first.confidence
    runners = [(o.rule, _why(o, first, ruleset, o.rule in against)) for o in others]
    runners += [
        (loser, f"“{ruleset[by].title}” is more specific and fits too")
        for loser, by in sorted(lost_to.items())
        if loser != first.rule and all(loser != o.rule for o in others)
    ]
    return Ranking(first.rule, confidence, first.capped, tuple(runners[:MAX_RUNNERS_UP]), against)


def _contradicts(other: Finding, first: Finding, winner: Rule, rule: Rule) -> bool:
    return (
        rule.party != winner.party
        and rule.basis == winner.basis
        and other.confidence == first.confidence
        and rule.id not in (*winner.confused_with, *winner.refines)
        and winner.id not in (*rule.confused_with, *rule.refines)
    )


def _why(other: Finding, first: Finding, ruleset: RuleSet, against: bool) -> str:
    rule, winner = ruleset[other.rule], ruleset[first.rule]
    if against:
        return f"it blames another party ({rule.party}) on the same kind of evidence; {winner.id} demands more of the row"
    if rule.basis != winner.basis:
        return f"it rests on {_BASIS_WORDS[rule.basis]}, the verdict on {_BASIS_WORDS[winner.basis]}"
    if other.confidence != first.confidence:
        return f"it is only {other.confidence}, the verdict is {first.confidence}"
    if rule.cause == winner.cause:
        return "it says the same, less exactly"
    if rule.clause_count != winner.clause_count:
        return f"it demands less of the row ({rule.clause_count} against {winner.clause_count} clauses)"
    return "it fits as well; the order of ids decided"


_BASIS_WORDS = {
    "protocol": "what the stream itself says",
    "response": "what the answer's status and headers say",
    "transport": "what the connection did",
    "context": "what happened around it",
    "inference": "what durations and sizes suggest",
}


def _fix(rule: Rule, row: Exchange, show: Show, problems: list[str]) -> Fix:
    if rule.plain_fix is not None:
        return Fix(*map(list, rule.plain_fix))

    def entries(audience: str) -> list[str]:
        made = (_rendered(rule, text, row, show, problems) for text in rule.fix.get(audience, ()))
        return [text for text in made if text]

    return Fix(user=entries("user"), operator=entries("operator"), developer=entries("developer"))


def _rendered(rule: Rule, text: str, row: Exchange, show: Show, problems: list[str]) -> str | None:
    try:
        return render(text, row, show)
    except ValueError as error:
        problem = f"{rule.file}: a text of rule {rule.id} could not be written: {error}"
        if problem not in problems:
            problems.append(problem)
        return None
