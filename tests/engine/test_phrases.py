"""Every column has a sentence for every kind of value."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from analyzer.columns import VALUES, columns
from analyzer.engine.phrases import WORDINGS, absent_phrase, phrase

SAMPLES: dict[str, list[Any]] = {
    "text": ["text", "{v}", "a {b} c"],
    "integer": [0, 1, 2, 504, -1],
    "number": [0.0, 1500.0, -20.0],
    "boolean": [True, False],
    "timestamp": [datetime(2026, 3, 2, 10, 15, 6, tzinfo=UTC)],
}  # fmt: skip


@pytest.mark.parametrize("name", list(columns()))
def test_every_value_becomes_a_sentence(name: str) -> None:
    for value in [*SAMPLES[columns()[name].type], *VALUES.get(name, ())]:
        text = phrase(name, value)
        assert text.strip()
        assert "None" not in text
        assert not text.endswith(".")
    assert absent_phrase(name).startswith("not recorded: ")


def test_wordings_name_columns_that_exist() -> None:
    assert set(WORDINGS) <= set(columns())


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ttfb_ms", 60_000.0, "the answer began 60.0 s after the request"),
        ("status", 504, "the server's side answered with status 504"),
        ("status", 0, "the browser got no response at all (status 0)"),
        ("close_code", 1006, "the WebSocket was closed with code 1006"),
        ("events", 1, "1 event arrived"),
        ("events", 0, "no event arrived"),
        ("body_bytes", 12_345, "12.3 kB of the body arrived"),
        ("terminal_marker", "missing", "the protocol's end marker never came"),
        ("navigated_after_ms", -20.0, "the page loaded another document 20 ms before the end"),
        ("age_s", 90.0, "the answer was 90.0 s old (Age)"),
        ("series_same_duration", 3, "3 failed streams, this one included, lasted as long"),
        ("page_kind", "app", "the page that came back is of the kind “app”"),
    ],
)
def test_wording(name: str, value: Any, text: str) -> None:
    assert phrase(name, value) == text


def test_braces_in_capture_text_are_only_text() -> None:
    assert phrase("gateway", "{0.__class__}") == "the answer names {0.__class__} as the gateway"
