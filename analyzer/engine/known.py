"""What is known about a run's columns before any SQL is written, so that most rules need none.

A capture records few of the columns, and few different values in each: a rule that asks for status 504
where no row has it cannot fire. That is decided here for whole rules, before the database has to parse
and plan them, which is where the time goes when there are only a few rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from analyzer.engine.rule import Clause

# More different values than this are not worth looking through one by one.
MANY: Final = 2000


class Known(msgspec.Struct, frozen=True):
    """absent: columns that are NULL on every row. values: for some columns, every value but NULL.
    whole: columns without any NULL."""

    absent: frozenset[str] = frozenset()
    values: Mapping[str, frozenset[Any]] = msgspec.field(default_factory=dict)
    whole: frozenset[str] = frozenset()

    def never(self, clause: Clause) -> bool:
        """Whether the clause is true on no row. False when that is not known."""
        if clause.operator == "exists":
            return clause.column in (self.absent if clause.value else self.whole)
        if clause.operator == "unless":
            held = self.values.get(clause.column)
            return clause.column in self.whole and held is not None and held <= set(_some(clause.value))
        if any(name in self.absent for name in clause.columns()):
            return True
        test = _TESTS.get(clause.operator)
        values = self.values.get(clause.column)
        if test is None or values is None:
            return False
        return not any(test(value, clause.value) for value in values)


def known_from(columns: Mapping[str, Iterable[Any]]) -> Known:
    """From each column's values, row by row, None where it is not recorded."""
    absent, whole, found = set(), set(), {}
    for name, column in columns.items():
        values = set(column)
        if None in values:
            values.discard(None)
        else:
            whole.add(name)
        if not values:
            absent.add(name)
        elif len(values) <= MANY:
            found[name] = frozenset(values)
    return Known(frozenset(absent), found, frozenset(whole))


def _some(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _near(value: Any, wanted: Any) -> bool:
    middle = wanted["value"]
    low = middle - wanted.get("minus", wanted.get("within"))
    high = middle + wanted.get("plus", wanted.get("within"))
    return bool(low <= value <= high)


# Only operators that mean in Python exactly what they mean in SQL.
_TESTS: Final[dict[str, Any]] = {
    "equals": lambda value, wanted: value in _some(wanted),
    "not": lambda value, wanted: value not in _some(wanted),
    "contains": lambda value, wanted: any(item in value for item in _some(wanted)),
    "startswith": lambda value, wanted: any(value.startswith(item) for item in _some(wanted)),
    "endswith": lambda value, wanted: any(value.endswith(item) for item in _some(wanted)),
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "near": _near,
}
