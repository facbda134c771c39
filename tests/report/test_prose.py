from __future__ import annotations

import re

import pytest

from analyzer.report.prose import blocks, breakable, prose
from tests.browser.payloads import ALL

OURS = re.compile(r'</?code>|<a class="term" href="#g-[\w-]+">|</a>|<wbr>')


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_only_our_own_tags_come_out(text: str) -> None:
    for html in (
        prose(text, set()),
        prose(f"`{text}` gateway {text}", set()),
        breakable(text),
        *(b.html for b in blocks(text, set())),
    ):
        rest = OURS.sub("", html)
        assert "<" not in rest and ">" not in rest and '"' not in rest


def test_term_links_once_and_not_inside_code() -> None:
    html = prose("The gateway and the gateway: `gateway`", set())
    assert html.count("#g-gateway") == 1
    assert "<code>gateway</code>" in html


def test_terms_inside_words_and_addresses_are_left_alone() -> None:
    assert prose("subgateways at gateway.example/gateway-1", set()).count("#g-") <= 1
    assert "#g-" not in prose("a_gateway gateways_x", set())


def test_fence_is_one_block_to_copy() -> None:
    found = blocks("Set it:\n```nginx\na {\n  b;\n}\n```\nThen reload.")
    assert [(b.kind, b.text) for b in found] == [
        ("prose", "Set it:"),
        ("code", "a {\n  b;\n}"),
        ("prose", "Then reload."),
    ]


def test_fence_that_is_never_closed_runs_to_the_end() -> None:
    assert [(b.kind, b.text) for b in blocks("```\nx")] == [("code", "x")]


def test_line_that_ends_in_code_after_a_colon_can_be_copied() -> None:
    assert [(b.kind, b.text) for b in blocks("Test it: `nginx -t`")] == [
        ("prose", "Test it:"),
        ("code", "nginx -t"),
    ]
    assert [b.kind for b in blocks("`nginx -t`")] == ["code"]
    assert [b.kind for b in blocks("Use `a` or `b`")] == ["prose"]
