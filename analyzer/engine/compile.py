"""Conditions into SQL.

Three-valued logic decides the outcome. A clause over an unrecorded column is NULL; `all` and `any` are
SQL's AND and OR. A `none` that cannot be decided does not block, but it caps the confidence: conditions
are compiled *leniently* (an undecided outermost `none` counts as satisfied), and beside that comes the
question whether it took this leniency to fire.

Each rule's answer for a row is a code of three bits, 0 when it did not fire: the confidence (1 possible,
2 likely, 3 certain) and 4 when capped. Twenty-one codes make one BIGINT, so that the answers of all
rules for one row are a handful of numbers, cheap to compare and to group by over millions of rows. The
shorter the SQL the better: with a few rows, parsing and planning it is most of the work.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from analyzer.causes import CONFIDENCES, Confidence
from analyzer.columns import columns
from analyzer.engine.known import Known
from analyzer.engine.operators import OPERATORS, literal, quote
from analyzer.engine.rule import Clause, Finding, Group, Node, Rule

BATCH: Final = 21
_BITS: Final = 3
_CAPPED: Final = 4
_LEVEL: Final[dict[Confidence, int]] = {name: len(CONFIDENCES) - i for i, name in enumerate(CONFIDENCES)}
_CONFIDENCE: Final[dict[int, Confidence]] = {level: name for name, level in _LEVEL.items()}

TRUE, FALSE, NULL = "TRUE", "FALSE", "NULL"
NOTHING: Final = Known()


def clause_sql(clause: Clause, known: Known = NOTHING) -> str:
    """One clause, with all three truths. known: columns that are NULL on every row need no SQL."""
    if clause.operator == "exists":
        if clause.column in known.absent:
            return FALSE if clause.value else TRUE
        if clause.column in known.whole:
            return TRUE if clause.value else FALSE
    elif clause.operator == "unless":
        if clause.column in known.absent:
            return TRUE
    elif any(name in known.absent for name in clause.columns()):
        return NULL
    if clause.column in known.whole and known.never(clause) and len(clause.columns()) == 1:
        return FALSE
    return OPERATORS[clause.operator].sql(quote(clause.column), columns()[clause.column], clause.value)


def lenient_sql(group: Group, known: Known = NOTHING) -> str:
    """True where the condition holds, with undecided outermost `none` clauses taken as satisfied."""
    return _positive(group, known, lambda blocked: _coalesce(_not(blocked)))


def has_none(group: Group) -> bool:
    """Whether there is a `none` anywhere in it: only then can it be capped."""
    return bool(group.none) or _none_below(group)


def undecided_sql(group: Group, known: Known = NOTHING) -> str:
    """Where the condition holds: true if it does so only because a `none` could not be decided."""
    if not has_none(group):
        return FALSE
    if _none_below(group):
        strict = _positive(group, known, _not)
        return f"({strict}) IS NOT TRUE"
    # The rest holds, so that only this `none` can have kept it from holding strictly.
    blocked = _or([_exact(node, known) for node in group.none])
    if blocked in (TRUE, FALSE):
        return FALSE
    return TRUE if blocked == NULL else f"({blocked}) IS NULL"


def code_sql(rule: Rule, known: Known = NOTHING, place: int = 0) -> str | None:
    """The rule's code for a row, shifted to its place in a key; None when it can never fire."""
    fires = lenient_sql(rule.when, known)
    if rule.kinds:
        fires = _and([_kinds(rule, known), fires])
    if fires == FALSE:
        return None
    shift = _BITS * place
    level = str(_LEVEL[rule.confidence] << shift)
    steps = []
    for name, group in (
        (3, rule.certain_when), (2, rule.likely_when), (1, rule.possible_when),
    ):  # fmt: skip
        if group is None:
            continue
        holds = lenient_sql(group, known)
        if holds != FALSE:
            # Held at likely means: not certain. A lower level loses nothing by an undecided `none`.
            cap = _cap_sql(undecided_sql(group, known), shift) if name == 3 else ""
            steps.append(f"WHEN {holds} THEN {name << shift}{cap}")
    if steps:
        level = f"(CASE {' '.join(steps)} ELSE {level} END)"
    level += _cap_sql(undecided_sql(rule.when, known), shift)
    return f"CASE WHEN {fires} THEN {level} ELSE 0 END"


def key_sql(codes: Sequence[str]) -> str:
    """Up to `BATCH` shifted codes as one BIGINT, the first rule in the lowest bits."""
    return f"({' | '.join(f'({code})' for code in codes)})::BIGINT"


def _cap_sql(undecided: str, shift: int) -> str:
    if undecided == FALSE:
        return ""
    cap = _CAPPED << shift
    return f" | {cap}" if undecided == TRUE else f" | CASE WHEN {undecided} THEN {cap} ELSE 0 END"


def _none_below(group: Group) -> bool:
    return any(has_none(node) for node in (*group.all, *group.any) if isinstance(node, Group))


def decode(keys: Sequence[int], rule_ids: Sequence[str]) -> list[Finding]:
    """The findings behind a row's packed codes; rule_ids in the order in which they were packed."""
    found = []
    for batch, key in enumerate(keys):
        position = batch * BATCH
        while key:
            code = key & 7
            if code:
                capped = bool(code & _CAPPED)
                level = min(code & 3, _LEVEL["likely"]) if capped else code & 3
                found.append(Finding(rule_ids[position], _CONFIDENCE[level], capped))
            key >>= _BITS
            position += 1
    return found


def _kinds(rule: Rule, known: Known) -> str:
    if "capture_kind" in known.absent:
        return FALSE
    return f'"capture_kind" IN ({", ".join(literal(kind) for kind in rule.kinds)})'


def _positive(group: Group, known: Known, none: Callable[[str], str]) -> str:
    def part(node: Node) -> str:
        if isinstance(node, Clause):
            # Here only truth matters: what is true on no row may be called FALSE.
            return FALSE if known.never(node) else clause_sql(node, known)
        return _positive(node, known, none)

    parts = [part(node) for node in group.all]
    if group.any:
        parts.append(_or([part(node) for node in group.any]))
    if group.none:
        parts.append(none(_or([_exact(node, known) for node in group.none])))
    return FALSE if NULL in parts else _and(parts)


def _exact(node: Node, known: Known) -> str:
    """Full three-valued logic, as needed inside a `none`."""
    if isinstance(node, Clause):
        return clause_sql(node, known)
    parts = [_exact(child, known) for child in node.all]
    if node.any:
        parts.append(_or([_exact(child, known) for child in node.any]))
    if node.none:
        parts.append(_not(_or([_exact(child, known) for child in node.none])))
    return _and(parts)


def _and(parts: Sequence[str]) -> str:
    left = [part for part in parts if part != TRUE]
    if FALSE in left:
        return FALSE
    return _joined(" AND ", left) if left else TRUE


def _or(parts: Sequence[str]) -> str:
    left = [part for part in parts if part != FALSE]
    if TRUE in left:
        return TRUE
    return _joined(" OR ", left) if left else FALSE


def _joined(sign: str, parts: Sequence[str]) -> str:
    # Every part is one comparison or brings its own brackets, so that none are needed around it.
    different = list(dict.fromkeys(parts))
    return different[0] if len(different) == 1 else f"({sign.join(different)})"


def _not(part: str) -> str:
    return {TRUE: FALSE, FALSE: TRUE, NULL: NULL}.get(part) or f"(NOT ({part}))"


def _coalesce(part: str) -> str:
    if part in (TRUE, FALSE):
        return part
    return TRUE if part == NULL else f"coalesce({part}, TRUE)"
