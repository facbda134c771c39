"""YAML into plain values, each with its line and column.

A rule file comes from anyone, so the reader is narrow: plain scalars, lists and mappings with text
keys. Aliases (which can blow a small file up), tags and duplicate keys are refused.
"""

from __future__ import annotations

from typing import Any, Final

from analyzer.engine.rule import Mark
from analyzer.errors import RuleError

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 40

Marks = dict[tuple[Any, ...], Mark]


def read(text: str, file: str) -> tuple[Any, Marks]:
    """One document's value, and for each key path the place of its value (of the key in a mapping).

    Raises RuleError with file:line:column for anything that is not plain YAML.
    """
    import yaml

    if len(text) > MAX_BYTES:
        raise RuleError("the file is too large", where=file, expected=f"at most {MAX_BYTES // 1024} kB")
    try:
        # Events and not nodes: the C composer recurses without a limit and takes the process with it.
        loader = (getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader)(text)
    except yaml.YAMLError as error:
        raise _unreadable(error, file) from None
    try:
        return _Walk(file, loader).document()
    except yaml.YAMLError as error:
        raise _unreadable(error, file) from None
    finally:
        loader.dispose()


def _unreadable(error: Any, file: str) -> RuleError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
    return RuleError(f"not valid YAML: {problem}", where=place)


class _Walk:
    def __init__(self, file: str, loader: Any) -> None:
        from yaml.constructor import SafeConstructor
        from yaml.nodes import ScalarNode

        self.file = file
        self.loader = loader
        self.marks: Marks = {}
        self.make = SafeConstructor()
        self.scalar_node = ScalarNode

    def fail(self, event: Any, message: str, expected: str | None = None) -> RuleError:
        mark = event.start_mark
        return RuleError(message, where=f"{self.file}:{mark.line + 1}:{mark.column + 1}", expected=expected)

    def next(self) -> tuple[Any, str]:
        event = self.loader.get_event()
        return event, type(event).__name__

    def document(self) -> tuple[Any, Marks]:
        self.next()  # StreamStart
        event, kind = self.next()
        if kind == "DocumentStartEvent":
            event, kind = self.next()
        if kind == "StreamEndEvent" or (kind == "ScalarEvent" and not event.value and event.implicit[0]):
            raise RuleError("the file is empty", where=self.file, expected="one YAML mapping")
        value = self.value(event, kind, (), 0)
        self.next()  # DocumentEnd
        event, kind = self.next()
        if kind != "StreamEndEvent":
            raise self.fail(event, "not valid YAML: a second document begins", "one rule in a file")
        return value, self.marks

    def value(self, event: Any, kind: str, path: tuple[Any, ...], depth: int) -> Any:
        mark = event.start_mark
        self.marks.setdefault(path, Mark(mark.line + 1, mark.column + 1))
        if kind == "AliasEvent" or event.anchor:
            raise self.fail(event, "anchors and aliases (&name, *name) are not allowed", "the value itself")
        if depth > MAX_DEPTH:
            raise self.fail(event, "nested too deeply", f"at most {MAX_DEPTH} levels")
        if event.tag is not None:
            raise self.fail(event, "tags are not allowed", "plain text, numbers, lists or mappings")
        if kind == "ScalarEvent":
            return self.scalar(event)
        if kind == "MappingStartEvent":
            return self.mapping(path, depth)
        items: list[Any] = []
        while True:
            event, kind = self.next()
            if kind == "SequenceEndEvent":
                return items
            items.append(self.value(event, kind, (*path, len(items)), depth + 1))

    def mapping(self, path: tuple[Any, ...], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while True:
            event, kind = self.next()
            if kind == "MappingEndEvent":
                return found
            if kind != "ScalarEvent" or event.tag is not None or event.anchor:
                raise self.fail(event, "a key must be text")
            key = event.value
            if key == "<<" and event.implicit[0]:
                raise self.fail(event, "merge keys (<<) are not allowed", "the keys themselves")
            if key in found:
                raise self.fail(event, f'the key "{key}" stands here twice')
            mark = event.start_mark
            self.marks[(*path, key)] = Mark(mark.line + 1, mark.column + 1)
            event, kind = self.next()
            found[key] = self.value(event, kind, (*path, key), depth + 1)

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if not event.implicit[0]:  # quoted
            return text
        tag = self.loader.resolve(self.scalar_node, text, event.implicit)
        kind = tag.rpartition(":")[2]
        if kind == "null":
            return None
        if kind not in ("bool", "int", "float"):
            # Plain text; an unquoted date too stays as written: no column takes a date value.
            return text
        try:
            return getattr(self.make, f"construct_yaml_{kind}")(self.scalar_node(tag, text))
        except (ValueError, OverflowError, KeyError):
            raise self.fail(event, "not a readable number") from None
