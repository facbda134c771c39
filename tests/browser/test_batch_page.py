"""The page about many tickets in a real Chromium: accessible, silent, harmless, usable without scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer.batch.output import write_batch
from analyzer.report.html import policy
from tests.batch.made import Case, ledger, queue, scope, stream
from tests.browser import payloads
from tests.browser.cdp import Browser
from tests.browser.test_report import complaints, visible

Write = Callable[[list[Case]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_folder(cases: list[Case]) -> Path:
        with ledger(cases) as made:
            db = scope(made, cases)
            write_batch(tmp_path / "out", db, made.document, version="0.0")
            db.close()
        return tmp_path / "out" / "index.html"

    return to_folder


def with_report(cases: list[Case]) -> list[Case]:
    for case in cases:
        case.html = b"<!doctype html><title>own</title><h1>own report"
    return cases


def hostile() -> list[Case]:
    texts = list(payloads.ALL.values())
    cases = []
    for n, text in enumerate(texts):
        made = stream(
            "gateway-idle-timeout",
            gateway=text,
            host=text,
            upstream=text,
            settle=text,
            duration_ms=61_000.0,
            dialect=text,
        )
        made |= {"title": text, "confidence": "possible"}
        cases.append(
            Case(
                f"{text}{n}",
                [made],
                customer=text,
                tags=(text,),
                at=f"2026-03-{1 + n % 28:02d}T10:00:00Z",
                captures=[(text, text)],
            )
        )
    cases += [Case(f"u{n}", [], state="failed", reason=text, captures=[]) for n, text in enumerate(texts)]
    return with_report(cases)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("count", [0, 1, 70])
def test_axe_finds_nothing(
    count: int, width: int, dark: bool, browser: Browser, write: Write, axe_source: str
) -> None:
    path = write(with_report(queue(count)))
    with browser.page(width=width, dark=dark, bypass_csp=True) as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        tab.evaluate(f"{axe_source}; 0")
        found = tab.evaluate(
            "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map("
            "v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160) + ' ' + n.failureSummary).join(' | ')))"
        )
        assert found == []


def test_hostile_ids_customers_and_tags_do_nothing(browser: Browser, write: Write) -> None:
    path = write(hostile())
    with browser.page() as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        tab.evaluate(
            "document.querySelectorAll('a').forEach(a => a.dispatchEvent(new MouseEvent('mouseover', {bubbles: true})))"
        )
        tab.evaluate(
            "const q = document.getElementById('f-q'); q.value = '<script>'; q.dispatchEvent(new Event('input', {bubbles: true}))"
        )
        tab.evaluate("new Promise(done => setTimeout(done, 200))")
        assert tab.evaluate("window.pwned === undefined")
        assert complaints(tab) == []
        links = tab.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        own = ("#", "tickets/", "tickets.csv", "summary.json", "streams.parquet")
        assert all(link.startswith(own) and ".." not in link for link in links)
        assert tab.evaluate("document.scripts.length") == 1
        assert (
            tab.evaluate(
                "document.querySelectorAll('img, iframe, object, embed, base, meta[http-equiv=refresh]').length"
            )
            == 0
        )


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
@pytest.mark.parametrize("made", [lambda: queue(60), hostile], ids=["queue", "hostile"])
def test_page_never_scrolls_sideways(
    made: Callable[[], list[Case]], width: int, browser: Browser, write: Write
) -> None:
    path = write(made())
    with browser.page(width=width) as tab:
        tab.open(path)
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true })")
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_link_leads_to_the_ticket_s_own_report(browser: Browser, write: Write) -> None:
    path = write(
        with_report([*queue(5), *(Case(text, [stream("offline")]) for text in ("a b/c#d?e", "100%", "é"))])
    )
    with browser.page() as tab:
        tab.open(path)
        links = tab.evaluate("[...document.querySelectorAll('#rows a')].map(a => a.href)")
        assert len(links) >= 7
        for link in links:
            tab.open(Path(tab.evaluate(f"decodeURIComponent(new URL({link!r}).pathname)")))
            assert tab.evaluate("document.querySelector('h1').textContent") == "own report"


def shown(tab: object) -> list[str]:
    found: list[str] = tab.evaluate(  # type: ignore[attr-defined]
        "[...document.querySelectorAll('#rows tr:not([hidden]) th')].map(c => c.textContent)"
    )
    return found


def test_tickets_are_filtered_and_sorted(browser: Browser, write: Write) -> None:
    cases = with_report(queue(60))
    path = write(cases)
    with browser.page() as tab:
        tab.open(path)
        assert visible(tab, "#filters") and len(shown(tab)) == 60

        def choose(ident: str, value: str) -> None:
            tab.evaluate(
                f"(() => {{ const e = document.getElementById({ident!r}); e.value = {value!r};"
                " e.dispatchEvent(new Event('input', {bubbles: true}));"
                " return new Promise(done => setTimeout(done, 200)); })()"
            )

        choose("f-sort", "ticket")
        assert shown(tab) == sorted(case.ticket for case in cases)
        choose("f-cause", "session-expired")
        expected = [
            case.ticket for case in cases if any(s["cause"] == "session-expired" for s in case.streams)
        ]
        assert shown(tab) == sorted(expected)
        assert tab.evaluate("document.getElementById('f-n').textContent") == f"{len(expected)} tickets"
        choose("f-q", expected[0].lower())
        assert shown(tab) == [expected[0]]
        tab.evaluate(
            "document.querySelector('#filters [type=reset]').click(); new Promise(done => setTimeout(done, 200))"
        )
        assert len(shown(tab)) == 60


def test_everything_is_there_without_scripts(browser: Browser, write: Write) -> None:
    path = write(with_report(queue(60)))
    with browser.page(scripts=False) as tab:
        tab.open(path)
        assert not visible(tab, "#filters")
        assert len(shown(tab)) == 60
        assert visible(tab, ".queue") and visible(tab, ".trend") and visible(tab, "#time summary")


def test_focus_is_always_visible(browser: Browser, write: Write) -> None:
    path = write(with_report(queue(12)))
    with browser.page() as tab:
        tab.open(path)
        seen = 0
        for _ in range(120):
            tab.press("Tab", 9)
            state = tab.evaluate(
                "(() => { const e = document.activeElement; if (e === document.body) return null;"
                " const s = getComputedStyle(e); return [e.outerHTML.slice(0, 80),"
                " s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1]; })()"
            )
            if state is None:
                break
            seen += 1
            assert state[1], state[0]
        assert seen > 15


def test_printed_page_shows_the_numbers_behind_the_drawings(browser: Browser, write: Write) -> None:
    path = write(with_report(queue(20)))
    with browser.page() as tab:
        tab.open(path)
        tab.evaluate("window.dispatchEvent(new Event('beforeprint'))")
        assert visible(tab, ".numbers tbody tr")
        assert tab.pdf().startswith(b"%PDF")


def test_policy_allows_only_what_is_ours(write: Write) -> None:
    from analyzer.batch.page import assets

    text = write(queue(3)).read_text(encoding="utf-8")
    assert policy(*assets()).replace("'", "&#39;") in text
    assert " style=" not in text and " onclick=" not in text
