"""Markdown for tickets: complete, and no text from outside becomes markup."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

from analyzer.report.markdown import block, code, render_markdown, text
from tests.report.reports import HOSTILE, many, report


def test_a_broken_stream_is_told_in_full() -> None:
    shown = render_markdown(report()).replace("\u00a0", " ")
    for expected in (
        "## nginx cut 1 of 1 streams after 60.0 s of silence.",
        "**the gateway (nginx)**",
        "`gateway-idle-timeout`",
        "- 60.0 s of silence (`$.log.entries[1]`)",
        "`proxy_read_timeout 300s;`",
        "```text\n  await write(': ping')\n  ```",
        "Redacted: 2 values.",
    ):
        assert expected in shown, expected


def tokens(source: str) -> list[Token]:
    """Every token, inline ones too, as CommonMark with tables and HTML allowed reads them."""
    parsed = MarkdownIt("commonmark", {"html": True}).enable("table").parse(source)
    return [token for block_token in parsed for token in (block_token, *(block_token.children or []))]


def test_hostile_text_becomes_no_html_link_or_image() -> None:
    shown = render_markdown(report(text=HOSTILE))
    kinds = {token.type for token in tokens(shown)}
    assert not kinds & {"html_inline", "html_block", "link_open", "image", "hr", "blockquote_open", "em_open"}
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_hostile_text_changes_no_structure() -> None:
    def structure(source: str) -> list[str]:
        kinds = [token.type for token in tokens(source)]
        return [
            kind
            for kind in kinds
            if kind.startswith(("heading", "table", "tr", "td", "fence", "bullet_list"))
        ]

    assert structure(render_markdown(report(text=HOSTILE))) == structure(render_markdown(report()))


def test_a_code_span_outgrows_the_backticks_inside() -> None:
    assert code("a``b") == "```a``b```"
    assert code("`x`") == "`` `x` ``"


def test_a_block_cannot_be_closed_by_its_content() -> None:
    lines = block("a\n```\n# not a heading\n````\nb")
    assert lines[0] == "`````text"
    assert lines[-1] == "`````"


def test_line_starts_that_mean_lists_are_escaped() -> None:
    assert text("- a") == "\\- a"
    assert text("1. a") == "1\\. a"
    assert text("60.0 s") == "60.0 s"
    assert text("# a") == "\\# a"


def test_mentions_and_bare_links_are_disarmed() -> None:
    assert "@everyone" not in text("@everyone")
    assert "http://evil" not in text("see http://evil.example")


def test_other_streams_get_rows() -> None:
    shown = render_markdown(many(12), details=1)
    assert shown.count("### Failed") == 1
    assert "### Other streams" in shown


def test_a_report_without_redaction_warns() -> None:
    value = report()
    value.redacted = None
    assert "**not** redacted" in render_markdown(value)
