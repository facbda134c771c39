from __future__ import annotations

import html
import json
from html.parser import HTMLParser

import pytest

from analyzer.report.view_raw import raw_entry, text_only
from tests.browser.payloads import ALL


def shown(entry: object, **how: int) -> object:
    return json.loads(html.unescape(raw_entry(entry, limit=10_000, **how)))


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_text_of_a_capture_opens_no_tag(text: str) -> None:
    tags: list[str] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            tags.append(tag)

    headers = [{"name": text, "value": text}]
    page = raw_entry({text: text, "headers": headers}, limit=10_000)
    Parser().feed(f"<pre>{page}</pre>")
    assert tags == ["pre", "pre"]
    assert html.unescape(text_only(text)) == text


def test_header_is_one_line_and_a_long_one_says_how_much_is_missing() -> None:
    entry = {"headers": [{"name": "server", "value": "nginx"}, {"name": "csp", "value": "x" * 250}]}
    assert shown(entry) == {"headers": ["server: nginx", f"csp: {'x' * 200}… (50 more characters)"]}


def test_what_the_capture_does_not_know_is_left_out_and_zero_is_not() -> None:
    entry = {
        "bodySize": -1,
        "send": 0,
        "cached": False,
        "comment": "",
        "timings": {"dns": -1},
        "blocked": -1.0,
    }
    assert shown(entry) == {"send": 0, "cached": False}


def test_numbers_have_no_more_digits_than_clocks_have() -> None:
    assert shown({"time": 11.850999999751366, "wait": 60000.0}) == {"time": 11.851, "wait": 60000}


def test_many_events_are_shown_by_their_ends_and_all_are_counted() -> None:
    events = [{"n": n} for n in range(30)]
    assert shown(events, ends=2) == [{"n": 0}, {"n": 1}, "⟨26 more⟩", {"n": 28}, {"n": 29}]
    # Redaction has left out 1,000 of them before.
    assert shown([*events[:15], "⟨1,000 more⟩", *events[15:]], ends=2) == [
        {"n": 0}, {"n": 1}, "⟨1,026 more⟩", {"n": 28}, {"n": 29},
    ]  # fmt: skip


def test_deep_and_endless_entries_end() -> None:
    deep: dict[str, object] = {}
    for _ in range(2000):
        deep = {"a": deep or 1}
    assert len(raw_entry(deep, limit=500)) < 3000
    assert len(raw_entry(["x" * 1000] * 1000, limit=500, ends=600)) < 700
