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
    loader = (getattr(yaml, "CSafeLoader", None) or yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{file}:{mark.line + 1}:{mark.column + 1}" if mark else file
        problem = error.problem or error.context or "unreadable"
        raise RuleError(f"not valid YAML: {problem}", where=place) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise RuleError(f"not valid YAML: {type(error).__name__}", where=file) from None
    finally:
        loader.dispose()
    if node is None:
        raise RuleError("the file is empty", where=file, expected="one YAML mapping")
    marks: Marks = {}
    return _Walk(file, marks).value(node, (), 0), marks


class _Walk:
    def __init__(self, file: str, marks: Marks) -> None:
        from yaml.constructor import SafeConstructor

        self.file = file
        self.marks = marks
        self.seen: set[int] = set()
        self.make = SafeConstructor()

    def fail(self, node: Any, message: str, expected: str | None = None) -> RuleError:
        mark = node.start_mark
        return RuleError(message, where=f"{self.file}:{mark.line + 1}:{mark.column + 1}", expected=expected)

    def value(self, node: Any, path: tuple[Any, ...], depth: int) -> Any:
        mark = node.start_mark
        self.marks.setdefault(path, Mark(mark.line + 1, mark.column + 1))
        if id(node) in self.seen:
            raise self.fail(node, "aliases (*name) are not allowed", "the value itself")
        self.seen.add(id(node))
        if depth > MAX_DEPTH:
            raise self.fail(node, "nested too deeply", f"at most {MAX_DEPTH} levels")
        kind = node.tag.rpartition(":")[2] if node.tag.startswith("tag:yaml.org,2002:") else "?"
        if node.id == "mapping" and kind == "map":
            return self.mapping(node, path, depth)
        if node.id == "sequence" and kind == "seq":
            return [self.value(item, (*path, i), depth + 1) for i, item in enumerate(node.value)]
        if node.id == "scalar":
            return self.scalar(node, kind)
        raise self.fail(node, "tags are not allowed", "plain text, numbers, true, false, lists or mappings")

    def mapping(self, node: Any, path: tuple[Any, ...], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.id != "scalar":
                raise self.fail(key_node, "a key must be text")
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                raise self.fail(key_node, "merge keys (<<) are not allowed", "the keys themselves")
            if key in found:
                raise self.fail(key_node, f'the key "{key}" stands here twice')
            mark = key_node.start_mark
            self.marks[(*path, key)] = Mark(mark.line + 1, mark.column + 1)
            found[key] = self.value(value_node, (*path, key), depth + 1)
        return found

    def scalar(self, node: Any, kind: str) -> Any:
        try:
            if kind == "str":
                return node.value
            if kind == "null":
                return None
            if kind == "bool":
                return self.make.construct_yaml_bool(node)
            if kind == "int":
                return self.make.construct_yaml_int(node)
            if kind == "float":
                return self.make.construct_yaml_float(node)
            if kind == "timestamp":
                # An unquoted date stays the text that was written: no column takes a date value.
                return node.value
        except (ValueError, OverflowError, KeyError):
            raise self.fail(node, "not a readable number") from None
        raise self.fail(node, "tags are not allowed", "plain text, numbers, true or false")
