"""Addresses and networks, compared with the standard library."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from analyzer.columns import Exchange
from analyzer.engine.cidr import cidr_problem
from analyzer.engine.evaluate import evaluate
from analyzer.engine.rule import RuleSet
from tests.engine import three_valued
from tests.engine.making import clause, group, rule
from tests.engine.test_compile import addresses, networks


@given(addresses, networks)
@settings(max_examples=100, deadline=None)
def test_cidr_equals_the_standard_library(address: str, network: str) -> None:
    ruleset = RuleSet({"r": rule("r", group(all=[clause("server_ip|cidr", network)]))})
    fired = bool(evaluate([Exchange(server_ip=address)], ruleset).findings[0])
    assert fired == three_valued.in_network(address, network)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "192.0.2.1", "::/0", "2001:db8::/32"])
def test_networks_are_taken(network: str) -> None:
    assert cidr_problem(network) is None


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "ten", "", 10, None, "::ffff:10.0.0.0/104"])
def test_what_is_no_network_is_refused(network: object) -> None:
    assert cidr_problem(network)
