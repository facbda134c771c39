"""What a rule is, once it has been read. Plain values; `load` makes them, everything else reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, Final, Literal, NamedTuple

import msgspec

from analyzer.causes import CAUSES, CONFIDENCES, Confidence, Party

Basis = Literal["protocol", "response", "transport", "context", "inference"]

# Kinds of evidence, strongest first: what the stream itself says outweighs what the answer's head says,
# which outweighs the transport, the exchanges around it, and what only a duration suggests.
BASES: Final[tuple[Basis, ...]] = ("protocol", "response", "transport", "context", "inference")
AUDIENCES: Final = ("user", "operator", "developer")
KINDS: Final = ("har", "netlog", "log")


class Mark(NamedTuple):
    """A place in a file; line and column count from 1."""

    line: int
    column: int


START: Final = Mark(1, 1)


class Clause(msgspec.Struct, frozen=True, array_like=True, tag="clause"):
    """One `column|operator: value`. `text` is the clause as a report quotes it."""

    column: str
    operator: str
    value: Any
    mark: Mark = START

    @property
    def text(self) -> str:
        name = self.column if self.operator == "equals" else f"{self.column}|{self.operator}"
        return f"{name}: {_plain(self.value)}"

    def columns(self) -> tuple[str, ...]:
        """The columns it reads: its own, and the other one of a `_column` operator."""
        if not self.operator.endswith("_column"):
            return (self.column,)
        other = self.value["column"] if isinstance(self.value, dict) else self.value
        return (self.column, str(other))


class Group(msgspec.Struct, frozen=True, array_like=True, tag="group"):
    """`all` and `any` and `none`, together true when each of the three that is given is."""

    all: tuple[Node, ...] = ()
    any: tuple[Node, ...] = ()
    none: tuple[Node, ...] = ()

    def clauses(self) -> Iterator[Clause]:
        """Every clause in it, in written order, at any depth."""
        for node in (*self.all, *self.any, *self.none):
            if isinstance(node, Clause):
                yield node
            else:
                yield from node.clauses()

    def positive(self) -> Iterator[Clause]:
        """The clauses that can be the reason for firing: those outside every `none`."""
        for node in (*self.all, *self.any):
            if isinstance(node, Clause):
                yield node
            else:
                yield from node.positive()


Node = Clause | Group


class Quiet(msgspec.Struct, frozen=True, array_like=True):
    """A near miss: a row on which the rule must not fire, and what differs."""

    row: dict[str, Any]
    because: str


class Rule(msgspec.Struct, frozen=True, dict=True, array_like=True):
    """One rule file, as `stored` keeps it too. Where its parts stand is no part of what it is: see `located`."""

    id: str
    cause: str
    title: str
    basis: Basis
    when: Group
    confidence: Confidence
    evidence: tuple[str, ...]
    say: str
    fix: dict[str, tuple[str, ...]]
    sources: tuple[str, ...]
    fires: tuple[dict[str, Any], ...]
    quiet: tuple[Quiet, ...]
    refines: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    certain_when: Group | None = None
    likely_when: Group | None = None
    possible_when: Group | None = None
    settle: str | None = None
    confused_with: tuple[str, ...] = ()
    since: str | None = None
    file: str = ""
    builtin: bool = True

    def located(self, marks: Mapping[tuple[Any, ...], Mark]) -> Rule:
        """This rule, knowing where each part of it stands. marks: key path -> line and column."""
        self.__dict__["marks"] = marks
        return self

    @property
    def party(self) -> Party:
        return CAUSES[self.cause].party

    @cached_property
    def proofs(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The columns that it shows as evidence, and those that can be its reason for firing."""
        read = dict.fromkeys(clause.column for clause in self.when.positive())
        return tuple(dict.fromkeys(self.evidence)), tuple(read)

    @cached_property
    def plain_fix(self) -> tuple[tuple[str, ...], ...] | None:
        """What user, operator and developer can do, where no text of it looks at the row."""
        if any("{" in text for texts in self.fix.values() for text in texts):
            return None
        return tuple(tuple(filter(None, self.fix.get(audience, ()))) for audience in AUDIENCES)

    @cached_property
    def clause_count(self) -> int:
        """How much a rule demands: the measure of "specific" when nothing else decides."""
        return sum(1 for _ in self.when.clauses())

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that its conditions read."""
        groups = (self.when, self.certain_when, self.likely_when, self.possible_when)
        read = {name for group in groups if group for clause in group.clauses() for name in clause.columns()}
        return frozenset(read | ({"capture_kind"} if self.kinds else set()))

    def place(self, *path: Any) -> str:
        """`file:line:column` of a part, or of the nearest part around it that has a place."""
        marks = self.__dict__.get("marks", {})
        for end in range(len(path), -1, -1):
            mark = marks.get(tuple(path[:end]))
            if mark:
                return f"{self.file}:{mark.line}:{mark.column}"
        return self.file


class Finding(NamedTuple):
    """A rule that fired on a row. capped: held at `likely` because a `none` clause was not recorded."""

    rule: str
    confidence: Confidence
    capped: bool = False


class RuleSet(msgspec.Struct, frozen=True, dict=True):
    """All rules of a run, by id."""

    rules: dict[str, Rule]

    def __len__(self) -> int:
        return len(self.rules)

    def __iter__(self) -> Iterator[Rule]:
        return iter(self.rules.values())

    def __getitem__(self, rule_id: str) -> Rule:
        return self.rules[rule_id]

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self.rules

    @cached_property
    def ranked(self) -> dict[Any, Any]:
        """What weighing has worked out for these rules, by the findings: `weigh` fills it."""
        return {}

    @cached_property
    def columns(self) -> frozenset[str]:
        """Every column that any rule's conditions read."""
        return frozenset().union(*(rule.columns for rule in self))

    @cached_property
    def beats(self) -> dict[str, frozenset[str]]:
        """For each rule, the rules that lose to it when both fire.

        `refines` by rule id is transitive: who wins over a rule wins over all that this rule wins over.
        A selector (`cause:` or `basis:`) never wins over a rule that names this one by id, and two
        rules whose selectors name each other cancel out: then the weighing table decides.
        """
        by_id = {rule.id: {r for r in rule.refines if r in self.rules} for rule in self}
        explicit = {rule_id: _reach(rule_id, by_id) - {rule_id} for rule_id in self.rules}
        wide: dict[str, set[str]] = {}
        for rule in self:
            wide[rule.id] = set()
            for selector in rule.refines:
                kind, _, name = selector.partition(":")
                if kind in ("cause", "basis"):
                    wide[rule.id] |= {other.id for other in self if getattr(other, kind) == name}
        for rule in self:
            inherited = set().union(*(wide[other] for other in explicit[rule.id]), wide[rule.id])
            wide[rule.id] = {
                other for other in inherited if other != rule.id and rule.id not in explicit[other]
            }
        return {
            rule.id: frozenset(
                explicit[rule.id] | {other for other in wide[rule.id] if rule.id not in wide[other]}
            )
            for rule in self
        }


def weaker(confidence: Confidence) -> Confidence:
    """One step less sure; `possible` stays."""
    return CONFIDENCES[min(CONFIDENCES.index(confidence) + 1, len(CONFIDENCES) - 1)]


def _reach(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for other in edges.get(todo.pop(), ()):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_plain(item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_plain(item)}" for key, item in value.items()) + "}"
    return str(value)
