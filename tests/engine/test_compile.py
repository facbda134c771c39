"""The SQL of conditions against a second implementation, and the packing of its answers."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from analyzer.causes import CONFIDENCES
from analyzer.columns import VALUES, Exchange
from analyzer.engine.compile import BATCH, code_sql, decode, key_sql, lenient_sql
from analyzer.engine.db import connection
from analyzer.engine.evaluate import evaluate
from analyzer.engine.explain import explain_outcomes
from analyzer.engine.known import Known
from analyzer.engine.rule import Clause, Finding, Group, RuleSet
from tests.engine import three_valued
from tests.engine.making import clause, group, rule

TEXT = ("gateway", "net_error", "server_ip", "via")
NUMBER = ("status", "events", "ttfb_ms", "duration_ms")
FLAG = ("cut_inside_event", "in_band_error")

words = st.sampled_from(["", "a", "ab", "b", "B", "É", "é", "'", '"', "%", "_", "nginx", "x'y", "net::ERR_A"])
addresses = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=6).map(lambda address: address.exploded.upper()),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.ip_addresses(network="10.0.0.0/8").map(str),
    st.ip_addresses(network="fd00::/8").map(str),
    st.sampled_from(
        ["", "-", "::", "::1", "1::", "1:2:3:4:5:6:7::", "256.1.1.1", "1.2.3", "a:b", ":::", "12345::"]
    ),
)
networks = st.sampled_from(
    [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "0.0.0.0/0",
        "192.0.2.7/32",
        "fd00::/8",
        "fe80::/10",
        "::/0",
        "::1/128",
        "2001:db8::/33",
    ]
)
ints = st.integers(min_value=-3, max_value=3)
floats = st.one_of(ints.map(float), st.floats(min_value=-3, max_value=3))


@st.composite
def clauses(draw: Any) -> Clause:
    kind = draw(st.sampled_from(["text", "number", "flag", "columns", "exists", "cidr"]))
    if kind == "text":
        operator = draw(
            st.sampled_from(["equals", "not", "unless", "contains", "icontains", "startswith", "endswith"])
        )
        return Clause(
            draw(st.sampled_from(TEXT)),
            operator,
            draw(st.one_of(words, st.lists(words, min_size=1, max_size=3))),
        )
    if kind == "flag":
        return Clause(
            draw(st.sampled_from(FLAG)), draw(st.sampled_from(["equals", "not"])), draw(st.booleans())
        )
    if kind == "exists":
        return Clause(draw(st.sampled_from(TEXT + NUMBER + FLAG)), "exists", draw(st.booleans()))
    if kind == "cidr":
        return Clause(
            "server_ip", "cidr", draw(st.one_of(networks, st.lists(networks, min_size=1, max_size=2)))
        )
    if kind == "columns":
        if draw(st.booleans()):
            names = draw(st.tuples(st.sampled_from(TEXT), st.sampled_from(TEXT)))
            operators = ["equals", "not", "contains", "startswith", "endswith"]
            return Clause(names[0], draw(st.sampled_from(operators)) + "_column", names[1])
        names = draw(st.tuples(st.sampled_from(NUMBER), st.sampled_from(NUMBER)))
        operator = draw(st.sampled_from(["equals", "not", "gt", "gte", "lt", "lte", "near"])) + "_column"
        return Clause(
            names[0], operator, {"column": names[1], "within": 1} if operator == "near_column" else names[1]
        )
    column = draw(st.sampled_from(NUMBER))
    operator = draw(st.sampled_from(["equals", "not", "gt", "gte", "lt", "lte", "between", "near"]))
    if operator == "between":
        return Clause(column, operator, sorted(draw(st.tuples(ints, ints))))
    if operator == "near":
        shape = draw(st.sampled_from([{"within": 1}, {"minus": 0.5, "plus": 2}]))
        return Clause(column, operator, {"value": draw(ints), **shape})
    return Clause(column, operator, draw(ints))


def groups(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Group]:
    nodes = st.lists(children, max_size=3).map(tuple)
    some = st.lists(children, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Group, all=some, any=nodes, none=nodes),
        st.builds(Group, any=some, none=nodes),
        st.builds(Group, none=some),
    )


conditions = groups(st.recursive(clauses(), groups, max_leaves=6))


def optional(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


rows = st.builds(
    Exchange,
    capture_kind=optional(st.sampled_from(VALUES["capture_kind"])),
    gateway=optional(words),
    net_error=optional(words),
    via=optional(words),
    server_ip=optional(addresses),
    status=optional(ints),
    events=optional(ints),
    ttfb_ms=optional(floats),
    duration_ms=optional(floats),
    cut_inside_event=optional(st.booleans()),
    in_band_error=optional(st.booleans()),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(rows, min_size=1, max_size=4), st.lists(conditions, min_size=1, max_size=3), st.data())
def test_sql_outcome_equals_three_valued_logic(
    many: list[Exchange], made: list[Group], data: st.DataObject
) -> None:
    rules = [
        rule(
            f"r{i}",
            when,
            confidence=data.draw(st.sampled_from(CONFIDENCES)),
            kinds=data.draw(st.sampled_from([(), ("har",), ("har", "log")])),
            certain_when=data.draw(optional(conditions)),
            likely_when=data.draw(optional(conditions)),
            possible_when=data.draw(optional(conditions)),
        )
        for i, when in enumerate(made)
    ]
    evaluation = evaluate(many, RuleSet({each.id: each for each in rules}))
    assert evaluation.rule_errors == []
    for row, findings in zip(many, evaluation.findings, strict=True):
        expected = [
            Finding(each.id, *three_valued.confidence(each, row))
            for each in rules
            if three_valued.outcome(each, row) == "fired"
        ]
        assert findings == expected


@settings(max_examples=50, deadline=None)
@given(rows, conditions)
def test_explained_outcome_equals_three_valued_logic(row: Exchange, when: Group) -> None:
    made = rule("r", when)
    (explained,) = explain_outcomes(row, [made])
    assert explained.outcome == three_valued.outcome(made, row)
    if explained.outcome == "not-applicable":
        assert getattr(row, explained.column or "") is None


def test_none_that_is_not_recorded_caps_at_likely_and_does_not_block() -> None:
    made = rule("r", group(all=[clause("status", 504)], none=[clause("gateway", "nginx")]))
    ruleset = RuleSet({"r": made})
    found = evaluate(
        [Exchange(status=504), Exchange(status=504, gateway="caddy"), Exchange(status=504, gateway="nginx")],
        ruleset,
    )
    assert found.findings == [[Finding("r", "likely", True)], [Finding("r", "certain", False)], []]


def test_first_true_confidence_condition_wins() -> None:
    made = rule(
        "r",
        confidence="likely",
        certain_when=group(all=[clause("ttfb_ms|gte", 60000)]),
        possible_when=group(all=[clause("ttfb_ms|lt", 1000)]),
    )
    many = [Exchange(status=504, ttfb_ms=ttfb) for ttfb in (60000.0, 5000.0, 10.0, None)]
    found = evaluate(many, RuleSet({"r": made}))
    assert [each[0].confidence for each in found.findings] == ["certain", "likely", "possible", "likely"]


def test_packed_codes_of_many_rules_survive() -> None:
    made = {
        f"r{i:03}": rule(f"r{i:03}", group(all=[clause("events", i % 7)]), confidence=CONFIDENCES[i % 3])
        for i in range(BATCH * 3 + 5)
    }
    found = evaluate([Exchange(events=n) for n in range(8)], RuleSet(made))
    for n, findings in enumerate(found.findings):
        expected = [each for i, each in enumerate(made) if i % 7 == n]
        assert [finding.rule for finding in findings] == expected
        assert all(finding.confidence == made[finding.rule].confidence for finding in findings)


def test_key_of_the_last_place_stays_a_positive_bigint() -> None:
    code = code_sql(rule("r"), place=BATCH - 1)
    assert code is not None
    con = connection()
    try:
        found = con.execute(f"SELECT {key_sql([code])} FROM (SELECT 504 AS status)").fetchone()
    finally:
        con.close()
    assert found == (3 << 3 * (BATCH - 1),)
    assert 7 << 3 * (BATCH - 1) < 2**63
    assert decode([3 << 3 * (BATCH - 1)], [str(i) for i in range(BATCH)]) == [
        Finding(str(BATCH - 1), "certain", False)
    ]


def test_rule_over_unrecorded_columns_needs_no_sql() -> None:
    made = rule("r", group(all=[clause("gateway", "nginx"), clause("status", 504)]))
    assert code_sql(made, Known(absent=frozenset({"gateway"}))) is None
    assert (
        lenient_sql(group(all=[clause("gateway|exists", False)]), Known(absent=frozenset({"gateway"})))
        == "TRUE"
    )


def test_literals_cannot_leave_their_quotes() -> None:
    nasty = "x' OR 1=1; DROP TABLE rows_now; --"
    made = rule("r", group(all=[clause("gateway", nasty)]))
    found = evaluate([Exchange(gateway="a"), Exchange(gateway=nasty)], RuleSet({"r": made}))
    assert [bool(each) for each in found.findings] == [False, True]


def test_kinds_leave_other_captures_alone() -> None:
    made = replace(rule("r"), kinds=("log",))
    many = [Exchange(status=504, capture_kind=kind) for kind in ("har", "log", None)]
    assert [bool(each) for each in evaluate(many, RuleSet({"r": made})).findings] == [False, True, False]
