"""The fixture rules, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.engine.load import load_rules
from analyzer.engine.rule import RuleSet

FIXTURES = Path(__file__).parent / "rules_fixture"


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    return load_rules(builtin=FIXTURES, thorough=True)
