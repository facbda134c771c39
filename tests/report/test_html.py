from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from analyzer.report.html import render_html
from analyzer.resources import folder
from tests.browser.payloads import ALL
from tests.report import build
from tests.report.hostile import fill, places

VOID = {"meta", "link", "input", "br", "wbr", "path", "line", "rect", "circle", "use"}
TAGS = {
    "html", "head", "meta", "title", "link", "style", "body", "a", "svg", "symbol", "path", "defs", "pattern", "header", "div", "p", "span",
    "main", "section", "ul", "li", "b", "h1", "figure", "desc", "line", "circle", "use", "text", "tspan", "figcaption", "h2", "fieldset",
    "legend", "input", "label", "h3", "h4", "h5", "ol", "details", "summary", "pre", "code", "table", "caption", "thead", "tr", "th", "tbody",
    "td", "article", "rect", "g", "abbr", "dl", "dt", "dd", "br", "wbr", "form", "select", "option", "button", "output", "footer", "script",
}  # fmt: skip


class Page(HTMLParser):
    """Tags and attributes of a page as a parser sees them."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.texts: dict[str, str] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-5:])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts[self.open[-1]] = self.texts.get(self.open[-1], "") + data


REPORTS = {
    "idle": build.idle_report, "batch": build.batch_report, "empty": build.empty_report, "ok": lambda: build.one(build.completed()),
}  # fmt: skip


@pytest.mark.parametrize("name", REPORTS)
def test_page_is_well_formed(name: str) -> None:
    page = Page(render_html(REPORTS[name](), version="1"))
    assert page.open == []
    assert set(page.tags) <= TAGS
    headings = [int(tag[1]) for tag in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert headings[0] == 1 and headings.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(headings))


def test_policy_allows_exactly_our_style_and_script() -> None:
    html = render_html(build.idle_report(), version="1")
    page = Page(html)
    policy = next(
        value
        for tag, name, value in page.attributes
        if tag == "meta" and name == "content" and "default-src" in value
    )
    for tag in ("style", "script"):
        assert page.tags.count(tag) == 1
        body = re.search(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        assert body is not None
        digest = base64.b64encode(hashlib.sha256(body.group(1).encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("name", REPORTS)
def test_page_asks_nobody_for_anything(name: str) -> None:
    page = Page(render_html(REPORTS[name](), version="1"))
    for tag, attribute, value in page.attributes:
        assert not attribute.startswith("on") and attribute not in (
            "style",
            "src",
            "action",
            "srcset",
            "xlink:href",
        )
        if attribute == "href":
            assert value.startswith("#") or (tag, value) == ("link", "data:,")


def test_hostile_report_reaches_every_string() -> None:
    assert places(build.idle_report(6)) > 150


@pytest.mark.parametrize("text", ALL.values(), ids=ALL)
def test_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    html = render_html(fill(build.idle_report(6), text), version=text)
    page = Page(html)
    assert page.open == [] and set(page.tags) <= TAGS
    assert page.tags.count("script") == page.tags.count("style") == 1
    assert not {
        name for _, name, _ in page.attributes if name.startswith("on") or name in ("style", "src", "action")
    }
    assert all(
        value.startswith("#") or value == "data:," for _, name, value in page.attributes if name == "href"
    )
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]", html)
    html.encode("utf-8")


def test_twenty_streams_stay_under_400_kilobytes() -> None:
    assert len(render_html(build.batch_report(20), version="1").encode()) < 400_000


def test_same_report_is_the_same_page() -> None:
    assert render_html(build.idle_report(), version="1") == render_html(build.idle_report(), version="1")


def _colours(block: str) -> dict[str, tuple[float, ...]]:
    found = re.findall(r"--([\w-]+):\s*#([0-9a-f]{6})", block)
    return {name: tuple(int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in found}


def _luminance(colour: tuple[float, ...]) -> float:
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_the_contrast_that_wcag_aa_asks_for(scheme: str) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for drawings."""
    light, dark = (
        (folder("templates") / "report/css/tokens.css")
        .read_text()
        .split("@media (prefers-color-scheme: dark)")
    )
    colours = _colours(light) | (_colours(dark) if scheme == "dark" else {})

    def ratio(a: str, b: str) -> float:
        one, two = sorted((_luminance(colours[a]), _luminance(colours[b])))
        return (two + 0.05) / (one + 0.05)

    for ground in ("paper", "card", "wash"):
        for ink in ("ink", "soft", "link", "failed", "degraded", "info", "ok"):
            assert ratio(ink, ground) >= 4.5, (ink, ground)
    for tone in ("failed", "degraded", "info", "ok"):
        assert ratio(tone, f"{tone}-wash") >= 4.5, tone
    for ink in ("failed", "soft"):
        assert ratio(ink, "quiet") >= 4.5, ink
    for drawn in ("line-2", "wait", "receive", "setup", "event", "beat", "bar"):
        assert ratio(drawn, "card") >= 3, drawn
    assert ratio("ink", "pill") >= 4.5 and ratio("ink", "info-wash") >= 4.5


def test_no_template_switches_escaping_off() -> None:
    for path in folder("templates").rglob("*.j2"):
        assert not re.search(r"\|\s*safe\b|autoescape\s+false|Markup", path.read_text()), path.name
