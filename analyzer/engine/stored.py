"""Rules as JSON and back, for `remember`. Places in files are left out, except those of clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from analyzer.causes import Confidence
from analyzer.engine.rule import Basis, Clause, Group, Mark, Node, Quiet, Rule

FORM: Final = "rules"


class _Clause(msgspec.Struct, array_like=True, tag="clause"):
    column: str
    operator: str
    value: Any
    line: int
    at: int


class _Group(msgspec.Struct, array_like=True, tag="group"):
    all: list[_Clause | _Group]
    any: list[_Clause | _Group]
    none: list[_Clause | _Group]


class _Rule(msgspec.Struct, array_like=True):
    id: str
    cause: str
    title: str
    basis: Basis
    when: _Group
    confidence: Confidence
    evidence: tuple[str, ...]
    say: str
    fix: dict[str, tuple[str, ...]]
    sources: tuple[str, ...]
    fires: tuple[dict[str, Any], ...]
    quiet: list[tuple[dict[str, Any], str]]
    refines: tuple[str, ...]
    kinds: tuple[str, ...]
    certain_when: _Group | None
    likely_when: _Group | None
    possible_when: _Group | None
    settle: str | None
    confused_with: tuple[str, ...]
    since: str | None
    file: str


def dumped(rules: Iterable[Rule]) -> bytes | None:
    """Rules as bytes; None when `loaded` would not give the same rules back."""
    rules = list(rules)
    try:
        data = msgspec.json.encode([_stored(rule) for rule in rules])
    except (TypeError, ValueError, msgspec.MsgspecError):
        return None
    return data if loaded(data) == rules else None


def loaded(data: bytes) -> list[Rule] | None:
    """The rules in such bytes; None when these are no such bytes."""
    try:
        stored = msgspec.json.decode(data, type=list[_Rule])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return [_rule(one) for one in stored]


def _stored(rule: Rule) -> _Rule:
    return _Rule(
        rule.id, rule.cause, rule.title, rule.basis, _group(rule.when), rule.confidence, rule.evidence,
        rule.say, rule.fix, rule.sources, rule.fires, [(quiet.row, quiet.because) for quiet in rule.quiet],
        rule.refines, rule.kinds, _maybe(rule.certain_when), _maybe(rule.likely_when),
        _maybe(rule.possible_when), rule.settle, rule.confused_with, rule.since, rule.file,
    )  # fmt: skip


def _rule(one: _Rule) -> Rule:
    return Rule(
        one.id, one.cause, one.title, one.basis, _group_back(one.when), one.confidence, one.evidence,
        one.say, one.fix, one.sources, one.fires, tuple(Quiet(row, because) for row, because in one.quiet),
        one.refines, one.kinds, _maybe_back(one.certain_when), _maybe_back(one.likely_when),
        _maybe_back(one.possible_when), one.settle, one.confused_with, one.since, one.file,
    )  # fmt: skip


def _group(group: Group) -> _Group:
    return _Group(_nodes(group.all), _nodes(group.any), _nodes(group.none))


def _nodes(nodes: Sequence[Node]) -> list[_Clause | _Group]:
    return [
        _group(node)
        if isinstance(node, Group)
        else _Clause(node.column, node.operator, node.value, node.mark.line, node.mark.column)
        for node in nodes
    ]


def _maybe(group: Group | None) -> _Group | None:
    return None if group is None else _group(group)


def _group_back(group: _Group) -> Group:
    return Group(_nodes_back(group.all), _nodes_back(group.any), _nodes_back(group.none))


def _nodes_back(nodes: Sequence[_Clause | _Group]) -> tuple[Node, ...]:
    return tuple(
        _group_back(node)
        if isinstance(node, _Group)
        else Clause(node.column, node.operator, node.value, Mark(node.line, node.at))
        for node in nodes
    )


def _maybe_back(group: _Group | None) -> Group | None:
    return None if group is None else _group_back(group)
