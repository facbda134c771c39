"""What a profile can ask of one event: a closed list of tests over its kind and its JSON payload.

There is no expression language. A condition is a mapping whose clauses must all hold:

    kind: message_stop            event name, or else the payload's kind field; `*` is a wildcard
    data: "[DONE]"                the raw text, trimmed, case ignored; `*` is a wildcard
    has: error                    this path exists and is not null (a list: all of them)
    lacks: choices                it does not (a list: none of them)
    filled: delta.content         some of these paths has a value that is not empty or false
    is: {object: [a, b]}          the value at the path is one of these; `*` is a wildcard

A path is `a.b`, `a[*].b` (any element) or `[3]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, Final

import msgspec

from analyzer.decode.api import NOT_JSON
from analyzer.model import Event
from analyzer.patterns import later

Step = str | int | None  # a key, an index, or None for any element
Test = Callable[["View"], bool]
CLAUSES: Final = frozenset({"kind", "data", "has", "lacks", "filled", "is"})
_STEP: Final = later(r"\[(\*|\d+)\]|([^.\[\]]+)")
_MANY: Final = 64  # elements of a list that `[*]` looks at


class View(msgspec.Struct):
    """One event as conditions see it. json: NOT_JSON when there is none; text: the trimmed payload."""

    kind: str
    text: bytes
    json: Any
    event: Event


@lru_cache(maxsize=1024)
def path(text: str) -> tuple[Step, ...]:
    """The steps of a path. Raises ValueError when it is none."""
    steps: list[Step] = []
    rest = text
    while rest:
        match = _STEP.match(rest)
        if match is None:
            raise ValueError(text)
        index, key = match.groups()
        steps.append(key if key is not None else None if index == "*" else int(index))
        rest = rest[match.end() :].removeprefix(".")
    return tuple(steps)


def values(json: Any, steps: tuple[Step, ...]) -> list[Any]:
    """What is found at a path, nulls left out. At most 64 elements per `[*]`."""
    if len(steps) == 1 and type(json) is dict:  # the common case, and nine tenths of the calls
        only = json.get(steps[0])
        return [] if only is None else [only]
    found: list[Any] = []
    value = json
    for place, step in enumerate(steps):  # no lists are made as long as the path does not fork
        if step is None:
            if type(value) is list:
                rest = steps[place + 1 :]
                for item in value[:_MANY]:
                    if item is not None:
                        found += values(item, rest)
            return found
        if isinstance(step, str):
            value = value.get(step) if type(value) is dict else None
        else:
            value = value[step] if type(value) is list and step < len(value) else None
        if value is None:
            return found
    found.append(value)
    return found


def first(json: Any, steps: tuple[Step, ...]) -> Any:
    """The first value at a path, or None."""
    found = values(json, steps)
    return found[0] if found else None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def matcher(words: list[str]) -> Callable[[str], bool]:
    """Whether a string is one of the words; a word may have `*` in it."""
    plain = frozenset(word for word in words if "*" not in word)
    globs = [re.escape(word).replace(r"\*", ".*") for word in words if "*" in word]
    if not globs:
        return plain.__contains__

    @cache
    def pattern() -> re.Pattern[str]:  # most profiles meet no stream of theirs
        return re.compile("(?:" + "|".join(globs) + r")\Z", re.DOTALL)

    return lambda text: text in plain or pattern().match(text) is not None


def compile_condition(clauses: dict[str, Any]) -> Test:
    """A condition as a function. Raises ValueError naming what is wrong with it."""
    unknown = set(clauses) - CLAUSES
    if unknown or not clauses:
        raise ValueError(f"unknown clause {min(unknown)!r}" if unknown else "empty condition")
    tests = [_CLAUSES[name](value) for name, value in clauses.items()]
    return tests[0] if len(tests) == 1 else _all_of(tests)


def compile_any(conditions: list[dict[str, Any]]) -> Test | None:
    """Whether any of the conditions holds; None when there is none."""
    tests = [compile_condition(clauses) for clauses in conditions]
    if not tests:
        return None
    return tests[0] if len(tests) == 1 else _any_of(tests)


# Plain loops, here and below: these run for every event, and a generator costs more than the test itself.


def _all_of(tests: list[Test]) -> Test:
    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110
            if not one(view):
                return False
        return True

    return test


def _any_of(tests: list[Test]) -> Test:
    def test(view: View) -> bool:
        for one in tests:  # noqa: SIM110
            if one(view):
                return True
        return False

    return test


def _kind(value: Any) -> Test:
    match = matcher([str(word) for word in as_list(value)])
    return lambda view: match(view.kind)


def _data(value: Any) -> Test:
    words = [str(word).lower() for word in as_list(value)]
    if all(word.isascii() and "*" not in word for word in words):
        plain = frozenset(word.encode() for word in words)
        longest = max(map(len, plain), default=0)
        return lambda view: len(view.text) <= longest and view.text.lower() in plain
    match = matcher(words)
    return lambda view: len(view.text) < 4096 and match(view.text.decode("utf-8", "replace").lower())


def _has(value: Any) -> Test:
    return _all_of([_at(path(str(text)), _there) for text in as_list(value)])


def _lacks(value: Any) -> Test:
    some = _any_of([_at(path(str(text)), _there) for text in as_list(value)])
    return lambda view: not some(view)


def _filled(value: Any) -> Test:
    return _any_of([_at(path(str(text)), bool) for text in as_list(value)])


def _is(value: Any) -> Test:
    if not isinstance(value, dict):
        raise ValueError("`is` needs a mapping of path to value")
    return _all_of([_at(path(str(text)), _equals(as_list(wanted))) for text, wanted in value.items()])


def _there(_: Any) -> bool:
    return True


def _at(steps: tuple[Step, ...], holds: Callable[[Any], bool]) -> Test:
    """Whether `holds` is true of anything that stands at a path."""
    if len(steps) == 1 and isinstance(steps[0], str):
        key = steps[0]

        def simple(view: View) -> bool:  # nine tenths of all tests
            if type(view.json) is not dict:
                return False
            only = view.json.get(key)
            return only is not None and holds(only)

        return simple

    def test(view: View) -> bool:
        if view.json is NOT_JSON:
            return False
        for one in values(view.json, steps):  # noqa: SIM110
            if holds(one):
                return True
        return False

    return test


def _equals(wanted: list[Any]) -> Callable[[Any], bool]:
    words = matcher([word for word in wanted if isinstance(word, str)])
    others = [word for word in wanted if not isinstance(word, str)]

    def test(found: Any) -> bool:
        if isinstance(found, str):
            return words(found)
        return any(found == word and type(found) is type(word) for word in others)

    return test


_CLAUSES: Final[dict[str, Callable[[Any], Test]]] = {
    "kind": _kind,
    "data": _data,
    "has": _has,
    "lacks": _lacks,
    "filled": _filled,
    "is": _is,
}
