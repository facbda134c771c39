from __future__ import annotations

from analyzer.decode.api import NOT_JSON, is_json, parse_json


def test_null_is_json_and_nothing_is_not() -> None:
    assert parse_json(b"null") is None
    assert parse_json(b"") is NOT_JSON
    assert parse_json(None) is NOT_JSON
    assert parse_json(b"{") is NOT_JSON


def test_hostile_json_is_refused_without_raising() -> None:
    assert parse_json(b"[" * 100_000) is NOT_JSON
    assert not is_json(b"[" * 100_000)


def test_what_browsers_accept_is_accepted() -> None:
    assert parse_json(rb'{"content":"\ud83d"}') == {"content": "\ud83d"}
    assert parse_json(b'{"a":"\xff"}') == {"a": "\ufffd"}
