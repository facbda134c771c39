"""Cutting an array into elements by brackets alone."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from analyzer.intake.split import elements, find_entries, member, value_end

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)


def any_json(data: bytes):
    def readable(begin: int, end: int) -> bool:
        try:
            json.loads(data[begin:end])
        except ValueError:
            return False
        return True

    return readable


@given(st.lists(values, max_size=6))
def test_the_elements_of_any_array_are_found(array) -> None:
    data = json.dumps(array).encode()
    cut = elements(data, 1, any_json(data))
    assert [json.loads(data[begin:end]) for begin, end in cut.spans] == array
    assert cut.closed
    assert cut.end == len(data)
    assert cut.damaged == []


@given(values)
def test_a_value_ends_where_the_parser_says(value) -> None:
    data = json.dumps(value).encode()
    if isinstance(value, (dict, list, str)):
        assert value_end(data + b"]", 0) == len(data)


@given(values, st.data())
def test_a_value_that_is_cut_has_no_end(value, data) -> None:
    text = json.dumps([value]).encode()
    cut = data.draw(st.integers(0, len(text) - 1))
    assert value_end(text[:cut], 0) is None


def test_depth_costs_no_stack() -> None:
    deep = b"[" * 300_000 + b"]" * 300_000
    assert value_end(deep, 0) == len(deep)


def test_entries_inside_a_string_are_not_mistaken_for_the_list() -> None:
    data = json.dumps({"comment": '"entries": [1', "log": {"entries": [2]}}).encode()
    start = find_entries(data)
    assert start is not None
    assert data[start:].startswith(b"2]")


def test_a_member_that_is_cut_is_none() -> None:
    data = b'{"creator": {"name": "x"}, "browser": {"na'
    assert member(data, b"creator", 0, len(data)) == b'{"name": "x"}'
    assert member(data, b"browser", 0, len(data)) is None
    assert member(data, b"pages", 0, len(data)) is None
