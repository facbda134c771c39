"""The evidence drawer's entry: no canary survives, and what a verdict rests on does."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.redact import Redactor
from tests.redact.canary import SECRETS, entry, form_entry, leaks


def shown(raw: dict[str, Any]) -> str:
    return json.dumps(Redactor().entry(raw), ensure_ascii=False)


@pytest.mark.parametrize("make", [entry, form_entry])
def test_no_canary_survives(make: Any) -> None:
    assert leaks(shown(make())) == []


def test_the_search_itself_finds_every_canary() -> None:
    """A test that cannot fail proves nothing: the raw entries must be full of leaks."""
    found = set(leaks(json.dumps([entry(), form_entry()]) + SECRETS["page title"] + JWT_CLAIMS))
    assert set(SECRETS) - found == set()


JWT_CLAIMS = "user-canaryclaim"


def test_evidence_stays() -> None:
    text = shown(entry())
    for kept in (
        "overloaded_error",
        "max_tokens",
        "message_stop",
        "content_block_delta",
        "text_delta",
        "nginx/1.22.1",
        "a1b2c3d4e5f60718-FRA",
        "req_011CSHoEeqs5C35K2UUqR7Fy",
        '"30"',
        "0e1f2a3b-4c5d-4e6f-8a9b-0c1d2e3f4a5b",
        "since=0",
        "stream=true",
        "RS256",
        "exp=2030-01-01T00:00:00Z",
        '"receive": 1000',
        "text/event-stream",
        "Overloaded",
        "Chrome/156.0.0.0",
        '"stream": true',
        '"model": "claude-x"',
    ):
        assert kept in text, kept


def test_names_of_hidden_headers_stay_with_their_length() -> None:
    headers = {h["name"]: h["value"] for h in Redactor().entry(entry())["request"]["headers"]}
    assert headers["X-Customer"] == "⟨header:x-customer 23 B⟩"
    assert headers["Cookie"].startswith("⟨header:cookie ")
    assert "2 cookies" in headers["Cookie"]


def test_unlisted_fields_are_left_out() -> None:
    made = Redactor().entry(entry())
    assert "_customField" not in made
    assert "comment" not in made


def test_bodies_become_lengths() -> None:
    content = Redactor().entry(entry())["response"]["content"]
    assert content["text"].startswith("⟨text ")
    assert content["size"] == 4098


def test_json_error_body_keeps_type_and_code() -> None:
    raw = entry()
    raw["response"]["content"]["text"] = json.dumps(
        {
            "error": {
                "type": "invalid_request_error",
                "code": "context_length_exceeded",
                "message": "too long: canary.error@example.com",
            }
        }
    )
    text = shown(raw)
    assert "context_length_exceeded" in text
    assert "invalid_request_error" in text
    assert "too long" in text
    assert leaks(text) == []


def test_only_both_ends_of_many_events_are_shown() -> None:
    raw = entry()
    raw["_eventSourceMessages"] = [{"time": float(i), "eventName": "e", "data": "{}"} for i in range(500)]
    events = Redactor().entry(raw)["_eventSourceMessages"]
    assert len(events) == 61
    assert events[30] == "⟨440 more⟩"
    assert events[-1]["time"] == 499.0


def test_disabled_shows_the_entry_as_it_is() -> None:
    assert Redactor(enabled=False).entry(entry()) == entry()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=10), children, max_size=4)
    ),
    max_leaves=12,
)
_KEYS = st.sampled_from(
    [
        "request",
        "response",
        "headers",
        "cookies",
        "content",
        "postData",
        "text",
        "url",
        "timings",
        "cache",
        "_eventSourceMessages",
        "_webSocketMessages",
        "data",
        "name",
        "value",
        "mimeType",
        "queryString",
        "serverIPAddress",
        "_initiator",
        "time",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_KEYS, JSON | st.dictionaries(_KEYS, JSON, max_size=5), max_size=8))
def test_any_shape_is_taken_without_an_error(raw: dict[str, Any]) -> None:
    json.dumps(Redactor().entry(raw))
