"""Short ways to make rules in tests."""

from __future__ import annotations

from typing import Any

from analyzer.engine.rule import Clause, Group, Node, Rule


def clause(text: str, value: Any) -> Clause:
    column, _, operator = text.partition("|")
    return Clause(column, operator or "equals", value)


def group(**parts: list[Node]) -> Group:
    return Group(**{name: tuple(nodes) for name, nodes in parts.items()})


def rule(rule_id: str = "made", when: Group | None = None, **fields: Any) -> Rule:
    defaults: dict[str, Any] = {
        "id": rule_id,
        "cause": "gateway-timeout",
        "title": f"Title of {rule_id}",
        "basis": "response",
        "when": when or group(all=[clause("status", 504)]),
        "confidence": "certain",
        "evidence": ("status",),
        "say": "It happened.",
        "fix": {},
        "sources": ("a test",),
        "fires": (),
        "quiet": (),
        "file": f"rules/gateway/{rule_id}.yaml",
    }
    return Rule(**(defaults | fields))


RULE_TEXT = """\
id: a-rule
cause: gateway-timeout
title: A title
basis: response
when:
  all:
    - status: 504
confidence: certain
evidence: [status]
say: "It took {{ ttfb_ms | duration }}."
fix:
  user: [Ask again.]
sources: [a page]
examples:
  fires:
    - {status: 504}
  quiet:
    - {row: {status: 502}, because: another status}
"""
