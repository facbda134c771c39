"""Operators over text, as a rule's author meets them; numbers and logic are in test_compile."""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.columns import Exchange
from analyzer.engine.evaluate import evaluate
from analyzer.engine.operators import OPERATORS, literal, quote
from analyzer.engine.rule import RuleSet
from tests.engine.making import clause, group, rule


def fired(row: Exchange, text: str, value: Any) -> bool:
    made = rule("r", group(all=[clause(text, value)]))
    return bool(evaluate([row], RuleSet({"r": made})).findings[0])


@pytest.mark.parametrize(
    ("text", "value", "yes", "no"),
    [
        ("gateway|re", "^ng.nx$", "nginx", "xnginx"),
        ("gateway|re", ["^a", "b$"], "cb", "ca"),
        ("gateway|icontains", "NGINX", "my-nginx", "caddy"),
        ("gateway|icontains", "é", "CAFÉ", "cafe"),
        ("gateway|contains", "100%_", "a100%_b", "a100xyb"),
        ("gateway|startswith", ["a", "b"], "bc", "cb"),
        ("gateway|endswith", "'", "it'", "it"),
        ("server_ip|cidr", "10.0.0.0/8", "10.1.2.3", "11.1.2.3"),
        ("server_ip|cidr", "192.168.0.0/20", "192.168.15.1", "192.168.16.1"),
        ("server_ip|cidr", "fd00::/8", "FD12::1", "fe80::1"),
        ("server_ip|cidr", "fe80::/10", "fe80::1%en0", "fec0::1"),
        ("server_ip|cidr", ["10.0.0.0/8", "::1/128"], "0:0:0:0:0:0:0:1", "::2"),
        ("server_ip|cidr", "10.0.0.0/8", "::ffff:10.0.0.1", "not an address"),
    ],
)
def test_text_operators(text: str, value: Any, yes: str, no: str) -> None:
    column = text.partition("|")[0]
    assert fired(Exchange(**{column: yes}), text, value)  # type: ignore[arg-type]
    assert not fired(Exchange(**{column: no}), text, value)  # type: ignore[arg-type]
    assert not fired(Exchange(), text, value)


def test_pattern_that_backtracks_elsewhere_takes_linear_time() -> None:
    assert not fired(Exchange(gateway="a" * 50_000 + "!"), "gateway|re", "^(a+)+$")


def test_names_and_values_stay_inside_their_quotes() -> None:
    assert quote('a"b') == '"a""b"'
    assert literal("it's") == "'it''s'"
    assert (literal(True), literal(3), literal(1.5)) == ("TRUE", "3", "1.5::DOUBLE")


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "a\0b"])
def test_values_that_sql_cannot_hold_are_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        literal(value)


def test_every_operator_says_what_it_takes() -> None:
    for name, operator in OPERATORS.items():
        assert name == operator.name
        assert operator.takes
        assert operator.meaning
        assert operator.types
