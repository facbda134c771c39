"""Proof of a rule set: every example through the real SQL, and what no single file can show.

`load_rules(..., thorough=True)` finds what is malformed; `check` finds what is untrue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.causes import CAUSES
from analyzer.columns import Exchange
from analyzer.engine.evaluate import evaluate
from analyzer.engine.explain import explain_outcomes
from analyzer.engine.render import render
from analyzer.engine.rule import Rule, RuleSet
from analyzer.engine.weigh import as_shown, weigh
from analyzer.model import Verdict

# Causes that no rule has to produce: the engine itself does.
_OWN: tuple[str, ...] = ("unexplained",)


@dataclass(frozen=True, slots=True)
class Problem:
    """One complaint. severity: an error must be repaired; a warning is worth a look."""

    severity: Literal["error", "warning"]
    where: str
    message: str
    help: str | None = None

    def __str__(self) -> str:
        tail = f"\n  help:     {self.help}" if self.help else ""
        return f"{self.severity}: {self.where}: {self.message}{tail}"


def example_row(rule: Rule, values: dict[str, Any]) -> Exchange:
    """An example as a row: columns that it leaves out are unrecorded, except that it is a stream and
    from the first kind of capture that the rule applies to (a HAR by default)."""
    defaults: dict[str, Any] = {"capture_kind": rule.kinds[0] if rule.kinds else "har", "is_stream": True}
    return Exchange(**(defaults | values))


def check(ruleset: RuleSet, only: Iterable[str] | None = None, *, complete: bool = True) -> list[Problem]:
    """Everything that is wrong with the rules `only` (default: all), errors first.

    complete: also demand what holds for a whole catalogue, as that each cause has a rule.
    """
    chosen = [rule for rule in ruleset if only is None or rule.id in set(only)]
    problems = [*_examples(chosen, ruleset), *_orders(chosen, ruleset)]
    if complete:
        problems += _coverage(ruleset)
    return sorted(problems, key=lambda problem: problem.severity != "error")


def _examples(rules: Sequence[Rule], ruleset: RuleSet) -> list[Problem]:
    cases: list[tuple[Rule, tuple[Any, ...], Exchange, str | None]] = []
    for rule in rules:
        for i, values in enumerate(rule.fires):
            cases.append((rule, ("examples", "fires", i), example_row(rule, values), None))
        for i, quiet in enumerate(rule.quiet):
            cases.append((rule, ("examples", "quiet", i), example_row(rule, quiet.row), quiet.because))
    evaluation = evaluate([row for _, _, row, _ in cases], ruleset)
    problems = [
        Problem("error", rule_error.split(": ")[0], rule_error) for rule_error in evaluation.rule_errors
    ]
    for (rule, path, row, because), findings in zip(cases, evaluation.findings, strict=True):
        mine = next((finding for finding in findings if finding.rule == rule.id), None)
        where = rule.place(*path)
        if because is not None:
            if mine:
                problems.append(
                    Problem("error", where, f"{rule.id} fires on a near miss, which it must not: {because}")
                )
            continue
        if mine is None:
            outcome = explain_outcomes(row, [rule])[0]
            problems.append(
                Problem("error", where, f"{rule.id} does not fire on its own example: {outcome.text}")
            )
            continue
        problems += _texts(rule, where, row)
        problems += _verdict(rule, where, weigh(row, findings, ruleset), ruleset)
    return problems


def _verdict(rule: Rule, where: str, verdict: Verdict, ruleset: RuleSet) -> list[Problem]:
    """On a rule's own example, another rule may win only if it is meant to."""
    winner = verdict.rule
    if winner is None or winner == rule.id or rule.id in ruleset.beats[winner]:
        return []
    if ruleset[winner].cause == rule.cause:
        return []
    return [
        Problem(
            "warning",
            where,
            f"on this example of {rule.id} the verdict is {winner} ({verdict.cause})",
            help="add `refines` to the rule that should win, or make the example say more",
        )
    ]


def _texts(rule: Rule, where: str, row: Exchange) -> list[Problem]:
    """Every text of the rule can be written for its own example, and says what is missing in words."""
    texts = [rule.say, *(entry for entries in rule.fix.values() for entry in entries), rule.settle or ""]
    problems = []
    for text in texts:
        try:
            written = render(text, row, as_shown)
        except ValueError as error:
            problems.append(Problem("error", where, f"{rule.id}: a text cannot be written: {error}"))
            continue
        if text is rule.say and not written.strip():
            problems.append(Problem("error", where, f"{rule.id}: say is empty on this example"))
        if "None" in written.replace("-None-", "").split() and "None" not in text:
            problems.append(Problem("error", where, f"{rule.id}: a text says None"))
    return problems


def _orders(rules: Sequence[Rule], ruleset: RuleSet) -> list[Problem]:
    """Refinements that cannot mean what they say, and names that only one side knows."""
    problems = []
    for rule in rules:
        for i, selector in enumerate(rule.refines):
            if not selector.startswith(("cause:", "basis:")):
                continue
            kind, _, name = selector.partition(":")
            named = {other.id for other in ruleset if getattr(other, kind) == name} - {rule.id}
            if not named:
                problems.append(
                    Problem(
                        "warning",
                        rule.place("refines", i),
                        f"{rule.id} refines {selector}, which no rule has",
                    )
                )
            mutual = sorted(
                other
                for other in named
                if other not in ruleset.beats[rule.id] and rule.id not in ruleset.beats[other]
            )
            if mutual:
                problems.append(
                    Problem(
                        "warning",
                        rule.place("refines", i),
                        f"{rule.id} and {', '.join(mutual[:5])} refine each other by selectors: neither wins by it",
                        help="name the rule that should lose by its id",
                    )
                )
    problems += _rings(rules, ruleset)
    return problems


def _rings(rules: Sequence[Rule], ruleset: RuleSet) -> list[Problem]:
    """Three rules that beat each other in a ring through selectors: the verdict would ignore refines."""
    beats = ruleset.beats
    problems = []
    for rule in rules:
        for second in sorted(beats[rule.id]):
            third = next((t for t in sorted(beats[second]) if rule.id in beats[t]), None)
            if third and rule.id == min(rule.id, second, third):
                problems.append(
                    Problem(
                        "warning",
                        rule.place("refines"),
                        f"{rule.id}, {second} and {third} refine each other in a ring",
                        help="replace one selector by the ids that it is meant for",
                    )
                )
                break
    return problems


def _coverage(ruleset: RuleSet) -> list[Problem]:
    """Each cause needs a rule that a HAR alone can fire."""
    covered = {rule.cause for rule in ruleset if not rule.kinds or "har" in rule.kinds}
    any_kind = {rule.cause for rule in ruleset}
    problems = []
    for cause in CAUSES:
        if cause in _OWN or cause in covered:
            continue
        what = "only for other captures than a HAR" if cause in any_kind else "at all"
        problems.append(
            Problem(
                "error" if cause not in any_kind else "warning",
                "rules/",
                f"the cause {cause} has no rule {what}".replace("no rule only", "rules only"),
            )
        )
    return problems
