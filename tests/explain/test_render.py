"""An entry reads well as text and as Markdown."""

from __future__ import annotations

import pytest

from analyzer.explain.entries import Entry, by_key, entries, group_entry, groups, rule_entries, signs_of
from analyzer.explain.render import MID_WORDS, PARTY_WORDS, render_entry


def test_text_has_all_parts_in_order() -> None:
    text = render_entry(by_key()["haproxy/sD"])
    heads = [
        "sD  (HAProxy termination state)",
        "What it means",
        "Who usually causes it",
        "Can it happen in the middle of an answer?",
        "How to confirm it",
        "How to fix it",
        "Related",
        "Sources",
    ]
    assert [text.index(head) for head in heads] == sorted(text.index(head) for head in heads)
    assert "timeout server 1h" in " ".join(text.split())


def test_text_is_wrapped_and_markdown_is_not() -> None:
    entry = by_key()["cause/gateway-idle-timeout"]
    assert max(map(len, render_entry(entry, width=72).splitlines())) <= 72
    assert max(map(len, render_entry(entry, "markdown").splitlines())) > 100


def test_inherited_advice_is_spelled_out() -> None:
    text = render_entry(by_key()["net/net::ERR_NETWORK_CHANGED"])
    assert by_key()["cause/network-changed"].fix.user[0].split()[0] in text


def test_code_is_shown_where_the_term_is_a_word() -> None:
    assert "code -101" in render_entry(by_key()["net/net::ERR_CONNECTION_RESET"])
    assert "code" not in render_entry(by_key()["http/504"]).splitlines()[0]


def test_rule_shows_its_own_text() -> None:
    (entry,) = rule_entries([("some-rule", "A title", "Line one.\n\nLine two.")])
    assert render_entry(entry, "markdown").endswith("Line two.\n")
    assert "Who usually" not in render_entry(entry)


@pytest.mark.parametrize("style", ["text", "markdown"])
def test_every_entry_renders_without_control_characters(style: str) -> None:
    for entry in entries():
        text = render_entry(entry, "markdown" if style == "markdown" else "text")
        assert text.endswith("\n") and not text.endswith("\n\n")
        assert all(char.isprintable() or char == "\n" for char in text), entry.key


def test_words_cover_every_value() -> None:
    entry: Entry
    for entry in entries():
        assert entry.party in PARTY_WORDS
        assert entry.mid is None or entry.mid in MID_WORDS


def test_group_is_a_list_with_one_line_per_term() -> None:
    for group in groups():
        text = render_entry(group_entry(group))
        assert all(f"  {entry.term}" in text for entry in group.entries)


def test_cause_names_its_signs_and_those_that_cut_answers_come_first() -> None:
    text = " ".join(render_entry(by_key()["cause/connection-cut"]).split())
    assert "Signs of it" in text
    mids = [entry.mid == "no" for entry in signs_of("connection-cut")]
    assert mids == sorted(mids)


def test_who_names_the_word_that_reports_use() -> None:
    assert "(In reports: gateway.)" in " ".join(render_entry(by_key()["haproxy/sD"]).split())
