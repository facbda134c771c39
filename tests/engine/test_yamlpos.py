"""Reading YAML with places; what a rule file may not contain."""

from __future__ import annotations

import pytest

from analyzer.engine.rule import Mark
from analyzer.engine.yamlpos import MAX_BYTES, read
from analyzer.errors import RuleError


def test_values_keep_their_types_and_places() -> None:
    value, marks = read("a: 1\nb:\n  - x\n  - {c: true, d: 1.5, e: null}\n", "f.yaml")
    assert value == {"a": 1, "b": ["x", {"c": True, "d": 1.5, "e": None}]}
    assert marks[("a",)] == Mark(1, 1)
    assert marks[("b", 1, "d")] == Mark(4, 15)


def test_unquoted_date_stays_text() -> None:
    assert read("since: 2026-03-02", "f.yaml")[0] == {"since": "2026-03-02"}


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a: [1, 2\n", "f.yaml:2:1", "not valid YAML"),
        ("a: 1\nb: {c: 2\n", "f.yaml:3:1", "not valid YAML"),
        ("a: &x [1]\nb: *x\n", "f.yaml:1:4", "aliases"),
        ("a: 1\na: 2\n", "f.yaml:2:1", "twice"),
        ("a: !!python/object:os.system x\n", "f.yaml:1:4", "tags"),
        ("a: !mine x\n", "f.yaml:1:4", "tags"),
        ("<<: {a: 1}\n", "f.yaml:1:1", "merge keys"),
        ("? [a, b]\n: 1\n", "f.yaml:1:3", "a key must be text"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1", "not valid YAML"),
        ("", "f.yaml", "empty"),
        ("# nothing\n", "f.yaml", "empty"),
        ("\x01", "f.yaml", "not valid YAML"),
        ("[" * 60 + "]" * 60, "f.yaml:1:42", "too deeply"),
        ("[" * 200_000, "f.yaml:1:42", "too deeply"),
        ("- " * 100_000, "f.yaml:1:83", "too deeply"),
        ("a: " + "x" * MAX_BYTES, "f.yaml", "too large"),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(RuleError) as caught:
        read(text, "f.yaml")
    assert words in caught.value.message
    assert caught.value.where is not None
    assert caught.value.where.startswith(place)


def test_many_aliases_cannot_grow_the_file() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    with pytest.raises(RuleError, match="aliases"):
        read("\n".join(lines), "f.yaml")
