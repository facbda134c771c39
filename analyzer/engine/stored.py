"""Rules as JSON and back, for `remember`. Places in files are left out, except those of clauses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from analyzer.engine.rule import Rule

FORM: Final = "rules"


def dumped(rules: Iterable[Rule]) -> bytes | None:
    """Rules as bytes; None when `loaded` would not give the same rules back."""
    rules = list(rules)
    try:
        data = msgspec.json.encode(rules)
    except (TypeError, ValueError, msgspec.MsgspecError):
        return None
    return data if loaded(data) == rules else None


def loaded(data: bytes) -> list[Rule] | None:
    """The rules in such bytes; None when these are no such bytes."""
    try:
        return msgspec.json.decode(data, type=list[Rule])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
