"""How heavy a real report is and how soon it shows something, as Lighthouse would ask, without a clock."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.model import Report
from analyzer.options import Options
from analyzer.pipeline import analyze
from analyzer.report.html import render_html
from analyzer.resources import folder
from tests.browser.cdp import Browser

STREAMS = 20
MOST_BYTES = 400_000  # what such a report may weigh at most
OURS = 330_000  # what it weighs, with room for a few more samples
MOST_ELEMENTS = 8000  # a browser on a telephone lays out so many without a pause

_MEASURE = """new Promise(done => {
  const seen = {shift: 0, paint: [], largest: null};
  const look = new PerformanceObserver(list => list.getEntries().forEach(entry => {
    if (entry.entryType === 'layout-shift') { seen.shift += entry.value; }
    else if (entry.entryType === 'paint') { seen.paint.push(entry.name); }
    else { seen.largest = entry.element && entry.element.closest('#answer') ? 'answer' : 'elsewhere'; }
  }));
  for (const type of ['layout-shift', 'paint', 'largest-contentful-paint']) { look.observe({type, buffered: true}); }
  setTimeout(() => done(seen), 300);
})"""


@pytest.fixture(scope="module")
def real() -> Report:
    """The 20 worst streams of the bundled captures, with everything that was recorded around them."""
    samples = sorted(p for p in folder("sample_hars").iterdir() if p.suffix in (".har", ".zip"))
    report = analyze(samples, Options(details=True, short_paths=True))
    report.streams = report.streams[:STREAMS]
    kept = {stream.exchange.capture for stream in report.streams}
    report.captures = [info for info in report.captures if info.path in kept]
    report.entries = [entry for entry in report.entries if entry.capture in kept]
    report.pages = [page for page in report.pages if page.capture in kept]
    assert len(report.streams) == STREAMS
    return report


@pytest.fixture(scope="module")
def page(real: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weight") / "report.html"
    path.write_text(render_html(real, version="0.0"), encoding="utf-8")
    return path


def test_twenty_real_streams_are_light(page: Path) -> None:
    size = page.stat().st_size
    assert size < OURS < MOST_BYTES


def test_entries_are_shown_with_their_answer(real: Report, page: Path) -> None:
    """Lightness is not bought by cutting off what was answered."""
    text = page.read_text(encoding="utf-8")
    drawers = text.split('<pre class="raw"')[1:]
    assert len(drawers) == STREAMS
    assert all('"response": {' in drawer.split("</pre>")[0] for drawer in drawers)


@pytest.mark.parametrize("width", [1280, 360])
def test_answer_is_painted_first_and_nothing_moves_afterwards(
    width: int, browser: Browser, page: Path
) -> None:
    with browser.page(width=width) as tab:
        tab.open(page)
        seen: dict[str, Any] = tab.evaluate(_MEASURE)
    assert "first-contentful-paint" in seen["paint"]
    assert seen["largest"] == "answer"
    assert seen["shift"] == 0


def test_nothing_stands_between_the_page_and_its_first_paint(browser: Browser, page: Path) -> None:
    with browser.page() as tab:
        tab.open(page)
        assert (
            tab.evaluate("document.querySelectorAll('head script, link[rel=stylesheet], script[src]').length")
            == 0
        )
        assert tab.evaluate("document.body.lastElementChild.tagName") == "SCRIPT"
        assert tab.evaluate("document.querySelectorAll('script').length") == 1
        assert tab.evaluate("performance.getEntriesByType('resource').length") == 0
        assert tab.evaluate("document.querySelectorAll('*').length") < MOST_ELEMENTS
        # What is off the screen costs nothing until somebody scrolls to it.
        lazy = "[...document.querySelectorAll('.stream')].filter(s => getComputedStyle(s).contentVisibility === 'auto').length"
        assert tab.evaluate(lazy) == STREAMS


def test_scrolling_through_it_moves_nothing_under_the_reader(browser: Browser, page: Path) -> None:
    with browser.page() as tab:
        tab.open(page)
        tab.evaluate(
            "new Promise(done => { let y = 0; const step = () => { y += 700; scrollTo(0, y);"
            " if (y < document.body.scrollHeight) { requestAnimationFrame(step); } else { done(); } }; step(); })"
        )
        assert tab.evaluate(_MEASURE)["shift"] == 0
