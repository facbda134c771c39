"""A hostile capture in a real Chromium: nothing runs, nothing loads, nothing grows into the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.report.html import render_html
from tests.browser.cdp import Browser
from tests.browser.payloads import ALL
from tests.browser.test_report import complaints
from tests.report import build
from tests.report.hostile import fill

# Elements that our own templates never make.
FOREIGN = (
    "iframe, object, embed, base, frame, frameset, img, image, video, audio, source, math, foreignObject, animate, set, template,"
    " textarea, dialog, marquee, plaintext, xmp, noscript, portal, slot, [style], [srcdoc], [popover], [autofocus], [contenteditable]"
)
STATE = (
    "({pwned: window.pwned ?? null, globals: Object.keys(window).filter(k => !window.known.has(k)), title: document.title.length,"
    f" foreign: document.querySelectorAll({FOREIGN!r}).length, scripts: document.scripts.length, styles: document.styleSheets.length,"
    " handlers: [...document.querySelectorAll('*')].filter(e => [...e.attributes].some(a => a.name.startsWith('on'))).length,"
    " links: [...document.querySelectorAll('[href], [src], [action]')].map(e => e.getAttribute('href') ?? 'x')"
    ".filter(h => !h.startsWith('#') && h !== 'data:,').length})"
)


def test_there_are_enough_payloads() -> None:
    assert len(ALL) >= 200
    assert len(set(ALL.values())) == len(ALL)


@pytest.mark.parametrize("group", sorted({name.split("-")[0] for name in ALL}))
def test_nothing_runs(group: str, browser: Browser, tmp_path: Path) -> None:
    report = build.idle_report(6)
    with browser.page() as tab:
        tab.send(
            "Page.addScriptToEvaluateOnNewDocument",
            {"source": "window.known = new Set([...Object.keys(window), 'known'])"},
        )
        for name, text in ALL.items():
            if not name.startswith(f"{group}-"):
                continue
            page = tmp_path / f"{name}.html"
            page.write_text(render_html(fill(report, text), version=text), encoding="utf-8")
            tab.open(page)
            tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
            state = tab.evaluate(STATE)
            assert state.pop("title") > 0
            assert state == {
                "pwned": None, "globals": [], "foreign": 0, "scripts": 1, "styles": 1, "handlers": 0, "links": 0,
            }, name  # fmt: skip
        opened = len(list(tmp_path.iterdir()))
        # Each page is one request, to its own file.
        assert [text for text in complaints(tab) if not text.startswith("file:")] == []
        assert len(tab.events("Network.requestWillBeSent")) <= opened * 2


def test_the_check_notices_what_runs(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "open.html"
    page.write_text("<!doctype html><title>x</title>" + ALL["html-0"] + ALL["html-63"] + ALL["svg-1"])
    with browser.page() as tab:
        tab.send(
            "Page.addScriptToEvaluateOnNewDocument",
            {"source": "window.known = new Set([...Object.keys(window), 'known'])"},
        )
        tab.open(page)
        state = tab.evaluate(STATE)
        assert state["pwned"] == 1 and state["handlers"] >= 1
