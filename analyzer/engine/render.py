"""`say`, `fix` and `settle`: Jinja templates cut down to text, values, conditions and filters.

Rules come from anyone, so a template may not loop, assign, call, index or import: it can spend neither
time nor memory. Values come from captures, so text passes the redactor first and loses its control
characters. What was not recorded is said in words.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final

from analyzer.columns import Exchange, columns
from analyzer.engine import format as fmt
from analyzer.engine.plainsay import Plain, read

Show = Callable[[str, object], object]

_NODES: Final = frozenset(
    [
        "Template",
        "Output",
        "TemplateData",
        "Name",
        "Const",
        "Filter",
        "Test",
        "If",
        "CondExpr",
        "Compare",
        "Operand",
        "And",
        "Or",
        "Not",
        "Add",
        "Sub",
        "Div",
        "FloorDiv",
        "Mod",
        "Neg",
        "Pos",
        "Concat",
        "Tuple",
        "List",
        "Keyword",
    ]
)
_LONGEST: Final = 4000
_MOST_WRITTEN: Final = 2048
_WRITTEN: Final[dict[tuple[Any, ...], str]] = {}
_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "duration": fmt.duration,
    "bytes": fmt.size,
    "number": fmt.number,
    "pct": fmt.percent,
    "clock": fmt.clock,
    "plural": fmt.plural,
    "vendor": lambda value: None if value is None else fmt.vendor(_text(value)),
    "default": lambda value, other="", _falsy=False: other if value is None or value == "" else value,
    "replace": lambda value, old, new: _short(_text(value).replace(str(old), str(new))) if len(str(new)) < 200 else _text(value),
    "upper": lambda value: _text(value).upper(),
    "lower": lambda value: _text(value).lower(),
    "capitalize": lambda value: _text(value)[:1].upper() + _text(value)[1:],
    "trim": lambda value: _text(value).strip(),
    "round": lambda value, digits=0: None if value is None else round(value, digits) if digits else round(value),
    "int": lambda value: None if value is None else int(value),
    "abs": lambda value: None if value is None else abs(value),
    "min": lambda value, other: None if value is None or other is None else min(value, other),
    "max": lambda value, other: None if value is None or other is None else max(value, other),
}  # fmt: skip
FILTERS: Final = tuple(sorted(_FILTERS))


class Unrecorded:
    """What a template sees of a value that is not recorded.

    `is none` is true of it, every comparison with it is false, arithmetic leaves it as it is, and
    printed it is words: a template that forgets to ask cannot fail, nor print `None`.
    """

    __slots__ = ()
    __hash__ = object.__hash__

    def __str__(self) -> str:
        return fmt.UNRECORDED

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other is None or isinstance(other, Unrecorded)

    def _false(self, _other: object) -> bool:
        return False

    def _self(self, _other: object = None) -> Unrecorded:
        return self

    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = _false
    __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = _self
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __neg__ = __pos__ = _self


_UNRECORDED: Final = Unrecorded()


def _wrapped(filter_function: Callable[..., Any]) -> Callable[..., Any]:
    """Filters are written for plain values: None in, and None out, stand for unrecorded."""

    def call(*values: Any) -> Any:
        plain = (None if isinstance(value, Unrecorded) else value for value in values)
        result = filter_function(*plain)
        return _UNRECORDED if result is None else result

    return call


@cache
def _wrapped_filters() -> dict[str, Callable[..., Any]]:
    return {name: _wrapped(function) for name, function in _FILTERS.items()}


def _text(value: Any) -> str:
    return fmt.UNRECORDED if value is None else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


@cache
def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    # Output is plain text: every renderer escapes for its own medium.
    env = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined, finalize=_finalize)
    env.filters = _wrapped_filters()
    env.tests["none"] = lambda value: value is None or isinstance(value, Unrecorded)
    env.globals = {}
    return env


def _finalize(value: Any) -> Any:
    if value is None:
        return fmt.UNRECORDED
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return fmt.number(value)
    return value


def problem_of(text: str) -> tuple[str, str | None] | None:
    """What is wrong with a template: (message, expected); None when it is sound."""
    from jinja2 import TemplateSyntaxError, meta, nodes

    env = _environment()
    try:
        tree = env.parse(text)
        for node in tree.find_all(nodes.Node):
            kind = type(node).__name__
            if kind == "Filter" and node.name not in _FILTERS:
                return f'unknown filter "{node.name}"', _close(node.name, FILTERS, "a filter")
            if kind == "Test" and node.name not in env.tests:
                return f'unknown test "{node.name}"', "is none, is not none, is true, is false …"
            if kind not in _NODES:
                return (
                    f"a template may not contain {_PLAIN.get(kind, kind)}",
                    "text, {{ column | filter }} and {% if %}",
                )
        unknown = sorted(meta.find_undeclared_variables(tree) - set(columns()))
    except TemplateSyntaxError as error:
        return f"template: {error.message}, in its line {error.lineno}", None
    except RecursionError:
        return "template: nested too deeply", None
    if unknown:
        return f'unknown variable "{unknown[0]}"', _close(
            unknown[0], tuple(columns()), "a column of the exchange table"
        )
    from jinja2 import TemplateError

    failed = _trial(env.from_string(text).render, (TemplateError, TypeError, ValueError, ArithmeticError))
    return (f"template: fails with {failed}", "each filter with its own arguments") if failed else None


def _trial(write: Callable[[Mapping[str, Any]], object], failures: tuple[type[Exception], ...]) -> str | None:
    """The error with which it fails when every value is recorded, or when none is; None: it does not."""
    recorded = {name: _SAMPLES[column.type] for name, column in columns().items()}
    for values in (recorded, dict.fromkeys(recorded, _UNRECORDED)):
        try:
            write(values)
        except failures as error:
            return type(error).__name__
    return None


_SAMPLES: Final[dict[str, Any]] = {
    "text": "text", "integer": 3, "number": 1.5, "boolean": True, "timestamp": datetime(2026, 3, 2, tzinfo=UTC),
}  # fmt: skip
_PLAIN: Final = {
    "For": "loops", "Call": "calls", "Getattr": "attributes", "Getitem": "indexing", "Assign": "set",
    "Mul": "multiplication", "Pow": "powers", "Macro": "macros", "Include": "include", "Import": "import",
}  # fmt: skip


def _close(name: str, known: tuple[str, ...], what: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1, cutoff=0.55)
    return f'{what}; nearest is "{near[0]}"' if near else what


@lru_cache(maxsize=1024)
def _plain(text: str) -> Plain | None:
    """The template where no Jinja is needed, to read it or to say what is wrong with it."""
    found = read(text, columns(), _wrapped_filters(), _finalize)
    if found is None or _trial(found.write, (TypeError, ValueError, ArithmeticError)):
        return None
    return found


@cache
def _compiled(text: str) -> tuple[Any, frozenset[str]]:
    from jinja2 import meta

    problem = problem_of(text)
    if problem:
        raise ValueError(problem[0])
    env = _environment()
    return env.from_string(text), frozenset(meta.find_undeclared_variables(env.parse(text)))


def values_for(row: Exchange, names: frozenset[str], show: Show) -> Mapping[str, Any]:
    """The named columns as a template may see them: redacted where they must be, text cleaned."""
    found = {name: shown_value(row, name, show) for name in names}
    return {name: _UNRECORDED if value is None else value for name, value in found.items()}


def shown_value(row: Exchange, name: str, show: Show) -> Any:
    """One column's value, fit to be shown."""
    value: Any = getattr(row, name)
    if value is None:
        return None
    if name in _withheld():
        value = show(name, value)
    return fmt.clean(value) if isinstance(value, str) else value


@cache
def _withheld() -> frozenset[str]:
    return frozenset(name for name, column in columns().items() if not column.shown)


def render(text: str, row: Exchange, show: Show) -> str:
    """A template over a row. Raises ValueError when the template itself is unsound."""
    if "{" not in text:
        return text
    plain = _plain(text)
    if plain is not None:
        values = values_for(row, plain.names, show)
        # Streams that broke alike say the same: thousands of lines need a few dozen sentences. An integer and
        # a float are equal, but not written alike.
        key = (text, *values.values(), *map(type, values.values()))
        written = _WRITTEN.get(key)
        if written is None:
            try:
                written = plain.write(values).strip("\n")
            except (TypeError, ArithmeticError) as error:
                raise ValueError(f"the template fails on this row: {type(error).__name__}") from error
            if len(_WRITTEN) >= _MOST_WRITTEN:
                _WRITTEN.clear()
            _WRITTEN[key] = written
        return written
    from jinja2 import TemplateError

    template, names = _compiled(text)
    try:
        return str(template.render(values_for(row, names, show))).strip("\n")
    except (TemplateError, TypeError, ArithmeticError) as error:
        raise ValueError(f"the template fails on this row: {type(error).__name__}") from error
