"""The catalogue of rules: `docs/reference/rules.md`; the columns' own page; and one rule's card for the terminal.

Written from the rules themselves; a test fails when the page in docs/ lags behind.
"""

from __future__ import annotations

import re
from typing import Any

from analyzer.causes import CAUSES
from analyzer.columns import Column, columns
from analyzer.engine.operators import OPERATORS
from analyzer.engine.rule import AUDIENCES, BASES, KINDS, Clause, Group, Node, Rule, RuleSet

_HEAD = """# Rules

Every rule that comes with the program, by the cause that it supports. Generated from `rules/` by
`python -m analyzer.engine.reference`: do not edit. How rules are written and weighed: [rules.md](../rules.md).
"""
_COLUMNS_HEAD = """# Columns of the exchange table

One row for each HTTP exchange, WebSocket connection or proxy log line. Rules ask these columns, and so does
`hangup query`. Generated from `analyzer/columns.py` by `python -m analyzer.engine.reference`: do not edit.

Missing is NULL, never 0. Instants are UTC. "captures" says which kinds can record a column; text that no
report shows as it stands (URLs, hosts, messages) passes the redactor first.
"""


def reference(ruleset: RuleSet) -> str:
    """The Markdown page of all rules, grouped by cause in the order of the list of causes."""
    by_cause: dict[str, list[Rule]] = {}
    for rule in ruleset:
        by_cause.setdefault(rule.cause, []).append(rule)
    lines = [_HEAD, f"{len(ruleset)} rules, {len(by_cause)} causes.\n"]
    lines += ["| cause | rules |", "|---|---|"]
    for cause_id in CAUSES:
        if cause_id in by_cause:
            links = ", ".join(f"[{rule.id}](#{rule.id})" for rule in _sorted(by_cause[cause_id]))
            lines.append(f"| [{cause_id}](#cause-{cause_id}) | {links} |")
    lines.append("")
    for cause_id, cause in CAUSES.items():
        if cause_id not in by_cause:
            continue
        lines += [
            f'<a id="cause-{cause_id}"></a>',
            "",
            f"## {cause.title} (`{cause_id}`)",
            "",
            f"{cause.meaning} Party: {cause.party}. Severity: {cause.severity}.",
            "",
        ]
        for rule in _sorted(by_cause[cause_id]):
            lines += [*_section(rule), ""]
    lines += ["## Operators", "", "| operator | takes | true when the column |", "|---|---|---|"]
    lines += [f"| `{op.name}` | {_cell(op.takes)} | {_cell(op.meaning)} |" for op in OPERATORS.values()]
    return "\n".join(lines) + "\n"


def columns_reference() -> str:
    """The Markdown page of the exchange table's columns, by group."""
    groups: dict[str, list[Column]] = {}
    for column in columns().values():
        groups.setdefault(column.group, []).append(column)
    lines = [_COLUMNS_HEAD]
    for group, members in groups.items():
        lines += [f"## {group}", "", "| column | type | captures | meaning |", "|---|---|---|---|"]
        for column in members:
            kind = f"{column.type}, {column.unit}" if column.unit else column.type
            words = f"<br>{', '.join(f'`{value}`' for value in column.values)}" if column.values else ""
            captures = "all" if len(column.kinds) == len(KINDS) else ", ".join(column.kinds)
            lines.append(f"| `{column.name}` | {kind} | {captures} | {_cell(column.meaning)}{words} |")
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def rule_card(rule: Rule, ruleset: RuleSet | None = None) -> dict[str, Any]:
    """One rule as plain values, for `hangup rules show` and its JSON form."""
    cause = CAUSES[rule.cause]
    card: dict[str, Any] = {
        "id": rule.id,
        "title": rule.title,
        "cause": rule.cause,
        "party": cause.party,
        "severity": cause.severity,
        "basis": rule.basis,
        "confidence": confidence_text(rule),
        "kinds": list(rule.kinds) or ["har", "netlog", "log"],
        "when": condition_lines(rule.when),
        "evidence": list(rule.evidence),
        "say": rule.say,
        "fix": {audience: list(rule.fix[audience]) for audience in AUDIENCES if audience in rule.fix},
        "settle": rule.settle,
        "refines": list(rule.refines),
        "confused_with": list(rule.confused_with),
        "sources": list(rule.sources),
        "since": rule.since,
        "file": rule.file,
    }
    if ruleset is not None:
        card["refined_by"] = sorted(other.id for other in ruleset if rule.id in ruleset.beats[other.id])
    return card


def rule_text(rule: Rule, ruleset: RuleSet | None = None) -> str:
    """One rule in plain text, for the terminal: when it fires, what it advises, why to believe it."""
    lines = [
        f"cause {rule.cause}; {CAUSES[rule.cause].title}",
        f"basis {rule.basis}; confidence {confidence_text(rule)}",
        "",
        "Fires when",
        *(f"  {line}" for line in condition_lines(rule.when)),
        "",
        f"Evidence: {', '.join(rule.evidence)}",
    ]
    if rule.refines:
        lines.append(f"Wins over: {', '.join(rule.refines)}")
    if ruleset is not None:
        losing_to = sorted(other.id for other in ruleset if rule.id in ruleset.beats[other.id])
        if losing_to:
            lines.append(f"Loses to: {', '.join(losing_to)}")
    for audience in AUDIENCES:
        lines += [f"{audience.capitalize()}: {entry.strip()}" for entry in rule.fix.get(audience, ())]
    lines.append(f"Sources: {'; '.join(rule.sources)}")
    return "\n".join(lines)


def condition_lines(group: Group, depth: int = 0) -> list[str]:
    """A condition as indented lines of plain text: `all of`, `any of`, `none of`, then the clauses."""
    lines = []
    for name, nodes in (("all of", group.all), ("any of", group.any), ("none of", group.none)):
        if not nodes:
            continue
        lines.append("  " * depth + name)
        for node in nodes:
            lines += _node_lines(node, depth + 1)
    return lines


def confidence_text(rule: Rule) -> str:
    """`likely; certain when …`: the confidence with the conditions that change it."""
    parts: list[str] = [rule.confidence]
    for name, group in (
        ("certain", rule.certain_when), ("likely", rule.likely_when), ("possible", rule.possible_when),
    ):  # fmt: skip
        if group:
            parts.append(f"{name} when {_inline(group)}")
    return "; ".join(parts)


def _node_lines(node: Node, depth: int) -> list[str]:
    if isinstance(node, Clause):
        return ["  " * depth + node.text]
    return condition_lines(node, depth)


def _inline(group: Group) -> str:
    def word(node: Node) -> str:
        return node.text if isinstance(node, Clause) else f"({_inline(node)})"

    parts = []
    if group.all:
        parts.append(" and ".join(word(node) for node in group.all))
    if group.any:
        either = " or ".join(word(node) for node in group.any)
        parts.append(f"({either})" if len(group.any) > 1 and (group.all or group.none) else either)
    if group.none:
        parts.append("not " + " and not ".join(word(node) for node in group.none))
    return " and ".join(parts)


def _section(rule: Rule) -> list[str]:
    kinds = f" · captures: {', '.join(rule.kinds)}" if rule.kinds else ""
    lines = [
        f"### {rule.id}",
        "",
        f"**{_inline_text(rule.title)}**",
        "",
        f"Basis: {rule.basis} · confidence: {_code_free(confidence_text(rule))}{kinds}",
        "",
        "```text",
        *condition_lines(rule.when),
        "```",
        "",
        f"- Evidence: {', '.join(f'`{name}`' for name in rule.evidence)}",
    ]
    if rule.refines:
        lines.append(f"- Wins over: {', '.join(_link(name) for name in rule.refines)}")
    if rule.confused_with:
        lines.append(f"- Not to be confused with: {', '.join(_link(name) for name in rule.confused_with)}")
    for audience in AUDIENCES:
        for entry in rule.fix.get(audience, ()):
            first, *rest = entry.strip().splitlines()
            lines.append(f"- {audience.capitalize()}: {_raw(first)}")
            lines += [f"  {_raw(line)}" if line.strip() else "" for line in rest]
    quiet = "; ".join(example.because for example in rule.quiet)
    lines.append(f"- Stays quiet: {_raw(quiet)}")
    lines.append(f"- Sources: {_raw('; '.join(rule.sources))}")
    return lines


def _link(name: str) -> str:
    kind, colon, rest = name.partition(":")
    if colon:
        return f"every rule of {kind} `{rest}`"
    return f"[{name}](#{name})"


def _sorted(rules: list[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: (BASES.index(rule.basis), rule.id))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _inline_text(text: str) -> str:
    return re.sub(r"([*_<\[])", r"\\\1", text)


def _code_free(text: str) -> str:
    return re.sub(r"([*<|])", r"\\\1", text)


def _raw(text: str) -> str:
    """Rule text is Markdown already; only what would open HTML is neutralised."""
    return text.replace("<", "&lt;") if "`" not in text else text


def main() -> None:
    """Write docs/reference/rules.md and columns.md of this checkout."""
    from pathlib import Path

    from analyzer.engine.load import load_rules

    folder = Path(__file__).resolve().parents[2] / "docs" / "reference"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rules.md").write_text(reference(load_rules(thorough=True)), encoding="utf-8")
    (folder / "columns.md").write_text(columns_reference(), encoding="utf-8")


if __name__ == "__main__":
    main()
