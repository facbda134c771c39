"""The closed list of operators: what each takes, and the SQL it becomes.

Every operator keeps SQL's three-valued logic: over a column that is NULL it is NULL, which is neither
true nor false but "not applicable". Only `exists` and `unless` are always true or false. Values reach the SQL as
literals that this module quotes, so a rule can compute nothing but a condition.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from analyzer.columns import Column
from analyzer.engine.cidr import cidr_problem, cidr_sql

TEXT: Final = ("text",)
NUMBERS: Final = ("integer", "number")
PLAIN: Final = ("text", "integer", "number", "boolean")
ORDERED: Final = ("integer", "number", "timestamp")
ANY: Final = ("text", "integer", "number", "boolean", "timestamp")

Check = Callable[[Column, Any], str | None]
ToSql = Callable[[str, Column, Any], str]


class Operator(NamedTuple):
    """types: column types it takes. check: what is wrong with a value, None if nothing is."""

    name: str
    types: tuple[str, ...]
    takes: str
    meaning: str
    check: Check
    sql: ToSql


def quote(name: str) -> str:
    """A column name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool) -> str:
    """A value as SQL. Raises ValueError for what no literal can hold (NUL, NaN, infinity)."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("not a finite number")
        return f"{value!r}::DOUBLE"
    if "\0" in value:
        raise ValueError("a NUL character")
    return "'" + value.replace("'", "''") + "'"


def _wrong(column: Column, value: Any) -> str | None:
    """Why `value` cannot be compared with `column`, or None."""
    if column.type == "text":
        if not isinstance(value, str):
            return f"{column.name} is text: write '{_yaml(value)}' in quotes"
        return "text without NUL characters" if "\0" in value else None
    if column.type == "boolean":
        return None if isinstance(value, bool) else f"{column.name} is true or false"
    unit = f" in {column.unit}" if column.unit else ""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"{column.name} is a number{unit}"
    if not math.isfinite(value) or abs(value) >= 2**63:
        return "a finite number below 2^63"
    if column.type == "integer" and isinstance(value, float) and not value.is_integer():
        return f"{column.name} is a whole number{unit}"
    return None


def _yaml(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one(column: Column, value: Any) -> str | None:
    if isinstance(value, list | dict) or value is None:
        return f"one value; {column.name} is {column.type}"
    if column.type == "timestamp":
        return "another column to compare with (gt_column …): an instant has no literal"
    return _wrong(column, value)


def _some(column: Column, value: Any) -> str | None:
    """One value, or a list that is not empty."""
    if isinstance(value, list):
        if not value:
            return "at least one value in the list"
        return next((problem for item in value if (problem := _one(column, item))), None)
    return _one(column, value)


def _number(column: Column, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        unit = f" in {column.unit}" if column.unit else ""
        return f"a number{unit}"
    return None


def _pair(column: Column, value: Any) -> str | None:
    if not isinstance(value, list) or len(value) != 2:
        return "two numbers: [lowest, highest]"
    problem = _number(column, value[0]) or _number(column, value[1])
    if not problem and value[0] > value[1]:
        return "the lower number first: [lowest, highest]"
    return problem


def _near(column: Column, value: Any) -> str | None:
    shapes = ({"value", "within"}, {"value", "minus", "plus"})
    if not isinstance(value, dict) or set(value) not in shapes:
        return "{value: …, within: …} or {value: …, minus: …, plus: …}"
    for key, item in value.items():
        if _number(column, item):
            return f"a number as {key}"
        if key != "value" and item < 0:
            return f"{key} of at least 0"
    return None


def _flag(_column: Column, value: Any) -> str | None:
    return None if isinstance(value, bool) else "true or false"


def _cidr(_column: Column, value: Any) -> str | None:
    items = value if isinstance(value, list) else [value]
    return next(
        (problem for item in items if (problem := cidr_problem(item))), None if items else "a network"
    )


def _pattern(column: Column, value: Any) -> str | None:
    """Shape only; whether RE2 takes it, the loader asks DuckDB for all patterns at once."""
    return _some(column, value)


def _other(column: Column, value: Any) -> str | None:
    """A comparable column's name; that it exists, the loader checks with a nearest-name hint."""
    return None if isinstance(value, str) else f"the name of another {column.type} column"


def _other_near(_column: Column, value: Any) -> str | None:
    if (
        not isinstance(value, dict)
        or set(value) != {"column", "within"}
        or not isinstance(value["column"], str)
    ):
        return "{column: other_column, within: number}"
    within = value["within"]
    if isinstance(within, bool) or not isinstance(within, int | float) or not 0 <= within < math.inf:
        return "within: a number of at least 0"
    return None


def _each(template: str) -> ToSql:
    """SQL for one value, joined by OR for a list. `template` has {c} and {v}."""

    def build(col: str, column: Column, value: Any) -> str:
        items = value if isinstance(value, list) else [value]
        parts = [template.format(c=col, v=literal(item)) for item in items]
        return parts[0] if len(parts) == 1 else "(" + " OR ".join(parts) + ")"

    return build


def _in(col: str, _column: Column, value: Any) -> str:
    if not isinstance(value, list):
        return f"{col} = {literal(value)}"
    return f"{col} IN ({', '.join(literal(item) for item in value)})"


def _not_in(col: str, _column: Column, value: Any) -> str:
    if not isinstance(value, list):
        return f"{col} <> {literal(value)}"
    return f"{col} NOT IN ({', '.join(literal(item) for item in value)})"


def _compare(sign: str) -> ToSql:
    return lambda col, _column, value: f"{col} {sign} {literal(value)}"


def _compare_column(sign: str) -> ToSql:
    return lambda col, _column, value: f"{col} {sign} {quote(value)}"


def _near_sql(col: str, _column: Column, value: Any) -> str:
    middle = value["value"]
    low = middle - value.get("minus", value.get("within"))
    high = middle + value.get("plus", value.get("within"))
    return f"{col} BETWEEN {literal(low)} AND {literal(high)}"


def _near_column_sql(col: str, _column: Column, value: Any) -> str:
    other = quote(value["column"])
    return f"abs({col}::DOUBLE - {other}::DOUBLE) <= {literal(value['within'])}"


_ROWS: Final = (
    Operator("equals", PLAIN, "a value, or a list", "is the value, or one of the list (the default)", _some, _in),
    Operator("not", PLAIN, "a value, or a list", "is recorded and is none of the values", _some, _not_in),
    Operator("unless", PLAIN, "a value, or a list", "is none of the values, or is not recorded; never not applicable", _some, lambda c, k, v: f"({c} IS NULL OR {_not_in(c, k, v)})"),
    Operator("contains", TEXT, "text, or a list", "contains the text, or one of the list; case counts", _some, _each("contains({c}, {v})")),
    Operator("icontains", TEXT, "text, or a list", "contains the text in any mix of upper and lower case", _some, _each("contains(lower({c}), lower({v}))")),
    Operator("startswith", TEXT, "text, or a list", "begins with the text, or with one of the list", _some, _each("starts_with({c}, {v})")),
    Operator("endswith", TEXT, "text, or a list", "ends with the text, or with one of the list", _some, _each("suffix({c}, {v})")),
    Operator("re", TEXT, "an RE2 pattern, or a list", "matches the pattern somewhere; ^ and $ anchor it", _pattern, _each("regexp_matches({c}, {v})")),
    Operator("gt", NUMBERS, "a number", "is greater", _number, _compare(">")),
    Operator("gte", NUMBERS, "a number", "is greater or equal", _number, _compare(">=")),
    Operator("lt", NUMBERS, "a number", "is less", _number, _compare("<")),
    Operator("lte", NUMBERS, "a number", "is less or equal", _number, _compare("<=")),
    Operator("between", NUMBERS, "[lowest, highest]", "lies in the range, both ends included", _pair, lambda c, _, v: f"{c} BETWEEN {literal(v[0])} AND {literal(v[1])}"),
    Operator("near", NUMBERS, "{value, within} or {value, minus, plus}", "lies within the tolerance, both ends included", _near, _near_sql),
    Operator("exists", ANY, "true or false", "is recorded (true) or is not (false); never not applicable", _flag, lambda c, _, v: f"{c} IS NOT NULL" if v else f"{c} IS NULL"),
    Operator("cidr", TEXT, "a network, or a list", "is an IPv4 or IPv6 address inside the network", _cidr, lambda c, _, v: cidr_sql(c, v)),
    Operator("equals_column", ANY, "a column", "is the same as in the other column", _other, _compare_column("=")),
    Operator("not_column", ANY, "a column", "differs from the other column", _other, _compare_column("<>")),
    Operator("gt_column", ORDERED, "a column", "is greater than, or later than, the other column", _other, _compare_column(">")),
    Operator("gte_column", ORDERED, "a column", "is greater than or equal to the other column", _other, _compare_column(">=")),
    Operator("lt_column", ORDERED, "a column", "is less than, or earlier than, the other column", _other, _compare_column("<")),
    Operator("lte_column", ORDERED, "a column", "is less than or equal to the other column", _other, _compare_column("<=")),
    Operator("contains_column", TEXT, "a column", "contains the other column's text", _other, lambda c, _, v: f"contains({c}, {quote(v)})"),
    Operator("startswith_column", TEXT, "a column", "begins with the other column's text", _other, lambda c, _, v: f"starts_with({c}, {quote(v)})"),
    Operator("endswith_column", TEXT, "a column", "ends with the other column's text", _other, lambda c, _, v: f"suffix({c}, {quote(v)})"),
    Operator("near_column", NUMBERS, "{column, within}", "differs from the other column by at most the tolerance", _other_near, _near_column_sql),
)  # fmt: skip

OPERATORS: Final[dict[str, Operator]] = {operator.name: operator for operator in _ROWS}
