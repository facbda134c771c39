"""Templates of the usual kind, read without Jinja: to load it takes longer than to judge a capture.

Of what `render` allows, this reads text, `{{ value | filter }}` and `{% if %}` with comparisons, nearly
all that rules ever say. Where a template goes beyond, the answer is None and Jinja reads it. What both
read they write alike: a test compares them on every template of every rule.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from analyzer.patterns import later

Values = Mapping[str, Any]
Value = Callable[[Values], Any]

_TAG: Final = later(r"(\{\{[^{}]*\}\}|\{%[^{}]*%\})")
_LONGEST: Final = 400  # characters of one expression
_DEEPEST: Final = 8  # an `if` within an `if` …
_WORDS: Final = {"none": None, "true": True, "false": False}
_COMPARE: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}  # fmt: skip


class Plain(NamedTuple):
    """A template that was read. names: the variables in it, also those of branches not taken."""

    write: Callable[[Values], str]
    names: frozenset[str]


class _Beyond(Exception):
    """The template needs Jinja."""


def read(
    text: str,
    known: Collection[str],
    filters: Mapping[str, Callable[..., Any]],
    printed: Callable[[Any], Any],
) -> Plain | None:
    """The template, or None where Jinja has to read it.

    known: the variables there are. filters: as Jinja has them. printed: what is done to a value before it
    is written out.
    """
    if "\r" in text or "{#" in text:
        return None
    reader = _Reader(known, filters, printed)
    try:
        body, end = reader.body(iter(_TAG.split(text)))
    except _Beyond:
        return None
    return Plain(body, frozenset(reader.names)) if end is None else None


class _Reader:
    def __init__(
        self,
        known: Collection[str],
        filters: Mapping[str, Callable[..., Any]],
        printed: Callable[[Any], Any],
    ) -> None:
        self.known, self.filters, self.printed = known, filters, printed
        self.names: set[str] = set()
        self.depth = 0

    def body(self, pieces: Iterator[str]) -> tuple[Callable[[Values], str], str | None]:
        """What stands before the next tag that belongs to an `if` further out, and that tag."""
        parts: list[Value] = []
        for piece in pieces:
            if piece.startswith("{{") and piece.endswith("}}"):
                parts.append(self._output(_inside(piece)))
            elif piece.startswith("{%") and piece.endswith("%}"):
                tag = _inside(piece)
                if not tag.startswith("if "):
                    return _joined(parts), tag
                parts.append(self._if(tag, pieces))
            elif piece:
                if "{{" in piece or "{%" in piece:
                    raise _Beyond
                parts.append(_constant(piece))
        return _joined(parts), None

    def _output(self, text: str) -> Value:
        value, printed = self._expression(text), self.printed
        return lambda values: str(printed(value(values)))

    def _if(self, tag: str, pieces: Iterator[str]) -> Value:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _Beyond
        branches: list[tuple[Value, Value]] = []
        end: str | None = tag
        while end is not None and end.startswith("elif " if branches else "if "):
            test = self._expression(end.partition(" ")[2])
            body, end = self.body(pieces)
            branches.append((test, body))
        if end == "else":
            body, end = self.body(pieces)
            branches.append((_constant(True), body))
        if end != "endif":
            raise _Beyond
        self.depth -= 1

        def choose(values: Values) -> Any:
            return next((body(values) for test, body in branches if test(values)), "")

        return choose

    def _expression(self, text: str) -> Value:
        """Where Jinja's expressions look like Python's they mean the same, `|` between values excepted."""
        if len(text) > _LONGEST or "\\" in text:
            raise _Beyond
        try:
            tree = ast.parse(text, mode="eval")
        except (SyntaxError, ValueError, RecursionError) as error:
            raise _Beyond from error
        return self._value(tree.body)

    def _value(self, node: ast.expr) -> Value:
        match node:
            case ast.Constant(value=str() | int() | float() as constant):
                return _constant(constant)
            case ast.Name(id=name) if name in _WORDS:
                return _constant(_WORDS[name])
            case ast.Name(id=name) if name in self.known:
                self.names.add(name)
                return lambda values: values[name]
            case ast.BinOp(
                left=ast.Name() | ast.Constant() | ast.BinOp(op=ast.BitOr()) | ast.BoolOp(), op=ast.BitOr()
            ):
                return self._filtered(node)
            case ast.BoolOp(op=op, values=nodes):
                return _either(list(map(self._value, nodes)), stop=isinstance(op, ast.Or))
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                operand = self._value(inner)
                return lambda values: not operand(values)
            case ast.IfExp(test=asked, body=then, orelse=other):
                test, yes, no = self._value(asked), self._value(then), self._value(other)
                return lambda values: yes(values) if test(values) else no(values)
            case ast.Tuple(elts=nodes):
                items = list(map(self._value, nodes))
                return lambda values: tuple([item(values) for item in items])
            case ast.List(elts=nodes):
                items = list(map(self._value, nodes))
                return lambda values: [item(values) for item in items]
            case ast.Compare(left=first, ops=[op], comparators=[second]):
                return self._compared(first, op, second)
        raise _Beyond

    def _filtered(self, node: ast.BinOp) -> Value:
        value = self._value(node.left)
        named, arguments = node.right, list[ast.expr]()
        if isinstance(node.right, ast.Call) and not node.right.keywords:
            named, arguments = node.right.func, node.right.args
        function = self.filters.get(named.id) if isinstance(named, ast.Name) else None
        if function is None or isinstance(node.left, ast.Constant):
            raise _Beyond
        given = list(map(self._value, arguments))
        return lambda values: function(value(values), *(one(values) for one in given))

    def _compared(self, first: ast.expr, op: ast.cmpop, second: ast.expr) -> Value:
        left = self._value(first)
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(second, ast.Name) and second.id == "none"):
                raise _Beyond
            # What stands for an unrecorded value says of itself that it is None.
            absent = isinstance(op, ast.Is)
            return lambda values: ((found := left(values)) is None or found == None) is absent  # noqa: E711
        right, compare = self._value(second), _COMPARE[type(op)]
        return lambda values: compare(left(values), right(values))


def _inside(tag: str) -> str:
    """What stands between the braces. `-` and `+` there are Jinja's way to trim the text around."""
    inner = tag[2:-2]
    if inner[:1] in ("-", "+") or inner[-1:] in ("-", "+"):
        raise _Beyond
    return inner.strip()


def _constant(value: object) -> Value:
    return lambda _values: value


def _joined(parts: list[Value]) -> Callable[[Values], str]:
    return lambda values: "".join([part(values) for part in parts])


def _either(operands: list[Value], *, stop: bool) -> Value:
    """`or` (stop: at the first that is true) and `and`; the value is that of the operand that decided."""

    def decide(values: Values) -> Any:
        found = None
        for operand in operands:
            found = operand(values)
            if bool(found) is stop:
                break
        return found

    return decide
