"""Patterns that are compiled when they are first used."""

from __future__ import annotations

import importlib
import pkgutil
import re

import analyzer
from analyzer.patterns import _Later, later


def test_a_later_pattern_does_what_a_pattern_does() -> None:
    word = later(r"(?P<a>x)(y)", re.I)
    found = word.search("aXY")
    assert found is not None and found.groupdict() == {"a": "X"}
    assert word.sub("-", "xyxy") == "--"
    assert (word.pattern, bool(word.flags & re.I)) == (r"(?P<a>x)(y)", True)


def test_every_pattern_of_the_program_compiles() -> None:
    count = 0
    for module in pkgutil.walk_packages(analyzer.__path__, "analyzer."):
        if module.name.endswith("__main__"):
            continue
        for value in vars(importlib.import_module(module.name)).values():
            for pattern in value if isinstance(value, tuple) else (value,):
                for one in pattern if isinstance(pattern, tuple) else (pattern,):
                    if isinstance(one, _Later):
                        assert re.compile(one.pattern, one.flags)
                        count += 1
    assert count > 100
