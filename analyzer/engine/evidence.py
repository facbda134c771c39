"""The columns that prove a finding, each as a value and as a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from analyzer.columns import Exchange
from analyzer.engine.phrases import absent_phrase, phrase
from analyzer.engine.render import Show, shown_value
from analyzer.engine.rule import Rule
from analyzer.model import Evidence


def evidence_for(row: Exchange, rule: Rule, show: Show) -> list[Evidence]:
    """What the rule shows of a row: its `evidence` columns that are recorded, the first one primary.

    When none of them is recorded, the columns that its condition read stand in; a rule that fired
    because something is *not* recorded shows that.
    """
    for names in rule.proofs:
        found = evidence_of(row, names, show)
        if found:
            return found
    listed, read = rule.proofs
    name = (read or listed)[0]
    return [
        Evidence(role="primary", where=row.where or "", column=name, value=None, text=absent_phrase(name))
    ]


def evidence_of(row: Exchange, names: Iterable[str], show: Show) -> list[Evidence]:
    """Evidence for those of the named columns that the row records."""
    found: list[Evidence] = []
    where = row.where or ""
    role: Literal["primary", "related"] = "primary"
    for name in names:
        value = shown_value(row, name, show)
        if value is None:
            continue
        shown = value if isinstance(value, str) else _plain(value)
        found.append(Evidence(role=role, where=where, column=name, value=shown, text=phrase(name, value)))
        role = "related"
    return found


def _plain(value: Any) -> str | int | float | bool:
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) else str(value)
