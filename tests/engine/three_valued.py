"""A second implementation of the rule conditions, row by row in Python, to compare the SQL with.

Written from the rule documentation and not from the SQL: True, False or None (not recorded).
"""

from __future__ import annotations

import ipaddress
from typing import Any

from analyzer.columns import Exchange
from analyzer.engine.rule import Clause, Group, Node, Rule

Truth = bool | None


def both(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def either(truths: list[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def clause_truth(clause: Clause, row: Exchange) -> Truth:
    value = getattr(row, clause.column)
    wanted = clause.value
    if clause.operator == "exists":
        return (value is not None) == wanted
    if clause.operator == "unless":
        return value is None or value not in (wanted if isinstance(wanted, list) else [wanted])
    if value is None:
        return None
    if clause.operator.endswith("_column"):
        name = wanted["column"] if isinstance(wanted, dict) else wanted
        other = getattr(row, name)
        if other is None:
            return None
        if clause.operator == "near_column":
            return abs(float(value) - float(other)) <= wanted["within"]
        return single(clause.operator.removesuffix("_column"), value, other)
    if clause.operator == "between":
        return wanted[0] <= value <= wanted[1]
    if clause.operator == "near":
        low = wanted["value"] - wanted.get("minus", wanted.get("within"))
        high = wanted["value"] + wanted.get("plus", wanted.get("within"))
        return low <= value <= high
    several = wanted if isinstance(wanted, list) else [wanted]
    if clause.operator == "not":
        return all(value != item for item in several)
    return any(single(clause.operator, value, item) for item in several)


def single(operator: str, value: Any, wanted: Any) -> bool:
    match operator:
        case "equals":
            return bool(value == wanted)
        case "not":
            return bool(value != wanted)
        case "contains":
            return wanted in value
        case "icontains":
            return wanted.lower() in value.lower()
        case "startswith":
            return bool(value.startswith(wanted))
        case "endswith":
            return bool(value.endswith(wanted))
        case "gt":
            return bool(value > wanted)
        case "gte":
            return bool(value >= wanted)
        case "lt":
            return bool(value < wanted)
        case "lte":
            return bool(value <= wanted)
        case "cidr":
            return in_network(value, wanted)
    raise AssertionError(operator)


def in_network(text: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return address in ipaddress.ip_network(network)


def exact(node: Node, row: Exchange) -> Truth:
    """Full three-valued logic."""
    if isinstance(node, Clause):
        return clause_truth(node, row)
    parts = [exact(child, row) for child in node.all]
    if node.any:
        parts.append(either([exact(child, row) for child in node.any]))
    if node.none:
        parts.append(negated(either([exact(child, row) for child in node.none])))
    return both(parts)


def lenient(node: Node, row: Exchange) -> Truth:
    """As `exact`, but a `none` that cannot be decided counts as satisfied."""
    if isinstance(node, Clause):
        return clause_truth(node, row)
    parts = [lenient(child, row) for child in node.all]
    if node.any:
        parts.append(either([lenient(child, row) for child in node.any]))
    if node.none:
        blocked = either([exact(child, row) for child in node.none])
        parts.append(True if blocked is None else not blocked)
    return both(parts)


def outcome(rule: Rule, row: Exchange) -> str:
    if rule.kinds and row.capture_kind not in rule.kinds:
        return "not-applicable"
    return {True: "fired", False: "clear", None: "not-applicable"}[lenient(rule.when, row)]


def confidence(rule: Rule, row: Exchange) -> tuple[str, bool]:
    """(confidence, capped) of a rule that fires on the row."""
    found, capped = rule.confidence, False
    for name, group in (
        ("certain", rule.certain_when),
        ("likely", rule.likely_when),
        ("possible", rule.possible_when),
    ):
        if group and lenient(group, row):
            found = name  # type: ignore[assignment]
            capped = name == "certain" and not holds_strictly(group, row)
            break
    capped = capped or not holds_strictly(rule.when, row)
    if capped and found == "certain":
        found = "likely"
    return found, capped


def holds_strictly(group: Group, row: Exchange) -> bool:
    """Every outermost `none` could be decided: as exact, which keeps the undecided ones NULL."""

    def strict(node: Node) -> Truth:
        if isinstance(node, Clause):
            return clause_truth(node, row)
        parts = [strict(child) for child in node.all]
        if node.any:
            parts.append(either([strict(child) for child in node.any]))
        if node.none:
            parts.append(negated(either([exact(child, row) for child in node.none])))
        return both(parts)

    return strict(group) is True
