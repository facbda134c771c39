"""Reads `when` and its kin: nested all / any / none of `column|operator: value` clauses."""

from __future__ import annotations

import typing
from typing import Any, Final

from analyzer.columns import VALUES, columns
from analyzer.engine.complaints import nearest
from analyzer.engine.operators import OPERATORS
from analyzer.engine.rule import Clause, Group, Mark, Node
from analyzer.engine.yamlpos import Marks
from analyzer.errors import RuleError

MAX_NESTING: Final = 4
_PARTS: Final = ("all", "any", "none")

Path = tuple[Any, ...]


class Reader:
    """Reads one file's conditions and collects complaints, each with its place."""

    def __init__(self, file: str, marks: Marks, errors: list[RuleError]) -> None:
        self.file = file
        self.marks = marks
        self.errors = errors
        self.patterns: list[tuple[str, str]] = []  # (place, RE2 pattern), for one check of them all

    def mark(self, path: Path) -> Mark:
        for end in range(len(path), -1, -1):
            if path[:end] in self.marks:
                return self.marks[path[:end]]
        return Mark(1, 1)

    def place(self, path: Path) -> str:
        mark = self.mark(path)
        return f"{self.file}:{mark.line}:{mark.column}"

    def complain(
        self, path: Path, message: str, expected: str | None = None, help: str | None = None
    ) -> None:
        self.errors.append(RuleError(message, where=self.place(path), expected=expected, help=help))

    def condition(self, value: Any, path: Path) -> Group:
        """The whole of `when`: what can be read of it; complaints are collected."""
        before = len(self.errors)
        group = self.group(value, path, 1)
        if len(self.errors) > before:
            return group
        if not group.all and not group.any and isinstance(value, dict) and not set(value) - set(_PARTS):
            self.complain(path, "nothing here can make the rule fire", "at least one clause under all or any")
        return group

    def group(self, value: Any, path: Path, depth: int) -> Group:
        if not isinstance(value, dict):
            self.complain(path, "a condition is a mapping", "all, any and none, each a list of clauses")
            return Group()
        if depth > MAX_NESTING:
            self.complain(path, "conditions are nested too deeply", f"at most {MAX_NESTING} levels")
            return Group()
        found: dict[str, tuple[Node, ...]] = {}
        for key, items in value.items():
            here = (*path, key)
            if key not in _PARTS:
                hint = (
                    f'a list: all: [{{"{key}": …}}]'
                    if key.partition("|")[0] in columns()
                    else nearest(key, _PARTS, what="all, any or none")
                )
                self.complain(here, f'"{key}" is no part of a condition', hint)
            elif not isinstance(items, list):
                self.complain(here, f"{key} holds a list of clauses", f"{key}: [- column: value]")
            else:
                nodes = (self.node(item, (*here, i), depth) for i, item in enumerate(items))
                found[key] = tuple(node for node in nodes if node is not None)
        return Group(**found)

    def node(self, value: Any, path: Path, depth: int) -> Node | None:
        if not isinstance(value, dict) or not value:
            self.complain(path, "a clause is a mapping with one entry", "- column|operator: value")
            return None
        if set(value) & set(_PARTS):
            return self.group(value, path, depth + 1)
        if len(value) != 1:
            self.complain(path, "a clause has exactly one entry", "one list item for each clause")
            return None
        ((key, wanted),) = value.items()
        return self.clause(key, wanted, (*path, key))

    def clause(self, key: str, value: Any, path: Path) -> Clause | None:
        name, _, operator_name = key.partition("|")
        operator_name = operator_name or "equals"
        table = columns()
        column, operator = table.get(name), OPERATORS.get(operator_name)
        if column is None:
            self.complain(
                path, f'unknown column "{name}"', nearest(name, table, what="a column of the exchange table")
            )
        if operator is None:
            self.complain(
                path,
                f'unknown operator "{operator_name}"',
                nearest(operator_name, OPERATORS, what="an operator"),
            )
        if column is None or operator is None:
            return None
        if column.type not in operator.types:
            fitting = [other.name for other in OPERATORS.values() if column.type in other.types]
            self.complain(
                path,
                f'"{operator_name}" does not fit {name}, which is {column.type}',
                f"one of: {', '.join(fitting)}",
            )
            return None
        if not self.known_value(name, operator_name, value, path):
            return None
        problem = operator.check(column, value)
        if problem:
            self.complain(path, f"wrong value for {name}|{operator_name}", problem)
            return None
        if operator_name.endswith("_column") and not self.other_column(column.type, value, path):
            return None
        if operator_name == "re":
            items = value if isinstance(value, list) else [value]
            self.patterns += [(self.place(path), item) for item in items]
        return Clause(name, operator_name, value, self.mark(path))

    def known_value(self, name: str, operator: str, value: Any, path: Path) -> bool:
        """A closed vocabulary takes only its own words: a misspelt one would never match."""
        known = VALUES.get(name)
        if not known or operator not in ("equals", "not", "unless"):
            return True
        wrong = [item for item in (value if isinstance(value, list) else [value]) if item not in known]
        # A word that YAML read as a number or as true needs quotes: the type check says so.
        for item in (item for item in wrong if isinstance(item, str)):
            self.complain(path, f'{name} is never "{item}"', nearest(item, known, what=f"a value of {name}"))
        return not any(isinstance(item, str) for item in wrong)

    def other_column(self, column_type: str, value: Any, path: Path) -> bool:
        other_name = value["column"] if isinstance(value, dict) else value
        other = columns().get(other_name)
        if other is None:
            self.complain(
                path,
                f'unknown column "{other_name}"',
                nearest(other_name, columns(), what="a column of the exchange table"),
            )
            return False
        numbers = ("integer", "number")
        if other.type != column_type and not (other.type in numbers and column_type in numbers):
            self.complain(path, f"{other_name} is {other.type}", f"another {column_type} column")
            return False
        return True

    def row(self, value: Any, path: Path) -> dict[str, Any]:
        """An example row: known columns, values of their types and vocabularies; null is unrecorded."""
        if not isinstance(value, dict):
            self.complain(path, "an example is a row", "{column: value, …}")
            return {}
        found: dict[str, Any] = {}
        for name, item in value.items():
            here = (*path, name)
            column = columns().get(name)
            if column is None:
                self.complain(
                    here,
                    f'unknown column "{name}"',
                    nearest(name, columns(), what="a column of the exchange table"),
                )
                continue
            if item is None:
                found[name] = None
                continue
            if column.type == "timestamp":
                found[name] = self.instant(item, here)
                continue
            problem = OPERATORS["equals"].check(column, item)
            if isinstance(item, list) or problem:
                self.complain(here, f"wrong value for {name}", problem or "one value")
            elif self.known_value(name, "equals", item, here):
                found[name] = (
                    float(item)
                    if column.type == "number"
                    else int(item)
                    if column.type == "integer"
                    else item
                )
        return found

    def instant(self, item: Any, path: Path) -> Any:
        from datetime import UTC, datetime

        try:
            moment = datetime.fromisoformat(item)
        except (TypeError, ValueError):
            self.complain(path, "not an instant", 'ISO 8601 in UTC: "2026-03-02T10:15:06Z"')
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def texts(value: Any) -> typing.TypeGuard[list[str]]:
    """Whether it is a list of text, none of it empty."""
    return isinstance(value, list) and all(isinstance(item, str) and item.strip() for item in value)
